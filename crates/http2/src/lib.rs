//! HTTP/2 as bytes in and events out, without sockets, clocks or Python.
//!
//! [`Connection`] takes what arrived, hands back [`Event`]s and takes answers by the number of their
//! stream. Requests have the form of HTTP/1's ([`http1::RequestHead`]) and are held to the same rules
//! and limits.
//!
//! The well-kept `h2` crate stands in the middle: it keeps the states and windows of streams, shares
//! the connection among them and compresses our headers. It is driven without a runtime, over memory.
//! In front of it stands what RFC 9113 demands and it does not do: frames are checked and counted,
//! header blocks put together, decoded and held to the limits, so that each way to break the rules
//! gets the answer that the RFC names, and a flood of anything ends in `ENHANCE_YOUR_CALM`.
//!
//! ```
//! use bytes::BytesMut;
//! use http2::{Connection, Event, Limits};
//!
//! let mut connection = Connection::new(Limits::default())?;
//! let mut input = BytesMut::from(&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..]);
//! input.extend_from_slice(b"\0\0\0\x04\0\0\0\0\0"); // SETTINGS
//! input.extend_from_slice(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a"); // GET http://a/
//! connection.receive(&mut input);
//! let Some(Event::Request { stream: 1, head: Ok(head), ends: true }) = connection.next_event()
//! else {
//!     unreachable!("the request is complete");
//! };
//! assert_eq!((head.method(), head.header(b"host")), ("GET", Some(&b"a"[..])));
//! let fields = [(&b"content-length"[..], &b"2"[..])];
//! connection.respond(1, 200, fields.into_iter(), false).unwrap();
//! connection.tail(1).unwrap().extend_from_slice(b"hi");
//! connection.finish(1, None::<std::iter::Empty<_>>).unwrap();
//! let mut out = Vec::new();
//! connection.transmit(&mut out);
//! assert!(out.ends_with(b"\0\0\x02\0\x01\0\0\0\x01hi")); // DATA, END_STREAM
//! # Ok::<(), h2::Error>(())
//! ```
#![forbid(unsafe_code)]

mod answer;
mod budget;
mod connection;
mod event;
mod frame;
mod hpack;
mod ids;
mod inbound;
mod limits;
mod pipe;
mod request;
mod settings;
mod stream;
mod violation;
mod wakers;

pub use answer::Unsendable;
pub use connection::Connection;
pub use event::Event;
pub use h2::{Error, Reason};
pub use inbound::PREFACE;
pub use limits::Limits;
pub use request::Refusal;
pub use violation::Violation;
