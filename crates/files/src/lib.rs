//! Static files without a file system: from a request to the status, the headers and the pieces of
//! its answer.
//!
//! Nothing here opens anything. [`Mounts`] turns a request's path into the name of a file below a
//! directory, and only into one that cannot leave it; [`Asked`] reads the headers that matter;
//! [`answer`] decides, from what the caller found out about the file, what is said and which parts
//! of the file follow: RFC 9110 section 13 for conditional requests, section 14 for ranges,
//! section 12.5.3 for the variants that were compressed beforehand.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use files::{Asked, Mounts, Part, Representation, answer};
//!
//! let mounts = Mounts::new(["/assets"])?;
//! let (mount, name) = mounts.find(b"/assets/app.js").ok_or("no mount")?;
//! assert_eq!((mount, name.as_str()), (0, "app.js"));
//! assert!(mounts.find(b"/assets/%2e%2e/secret").is_none());
//!
//! let asked = Asked::new("GET", [(&b"range"[..], &b"bytes=0-3"[..])]);
//! let file = Representation {
//!     media: files::media_type(name.as_str()),
//!     size: 10,
//!     modified: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
//!     coding: None,
//!     varies: false,
//!     cache_control: None,
//! };
//! let answer = answer(&asked, &file, SystemTime::now(), || "boundary".to_owned());
//! assert_eq!(answer.status, 206);
//! assert_eq!(answer.body, [Part::File { start: 0, length: 4 }]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod answer;
mod asked;
mod codings;
mod conditions;
mod media;
mod mounts;
mod name;
mod ranges;
mod validators;

pub use answer::{Answer, Part, Representation, answer};
pub use asked::Asked;
pub use codings::Coding;
pub use media::{is_compressible, media_type};
pub use mounts::{InvalidMount, Mounts};
pub use name::FileName;
