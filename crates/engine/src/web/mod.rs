//! The hot parts of `jebi.web`, behind the interface that Python shows.

mod forms;
mod routing;

pub(crate) use self::forms::{MultipartReader, UrlencodedReader, parse_options_header};
pub(crate) use self::routing::RouteTable;
