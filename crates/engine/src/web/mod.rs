//! The hot parts of `jebi.web`, behind the interface that Python shows.

mod routing;

pub(crate) use self::routing::RouteTable;
