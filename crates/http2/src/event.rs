//! What a connection says of its client.

use bytes::Bytes;
use http1::RequestHead;

use crate::request::Refusal;

/// What a client did.
#[derive(Debug)]
pub enum Event {
    /// A request begins.
    Request {
        /// The number of its stream.
        stream: u32,
        /// What it asks for, or the status that it is to be answered with instead.
        head: Result<Box<RequestHead>, Refusal>,
        /// No body follows.
        ends: bool,
    },
    /// The next bytes of a body, never empty. The window that they took is to be given back.
    Data {
        /// The number of the request's stream.
        stream: u32,
        /// The bytes.
        data: Bytes,
    },
    /// A request whose body did not end with its head is complete.
    End {
        /// The number of its stream.
        stream: u32,
    },
    /// Nobody waits for the answer any more: the client took the request back, or it broke the
    /// rules. Nothing more is heard of this stream.
    Reset {
        /// The number of its stream.
        stream: u32,
    },
}
