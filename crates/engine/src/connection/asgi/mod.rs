//! The general path: a request as an ASGI application sees it.

mod cycle;
mod message;
mod receive;
mod run;
mod scope;
mod send;
mod websocket;

pub(crate) use self::cycle::Cycle;
pub(super) use self::run::start;
pub(crate) use self::send::Sending;
