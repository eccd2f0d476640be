//! One hop of a chain of proxies.

use std::net::IpAddr;

/// A host as a proxy named it, usually an address, with a port where one was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// The host, without brackets. It is what was sent: it need not be an address, nor UTF-8.
    pub host: &'a [u8],
    /// The port; 0 where none was given, as in ASGI's `client` behind uvicorn.
    pub port: u16,
}

impl<'a> Node<'a> {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; what is neither stays whole, without a port.
    #[must_use]
    pub fn read(text: &'a [u8]) -> Self {
        let whole = Self {
            host: text,
            port: 0,
        };
        if let Some(rest) = text.strip_prefix(b"[") {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else {
                return whole;
            };
            let (host, after) = rest.split_at(end);
            return match after.get(1..).unwrap_or_default() {
                [] => Self { host, port: 0 },
                [b':', port @ ..] => Self {
                    host,
                    port: parse_port(port).unwrap_or(0),
                },
                _ => whole,
            };
        }
        let mut parts = text.split(|byte| *byte == b':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(host), Some(port), None) => {
                parse_port(port).map_or(whole, |port| Self { host, port })
            }
            _ => whole,
        }
    }

    /// The address that the host is, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        parse_address(self.host)
    }
}

/// An address; the zone of a link-local one says nothing outside of its machine.
pub(crate) fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match text.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() => address,
        _ => text,
    };
    text.parse().ok()
}

/// Digits alone, at most 65535 and not 0.
pub(crate) fn parse_port(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 5 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text
        .iter()
        .fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    u16::try_from(number).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_split_off_where_they_are_ports() {
        for (text, host, port) in [
            ("1.2.3.4", "1.2.3.4", 0),
            ("1.2.3.4:80", "1.2.3.4", 80),
            ("[2001:db8::1]:80", "2001:db8::1", 80),
            ("[2001:db8::1]", "2001:db8::1", 0),
            ("[2001:db8::1]:x", "2001:db8::1", 0),
            ("[2001:db8::1", "[2001:db8::1", 0),
            ("[::1]x", "[::1]x", 0),
            ("2001:db8::1", "2001:db8::1", 0),
            ("1.2.3.4:99999", "1.2.3.4:99999", 0),
            ("1.2.3.4:+1", "1.2.3.4:+1", 0),
            ("1.2.3.4:", "1.2.3.4:", 0),
            ("unix:", "unix:", 0),
            ("", "", 0),
        ] {
            let node = Node::read(text.as_bytes());
            assert_eq!((node.host, node.port), (host.as_bytes(), port), "{text}");
        }
    }

    #[test]
    fn an_address_is_written_as_the_standards_write_it() {
        assert!(parse_address(b"fe80::1%eth0").is_some());
        for text in [
            "010.0.0.1",
            "1.2.3",
            "0x7f.1",
            "::1%",
            "1.2.3.4%x",
            " ::1",
            "",
        ] {
            assert_eq!(parse_address(text.as_bytes()), None, "{text}");
        }
    }
}
