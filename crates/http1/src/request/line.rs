//! The request line: `GET /path HTTP/1.1`, resumable at any byte.

use super::error::{BadRequest, Fault};
use crate::scan;

/// The version of the protocol that a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2, which has no request line; see [`HeadAssembly`](crate::HeadAssembly).
    Http2,
}

impl Version {
    /// The version's number, as applications and logs name it.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
        }
    }
}

/// Walks over a request line and remembers where it stopped.
#[derive(Debug, Default)]
pub(crate) struct LineScanner {
    /// Everything before this was looked at.
    scanned: usize,
    method_end: Option<usize>,
    target_end: Option<usize>,
}

/// Where the parts of a complete line stand. The method starts at 0, the target after its space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method_end: usize,
    pub(crate) target_end: usize,
    pub(crate) version: Version,
    /// The position after the line end.
    pub(crate) end: usize,
}

impl LineScanner {
    pub(crate) fn has_started(&self) -> bool {
        self.scanned > 0
    }

    /// The line, or `None` while it is incomplete.
    #[inline]
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Option<RequestLine>, BadRequest> {
        let Some(method_end) = self.method(bytes)? else {
            return Ok(None);
        };
        let Some(target_end) = self.target(method_end, bytes)? else {
            return Ok(None);
        };
        let rest = bytes.get(target_end + 1..).unwrap_or_default();
        Ok(version(rest)?.map(|version| RequestLine {
            method_end,
            target_end,
            version,
            end: target_end + 1 + VERSION_AND_LINE_END,
        }))
    }

    #[inline]
    fn method(&mut self, bytes: &[u8]) -> Result<Option<usize>, BadRequest> {
        if self.method_end.is_none() {
            let end = scan::token_end(bytes, self.scanned);
            self.scanned = end;
            match bytes.get(end) {
                None => {}
                Some(b' ') if end > 0 => {
                    self.method_end = Some(end);
                    self.scanned = end + 1;
                }
                Some(_) => return Err(Fault::Method.into()),
            }
        }
        Ok(self.method_end)
    }

    #[inline]
    fn target(&mut self, method_end: usize, bytes: &[u8]) -> Result<Option<usize>, BadRequest> {
        if self.target_end.is_none() {
            let end = scan::target_end(bytes, self.scanned);
            self.scanned = end;
            match bytes.get(end) {
                None => {}
                Some(b' ') if end > method_end + 1 => self.target_end = Some(end),
                Some(_) => return Err(Fault::TargetByte.into()),
            }
        }
        Ok(self.target_end)
    }
}

const VERSION_AND_LINE_END: usize = b"HTTP/1.1\r\n".len();

/// The version at the front of `rest`, with its line end; `None` while that is incomplete.
#[inline]
fn version(rest: &[u8]) -> Result<Option<Version>, BadRequest> {
    match rest.get(..VERSION_AND_LINE_END) {
        Some(b"HTTP/1.1\r\n") => Ok(Some(Version::Http11)),
        Some(b"HTTP/1.0\r\n") => Ok(Some(Version::Http10)),
        _ => unusual_version(rest),
    }
}

/// Tells an incomplete version from one that is wrong, at the first wrong byte.
#[cold]
fn unusual_version(rest: &[u8]) -> Result<Option<Version>, BadRequest> {
    let pattern = *b"HTTP/d.d\r\n";
    for (expected, byte) in pattern.iter().zip(rest) {
        let fits = match expected {
            b'd' => byte.is_ascii_digit(),
            _ => byte == expected,
        };
        if !fits {
            let line_end = matches!(expected, b'\r' | b'\n');
            return Err(
                if line_end && matches!(byte, b'\r' | b'\n') || *expected == b'\n' {
                    Fault::LineEnd.into()
                } else {
                    Fault::VersionSyntax.into()
                },
            );
        }
    }
    if rest.len() < pattern.len() {
        return Ok(None);
    }
    match rest.get(b"HTTP/".len()..) {
        // A minor version above ours is our highest (RFC 9110 section 2.5).
        Some([b'1', ..]) => Ok(Some(Version::Http11)),
        // The one other version that a request line can name: HTTP/2's preface does. HTTP/0.9 names
        // none, HTTP/3 has no request line.
        Some([b'2', _, b'0', ..]) => Err(Fault::VersionUnsupported.into()),
        // A number that no version bears: the client is broken, not ahead of us.
        _ => Err(Fault::VersionSyntax.into()),
    }
}
