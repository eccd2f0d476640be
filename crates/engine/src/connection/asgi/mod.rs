//! The general path: a request as an ASGI application sees it.

mod blank;
mod callables;
mod cycle;
mod entries;
mod functions;
mod lent;
mod message;
mod mould;
mod pairs;
mod parts;
mod receive;
mod returned;
mod run;
mod scope;
mod send;
mod spell;
mod spoken;
mod told;
mod wait;
mod websocket;

pub(super) use self::blank::Blank;
pub(crate) use self::callables::Callables;
pub(crate) use self::cycle::Cycle;
pub(super) use self::returned::Returned;
pub(super) use self::run::start;
pub(crate) use self::send::Sending;
pub(super) use self::told::Told;
