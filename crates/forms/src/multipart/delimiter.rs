//! The line that separates parts.

use memchr::{memmem, memrchr};

use crate::Violation;

/// Boundaries are 1 to 70 characters long (RFC 2046 section 5.1.1); those who break that rule do not
/// break it by much.
const LONGEST: usize = 256;

/// A line break, two hyphens and the boundary, and how to find them.
#[derive(Clone, Debug)]
pub(super) struct Delimiter {
    bytes: Vec<u8>,
    finder: memmem::Finder<'static>,
}

/// Where the next delimiter stands in some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Whole, from this byte on.
    Whole(usize),
    /// As far as the bytes go: they end with so much of its beginning, which may be nothing.
    Partly(usize),
}

impl Delimiter {
    pub(super) fn new(boundary: &[u8]) -> Result<Self, Violation> {
        if boundary.is_empty() {
            return Err(Violation::NoBoundary);
        }
        // Without line breaks, only the first byte of a delimiter can begin one.
        if boundary.len() > LONGEST || memchr::memchr2(b'\r', b'\n', boundary).is_some() {
            return Err(Violation::BadBoundary);
        }
        let bytes = [b"\r\n--", boundary].concat();
        let finder = memmem::Finder::new(&bytes).into_owned();
        Ok(Self { bytes, finder })
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first `length` bytes.
    pub(super) fn first(&self, length: usize) -> &[u8] {
        self.bytes.get(..length).unwrap_or(&self.bytes)
    }

    /// What stands behind the first `length` bytes.
    pub(super) fn after(&self, length: usize) -> &[u8] {
        self.bytes.get(length..).unwrap_or_default()
    }

    pub(super) fn find(&self, bytes: &[u8]) -> Found {
        if let Some(at) = self.finder.find(bytes) {
            return Found::Whole(at);
        }
        let tail = bytes.len().saturating_sub(self.len() - 1);
        let end = bytes.get(tail..).unwrap_or_default();
        let begun = memrchr(b'\r', end)
            .and_then(|at| end.get(at..))
            .filter(|begun| self.bytes.starts_with(begun));
        Found::Partly(begun.map_or(0, <[u8]>::len))
    }
}
