//! The head of a request, resumable at any byte: request line, header lines, their meaning.

use super::error::{BadRequest, Fault};
use super::fields::{FieldScanner, Line};
use super::line::{LineScanner, RequestLine};
use super::meaning::{Meaning, Verdict};
use super::spans::Fields;
use super::target::Target;
use crate::limits::Limits;

/// What is known of a head that is still arriving.
#[derive(Debug, Default)]
pub(crate) struct HeadParser {
    line: LineScanner,
    /// The request line and what its target consists of, once complete.
    request: Option<(RequestLine, Target)>,
    scanner: FieldScanner,
    fields: Fields,
    meaning: Meaning,
}

/// What the parser found out about a head, besides its header lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub(crate) line: RequestLine,
    pub(crate) target: Target,
    pub(crate) verdict: Verdict,
    /// Length of the head.
    pub(crate) end: usize,
}

impl HeadParser {
    pub(crate) fn has_started(&self) -> bool {
        self.line.has_started()
    }

    /// What the head at the front of `bytes` says, or `None` while it is incomplete.
    ///
    /// The next call is about the next head; the header lines are to be [taken](Self::take_fields)
    /// before that.
    #[inline]
    pub(crate) fn parse(
        &mut self,
        bytes: &mut [u8],
        limits: &Limits,
    ) -> Result<Option<Parsed>, BadRequest> {
        let (line, target) = match self.request {
            Some(request) => request,
            None => match self.request_line(bytes, limits)? {
                Some(request) => request,
                None => return Ok(None),
            },
        };
        let Some(end) = self.header_lines(line.end, bytes, limits)? else {
            return Ok(None);
        };
        let method = bytes.get(..line.method_end).unwrap_or_default();
        let verdict = self.meaning.conclude(line.version, method, limits.body)?;
        // The authority of an absolute target stands in for Host, whatever that says.
        if let Some(authority) = target.authority
            && let Some(host) = self
                .meaning
                .host
                .and_then(|index| self.fields.get_mut(index))
        {
            host.value = authority;
        }
        self.line = LineScanner::default();
        self.request = None;
        self.meaning = Meaning::default();
        Ok(Some(Parsed {
            line,
            target,
            verdict,
            end,
        }))
    }

    /// The header lines of the head that was parsed last.
    #[inline]
    pub(crate) fn take_fields(&mut self) -> Fields {
        self.fields.take()
    }

    fn request_line(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<(RequestLine, Target)>, BadRequest> {
        // Looking no further than the limit makes the outcome independent of how bytes arrive.
        let longest = limits.request_line + 2;
        let window = bytes.get(..longest).unwrap_or(bytes);
        let Some(line) = self.line.next(window)? else {
            if bytes.len() >= longest {
                return Err(Fault::RequestLineTooLong.into());
            }
            return Ok(None);
        };
        let method = bytes.get(..line.method_end).unwrap_or_default();
        let target = Target::parse(method, bytes, line.method_end + 1, line.target_end)?;
        self.scanner = FieldScanner::starting_at(line.end);
        self.request = Some((line, target));
        Ok(self.request)
    }

    fn header_lines(
        &mut self,
        start: usize,
        bytes: &mut [u8],
        limits: &Limits,
    ) -> Result<Option<usize>, BadRequest> {
        let longest = start + limits.header_block;
        let available = bytes.len();
        let window = bytes.get_mut(..longest.min(available)).unwrap_or_default();
        loop {
            match self.scanner.next(window)? {
                Line::Field(field) => {
                    if self.fields.len() >= limits.header_count {
                        return Err(Fault::TooManyHeaders.into());
                    }
                    let index = self.fields.len();
                    self.meaning
                        .note(index, field.name.of(window), field.value.of(window))?;
                    self.fields.push(field);
                }
                Line::End(end) => return Ok(Some(end)),
                Line::Incomplete if available >= longest => {
                    return Err(Fault::HeadersTooLarge.into());
                }
                Line::Incomplete => return Ok(None),
            }
        }
    }
}
