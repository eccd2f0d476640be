//! `X-Forwarded-*`, and which of a proxy's header fields are read at all.

use std::fmt;

use crate::forwarded::{self, Malformed};
use crate::node::{Node, parse_port};
use crate::trust::Trust;

/// The scheme that a client used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`, or `ws` of a WebSocket.
    Http,
    /// `https`, or `wss` of a WebSocket.
    Https,
}

impl Scheme {
    /// What applications and proxies write, in lower case as uvicorn demands.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        match text.trim_ascii() {
            b"http" | b"ws" => Some(Self::Http),
            b"https" | b"wss" => Some(Self::Https),
            _ => None,
        }
    }
}

/// What a trusted proxy says of a request. What it did not say, or said wrongly, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// The client.
    pub client: Option<Node<'a>>,
    /// The scheme that it used.
    pub scheme: Option<Scheme>,
    /// The `host[:port]` that it asked for. Whether that is one is for the reader to check.
    pub host: Option<&'a [u8]>,
    /// The port that it asked.
    pub port: Option<u16>,
    /// The prefix of the path that the proxy took away: begins with `/`, does not end with one.
    pub prefix: Option<&'a str>,
}

/// The header fields that the proxies set, and that are therefore read.
///
/// A field that a proxy does not set is one that it passes on from its client, so each has to be asked
/// for. The default are uvicorn's: `X-Forwarded-For` and `X-Forwarded-Proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub struct Believed {
    forwarded: bool,
    client: bool,
    scheme: bool,
    host: bool,
    port: bool,
    prefix: bool,
}

impl Default for Believed {
    fn default() -> Self {
        Self {
            client: true,
            scheme: true,
            ..Self::NOTHING
        }
    }
}

/// A name that is none of [`Believed::parse`]'s, or beside one that excludes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownHeader(String);

impl fmt::Display for UnknownHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for UnknownHeader {}

impl Believed {
    const NOTHING: Self = Self {
        forwarded: false,
        client: false,
        scheme: false,
        host: false,
        port: false,
        prefix: false,
    };

    /// Reads names: `for`, `proto`, `host`, `port` and `prefix` of `X-Forwarded-*`, or `forwarded` alone.
    ///
    /// # Errors
    /// Another name, or `forwarded` beside others: two fields could contradict each other, and one of
    /// them would be the client's.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownHeader> {
        let mut believed = Self::NOTHING;
        for name in names {
            match name.trim() {
                "for" => believed.client = true,
                "proto" => believed.scheme = true,
                "host" => believed.host = true,
                "port" => believed.port = true,
                "prefix" => believed.prefix = true,
                "forwarded" => believed.forwarded = true,
                other => {
                    let text = format!(
                        "{other:?} is none of for, proto, host, port, prefix and forwarded"
                    );
                    return Err(UnknownHeader(text));
                }
            }
        }
        let only_forwarded = Self {
            forwarded: true,
            ..Self::NOTHING
        };
        if believed.forwarded && believed != only_forwarded {
            let text = "'forwarded' stands alone: it says what the others say";
            return Err(UnknownHeader(text.to_owned()));
        }
        Ok(believed)
    }

    /// Whether a request has to be looked at before it is routed: it may be malformed, or be addressed
    /// to another host than its own field says.
    #[must_use]
    pub fn is_eager(&self) -> bool {
        self.forwarded || self.host
    }

    /// Reads what a peer that is trusted says. Names are in lower case.
    ///
    /// # Errors
    /// A `Forwarded` field that is not what RFC 7239 says. Its proxies append to what they receive, so
    /// a client that leaves a quote open would otherwise hide the part that is true.
    pub fn read<'a>(
        &self,
        trust: &Trust,
        headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Told<'a>, Malformed> {
        let mut told = Told::default();
        let mut chain: Vec<&[u8]> = Vec::new();
        for (name, value) in headers {
            match name {
                b"forwarded" if self.forwarded => chain.push(value),
                b"x-forwarded-for" if self.client => chain.push(value),
                b"x-forwarded-proto" if self.scheme => told.scheme = Scheme::read(value),
                b"x-forwarded-host" if self.host => told.host = Some(last_of_list(value)),
                b"x-forwarded-port" if self.port => told.port = parse_port(last_of_list(value)),
                b"x-forwarded-prefix" if self.prefix => told.prefix = prefix(value),
                _ => {}
            }
        }
        if self.forwarded {
            return forwarded::read(trust, &chain);
        }
        told.client = client(trust, &chain);
        Ok(told)
    }
}

/// The client of a chain: from the right, the first that is no trusted proxy. Where all are, the first.
fn client<'a>(trust: &Trust, values: &[&'a [u8]]) -> Option<Node<'a>> {
    let hops = || {
        values
            .iter()
            .rev()
            .flat_map(|value| value.rsplit(|byte| *byte == b','))
            .map(|hop| Node::read(hop.trim_ascii()))
    };
    let stranger = if trust.is_everybody() {
        None
    } else {
        hops().find(|hop| !trust.has_node(hop))
    };
    stranger
        .or_else(|| hops().next_back())
        .filter(|node| !node.host.is_empty())
}

