//! Query strings, cookies, hosts, URLs and percent-encoding: text of a request to names and values, and back.
//!
//! The results are those that Python applications know: [`pairs`] agrees with
//! `urllib.parse.parse_qsl(text, keep_blank_values=True)`, [`cookies()`] with what Starlette makes of a
//! `Cookie` header, [`decode_path`] with the `path` of an ASGI scope, [`Url`] with
//! `urllib.parse.urlsplit` where it answers at all. Bytes beyond ASCII that stand
//! unescaped in a header or a query are Latin-1, as ASGI toolkits read them.
//!
//! Nothing is allocated for text in which nothing is escaped, and no input is an error.
//!
//! ```
//! let query = b"tag=a&tag=b%20c&q=";
//! assert_eq!(params::first(query, "tag").as_deref(), Some("a"));
//! assert_eq!(params::last(query, "tag").as_deref(), Some("b c"));
//! assert_eq!(params::all(query, "tag").count(), 2);
//! assert_eq!(params::first(query, "q").as_deref(), Some(""));
//! assert_eq!(params::decode_path(b"/caf%C3%A9"), "/café");
//! ```
#![forbid(unsafe_code)]

mod cookies;
mod encode;
mod host;
mod percent;
mod query;
mod text;
mod url;

pub use cookies::{Cookies, cookie, cookies};
pub use encode::encode_form;
pub use host::{Host, host};
pub use percent::{decode_path, percent_decode};
pub use query::{All, Pairs, all, first, last, pairs};
pub use text::form as decode_form;
pub use url::{Url, escape_path};
