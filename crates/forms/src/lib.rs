//! Bodies of HTML forms as they arrive: pieces of bytes in, fields and files out.
//!
//! [`Multipart`] reads `multipart/form-data` (RFC 7578, RFC 2046 section 5.1), [`Urlencoded`]
//! `application/x-www-form-urlencoded`. Both are fed with pieces of any size and find the same
//! whatever the cuts; both hold no more than one header line or one field back, refuse what exceeds
//! their limits in the piece in which it does, and take time in proportion to the input alone.
//! [`options`] reads the headers that say what a body and a part are.
//!
//! What is found is what Starlette's users find through python-multipart.
//!
//! ```
//! use forms::{Event, Limits, Multipart};
//!
//! let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--b--\r\n";
//! let mut form = Multipart::new(b"b", Limits::default())?;
//! let (mut rest, mut value) = (&body[..], Vec::new());
//! while let Some(event) = form.next(&mut rest)? {
//!     match event {
//!         Event::Part(part) => assert_eq!(part.name, b"a"),
//!         Event::Data(data) | Event::Held(data) => value.extend_from_slice(data),
//!         Event::End => {}
//!     }
//! }
//! form.finish()?;
//! assert_eq!(value, b"hello");
//! # Ok::<(), forms::Violation>(())
//! ```
#![forbid(unsafe_code)]

mod limits;
mod multipart;
mod options;
mod urlencoded;
mod violation;

pub use limits::{FieldLimits, Limits};
pub use multipart::{Event, Multipart, Part};
pub use options::{Options, options};
pub use urlencoded::Urlencoded;
pub use violation::Violation;
