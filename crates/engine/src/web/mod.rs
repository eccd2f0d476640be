//! The hot parts of `jebi.web`, behind the interface that Python shows.

mod forms;
mod headers;
mod routing;

pub(crate) use self::forms::{MultipartReader, UrlencodedReader, parse_options_header};
pub(crate) use self::headers::{
    find_cookies, find_header, find_headers, query_pairs, remove_header, set_header,
};
pub(crate) use self::routing::RouteTable;
