//! Which route of an ASGI router a connection goes to.
//!
//! `entry` is what is known of one route, `table` finds among many and fills the scope.

mod entry;
mod table;

pub(crate) use self::table::RouteTable;
