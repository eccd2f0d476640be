//! The PROXY protocol (`proxy-protocol.txt` of `HAProxy`), versions 1 and 2: a few bytes in front of a
//! connection that say who is behind the proxy.
//!
//! ```
//! use proxy::preface::{Preface, decode};
//!
//! let input = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\n";
//! let Ok(Some((Preface::Proxied(ends), length))) = decode(input) else { panic!() };
//! assert_eq!(ends.source, "203.0.113.9:4711".parse().unwrap());
//! assert!(input[length..].starts_with(b"GET"));
//! ```

mod checksum;
mod text;
mod tlv;
mod v2;

use std::fmt;
use std::net::SocketAddr;

/// The longest preface that is read, in bytes: version 1 has 107 at most, version 2 as many as it says,
/// of which no known sender needs more than a few hundred.
pub const LIMIT: usize = 4096;

/// What a preface says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// The proxy speaks for itself (a health check), or of what it cannot name.
    Own,
    /// It speaks for a client.
    Proxied(Ends),
}

/// The connection between the client and the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The client.
    pub source: SocketAddr,
    /// Where it connected to.
    pub destination: SocketAddr,
    /// The client spoke TLS with the proxy (version 2 only).
    pub tls: bool,
}

/// How a preface breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// What came first is none.
    Missing,
    /// It is longer than version 1 allows, or than [`LIMIT`].
    TooLong,
    /// It begins as one, and goes on as none.
    Malformed,
    /// Its checksum says that it was damaged.
    Checksum,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "no PROXY protocol header came first",
            Self::TooLong => "the PROXY protocol header is too long",
            Self::Malformed => "malformed PROXY protocol header",
            Self::Checksum => "the PROXY protocol header's checksum is wrong",
        })
    }
}

impl std::error::Error for Violation {}

/// Reads a preface off the front of `input`: what it says and how long it is, or `None` while it is
/// not whole.
///
/// # Errors
/// It is none; the connection is to be closed without an answer. More than [`LIMIT`] bytes are never
/// needed to know, and more bytes never change what was decided.
pub fn decode(input: &[u8]) -> Result<Option<(Preface, usize)>, Violation> {
    let begins = |mark: &[u8]| {
        let length = mark.len().min(input.len());
        input.get(..length) == mark.get(..length)
    };
    if begins(v2::SIGNATURE) {
        v2::decode(input)
    } else if begins(text::MARK) {
        text::decode(input)
    } else {
        Err(Violation::Missing)
    }
}
