//! The hot parts of `jebi.web`, behind the interface that Python shows.

mod fields;
mod forms;
mod headers;
mod multidict;
mod query;
mod relay;
mod request;
mod response;
mod routing;
mod subclass;
mod url;

pub(crate) use self::fields::{HeaderFields, MutableHeaderFields};
pub(crate) use self::forms::{MultipartReader, UrlencodedReader, parse_options_header};
pub(crate) use self::headers::{
    find_cookies, find_header, find_headers, remove_header, set_header, text,
};
pub(crate) use self::multidict::{MultiItems, QueryItems};
pub(crate) use self::relay::{add_fields, edit_send, has_started, watch_send};
pub(crate) use self::request::{is_for_host, request_cookie, request_header};
pub(crate) use self::response::initial_headers;
pub(crate) use self::routing::RouteTable;
pub(crate) use self::url::{UrlParts, split_host};
