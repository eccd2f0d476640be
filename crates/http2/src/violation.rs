//! What a client can do wrong, as data.

use std::fmt;

use h2::Reason;

use crate::budget::Spent;
use crate::hpack::CompressionError;

/// The rules that a client broke in a way that ends its connection: the code that GOAWAY tells it,
/// and what is wrong as [`Display`](fmt::Display), in words of ours alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    reason: Reason,
    message: &'static str,
}

impl Violation {
    pub(crate) const fn protocol(message: &'static str) -> Self {
        Self::new(Reason::PROTOCOL_ERROR, message)
    }

    pub(crate) const fn size(message: &'static str) -> Self {
        Self::new(Reason::FRAME_SIZE_ERROR, message)
    }

    pub(crate) const fn closed(message: &'static str) -> Self {
        Self::new(Reason::STREAM_CLOSED, message)
    }

    pub(crate) const fn flood(message: &'static str) -> Self {
        Self::new(Reason::ENHANCE_YOUR_CALM, message)
    }

    pub(crate) const fn new(reason: Reason, message: &'static str) -> Self {
        Self { reason, message }
    }

    /// The code (RFC 9113 section 7).
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message)
    }
}

impl std::error::Error for Violation {}

impl From<CompressionError> for Violation {
    fn from(_: CompressionError) -> Self {
        Self::new(Reason::COMPRESSION_ERROR, "invalid header block")
    }
}

impl From<Spent> for Violation {
    fn from(_: Spent) -> Self {
        Self::flood("too many frames that ask for nothing")
    }
}
