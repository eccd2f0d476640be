//! The `Forwarded` header field (RFC 7239), to the letter.

use std::fmt;

use crate::headers::{Scheme, Told};
use crate::node::{Node, parse_address, parse_port};
use crate::trust::Trust;

/// A `Forwarded` field that breaks RFC 7239.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("malformed Forwarded header")
    }
}

impl std::error::Error for Malformed {}

/// What one proxy said.
#[derive(Clone, Copy, Default)]
struct Element<'a> {
    client: Option<Node<'a>>,
    host: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    by: bool,
}

/// Reads the field's lines, which are one list in their order.
///
/// From the right, the first element that does not name a trusted proxy was written by the outermost
/// trusted one: it tells of the client. Where all are trusted, it is the first. An element that
/// names nobody hides who is behind it: then the client is `unknown`.
pub(crate) fn read<'a>(trust: &Trust, lines: &[&'a [u8]]) -> Result<Told<'a>, Malformed> {
    let mut elements = Vec::new();
    for line in lines {
        read_line(line, &mut elements)?;
    }
    let unknown = Node {
        host: b"unknown",
        port: 0,
    };
    let client = |element: &Element<'a>| element.client.unwrap_or(unknown);
    let stranger = if trust.is_everybody() {
        None
    } else {
        elements
            .iter()
            .rev()
            .find(|element| !trust.has_node(&client(element)))
    };
    let Some(element) = stranger.or_else(|| elements.first()) else {
        return Ok(Told::default());
    };
    Ok(Told {
        client: Some(client(element)),
        scheme: element.scheme.and_then(Scheme::read),
        host: element.host,
        ..Told::default()
    })
}

fn read_line<'a>(line: &'a [u8], elements: &mut Vec<Element<'a>>) -> Result<(), Malformed> {
    let mut rest = line;
    loop {
        let mut element = Element::default();
        let mut is_empty = true;
        loop {
            rest = rest.trim_ascii_start();
            if !matches!(rest.first(), None | Some(b',' | b';')) {
                rest = read_pair(rest, &mut element)?.trim_ascii_start();
                is_empty = false;
            }
            match rest.first() {
                Some(b';') => rest = rest.get(1..).unwrap_or_default(),
                Some(b',') | None => break,
                Some(_) => return Err(Malformed),
            }
        }
        // An empty element of a list says nothing (RFC 9110, section 5.6.1.2).
        if !is_empty {
            elements.push(element);
        }
        match rest.get(1..) {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
}

/// Reads `token=value`; returns what stands behind it.
fn read_pair<'a>(text: &'a [u8], element: &mut Element<'a>) -> Result<&'a [u8], Malformed> {
    let (name, rest) = split_token(text).ok_or(Malformed)?;
    let rest = rest.strip_prefix(b"=").ok_or(Malformed)?;
    let (value, rest) = match rest.strip_prefix(b"\"") {
        None => split_token(rest).ok_or(Malformed)?,
        Some(quoted) => split_quoted(quoted)?,
    };
    // Nothing that these four may say needs a backslash, so values are read as they are written.
    let once = |seen: bool| (!seen).then_some(()).ok_or(Malformed);
    if name.eq_ignore_ascii_case(b"for") {
        once(element.client.is_some())?;
        element.client = Some(read_node(value).ok_or(Malformed)?);
    } else if name.eq_ignore_ascii_case(b"by") {
        once(element.by)?;
        read_node(value).ok_or(Malformed)?;
        element.by = true;
    } else if name.eq_ignore_ascii_case(b"host") {
        once(element.host.is_some())?;
        element.host = Some(value);
    } else if name.eq_ignore_ascii_case(b"proto") {
        once(element.scheme.is_some())?;
        element.scheme = Some(value);
    }
    Ok(rest)
}

/// A node (section 6): an address, `unknown` or an identifier that hides one, perhaps with a port.
fn read_node(text: &[u8]) -> Option<Node<'_>> {
    let (host, port) = if let Some(rest) = text.strip_prefix(b"[") {
        let end = rest.iter().position(|byte| *byte == b']')?;
        let (host, after) = rest.split_at(end);
        parse_address(host).filter(std::net::IpAddr::is_ipv6)?;
        (host, after.get(1..)?)
    } else {
        let end = text.iter().position(|byte| *byte == b':');
        let (host, port) = text.split_at(end.unwrap_or(text.len()));
        let is_v4 = || parse_address(host).is_some_and(|address| address.is_ipv4());
        (host.eq_ignore_ascii_case(b"unknown") || is_hidden(host) || is_v4()).then_some(())?;
        (host, port)
    };
    let port = match port {
        [] => 0,
        [b':', hidden @ ..] if is_hidden(hidden) => 0,
        [b':', number @ ..] => parse_port(number)?,
        _ => return None,
    };
    Some(Node { host, port })
}

