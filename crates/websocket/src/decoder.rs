//! Bytes to messages.

use bytes::{Buf, Bytes, BytesMut};

use crate::close::Close;
use crate::deflate::Inflater;
use crate::extensions::Agreement;
use crate::frame::{Head, Opcode};
use crate::utf8::Utf8;
use crate::violation::Violation;

/// Up to so many bytes, a binary message is copied: a share of the buffer would keep all of it.
const COPIED: usize = 4096;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Bytes),
    /// Wants a pong with the same payload.
    Ping(Bytes),
    /// Answers a ping, or comes by itself.
    Pong(Bytes),
    /// The client's last frame, to be answered with a close frame if none was sent yet.
    Close(Close),
}

/// Decodes what arrives on one connection after its handshake.
///
/// Work is linear in the number of bytes, however they arrive. Payloads are taken from the buffer
/// as they come, so a message may be longer than any buffer; what is kept of it never exceeds the
/// limit, inflated.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    inflater: Option<Inflater>,
    message: Option<Message>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Before or in the head of a frame.
    Head,
    /// In the payload of a frame of the message, with so many bytes to come.
    Payload {
        head: Head,
        left: usize,
    },
    /// After a close frame nothing counts (RFC 6455 section 5.5.1).
    Closed,
    Failed(Violation),
}

/// A message that is not complete yet.
#[derive(Debug)]
struct Message {
    is_text: bool,
    compressed: bool,
    payload: Vec<u8>,
    utf8: Utf8,
}

impl Decoder {
    /// A decoder for a new connection, which takes messages of at most `limit` bytes and inflates
    /// them if that was agreed on.
    #[must_use]
    pub fn new(limit: usize, agreement: Option<Agreement>) -> Self {
        Self {
            limit,
            inflater: agreement.map(Inflater::new),
            message: None,
            state: State::Head,
        }
    }

