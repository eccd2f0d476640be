//! How much of a request is taken before it is refused.

/// Bounds on one request; what exceeds them is refused with 414, 431 or 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line, without its line end.
    pub request_line: usize,
    /// Bytes of all header lines together, line ends and the closing empty line included.
    /// Trailers after a chunked body are held to the same bound.
    pub header_block: usize,
    /// Number of header lines; trailers are counted on their own.
    pub header_count: usize,
    /// Bytes of a body, declared or accumulated from chunks. `u64::MAX` stands for no limit.
    pub body: u64,
}

impl Limits {
    /// Head positions are kept as `u32`: two lengths under this bound cannot overflow one.
    const LONGEST: usize = 1 << 30;

    pub(crate) fn clamped(self) -> Self {
        Self {
            request_line: self.request_line.min(Self::LONGEST),
            header_block: self.header_block.min(Self::LONGEST),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line: 8 * 1024,
            header_block: 64 * 1024,
            header_count: 100,
            body: u64::MAX,
        }
    }
}