/// Whether it is an identifier that stands for an address or a port (section 6.3).
fn is_hidden(text: &[u8]) -> bool {
    match text {
        [b'_', rest @ ..] => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
            !rest.is_empty() && rest.iter().all(is_plain)
        }
        _ => false,
    }
}

/// A token that is not empty, and what stands behind it.
fn split_token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text.iter().position(|byte| !is_token(byte));
    let (token, rest) = text.split_at(end.unwrap_or(text.len()));
    (!token.is_empty()).then_some((token, rest))
}

/// What stands between quotes of which the first is taken off, as it is written, and what follows.
fn split_quoted(text: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\t' | b' '..=b'~' | 0x80.. if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                let (value, rest) = text.split_at(at);
                return Ok((value, rest.get(1..).unwrap_or_default()));
            }
            b'\t' | b' '..=b'~' | 0x80.. => {}
            _ => return Err(Malformed),
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(lines: &[&'a str]) -> Result<Told<'a>, Malformed> {
        let trust = Trust::parse(["10.0.0.0/8", "2001:db8::2"]).unwrap();
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        read(&trust, &lines)
    }

    fn client(line: &str) -> (String, u16) {
        let client = told(&[line]).unwrap().client.unwrap();
        (
            String::from_utf8(client.host.to_vec()).unwrap(),
            client.port,
        )
    }

    #[test]
    fn nodes() {
        for (line, host, port) in [
            ("for=192.0.2.43", "192.0.2.43", 0),
            ("For=\"192.0.2.43:47011\"", "192.0.2.43", 47011),
            (
                "for=\"[2001:db8:cafe::17]:4711\"",
                "2001:db8:cafe::17",
                4711,
            ),
            ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17", 0),
            ("for=\"192.0.2.43:_hid\"", "192.0.2.43", 0),
            ("for=unknown", "unknown", 0),
            ("for=_gazonk", "_gazonk", 0),
            ("proto=https", "unknown", 0),
        ] {
            assert_eq!(client(line), (host.to_owned(), port), "{line}");
        }
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        for (line, host) in [
            ("for=6.6.6.6, for=1.2.3.4", "1.2.3.4"),
            (
                "for=6.6.6.6;proto=http,for=1.2.3.4 , for=10.0.0.1",
                "1.2.3.4",
            ),
            ("for=1.2.3.4, for=\"[2001:db8::2]\"", "1.2.3.4"),
            ("for=10.0.0.3, for=10.0.0.1", "10.0.0.3"),
            ("for=6.6.6.6, for=unknown, for=10.0.0.1", "unknown"),
            ("for=6.6.6.6, proto=https", "unknown"),
            (", for=1.2.3.4,,", "1.2.3.4"),
        ] {
            assert_eq!(client(line).0, host, "{line}");
        }
        let lines = ["for=6.6.6.6", "for=1.2.3.4, for=10.0.0.9"];
        assert_eq!(told(&lines).unwrap().client.unwrap().host, b"1.2.3.4");
    }

    #[test]
    fn scheme_and_host_are_those_of_the_clients_own_proxy() {
        let line = "for=6.6.6.6;host=evil;proto=http, \
                    for=1.2.3.4; host=\"shop.example:444\";proto=https;by=10.0.0.1;ext=\"a\\\"b\", \
                    for=10.0.0.1;proto=http;host=inner";
        let told = told(&[line]).unwrap();
        assert_eq!(told.scheme, Some(Scheme::Https));
        assert_eq!(told.host, Some(&b"shop.example:444"[..]));
    }

    #[test]
    fn nothing_said() {
        assert_eq!(told(&[]), Ok(Told::default()));
        assert_eq!(told(&["", " , ,;"]), Ok(Told::default()));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for line in [
            "for=\"1.2.3.4, for=10.0.0.1", // an open quote swallows the proxy's part
            "for=\"1.2.3.4\\\", for=10.0.0.1",
            "for=1.2.3.4:80", // a colon needs quotes
            "for=[::1]",
            "for=\"::1\"", // IPv6 needs brackets
            "for=\"[1.2.3.4]\"",
            "for=\"[::1]x\"",
            "for=\"1.2.3.4:99999\"",
            "for=\"1.2.3.4:\"",
            "for=1.2.3",
            "for=example.com",
            "for=_",
            "for=",
            "for",
            "=1.2.3.4",
            "for =1.2.3.4",
            "for= 1.2.3.4",
            "for=1.2.3.4;for=5.6.7.8", // twice in one element
            "proto=http;PROTO=https",
            "for=1.2.3.4 proto=https",
            "for=1.2.3.4;by=nobody",
            "for=\"1.2.3.4\"x",
            "for=\"1.2\\.3.4\"",
            "for=1.2.3.4\u{1}",
        ] {
            assert_eq!(told(&[line]), Err(Malformed), "{line}");
        }
    }
}
