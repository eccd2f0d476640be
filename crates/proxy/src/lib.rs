//! What a proxy in front of a server says of its client, and whether it is believed.
//!
//! A proxy speaks in one of three ways: by `X-Forwarded-*` header fields, by the `Forwarded` field of
//! RFC 7239, or by the PROXY protocol in front of everything else ([`preface`]). Only what comes from
//! an address in [`Trust`] counts. Each proxy of a chain appends whom it heard from, so the client is
//! the last hop, read from the right, that is not trusted itself: what stands before that may have
//! been written by anybody.
//!
//! Nothing here knows sockets, a clock or Python, and no input is a panic.
//!
//! ```
//! use proxy::{Believed, Trust};
//!
//! let trust = Trust::parse(["10.0.0.0/8"]).unwrap();
//! let headers = [(&b"x-forwarded-for"[..], &b"6.6.6.6, 203.0.113.9, 10.0.0.7"[..])];
//! let told = Believed::default().read(&trust, headers).unwrap();
//! assert_eq!(told.client.unwrap().host, b"203.0.113.9");
//! ```
#![forbid(unsafe_code)]

mod forwarded;
mod headers;
mod node;
pub mod preface;
mod trust;

pub use forwarded::Malformed;
pub use headers::{Believed, Scheme, Told, UnknownHeader};
pub use node::Node;
pub use trust::{BadEntry, Trust};
