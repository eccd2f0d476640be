//! `multipart/form-data` bodies (RFC 7578).

mod delimiter;
mod head;

use std::mem;

use self::delimiter::{Delimiter, Found};
use self::head::Head;
pub use self::head::Part;
use crate::{Limits, Violation};

/// What was found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'i, 'h> {
    /// A part begins.
    Part(Part),
    /// Bytes of its content: those that stood at the beginning of the input.
    Data(&'i [u8]),
    /// Bytes of its content that came in earlier pieces and could have been a boundary.
    Held(&'h [u8]),
    /// The part is complete.
    End,
}

/// Reads a body in pieces.
///
/// Line breaks before the first boundary and everything behind the last one are passed over, and so
/// are spaces and tabs behind a boundary. A line that only begins with a boundary is content.
#[derive(Clone, Debug)]
pub struct Multipart {
    delimiter: Delimiter,
    limits: Limits,
    state: State,
    head: Head,
    /// Bytes for an [`Event::Held`].
    held: Vec<u8>,
    /// What is left for the value of the field that is read; a file has no end.
    room: Option<u64>,
    fields: u64,
    files: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing or line breaks came.
    Start,
    /// So many bytes of the first delimiter came, its line break included.
    First(usize),
    /// A delimiter came, and this of the rest of its line.
    Behind { first: bool, end: LineEnd },
    /// In the header lines of a part.
    Head,
    /// In a part's content, whose last bytes are so many of a delimiter.
    Content(usize),
    /// Behind the last boundary.
    Finished,
}

/// How a line with a boundary ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Nothing,
    Return,
    Hyphen,
    Padding,
    PaddingReturn,
}

impl Multipart {
    /// Reads from the beginning of a body whose parts are separated by `boundary`.
    ///
    /// # Errors
    ///
    /// [`Violation::NoBoundary`] for an empty one, [`Violation::BadBoundary`].
    pub fn new(boundary: &[u8], limits: Limits) -> Result<Self, Violation> {
        Ok(Self {
            delimiter: Delimiter::new(boundary)?,
            limits,
            state: State::Start,
            head: Head::default(),
            held: Vec::new(),
            room: None,
            fields: 0,
            files: 0,
        })
    }

    /// Takes bytes from the front of `input` up to the next event; `None` when nothing is left.
    ///
    /// # Errors
    ///
    /// Any [`Violation`] but `Truncated`; do not go on after one.
    pub fn next<'i, 'h>(
        &'h mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'i, 'h>>, Violation> {
        while !input.is_empty() {
            match self.state {
                State::Start => self.skip_breaks(input),
                State::First(matched) => self.match_first(matched, input)?,
                State::Behind { first, end } => match self.end_line(first, end, input)? {
                    Behind::More => {}
                    Behind::Ended => return Ok(Some(Event::End)),
                    Behind::Content => return self.release(self.held.len()).map(Some),
                },
                State::Head => {
                    let Some(part) = self.head.read(input, &self.limits)? else {
                        break;
                    };
                    self.begin(&part)?;
                    return Ok(Some(Event::Part(part)));
                }
                State::Content(0) => {
                    let data = self.content(input);
                    if !data.is_empty() {
                        self.spend(data.len())?;
                        return Ok(Some(Event::Data(data)));
                    }
                }
                State::Content(matched) => {
                    if !self.match_on(matched, input) {
                        self.held.clear();
                        self.held.extend_from_slice(self.delimiter.first(matched));
                        return self.release(matched).map(Some);
                    }
                }
                State::Finished => *input = b"",
            }
        }
        Ok(None)
    }

    /// Checks that the end of the body is the end of the form, or that the body was empty.
    ///
    /// # Errors
    ///
    /// [`Violation::Truncated`].
    pub fn finish(&self) -> Result<(), Violation> {
        match self.state {
            State::Start | State::Finished => Ok(()),
            _ => Err(Violation::Truncated),
        }
    }

    fn skip_breaks(&mut self, input: &mut &[u8]) {
        let is_other = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        match input.iter().position(is_other) {
            None => *input = b"",
            Some(at) => {
                *input = input.get(at..).unwrap_or_default();
                self.state = State::First("\r\n".len());
            }
        }
    }

    fn match_first(&mut self, matched: usize, input: &mut &[u8]) -> Result<(), Violation> {
        if !self.match_on(matched, input) {
            return Err(Violation::NoDelimiter);
        }
        Ok(())
    }

    /// Compares `input` with the delimiter behind its first `matched` bytes and takes what is the
    /// same; `false`, and nothing is taken, when something differs.
    fn match_on(&mut self, matched: usize, input: &mut &[u8]) -> bool {
        let expected = self.delimiter.after(matched);
        let length = expected.len().min(input.len());
        let (begun, rest) = input.split_at(length);
        if !expected.starts_with(begun) {
            return false;
        }
        *input = rest;
        let first = matches!(self.state, State::First(_));
        self.state = match matched + length {
            all if all == self.delimiter.len() => State::Behind {
                first,
                end: LineEnd::Nothing,
            },
            some if first => State::First(some),
            some => State::Content(some),
        };
        true
    }

