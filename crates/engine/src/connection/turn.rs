//! One request and its answer, as the connection sees them.

use http1::{Framing as RequestFraming, RequestHead, Version, write_chunk, write_last_chunk};
use pyo3::prelude::*;

use super::asgi::Cycle;
use super::body::Body;
use super::head::{self, Circumstances, Framing, Headers, Said, Unsendable};
use super::observe::Observed;
use super::trailers::{Trailers, Trailing};

/// A request body bigger than this is read only as fast as the application takes it.
pub(super) const BODY_HIGH_WATER: usize = 64 * 1024;
/// How much of a body that nobody wants is read to keep the connection.
pub(super) const UNWANTED_BODY: usize = 64 * 1024;

/// The state of one request that is being answered. A connection has at most one at a time, unless it
/// speaks HTTP/2.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub(super) struct Turn {
    /// Tells this turn from the connection's others.
    pub(super) serial: u64,
    /// The general path's view of this request, where one was asked for.
    pub(super) cycle: Option<Py<Cycle>>,
    pub(super) at: Circumstances,
    pub(super) body: Body,
    /// The end of the request was decoded.
    pub(super) body_done: bool,
    /// The application was told of the end of the body.
    pub(super) end_told: bool,
    /// Somebody waits for more of the body, so its coming has a deadline.
    pub(super) body_wanted: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    /// What the client declared and has not sent yet, where it declared a length.
    pub(super) undelivered: Option<u64>,
    /// Body bytes thrown away since the answer was complete.
    pub(super) discarded: usize,
    /// A producer waits for the output to drain.
    pub(super) draining: bool,
    /// What becomes of the answer's trailers, once its head was written.
    pub(super) trailers: Trailers,
    pub(super) reply: Reply,
    /// What an operator wants to know of it, if anything.
    pub(super) observed: Option<Box<Observed>>,
}

/// How far the answer is.
pub(super) enum Reply {
    Waiting,
    /// `http.response.start` came; its head goes out with the first of the body.
    Held {
        status: u16,
        block: Vec<u8>,
        said: Said,
    },
    Streaming(Framing),
    /// The body is over, and the application has trailers to send.
    Trailing(Trailing),
    /// It was `101 Switching Protocols`: the connection speaks WebSocket.
    Upgraded,
    Complete,
}

impl Turn {
    pub(super) fn new(serial: u64, head: &RequestHead, may_keep_alive: bool) -> Self {
        Self {
            serial,
            cycle: None,
            at: Circumstances {
                head_only: head.has_method("HEAD"),
                version: head.version(),
                keep_alive: may_keep_alive && head.keep_alive(),
            },
            body: Body::default(),
            body_done: false,
            end_told: false,
            body_wanted: false,
            expects_continue: head.expects_continue(),
            undelivered: match head.body() {
                RequestFraming::Length(length) => Some(length),
                _ => None,
            },
            discarded: 0,
            draining: false,
            trailers: Trailers::None,
            reply: Reply::Waiting,
            observed: None,
        }
    }

