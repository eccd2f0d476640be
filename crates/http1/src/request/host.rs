//! Who a request is addressed to: `host[:port]`.

/// Whether `authority` is a host, not empty, with an optional port.
#[inline]
pub(crate) fn is_authority(authority: &[u8]) -> bool {
    // Nearly all are plain names, perhaps with a port.
    let plain = authority
        .iter()
        .position(|&byte| !is_name_byte(byte))
        .unwrap_or(authority.len());
    match authority.get(plain..) {
        Some([]) => plain > 0,
        Some([b':', port @ ..]) => plain > 0 && is_port(port),
        _ => is_unusual_authority(authority),
    }
}

#[cold]
fn is_unusual_authority(authority: &[u8]) -> bool {
    let (host, port) = split_port(authority);
    is_host(host) && port.is_none_or(is_port)
}

/// As [`is_authority`], with the port required: the target of CONNECT.
pub(crate) fn is_authority_with_port(authority: &[u8]) -> bool {
    let (host, port) = split_port(authority);
    is_host(host) && port.is_some_and(|port| !port.is_empty() && is_port(port))
}

/// Splits at the colon that stands after the host, which in brackets has colons of its own.
fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let from = if authority.first() == Some(&b'[') {
        memchr::memchr(b']', authority).unwrap_or(0)
    } else {
        0
    };
    let rest = authority.get(from..).unwrap_or_default();
    match memchr::memchr(b':', rest) {
        Some(at) => (
            authority.get(..from + at).unwrap_or_default(),
            Some(rest.get(at + 1..).unwrap_or_default()),
        ),
        None => (authority, None),
    }
}

fn is_port(port: &[u8]) -> bool {
    port.len() <= 5
        && port.iter().all(u8::is_ascii_digit)
        && port
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
            <= 65_535
}

fn is_host(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', inner @ .., b']'] => is_ip_literal(inner),
        name => is_registered_name(name),
    }
}

/// An IPv6 address, or the grammar's room for addresses to come (`v1.…`).
fn is_ip_literal(inner: &[u8]) -> bool {
    if let [b'v' | b'V', rest @ ..] = inner {
        let Some(dot) = memchr::memchr(b'.', rest) else {
            return false;
        };
        let (version, address) = rest.split_at(dot);
        return !version.is_empty()
            && version.iter().all(u8::is_ascii_hexdigit)
            && address.len() > 1
            && address
                .iter()
                .skip(1)
                .all(|&byte| is_name_byte(byte) || byte == b':');
    }
    std::str::from_utf8(inner).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_registered_name(name: &[u8]) -> bool {
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..] if is_name_byte(*byte) => rest,
            _ => return false,
        };
    }
}

/// The grammar's *unreserved* and *sub-delims*.
#[inline]
fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES.get(usize::from(byte)).copied().unwrap_or(false)
}

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
static NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-._~!$&'()*+,;=";
    let mut index = 0;
    while index < marks.len() {
        table[marks[index] as usize] = true;
        index += 1;
    }
    let mut byte = 0;
    while byte < 128u8 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = true;
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in [
            "a",
            "example.com",
            "example.com:80",
            "example.com:",
            "127.0.0.1:8000",
            "[::1]",
            "[::1]:8000",
            "[v1.fe80:a]",
            "a_b-c~d",
            "%41bc",
            "a:65535",
        ] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a:b",
            "a:-1",
            "a:65536",
            "a:999999",
            "a:80:80",
            "::1",
            "[::1",
            "[::1]a",
            "[::1]a:80",
            "[]",
            "[g::1]",
            "[::1%25eth0]",
            "a/b",
            "a?b",
            "a#b",
            "u@a",
            "a\\b",
            "%4",
            "%zz",
            "é",
            "<a>",
            "[v.a]",
            "[v1.]",
            "a:+80",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn connect_needs_a_port() {
        assert!(is_authority_with_port(b"a:443"));
        assert!(is_authority_with_port(b"[::1]:443"));
        assert!(!is_authority_with_port(b"a"));
        assert!(!is_authority_with_port(b"a:"));
    }
}