    /// Takes content up to a delimiter or what could become one.
    fn content<'i>(&mut self, input: &mut &'i [u8]) -> &'i [u8] {
        let mut searched = 0;
        loop {
            let rest = input.get(searched..).unwrap_or_default();
            let (length, behind, state) = match self.delimiter.find(rest) {
                Found::Partly(begun) => {
                    let length = input.len() - begun;
                    (length, input.len(), State::Content(begun))
                }
                Found::Whole(at) => {
                    let behind = searched + at + self.delimiter.len();
                    if !may_end_line(input.get(behind..).unwrap_or_default()) {
                        searched = behind;
                        continue;
                    }
                    let end = LineEnd::Nothing;
                    (searched + at, behind, State::Behind { first: false, end })
                }
            };
            self.state = state;
            let data = input.get(..length).unwrap_or_default();
            *input = input.get(behind..).unwrap_or_default();
            return data;
        }
    }

    /// Takes the rest of a line that began with the boundary.
    fn end_line(
        &mut self,
        first: bool,
        end: LineEnd,
        input: &mut &[u8],
    ) -> Result<Behind, Violation> {
        let Some((&byte, rest)) = input.split_first() else {
            return Ok(Behind::More);
        };
        let end = match (end, byte) {
            (LineEnd::Nothing, b'\r') => LineEnd::Return,
            (LineEnd::Nothing, b'-') => LineEnd::Hyphen,
            (LineEnd::Nothing | LineEnd::Padding, b' ' | b'\t') => LineEnd::Padding,
            (LineEnd::Padding, b'\r') => LineEnd::PaddingReturn,
            (LineEnd::Return | LineEnd::PaddingReturn, b'\n') => {
                *input = rest;
                self.state = State::Head;
                return Ok(if first { Behind::More } else { Behind::Ended });
            }
            (LineEnd::Hyphen, b'-') => {
                *input = rest;
                self.state = State::Finished;
                return Ok(if first { Behind::More } else { Behind::Ended });
            }
            (LineEnd::Padding | LineEnd::PaddingReturn, _) => return Err(Violation::BadDelimiter),
            _ if first => return Err(Violation::BadDelimiter),
            // No boundary after all. What differs stays, as it may begin the next one.
            (end, _) => {
                self.held.clear();
                self.held
                    .extend_from_slice(self.delimiter.first(usize::MAX));
                self.held.extend_from_slice(end.text());
                return Ok(Behind::Content);
            }
        };
        *input = rest;
        self.state = State::Behind { first, end };
        Ok(Behind::More)
    }

    /// Hands out what was held back, which is content.
    fn release<'i>(&mut self, length: usize) -> Result<Event<'i, '_>, Violation> {
        self.state = State::Content(0);
        self.spend(length)?;
        Ok(Event::Held(&self.held))
    }

    /// Counts a part that begins.
    fn begin(&mut self, part: &Part) -> Result<(), Violation> {
        self.state = State::Content(0);
        let (count, most, violation): (_, _, fn(u64) -> Violation) = if part.filename.is_some() {
            self.room = None;
            (&mut self.files, self.limits.files, Violation::TooManyFiles)
        } else {
            self.room = Some(self.limits.fields.size);
            (
                &mut self.fields,
                self.limits.fields.fields,
                Violation::TooManyFields,
            )
        };
        *count += 1;
        if *count > most {
            return Err(violation(most));
        }
        Ok(())
    }

    /// Counts content of a field.
    fn spend(&mut self, length: usize) -> Result<(), Violation> {
        if let Some(room) = mem::take(&mut self.room) {
            let left = u64::try_from(length)
                .ok()
                .and_then(|length| room.checked_sub(length));
            self.room = Some(left.ok_or(Violation::PartTooLarge(self.limits.fields.size))?);
        }
        Ok(())
    }
}

/// Whether what follows a boundary can be the rest of its line, as far as it is known.
const fn may_end_line(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [] | [b'\r' | b'-' | b' ' | b'\t']
            | [b'\r', b'\n', ..]
            | [b'-', b'-', ..]
            | [b' ' | b'\t', ..]
    )
}

/// What the rest of a line with a boundary turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// Nothing to tell.
    More,
    /// The end of a part.
    Ended,
    /// Content.
    Content,
}

impl LineEnd {
    const fn text(self) -> &'static [u8] {
        match self {
            Self::Return => b"\r",
            Self::Hyphen => b"-",
            Self::Nothing | Self::Padding | Self::PaddingReturn => b"",
        }
    }
}
