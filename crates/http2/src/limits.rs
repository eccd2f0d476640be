//! How much of a client's doings is taken before it is refused.

/// Bounds on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Those of each request, the same as over HTTP/1. What exceeds them is answered with 413, 414
    /// or 431; what exceeds them many times over ends the connection.
    pub request: http1::Limits,
    /// How many requests may be open at a time.
    pub streams: u32,
    /// How many bytes of one request's body may wait to be taken.
    pub stream_window: u32,
    /// How many bytes of all of them.
    pub connection_window: u32,
    /// `WebSocket`s are offered (RFC 8441).
    pub extended_connect: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: http1::Limits::default(),
            streams: 100,
            stream_window: 64 * 1024,
            connection_window: 1024 * 1024,
            extended_connect: true,
        }
    }
}
