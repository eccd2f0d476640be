//! Header lines and trailer lines, one at a time, resumable at any byte.

use super::error::{BadRequest, Fault};
use super::spans::{Field, Span};
use crate::scan;

/// What a scan found.
pub(crate) enum Line {
    /// The bytes end within a line.
    Incomplete,
    /// A complete line; its name is lower-cased in place.
    Field(Field),
    /// The empty line that closes the block; the position is the one after it.
    End(usize),
}

/// Walks over a block of header lines and remembers where it stopped.
#[derive(Debug, Default)]
pub(crate) struct FieldScanner {
    /// Where the current line starts.
    line: usize,
    /// Where its colon stands, once that was seen.
    colon: Option<usize>,
    /// Everything before this was looked at.
    scanned: usize,
}

impl FieldScanner {
    pub(crate) fn starting_at(position: usize) -> Self {
        Self {
            line: position,
            colon: None,
            scanned: position,
        }
    }

    /// The next line. `bytes` must begin at the same place as in the call before.
    #[inline]
    pub(crate) fn next(&mut self, bytes: &mut [u8]) -> Result<Line, BadRequest> {
        let colon = match self.colon {
            Some(colon) => colon,
            None => match self.name(bytes)? {
                Name::Incomplete => return Ok(Line::Incomplete),
                Name::EndOfBlock(position) => return Ok(Line::End(position)),
                Name::Colon(colon) => colon,
            },
        };
        self.colon = Some(colon);
        self.value(colon, bytes)
    }

    #[inline]
    fn name(&mut self, bytes: &mut [u8]) -> Result<Name, BadRequest> {
        let end = scan::lower_token_end(bytes, self.scanned);
        self.scanned = end;
        match bytes.get(end) {
            None => Ok(Name::Incomplete),
            Some(b':') if end > self.line => {
                self.scanned = end + 1;
                Ok(Name::Colon(end))
            }
            Some(b'\r') if end == self.line => match bytes.get(end + 1) {
                None => Ok(Name::Incomplete),
                Some(b'\n') => Ok(Name::EndOfBlock(end + 2)),
                Some(_) => Err(Fault::LineEnd.into()),
            },
            Some(b'\n') if end == self.line => Err(Fault::LineEnd.into()),
            Some(b' ' | b'\t') if end == self.line => Err(Fault::Folded.into()),
            Some(_) => Err(Fault::HeaderName.into()),
        }
    }

    #[inline]
    fn value(&mut self, colon: usize, bytes: &[u8]) -> Result<Line, BadRequest> {
        let end = scan::value_end(bytes, self.scanned);
        self.scanned = end;
        match bytes.get(end) {
            None => return Ok(Line::Incomplete),
            Some(b'\r') => {}
            Some(b'\n') => return Err(Fault::LineEnd.into()),
            Some(_) => return Err(Fault::HeaderValue.into()),
        }
        match bytes.get(end + 1) {
            None => return Ok(Line::Incomplete),
            Some(b'\n') => {}
            Some(_) => return Err(Fault::LineEnd.into()),
        }
        let field = Field {
            name: Span::new(self.line..colon),
            value: trimmed(bytes, colon + 1, end),
        };
        *self = Self::starting_at(end + 2);
        Ok(Line::Field(field))
    }
}

enum Name {
    Incomplete,
    EndOfBlock(usize),
    Colon(usize),
}

/// The value between the colon and the line end, without the white space around it.
#[inline]
fn trimmed(bytes: &[u8], start: usize, end: usize) -> Span {
    let mut value = bytes.get(start..end).unwrap_or_default();
    let mut start = start;
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
        start += 1;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    Span::new(start..start + value.len())
}
