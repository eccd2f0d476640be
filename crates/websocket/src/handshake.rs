//! The opening handshake (RFC 6455 section 4.2).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::extensions::Agreement;

/// What a key is hashed with, so that nothing answers for a WebSocket by accident.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A client's wish to speak WebSocket, read from the head of its request.
#[derive(Clone, Debug)]
pub struct Upgrade {
    accept: String,
    protocols: Vec<String>,
    agreement: Option<Agreement>,
}

/// Why a handshake is refused: the status to answer with, and what is wrong as [`Display`].
///
/// [`Display`]: fmt::Display
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    message: &'static str,
}

impl Refusal {
    const fn bad(message: &'static str) -> Self {
        Self {
            status: 400,
            message,
        }
    }

    /// 400, or 426 for another version: that answer is to carry `Sec-WebSocket-Version: 13`.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.status
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message)
    }
}

impl std::error::Error for Refusal {}

impl Upgrade {
    /// Whether the `Upgrade` header of a request asks for a WebSocket.
    #[must_use]
    pub fn is_asked_for(upgrade: &[u8]) -> bool {
        upgrade
            .split(|&byte| byte == b',')
            .any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    }

    /// Reads the handshake of a request that asks for a WebSocket. `headers` are all of its fields,
    /// with names in lower case.
    ///
    /// # Errors
    ///
    /// When a header that RFC 6455 demands is missing, repeated or malformed.
    pub fn read<'a>(
        method: &str,
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Self, Refusal> {
        if method != "GET" {
            return Err(Refusal::bad("a WebSocket is opened with GET"));
        }
        let (mut upgrade, key) = Self::read_fields(headers)?;
        upgrade.accept = accept(key.unwrap_or_default())?;
        Ok(upgrade)
    }

    /// Reads the handshake of an extended CONNECT, which needs no proof that it was understood
    /// (RFC 8441 section 5).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_extended<'a>(
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Self, Refusal> {
        Self::read_fields(headers).map(|(upgrade, _)| upgrade)
    }

    fn read_fields<'a>(
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<(Self, Option<&'a [u8]>), Refusal> {
        let (mut key, mut version) = (None, None);
        let (mut protocols, mut offers) = (Vec::new(), Vec::new());
        for (name, value) in headers {
            let once = match name {
                b"sec-websocket-key" => &mut key,
                b"sec-websocket-version" => &mut version,
                b"sec-websocket-protocol" => {
                    read_protocols(value, &mut protocols)?;
                    continue;
                }
                b"sec-websocket-extensions" => {
                    offers
                        .push(std::str::from_utf8(value).map_err(|_| {
                            Refusal::bad("invalid Sec-WebSocket-Extensions header")
                        })?);
                    continue;
                }
                _ => continue,
            };
            if once.replace(value).is_some() {
                return Err(Refusal::bad("repeated Sec-WebSocket header"));
            }
        }
        if version != Some(b"13") {
            return Err(Refusal {
                status: 426,
                message: "only version 13 of WebSocket is spoken here",
            });
        }
        let upgrade = Self {
            accept: String::new(),
            protocols,
            agreement: Agreement::find(offers),
        };
        Ok((upgrade, key))
    }

    /// The value of the answer's `Sec-WebSocket-Accept`; empty after an extended CONNECT.
    #[must_use]
    pub fn accept(&self) -> &str {
        &self.accept
    }

    /// The subprotocols that the client offers, in its order of preference.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// How messages may be compressed, if the client offers it.
    #[must_use]
    pub fn agreement(&self) -> Option<Agreement> {
        self.agreement
    }
}

/// The proof that the key was read: it has to be 16 bytes in Base64.
fn accept(key: &[u8]) -> Result<String, Refusal> {
    if !STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
        return Err(Refusal::bad("missing or invalid Sec-WebSocket-Key header"));
    }
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Ok(STANDARD.encode(hash))
}

fn read_protocols(value: &[u8], protocols: &mut Vec<String>) -> Result<(), Refusal> {
    const WRONG: Refusal = Refusal::bad("invalid Sec-WebSocket-Protocol header");
    for protocol in value.split(|&byte| byte == b',') {
        let protocol = std::str::from_utf8(protocol.trim_ascii()).map_err(|_| WRONG)?;
        if !is_protocol(protocol) || protocols.iter().any(|known| known == protocol) {
            return Err(WRONG);
        }
        protocols.push(protocol.to_owned());
    }
    Ok(())
}

/// Whether a subprotocol may be called this: it has to be a token of RFC 9110.
#[must_use]
pub fn is_protocol(name: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_byte)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Upgrade};

    const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    const VERSION: (&str, &str) = ("sec-websocket-version", "13");

    fn read(headers: &[(&str, &str)]) -> Result<Upgrade, Refusal> {
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        Upgrade::read("GET", headers)
    }

    fn refused(headers: &[(&str, &str)]) -> u16 {
        read(headers).unwrap_err().status()
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let upgrade = read(&[
            ("host", "server.example.com"),
            KEY,
            ("sec-websocket-protocol", "chat, superchat"),
            VERSION,
        ])
        .unwrap();
        assert_eq!(upgrade.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(upgrade.protocols(), ["chat", "superchat"]);
        assert!(upgrade.agreement().is_none());
    }

    #[test]
    fn extensions_may_stand_in_several_headers() {
        let upgrade = read(&[
            KEY,
            VERSION,
            ("sec-websocket-extensions", "x"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ]);
        assert!(upgrade.unwrap().agreement().is_some());
    }

    #[test]
    fn other_versions_are_told_ours() {
        assert_eq!(refused(&[KEY]), 426);
        for version in ["", "8", "14", "013", "13, 8", "+13"] {
            assert_eq!(refused(&[KEY, ("sec-websocket-version", version)]), 426);
        }
    }

    #[test]
    fn what_is_missing_repeated_or_malformed_is_refused() {
        assert_eq!(refused(&[VERSION]), 400);
        assert_eq!(refused(&[VERSION, KEY, KEY]), 400);
        assert_eq!(refused(&[VERSION, VERSION, KEY]), 400);
        for key in [
            "",
            "x",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ===",
        ] {
            assert_eq!(
                refused(&[VERSION, ("sec-websocket-key", key)]),
                400,
                "{key}"
            );
        }
        for protocols in ["", "chat,", "chat, chat", "a b", "ch\u{e4}t", "a/b"] {
            let header = ("sec-websocket-protocol", protocols);
            assert_eq!(refused(&[VERSION, KEY, header]), 400, "{protocols}");
        }
        let headers = [VERSION, KEY].map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        assert!(Upgrade::read("POST", headers.into_iter()).is_err());
    }

    #[test]
    fn the_wish_is_recognised_in_any_case() {
        assert!(Upgrade::is_asked_for(b"websocket"));
        assert!(Upgrade::is_asked_for(b"h2c, WebSocket"));
        assert!(!Upgrade::is_asked_for(b"h2c"));
        assert!(!Upgrade::is_asked_for(b"websockets"));
    }
}
