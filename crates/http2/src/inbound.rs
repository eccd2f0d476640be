//! What arrives, before the `h2` crate sees it.
//!
//! Frames are cut out of the bytes, checked and counted. Header blocks are put together and decoded
//! here, and the crate gets a short one of ours in their place: it keeps the states and windows of
//! streams, and what a request says is none of its business. What it is never shown: padding and
//! priorities of header blocks, CONTINUATION, PRIORITY and frames of unknown types.

use bytes::{Buf, BytesMut};
use h2::Reason;
use http1::RequestHead;

use crate::budget::Budget;
use crate::frame::{self, FrameHead, flag, kind, read_u32};
use crate::hpack::{self, CompressionError};
use crate::ids::{Ids, Known};
use crate::limits::Limits;
use crate::request::{Reader, Rejected, check_trailer};
use crate::settings;
use crate::violation::Violation;

/// What a client sends first (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How many frames a header block may be cut into.
const MOST_CONTINUATIONS: u32 = 64;
/// A header block so many times the limit ends the connection: nobody sends that by mistake.
const ABUSE: usize = 4;

/// What a frame means to the connection, beside what the crate makes of it.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A request begins on this stream; the flag says that it is complete.
    Request(u32, Result<Box<RequestHead>, Rejected>, bool),
    /// The trailers of a request came, which end it.
    Trailers(u32),
    /// A request turned out to be malformed.
    Malformed(u32),
    /// The client takes a request back.
    Reset(u32),
}

/// A header block that is arriving.
#[derive(Debug)]
struct Block {
    stream: u32,
    ends: bool,
    bytes: BytesMut,
    frames: u32,
}

/// The state of what arrives on one connection.
#[derive(Debug)]
pub(crate) struct Inbound {
    limits: Limits,
    /// How much of the preface is still to come.
    preface: usize,
    /// The client's settings came, with which it has to begin.
    settled: bool,
    hpack: hpack::Decoder,
    block: Option<Block>,
    ids: Ids,
    pub(crate) budget: Budget,
}

