//! HTTP/1.1 as bytes in and events out, without sockets, clocks or Python.
//!
//! [`RequestDecoder`] takes what arrived on a connection and hands back [`Event`]s; the functions of
//! [`response`] append the bytes of an answer to a buffer. Neither knows where bytes come from or
//! go to, so every case of the protocol is tested by feeding bytes, whole or one at a time.
//!
//! The decoder follows RFC 9112 and RFC 9110 strictly: what two servers could understand in two
//! ways is refused, because that is how requests are smuggled past the first of them.
//!
//! ```
//! use bytes::BytesMut;
//! use http1::{Event, Limits, RequestDecoder};
//!
//! let mut decoder = RequestDecoder::new(Limits::default());
//! let mut buffer = BytesMut::from(&b"GET /items?q=1 HTTP/1.1\r\nHost: example.com\r\n\r\n"[..]);
//! let Some(Event::Head(head)) = decoder.decode(&mut buffer)? else {
//!     unreachable!("the head is complete");
//! };
//! assert_eq!(head.path(), b"/items");
//! assert_eq!(head.query(), b"q=1");
//! assert_eq!(head.header(b"host"), Some(&b"example.com"[..]));
//! assert!(matches!(decoder.decode(&mut buffer)?, Some(Event::End)));
//! assert!(decoder.decode(&mut buffer)?.is_none());
//! # Ok::<(), http1::BadRequest>(())
//! ```
#![forbid(unsafe_code)]

mod limits;
mod request;
pub mod response;
mod scan;

pub use limits::Limits;
pub use request::{
    BadRequest, Event, Framing, HeadAssembly, Headers, RequestDecoder, RequestHead, TargetForm,
    Version,
};
pub use response::{
    CONTINUE, InvalidHeader, PreparedHeaders, end_headers, reason, write_chunk,
    write_content_length, write_header, write_known_header, write_last_chunk, write_prepared,
    write_status_line,
};
