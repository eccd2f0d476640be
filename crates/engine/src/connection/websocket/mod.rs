//! Connections that speak WebSocket: after the handshake, messages instead of requests.
//!
//! The request that asked for it stays the connection's turn until the end, so that everything
//! else, from back pressure to the shutdown, finds its way as it does for an answer that never ends.

mod frames;
mod handshake;
mod inbox;
mod session;

pub(super) use self::frames::{INTERNAL_ERROR, SERVICE_RESTART};
pub(super) use self::inbox::{Inbox, Message};
pub(super) use self::session::Session;

/// How the server's `WebSocket`s were configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Whether they are spoken at all.
    pub(super) is_on: bool,
    /// The longest message, in bytes after inflation.
    pub(super) message_limit: usize,
    /// How many messages may wait for the application before the client has to wait.
    pub(super) queue: usize,
    /// Whether messages are compressed with clients that offer it.
    pub(super) deflate: bool,
}