    /// Nothing of an answer has left, so another may take its place.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.reply, Reply::Waiting | Reply::Held { .. })
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.reply, Reply::Complete)
    }

    /// The application takes the body too slowly to read on.
    pub(super) fn is_full(&self) -> bool {
        self.body.len() >= BODY_HIGH_WATER
    }

    /// Takes a piece of the body off the decoder.
    pub(super) fn take_in(&mut self, piece: bytes::Bytes) {
        if let Some(undelivered) = &mut self.undelivered {
            *undelivered = undelivered.saturating_sub(piece.len() as u64);
        }
        self.expects_continue = false;
        if let Some(observed) = &mut self.observed {
            observed.took(piece.len());
        }
        if self.is_complete() {
            self.discarded = self.discarded.saturating_add(piece.len());
        } else {
            self.body.push(piece);
        }
    }

    /// Whether what is left of the request would have to be read for nothing, and at length.
    pub(super) fn leaves_too_much(&self) -> bool {
        !self.body_done
            && (self.expects_continue
                || self
                    .undelivered
                    .is_some_and(|length| length > UNWANTED_BODY as u64))
    }

    /// Writes a whole answer but for its body: `Ok` says whether the body is to follow.
    pub(super) fn answer_head(
        &mut self,
        out: &mut Vec<u8>,
        default_lines: &[u8],
        status: u16,
        headers: Headers<'_>,
        length: usize,
    ) -> Result<bool, Unsendable> {
        self.at.keep_alive &= !self.leaves_too_much();
        let start = out.len();
        head::write_status(out, status)?;
        out.extend_from_slice(default_lines);
        if let Some(observed) = &self.observed {
            observed.write_id(out);
        }
        let length = length as u64;
        let said = head::write_headers(out, status, headers, length)?;
        let (framing, keep_alive) = head::end_head(out, said, status, self.at, Some(length));
        match framing {
            Framing::Length(promised) if promised < length => return Err(Unsendable::Longer),
            Framing::Length(promised) if promised > length => return Err(Unsendable::Shorter),
            _ => {}
        }
        self.at.keep_alive = keep_alive;
        let has_body = framing != Framing::None;
        if let Some(observed) = &mut self.observed {
            let head = out.get(start..).unwrap_or_default();
            observed.answered(status, head, if has_body { length } else { 0 });
        }
        Ok(has_body)
    }

    /// Writes the head that was held back, before a body that is `whole` bytes long or streamed.
    pub(super) fn release_head(
        &mut self,
        out: &mut Vec<u8>,
        default_lines: &[u8],
        whole: Option<usize>,
    ) -> Result<(), Unsendable> {
        let Reply::Held {
            status,
            block,
            said,
        } = &self.reply
        else {
            return Ok(());
        };
        let (status, said) = (*status, *said);
        let length = whole.map(|length| length as u64);
        if let (Some(promised), Some(length)) = (said.content_length, length)
            && !self.at.head_only
            && !head::is_bodiless(status)
            && promised != length
        {
            let longer = length > promised;
            return Err(if longer {
                Unsendable::Longer
            } else {
                Unsendable::Shorter
            });
        }
        if length.is_some() && self.leaves_too_much() {
            self.at.keep_alive = false;
        }
        // Only an old client is spared the chunks of a body that happens to be whole.
        let length = if self.at.version == Version::Http10 {
            length
        } else {
            None
        };
        let start = out.len();
        head::write_status(out, status)?;
        out.extend_from_slice(default_lines);
        if let Some(observed) = &self.observed {
            observed.write_id(out);
        }
        out.extend_from_slice(block);
        let (framing, keep_alive) = head::end_head(out, said, status, self.at, length);
        self.at.keep_alive = keep_alive;
        self.trailers = said.trailers;
        self.reply = Reply::Streaming(framing);
        if let Some(observed) = &mut self.observed {
            observed.answered(status, out.get(start..).unwrap_or_default(), 0);
        }
        Ok(())
    }

    /// Takes a piece of a streamed body; what it returns is to be written as it is.
    pub(super) fn frame<'b>(
        &mut self,
        out: &mut Vec<u8>,
        piece: &'b [u8],
        more: bool,
    ) -> Result<&'b [u8], Unsendable> {
        let Reply::Streaming(framing) = &mut self.reply else {
            return Ok(&[]);
        };
        if let Some(observed) = &mut self.observed
            && *framing != Framing::None
        {
            observed.sent(piece.len());
        }
        let raw = match framing {
            Framing::None => &[],
            Framing::UntilClose | Framing::ByFrame => piece,
            Framing::Chunked => {
                write_chunk(out, piece);
                if !more && self.trailers == Trailers::None {
                    write_last_chunk(out);
                }
                &[]
            }
            Framing::Length(left) => {
                let length = piece.len() as u64;
                let Some(rest) = left.checked_sub(length) else {
                    self.at.keep_alive = false;
                    return Err(Unsendable::Longer);
                };
                *left = rest;
                if !more && rest > 0 {
                    self.at.keep_alive = false;
                    return Err(Unsendable::Shorter);
                }
                piece
            }
        };
        if !more {
            self.reply = match self.trailers {
                Trailers::None => Reply::Complete,
                trailers => Reply::Trailing(Trailing::after(*framing, self.at.version, trailers)),
            };
        }
        Ok(raw)
    }
}