/// What the nearest proxy wrote, where each of several appended.
fn last_of_list(value: &[u8]) -> &[u8] {
    let last = value.rsplit(|byte| *byte == b',').next();
    last.unwrap_or_default().trim_ascii()
}

/// A path of plain segments: what an application puts in front of its links must not lead elsewhere.
fn prefix(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_ascii();
    let text = text.strip_suffix('/').unwrap_or(text);
    let rest = text.strip_prefix('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=:@".contains(&byte);
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(plain)
    };
    rest.split('/').all(is_segment).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(names: &[&str], headers: &[(&'a str, &'a str)]) -> Told<'a> {
        let trust = Trust::parse(["10.0.0.0/8", "2001:db8::2", "edge"]).unwrap();
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        let believed = Believed::parse(names.iter().copied()).unwrap();
        believed.read(&trust, headers).unwrap()
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        for (chain, client) in [
            ("6.6.6.6, 1.2.3.4", Some(("1.2.3.4", 0))),
            ("6.6.6.6, 1.2.3.4, 10.0.0.7", Some(("1.2.3.4", 0))),
            ("6.6.6.6,1.2.3.4:5,edge,10.0.0.7:9", Some(("1.2.3.4", 5))),
            ("10.0.0.1, 10.0.0.2", Some(("10.0.0.1", 0))),
            ("2001:db8::1, 2001:DB8:0::2", Some(("2001:db8::1", 0))),
            ("1.2.3.4, ::ffff:10.0.0.1", Some(("1.2.3.4", 0))),
            ("1.2.3.4, 010.0.0.1", Some(("010.0.0.1", 0))),
            ("1.2.3.4, unknown", Some(("unknown", 0))),
            ("1.2.3.4, ", None),
            ("", None),
        ] {
            let told = read(&["for"], &[("x-forwarded-for", chain)]);
            let expected = client.map(|(host, port)| (host.as_bytes(), port));
            assert_eq!(told.client.map(|c| (c.host, c.port)), expected, "{chain}");
        }
        let two = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "1.2.3.4"),
        ];
        assert_eq!(read(&["for"], &two).client.unwrap().host, b"1.2.3.4");
    }

    #[test]
    fn everybody_being_trusted_the_first_is_the_client() {
        let trust = Trust::parse(["*"]).unwrap();
        let headers = [(&b"x-forwarded-for"[..], &b"1.2.3.4, 5.6.7.8"[..])];
        let told = Believed::default().read(&trust, headers).unwrap();
        assert_eq!(told.client.unwrap().host, b"1.2.3.4");
    }

    #[test]
    fn a_field_that_was_not_asked_for_is_the_clients() {
        let all = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-port", "444"),
            ("x-forwarded-prefix", "/evil"),
            ("forwarded", "for=6.6.6.6"),
        ];
        let told = read(&["for", "proto"], &all);
        assert_eq!((told.host, told.port, told.prefix), (None, None, None));
        assert_eq!(told.client.unwrap().host, b"1.2.3.4");
        let told = read(&["forwarded"], &all);
        assert_eq!(told.client.unwrap().host, b"6.6.6.6");
        assert_eq!(told.scheme, None);
    }

    #[test]
    fn what_is_said_wrongly_is_not_said() {
        for value in ["gopher", "HTTPS", "https, http", "https\0", ""] {
            let told = read(&["proto"], &[("x-forwarded-proto", value)]);
            assert_eq!(told.scheme, None, "{value}");
        }
        for value in ["0", "65536", "+80", "８０", ""] {
            let told = read(&["port"], &[("x-forwarded-port", value)]);
            assert_eq!(told.port, None, "{value}");
        }
        for value in [
            "api",
            "//evil.example",
            "/a/../b",
            "/a/.",
            "/a?b",
            "/a b",
            "/%2e",
            "/\\e",
            "/",
        ] {
            let told = read(&["prefix"], &[("x-forwarded-prefix", value)]);
            assert_eq!(told.prefix, None, "{value}");
        }
    }

    #[test]
    fn what_is_said_rightly() {
        let told = read(
            &["proto", "host", "port", "prefix"],
            &[
                ("x-forwarded-proto", " wss "),
                ("x-forwarded-host", "inner.example, shop.example:444"),
                ("x-forwarded-port", "444"),
                ("x-forwarded-prefix", "/api/v1/"),
            ],
        );
        assert_eq!(told.scheme, Some(Scheme::Https));
        assert_eq!(told.host, Some(&b"shop.example:444"[..]));
        assert_eq!(told.port, Some(444));
        assert_eq!(told.prefix, Some("/api/v1"));
    }

    #[test]
    fn names_of_fields() {
        assert!(Believed::parse(["for", "forwarded"]).is_err());
        assert!(Believed::parse(["x-real-ip"]).is_err());
        assert!(!Believed::default().is_eager());
        assert!(Believed::parse(["host"]).unwrap().is_eager());
    }
}