impl Inbound {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            preface: PREFACE.len(),
            settled: false,
            hpack: hpack::Decoder::default(),
            block: None,
            ids: Ids::default(),
            budget: Budget::default(),
        }
    }

    /// Whether what arrived so far ends within something.
    pub(crate) fn is_amid(&self) -> bool {
        !self.settled || self.block.is_some()
    }

    /// Works through `input` until something is heard, or until it needs more. What is for the crate
    /// is appended to `feed`.
    pub(crate) fn next(
        &mut self,
        input: &mut BytesMut,
        feed: &mut BytesMut,
    ) -> Result<Option<Heard>, Violation> {
        self.skip_preface(input)?;
        while self.preface == 0 {
            let Some(head) = FrameHead::read(input) else {
                break;
            };
            if head.length > frame::LONGEST {
                return Err(Violation::size("frame too long"));
            }
            self.check_order(head)?;
            if input.len() < frame::HEAD + head.length {
                break;
            }
            let frame = input.split_to(frame::HEAD + head.length);
            if let Some(heard) = self.frame(head, &frame, feed)? {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    fn skip_preface(&mut self, input: &mut BytesMut) -> Result<(), Violation> {
        let length = self.preface.min(input.len());
        let expected = PREFACE.get(PREFACE.len() - self.preface..);
        if input.get(..length) != expected.and_then(|expected| expected.get(..length)) {
            return Err(Violation::protocol("no preface of HTTP/2"));
        }
        input.advance(length);
        self.preface -= length;
        Ok(())
    }

    /// Which frame may come now.
    fn check_order(&self, head: FrameHead) -> Result<(), Violation> {
        if !self.settled && (head.kind != kind::SETTINGS || head.has(flag::ACK)) {
            return Err(Violation::protocol("a client begins with SETTINGS"));
        }
        match &self.block {
            Some(block) if head.kind != kind::CONTINUATION || head.stream != block.stream => Err(
                Violation::protocol("a header block is interrupted by another frame"),
            ),
            None if head.kind == kind::CONTINUATION => {
                Err(Violation::protocol("CONTINUATION of nothing"))
            }
            _ => Ok(()),
        }
    }

    fn frame(
        &mut self,
        head: FrameHead,
        frame: &[u8],
        feed: &mut BytesMut,
    ) -> Result<Option<Heard>, Violation> {
        let payload = frame.get(frame::HEAD..).unwrap_or_default();
        let is_connections = head.stream == 0;
        match head.kind {
            kind::DATA | kind::HEADERS | kind::PRIORITY | kind::RST_STREAM | kind::CONTINUATION
                if is_connections =>
            {
                return Err(Violation::protocol("a frame of a stream on stream 0"));
            }
            kind::SETTINGS | kind::PING | kind::GOAWAY if !is_connections => {
                return Err(Violation::protocol("a frame of the connection on a stream"));
            }
            kind::DATA => {
                if !self.data(head, payload)? {
                    return Ok(None);
                }
            }
            kind::HEADERS => return self.headers(head, payload, feed),
            kind::CONTINUATION => return self.continuation(head, payload, feed),
            kind::RST_STREAM => {
                check_length(payload, 4)?;
                self.check_begun(head.stream)?;
                self.budget.reset()?;
                self.ids.end(head.stream);
                feed.extend_from_slice(frame);
                return Ok(Some(Heard::Reset(head.stream)));
            }
            kind::SETTINGS | kind::PING | kind::GOAWAY => {
                if !self.of_connection(head, payload, feed)? {
                    return Ok(None);
                }
            }
            kind::WINDOW_UPDATE => {
                if let Some(heard) = self.window_update(head, payload)? {
                    return Ok(Some(heard));
                }
            }
            kind::PUSH_PROMISE => return Err(Violation::protocol("a push by a client")),
            kind::PRIORITY => {
                check_length(payload, 5)?;
                self.budget.control(1)?;
                return Ok(None);
            }
            _ => {
                self.budget.control(1)?;
                return Ok(None);
            }
        }
        feed.extend_from_slice(frame);
        Ok(None)
    }

    /// Says whether the crate is to see it.
    fn of_connection(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        feed: &mut BytesMut,
    ) -> Result<bool, Violation> {
        match head.kind {
            kind::SETTINGS => {
                settings::pass(head, payload, feed)?;
                self.settled = true;
                // Each of them is to be acknowledged.
                self.budget
                    .control(if head.has(flag::ACK) { 1 } else { 10 })?;
                return Ok(false);
            }
            kind::PING => {
                check_length(payload, 8)?;
                self.budget.control(2)?;
            }
            _ => {
                if payload.len() < 8 {
                    return Err(Violation::size("a frame of the wrong length"));
                }
                self.budget.control(10)?;
            }
        }
        Ok(true)
    }

    /// Says whether the crate is to see it.
    fn data(&mut self, head: FrameHead, payload: &[u8]) -> Result<bool, Violation> {
        match self.ids.look(head.stream) {
            Known::Open => {}
            Known::Idle | Known::Skipped => {
                return Err(Violation::protocol("DATA on a stream that never began"));
            }
            Known::Ended => return Err(Violation::closed("DATA after the end of its stream")),
        }
        let data = unpadded(head, payload)?;
        if head.has(flag::END_STREAM) {
            self.ids.end(head.stream);
        } else if data.is_empty() {
            self.budget.control(2)?;
            // Padding counts for the windows, so the crate has to know of it.
            return Ok(!payload.is_empty());
        }
        Ok(true)
    }

    fn headers(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        feed: &mut BytesMut,
    ) -> Result<Option<Heard>, Violation> {
        let mut fragment = unpadded(head, payload)?;
        if head.has(flag::PRIORITY) {
            fragment = fragment
                .get(5..)
                .ok_or(Violation::size("a frame of the wrong length"))?;
        }
        let block = Block {
            stream: head.stream,
            ends: head.has(flag::END_STREAM),
            bytes: BytesMut::new(),
            frames: 0,
        };
        if head.has(flag::END_HEADERS) {
            return self.block(&block, fragment, feed);
        }
        self.block = Some(Block {
            bytes: BytesMut::from(fragment),
            ..block
        });
        Ok(None)
    }

    fn continuation(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        feed: &mut BytesMut,
    ) -> Result<Option<Heard>, Violation> {
        let Some(mut block) = self.block.take() else {
            return Ok(None);
        };
        block.frames += 1;
        let longest = self.limits.request.header_block + self.limits.request.request_line;
        if block.frames > MOST_CONTINUATIONS || block.bytes.len() + payload.len() > longest {
            return Err(Violation::flood("a header block without end"));
        }
        block.bytes.extend_from_slice(payload);
        if head.has(flag::END_HEADERS) {
            let bytes = std::mem::take(&mut block.bytes);
            return self.block(&block, &bytes, feed);
        }
        self.block = Some(block);
        Ok(None)
    }

    /// A header block is complete.
    fn block(
        &mut self,
        block: &Block,
        bytes: &[u8],
        feed: &mut BytesMut,
    ) -> Result<Option<Heard>, Violation> {
        match self.ids.look(block.stream) {
            _ if block.stream.is_multiple_of(2) => {
                Err(Violation::protocol("a client's streams have odd numbers"))
            }
            Known::Idle => self.request(block, bytes, feed).map(Some),
            Known::Open => self.trailers(block, bytes).map(Some),
            Known::Ended => Err(Violation::closed("HEADERS after the end of their stream")),
            Known::Skipped => Err(Violation::protocol("a stream that was passed over")),
        }
    }

    fn request(
        &mut self,
        block: &Block,
        bytes: &[u8],
        feed: &mut BytesMut,
    ) -> Result<Heard, Violation> {
        self.ids.begin(block.stream, block.ends);
        self.budget.request_began();
        let mut reader = Reader::new(self.limits.request, self.limits.extended_connect);
        let most = ABUSE * (self.limits.request.header_block + self.limits.request.request_line);
        decode(&mut self.hpack, bytes, most, |name, value| {
            reader.field(name, value);
        })?;
        let head = reader.finish(block.ends);
        let mut flags = flag::END_HEADERS;
        if block.ends {
            flags |= flag::END_STREAM;
        }
        // `:method: GET`, `:scheme: http`, `:path: /`: what the crate takes for any request.
        let mut canned = vec![0x82, 0x86, 0x84];
        if let Ok(head) = &head
            && let http1::Framing::Length(length) = head.body()
        {
            // `content-length`, which it compares with what comes.
            let length = length.to_string();
            canned.extend([0x0f, 0x0d, u8::try_from(length.len()).unwrap_or_default()]);
            canned.extend_from_slice(length.as_bytes());
        }
        FrameHead::write(feed, kind::HEADERS, flags, block.stream, &canned);
        Ok(Heard::Request(block.stream, head.map(Box::new), block.ends))
    }

    fn trailers(&mut self, block: &Block, bytes: &[u8]) -> Result<Heard, Violation> {
        let mut is_malformed = !block.ends;
        let limit = &self.limits.request;
        let (mut size, mut count) = (0, 0);
        decode(
            &mut self.hpack,
            bytes,
            ABUSE * limit.header_block,
            |name, value| {
                size += name.len() + value.len() + 4;
                count += 1;
                is_malformed |= check_trailer(name, value).is_err();
            },
        )?;
        is_malformed |= size > limit.header_block || count > limit.header_count;
        if is_malformed {
            return Ok(Heard::Malformed(block.stream));
        }
        self.ids.end(block.stream);
        Ok(Heard::Trailers(block.stream))
    }

    fn window_update(
        &mut self,
        head: FrameHead,
        payload: &[u8],
    ) -> Result<Option<Heard>, Violation> {
        check_length(payload, 4)?;
        self.budget.control(1)?;
        if head.stream != 0 {
            self.check_begun(head.stream)?;
        }
        let increment = read_u32(payload).unwrap_or_default() & 0x7fff_ffff;
        match (increment, head.stream) {
            (0, 0) => Err(Violation::protocol("a window grows by nothing")),
            (0, stream) => Ok(Some(Heard::Malformed(stream))),
            _ => Ok(None),
        }
    }

    fn check_begun(&self, stream: u32) -> Result<(), Violation> {
        match self.ids.look(stream) {
            Known::Idle => Err(Violation::protocol("a frame on a stream that never began")),
            _ => Ok(()),
        }
    }
}

/// Appends the end of a stream, as the crate takes it for trailers.
pub(crate) fn end_stream(feed: &mut BytesMut, stream: u32) {
    let flags = flag::END_HEADERS | flag::END_STREAM;
    FrameHead::write(feed, kind::HEADERS, flags, stream, b"");
}

fn decode(
    decoder: &mut hpack::Decoder,
    block: &[u8],
    most: usize,
    mut take: impl FnMut(&[u8], &[u8]),
) -> Result<(), Violation> {
    let mut size = 0usize;
    let outcome = decoder.decode(block, |name, value| {
        size = size.saturating_add(name.len() + value.len() + hpack::OVERHEAD);
        if size > most {
            return Err(CompressionError);
        }
        take(name, value);
        Ok(())
    });
    match outcome {
        Err(_) if size > most => Err(Violation::new(
            Reason::ENHANCE_YOUR_CALM,
            "header fields beyond all limits",
        )),
        outcome => Ok(outcome?),
    }
}

/// A payload without the padding that its frame may have.
fn unpadded(head: FrameHead, payload: &[u8]) -> Result<&[u8], Violation> {
    if !head.has(flag::PADDED) {
        return Ok(payload);
    }
    let (&padding, rest) = payload
        .split_first()
        .ok_or(Violation::size("a frame of the wrong length"))?;
    rest.len()
        .checked_sub(usize::from(padding))
        .and_then(|length| rest.get(..length))
        .ok_or(Violation::protocol("padding longer than its frame"))
}

fn check_length(payload: &[u8], length: usize) -> Result<(), Violation> {
    if payload.len() == length {
        Ok(())
    } else {
        Err(Violation::size("a frame of the wrong length"))
    }
}
