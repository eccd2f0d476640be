//! The host that a request is for.

use std::net::Ipv6Addr;

/// What a `Host` header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'h> {
    /// A name or an address; one of IPv6, and whatever comes after it, stands in its brackets.
    pub name: &'h str,
    /// The digits behind the colon.
    pub port: Option<&'h str>,
}

/// Takes a `Host` header apart (RFC 3986 section 3.2); `None` for one that is no authority.
///
/// Nothing gets through that would end the authority of a URL, so a client cannot move the path.
///
/// ```
/// let host = params::host(b"[::1]:8000").unwrap();
/// assert_eq!((host.name, host.port), ("[::1]", Some("8000")));
/// assert_eq!(params::host(b"evil/path"), None);
/// ```
#[must_use]
pub fn host(header: &[u8]) -> Option<Host<'_>> {
    let text = std::str::from_utf8(header).ok()?;
    let (name, rest) = if text.starts_with('[') {
        let (literal, _) = text.split_once(']')?;
        if !is_literal(literal.strip_prefix('[')?) {
            return None;
        }
        text.split_at_checked(literal.len() + 1)?
    } else {
        let length = text.find(':').unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(length)?;
        if name.is_empty() || !name.bytes().all(|byte| byte == b'%' || is_name(byte)) {
            return None;
        }
        (name, rest)
    };
    if rest.is_empty() {
        return Some(Host { name, port: None });
    }
    let port = rest.strip_prefix(':')?;
    let is_number = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then_some(Host {
        name,
        port: Some(port),
    })
}

impl Host<'_> {
    /// Whether the port, if there is one, is a port number.
    #[must_use]
    pub fn has_valid_port(&self) -> bool {
        self.port.is_none_or(|digits| digits.parse::<u16>().is_ok())
    }
}

/// Whether this may stand in brackets: an IPv6 address, or what RFC 3986 leaves to the future.
fn is_literal(text: &str) -> bool {
    let Some(future) = text.strip_prefix('v') else {
        return text.parse::<Ipv6Addr>().is_ok();
    };
    future.split_once('.').is_some_and(|(version, address)| {
        !version.is_empty()
            && version.bytes().all(|digit| digit.is_ascii_hexdigit())
            && !address.is_empty()
            && address.bytes().all(|byte| byte == b':' || is_name(byte))
    })
}

/// RFC 3986: unreserved characters and sub-delimiters.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~')
        || matches!(byte, b'!' | b'$' | b'&'..=b',' | b';' | b'=')
}
