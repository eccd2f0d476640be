//! WebSocket as bytes in and messages out, without sockets, clocks or Python.
//!
//! [`Upgrade`] reads the opening handshake, [`Decoder`] takes what arrived after it and hands back
//! [`Event`]s, [`Encoder`] appends the bytes of messages to a buffer. This is the server's side: the
//! client's frames are masked, ours are not.
//!
//! The decoder follows RFC 6455 strictly, and RFC 7692 (permessage-deflate) where it was agreed on.
//! A message is as long as it is after inflation: the limit holds there, and nothing beyond it is
//! ever inflated.
//!
//! ```
//! use bytes::BytesMut;
//! use websocket::{Decoder, Encoder, Event};
//!
//! let mut decoder = Decoder::new(1 << 20, None);
//! let mut buffer = BytesMut::from(&b"\x81\x85\x01\x02\x03\x04ig\x6fhn"[..]);
//! assert!(matches!(decoder.decode(&mut buffer)?, Some(Event::Text(text)) if text == "hello"));
//!
//! let mut out = Vec::new();
//! Encoder::new(None).text(&mut out, "hello");
//! assert_eq!(out, b"\x81\x05hello");
//! # Ok::<(), websocket::Violation>(())
//! ```
#![forbid(unsafe_code)]

mod close;
mod decoder;
mod deflate;
mod encoder;
mod extensions;
mod frame;
mod handshake;
mod mask;
mod utf8;
mod violation;

pub use close::{Close, is_sendable};
pub use decoder::{Decoder, Event};
pub use encoder::Encoder;
pub use extensions::Agreement;
pub use handshake::{Refusal, Upgrade, is_protocol};
pub use violation::Violation;