    /// The next event, taken from the front of `buffer`, or `None` when it needs more bytes.
    ///
    /// # Errors
    ///
    /// [`Violation`] when the bytes are not what RFC 6455 allows a client to send, or a message is
    /// too big. Every further call returns the same.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Event>, Violation> {
        let outcome = self.next(buffer);
        if let Err(violation) = outcome {
            self.state = State::Failed(violation);
            self.message = None;
        }
        outcome
    }

    /// Whether a frame of a message has begun and not all of its payload was taken.
    #[must_use]
    pub fn is_in_payload(&self) -> bool {
        matches!(self.state, State::Payload { .. })
    }

    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Event>, Violation> {
        loop {
            match self.state {
                State::Head => {
                    let Some(head) = Head::read(buffer, self.inflater.is_some())? else {
                        return Ok(None);
                    };
                    if head.opcode.is_control() {
                        return self.control(head, buffer);
                    }
                    self.begin(head)?;
                    buffer.advance(head.size);
                    if is_whole(head, buffer) {
                        return self.whole(head, buffer).map(Some);
                    }
                    self.state = State::Payload {
                        head,
                        left: head.length,
                    };
                }
                State::Payload { head, left } => {
                    let Some(event) = self.payload(head, left, buffer)? else {
                        if matches!(self.state, State::Head) {
                            continue;
                        }
                        return Ok(None);
                    };
                    return Ok(Some(event));
                }
                State::Closed => {
                    buffer.clear();
                    return Ok(None);
                }
                State::Failed(violation) => return Err(violation),
            }
        }
    }

    /// A control frame, once it is complete; it may stand between the frames of a message.
    fn control(
        &mut self,
        mut head: Head,
        buffer: &mut BytesMut,
    ) -> Result<Option<Event>, Violation> {
        if buffer.len() < head.size + head.length {
            return Ok(None);
        }
        buffer.advance(head.size);
        let mut payload = buffer.split_to(head.length);
        head.mask.remove(&mut payload);
        let payload = payload.freeze();
        Ok(Some(match head.opcode {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => {
                let close = Close::read(&payload)?;
                self.state = State::Closed;
                self.message = None;
                Event::Close(close)
            }
        }))
    }

    /// A frame of a message begins.
    fn begin(&mut self, head: Head) -> Result<(), Violation> {
        match (&self.message, head.opcode) {
            (None, Opcode::Continuation) => {
                return Err(Violation::protocol("continuation of no message"));
            }
            (Some(_), Opcode::Text | Opcode::Binary) => {
                return Err(Violation::protocol("message within a message"));
            }
            (None, opcode) => {
                self.message = Some(Message {
                    is_text: opcode == Opcode::Text,
                    compressed: head.compressed,
                    payload: Vec::new(),
                    utf8: Utf8::default(),
                });
            }
            (Some(_), _) => {}
        }
        let so_far = self
            .message
            .as_ref()
            .map_or(0, |message| message.payload.len());
        // What a compressed payload comes to is known when it has been inflated.
        let inflates = self
            .message
            .as_ref()
            .is_some_and(|message| message.compressed);
        if !inflates && head.length > self.limit.saturating_sub(so_far) {
            return Err(Violation::TOO_BIG);
        }
        Ok(())
    }

    /// The shortest way, which most messages take.
    fn whole(&mut self, mut head: Head, buffer: &mut BytesMut) -> Result<Event, Violation> {
        self.message = None;
        if head.opcode == Opcode::Binary && head.length > COPIED {
            let mut payload = buffer.split_to(head.length);
            head.mask.remove(&mut payload);
            return Ok(Event::Binary(payload.freeze()));
        }
        let payload = buffer.get_mut(..head.length).unwrap_or_default();
        head.mask.remove(payload);
        let event = if head.opcode == Opcode::Binary {
            Event::Binary(Bytes::copy_from_slice(payload))
        } else {
            let text = std::str::from_utf8(payload).map_err(|_| Violation::NOT_UTF8)?;
            Event::Text(text.to_owned())
        };
        buffer.advance(head.length);
        Ok(event)
    }

    /// Takes what has arrived of a payload.
    fn payload(
        &mut self,
        mut head: Head,
        left: usize,
        buffer: &mut BytesMut,
    ) -> Result<Option<Event>, Violation> {
        let Some(message) = &mut self.message else {
            return Err(Violation::protocol("continuation of no message"));
        };
        let taken = left.min(buffer.len());
        let mut piece = buffer.split_to(taken);
        head.mask.remove(&mut piece);
        let left = left - taken;
        let ends = left == 0 && head.is_final;
        let inflated = match &mut self.inflater {
            Some(inflater) if message.compressed => {
                message.inflate(inflater, &piece, ends, self.limit)
            }
            _ => {
                message.payload.extend_from_slice(&piece);
                Ok(())
            }
        };
        // Text is looked at first, so that the same bytes fail alike however they were cut.
        if message.is_text {
            message.utf8.check(&message.payload)?;
        }
        inflated?;
        self.state = if left == 0 {
            State::Head
        } else {
            State::Payload { head, left }
        };
        if ends {
            return self.message.take().map(Message::finish).transpose();
        }
        Ok(None)
    }
}

impl Message {
    fn inflate(
        &mut self,
        inflater: &mut Inflater,
        piece: &[u8],
        ends: bool,
        limit: usize,
    ) -> Result<(), Violation> {
        inflater.inflate(piece, &mut self.payload, limit)?;
        if ends {
            inflater.finish(&mut self.payload, limit)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Event, Violation> {
        if !self.is_text {
            return Ok(Event::Binary(self.payload.into()));
        }
        if !self.utf8.is_whole(self.payload.len()) {
            return Err(Violation::NOT_UTF8);
        }
        String::from_utf8(self.payload)
            .map(Event::Text)
            .map_err(|_| Violation::NOT_UTF8)
    }
}

/// Whether the message is this one frame and all of it has arrived.
fn is_whole(head: Head, buffer: &BytesMut) -> bool {
    head.is_final
        && head.opcode != Opcode::Continuation
        && !head.compressed
        && buffer.len() >= head.length
}
