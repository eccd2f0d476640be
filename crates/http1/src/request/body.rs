//! Bodies: a counted stretch of bytes, or chunks.

use bytes::{Buf, Bytes, BytesMut};

use super::error::{BadRequest, Fault};
use super::extension::Extension;
use super::fields::{FieldScanner, Line};
use super::meaning::Framing;
use crate::limits::Limits;
use crate::scan;

/// Bytes of chunk extensions that one body may carry; nothing reads them, so they only cost.
const EXTENSION_BYTES: usize = 16 * 1024;

/// What a decoder of bodies found.
pub(crate) enum Piece {
    Incomplete,
    Data(Bytes),
    End,
}

/// A body that is arriving.
#[derive(Debug)]
pub(crate) enum Body {
    Counted(u64),
    Chunked(Chunks),
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Counted(0),
            Framing::Length(length) => Self::Counted(length),
            Framing::Chunked => Self::Chunked(Chunks::default()),
        }
    }

    pub(crate) fn decode(
        &mut self,
        buffer: &mut BytesMut,
        limits: &Limits,
    ) -> Result<Piece, BadRequest> {
        match self {
            Self::Counted(0) => Ok(Piece::End),
            Self::Counted(left) => Ok(take(buffer, left)),
            Self::Chunked(chunks) => chunks.decode(buffer, limits),
        }
    }
}

/// As many of the `left` bytes as have arrived.
fn take(buffer: &mut BytesMut, left: &mut u64) -> Piece {
    let length = usize::try_from(*left)
        .unwrap_or(usize::MAX)
        .min(buffer.len());
    if length == 0 {
        return Piece::Incomplete;
    }
    *left -= length as u64;
    Piece::Data(buffer.split_to(length).freeze())
}

/// The state of a chunked body.
#[derive(Debug)]
pub(crate) struct Chunks {
    state: State,
    /// Bytes of all chunks announced so far.
    total: u64,
    extension_bytes: usize,
}

#[derive(Debug)]
enum State {
    /// In the digits of a size; so many were seen.
    Size { size: u64, digits: u8 },
    /// After the digits, up to the line end.
    Line { size: u64, extension: Extension },
    /// In a chunk's bytes.
    Data { left: u64 },
    /// At the line end after a chunk's bytes.
    DataEnd,
    /// After the last chunk.
    Trailers { scanner: FieldScanner, count: usize },
    /// After everything.
    Done,
}

impl State {
    const START: Self = Self::Size { size: 0, digits: 0 };
}

impl Default for Chunks {
    fn default() -> Self {
        Self {
            state: State::START,
            total: 0,
            extension_bytes: 0,
        }
    }
}

impl Chunks {
    fn decode(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Result<Piece, BadRequest> {
        loop {
            let complete = match &mut self.state {
                State::Size { .. } => self.size(buffer, limits)?,
                State::Line { size, extension } => {
                    let (size, extension) = (*size, *extension);
                    self.line(size, extension, buffer, limits)?
                }
                State::Data { left: 0 } => {
                    self.state = State::DataEnd;
                    true
                }
                State::Data { left } => return Ok(take(buffer, left)),
                State::DataEnd => self.data_end(buffer)?,
                State::Trailers { .. } => self.trailers(buffer, limits)?,
                State::Done => return Ok(Piece::End),
            };
            if !complete {
                return Ok(Piece::Incomplete);
            }
        }
    }

    /// Reads digits up to what follows them.
    fn size(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Result<bool, BadRequest> {
        let State::Size {
            mut size,
            mut digits,
        } = self.state
        else {
            return Ok(true);
        };
        let mut used = 0;
        for &byte in buffer.iter() {
            let Some(digit) = char::from(byte).to_digit(16) else {
                if digits == 0 {
                    return Err(Fault::ChunkSize.into());
                }
                scan::work::count(used + 1);
                buffer.advance(used);
                return self.line(size, Extension::Size, buffer, limits);
            };
            // Sixteen digits fill a u64; leading zeros count, or they would have no bound.
            if digits == 16 {
                return Err(Fault::ChunkSizeOverflow.into());
            }
            size = size << 4 | u64::from(digit);
            digits += 1;
            used += 1;
        }
        scan::work::count(used);
        buffer.advance(used);
        self.state = State::Size { size, digits };
        Ok(false)
    }

    /// Reads what follows the digits, up to and with the line end.
    fn line(
        &mut self,
        size: u64,
        mut extension: Extension,
        buffer: &mut BytesMut,
        limits: &Limits,
    ) -> Result<bool, BadRequest> {
        let mut used = 0;
        let mut ends = false;
        for &byte in buffer.iter() {
            match byte {
                b'\r' if extension.may_end() => {
                    ends = true;
                    break;
                }
                b'\r' => return Err(extension.fault().into()),
                b'\n' => return Err(Fault::LineEnd.into()),
                _ => extension = extension.after(byte)?,
            }
            used += 1;
            if self.extension_bytes + used >= EXTENSION_BYTES {
                return Err(Fault::ChunkExtensionsTooLong.into());
            }
        }
        scan::work::count(used + 1);
        buffer.advance(used);
        self.extension_bytes += used;
        self.state = State::Line { size, extension };
        if ends {
            return self.line_end(size, buffer, limits);
        }
        Ok(false)
    }

    /// The line end after a size, whose first byte stands at the front of `buffer`.
    fn line_end(
        &mut self,
        size: u64,
        buffer: &mut BytesMut,
        limits: &Limits,
    ) -> Result<bool, BadRequest> {
        match buffer.get(1) {
            // Waits with the CR unread.
            None => return Ok(false),
            Some(b'\n') => buffer.advance(2),
            Some(_) => return Err(Fault::LineEnd.into()),
        }
        self.total = self
            .total
            .checked_add(size)
            .ok_or(Fault::ChunkSizeOverflow)?;
        if self.total > limits.body {
            return Err(Fault::BodyTooLarge.into());
        }
        self.state = if size == 0 {
            State::Trailers {
                scanner: FieldScanner::default(),
                count: 0,
            }
        } else {
            State::Data { left: size }
        };
        Ok(true)
    }

    fn data_end(&mut self, buffer: &mut BytesMut) -> Result<bool, BadRequest> {
        match (buffer.first(), buffer.get(1)) {
            (Some(b'\r'), Some(b'\n')) => {
                buffer.advance(2);
                self.state = State::START;
                Ok(true)
            }
            (None, _) | (Some(b'\r'), None) => Ok(false),
            _ => Err(Fault::ChunkEnd.into()),
        }
    }

    /// Checks the trailers as strictly as headers, and drops them.
    fn trailers(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Result<bool, BadRequest> {
        let State::Trailers { scanner, count } = &mut self.state else {
            return Ok(true);
        };
        let available = buffer.len();
        let window = buffer
            .get_mut(..limits.header_block.min(available))
            .unwrap_or_default();
        loop {
            match scanner.next(window)? {
                Line::Field(_) if *count >= limits.header_count => {
                    return Err(Fault::TooManyHeaders.into());
                }
                Line::Field(_) => *count += 1,
                Line::End(end) => {
                    buffer.advance(end);
                    self.state = State::Done;
                    return Ok(true);
                }
                Line::Incomplete if available >= limits.header_block => {
                    return Err(Fault::HeadersTooLarge.into());
                }
                Line::Incomplete => return Ok(false),
            }
        }
    }
}
