//! Connections that speak HTTP/2: many requests at a time.
//!
//! Each request has a turn as over HTTP/1, whose serial is the number of its stream, and everything
//! that addresses a request by its serial works alike. What is shared is the socket: the codec
//! decides whose bytes leave when, and says who may write more.

mod answers;
mod arrivals;
mod session;
mod waits;
mod websockets;

pub(super) use self::session::Session;
