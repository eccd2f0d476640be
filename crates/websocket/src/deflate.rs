//! Compressed messages (RFC 7692 section 7.2).

use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::extensions::Agreement;
use crate::violation::Violation;

/// What every deflated message ends with, and is sent without.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How many streams a message may end, and for how many bytes of it one more. To begin a stream costs
/// as much as inflating thousands of bytes, and an empty one has two.
const STREAMS: u64 = 8;
const BYTES_A_STREAM: u64 = 1024;

/// The most that is inflated in one go, in bytes.
const LARGEST_STEP: usize = 64 * 1024;

/// Deflates the messages of one connection.
pub(crate) struct Deflater {
    stream: Compress,
    takes_over: bool,
    deflated: Vec<u8>,
}

impl Deflater {
    pub(crate) fn new(agreement: Agreement) -> Self {
        Self {
            stream: Compress::new_with_window_bits(
                Compression::fast(),
                false,
                agreement.server_window_bits,
            ),
            takes_over: agreement.server_takes_over,
            deflated: Vec::new(),
        }
    }

    /// The payload of a frame for this message; `None` if the stream is out of order, which its own
    /// bookkeeping excludes.
    pub(crate) fn deflate(&mut self, message: &[u8]) -> Option<&[u8]> {
        self.deflated.clear();
        let mut rest = message;
        loop {
            self.deflated.reserve(rest.len() / 2 + 64);
            let before = self.stream.total_in();
            self.stream
                .compress_vec(rest, &mut self.deflated, FlushCompress::Sync)
                .ok()?;
            rest = after(rest, self.stream.total_in() - before);
            // Room is left only when everything has been flushed.
            if rest.is_empty() && self.deflated.len() < self.deflated.capacity() {
                break;
            }
        }
        if !self.takes_over {
            self.stream.reset();
        }
        self.deflated.strip_suffix(&TAIL)
    }

    /// Gives back what one long message needed.
    pub(crate) fn shrink(&mut self) {
        self.deflated.clear();
        self.deflated.shrink_to(LARGEST_STEP);
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Deflater")
    }
}

/// Inflates the messages of one connection.
pub(crate) struct Inflater {
    stream: Decompress,
    takes_over: bool,
    /// The stream ended with what came last of this message, which section 7.2.3.4 allows. Whatever
    /// follows begins another.
    ended: bool,
    /// How many streams this message ended, and after how many bytes.
    streams: u64,
    consumed: u64,
}

impl Inflater {
    pub(crate) fn new(agreement: Agreement) -> Self {
        Self {
            stream: Decompress::new_with_window_bits(false, agreement.client_window_bits),
            takes_over: agreement.client_takes_over,
            ended: false,
            streams: 0,
            consumed: 0,
        }
    }

    /// Appends what a piece of a message inflates to.
    ///
    /// # Errors
    ///
    /// When it is no deflated data or `message` gets longer than `limit`; what was inflated until
    /// then has been appended.
    pub(crate) fn inflate(
        &mut self,
        piece: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Violation> {
        let mut rest = piece;
        self.ended &= rest.is_empty();
        loop {
            let (start, taken) = (message.len(), self.stream.total_in());
            let step = (rest.len() * 4).clamp(256, LARGEST_STEP);
            let step = step.min(limit.saturating_sub(start).saturating_add(1));
            message.resize(start + step, 0);
            let room = message.get_mut(start..).unwrap_or_default();
            let produced = self.stream.total_out();
            let status = self.stream.decompress(rest, room, FlushDecompress::Sync);
            let produced = length(self.stream.total_out() - produced);
            let consumed = self.stream.total_in() - taken;
            message.truncate(start + produced);
            // What stands first in the message counts, so that it ends alike however it was cut.
            if message.len() > limit {
                return Err(Violation::TOO_BIG);
            }
            let status = status.map_err(|_| Violation::NOT_DEFLATED)?;
            rest = after(rest, consumed);
            self.consumed += consumed;
            if status == Status::StreamEnd {
                self.end_stream()?;
                if rest.is_empty() {
                    self.ended = true;
                    return Ok(());
                }
            } else if rest.is_empty() && produced < step {
                return Ok(());
            } else if produced == 0 && consumed == 0 {
                return Err(Violation::NOT_DEFLATED);
            }
        }
    }

    /// What follows is another stream.
    fn end_stream(&mut self) -> Result<(), Violation> {
        self.streams += 1;
        if self.streams > STREAMS + self.consumed / BYTES_A_STREAM {
            return Err(Violation::NOT_DEFLATED);
        }
        self.stream.reset(false);
        Ok(())
    }

    /// The message is complete: inflates what was held back.
    pub(crate) fn finish(&mut self, message: &mut Vec<u8>, limit: usize) -> Result<(), Violation> {
        if !self.ended {
            self.inflate(&TAIL, message, limit)?;
        }
        if self.ended || !self.takes_over {
            self.stream.reset(false);
        }
        self.ended = false;
        (self.streams, self.consumed) = (0, 0);
        Ok(())
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Inflater")
    }
}

/// What is left of `bytes` after the first `count`.
fn after(bytes: &[u8], count: u64) -> &[u8] {
    bytes.get(length(count)..).unwrap_or_default()
}

/// A count of bytes that are in memory.
fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
