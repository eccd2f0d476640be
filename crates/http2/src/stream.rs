//! One request and its answer, as the `h2` crate is told of them.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;

/// A piece of what a client sends on a stream.
pub(crate) enum Piece {
    Data(Bytes),
    End,
    /// The stream was reset, by either side.
    Reset,
}

/// How an answer ends.
#[derive(Debug)]
enum End {
    /// Not so far.
    Open,
    /// After what is written.
    Close,
    /// The same, with these fields.
    Trailers(HeaderMap),
    /// The crate knows.
    Told,
}

/// A stream that both sides still care for.
#[derive(Debug)]
pub(crate) struct Stream {
    respond: SendResponse<Bytes>,
    send: Option<SendStream<Bytes>>,
    recv: RecvStream,
    /// Nothing more of the request comes.
    ended: bool,
    /// What is written and the window has no room for yet, from `sent` on.
    written: Vec<u8>,
    sent: usize,
    /// How much of the body the crate has, and did not write so far.
    passed: usize,
    end: End,
    pub(crate) waker: Waker,
}

impl Stream {
    pub(crate) fn new(
        respond: SendResponse<Bytes>,
        recv: RecvStream,
        ended: bool,
        waker: Waker,
    ) -> Self {
        Self {
            respond,
            send: None,
            recv,
            ended,
            written: Vec::new(),
            sent: 0,
            passed: 0,
            end: End::Open,
            waker,
        }
    }

    /// The next piece that arrived, if any.
    pub(crate) fn next(&mut self) -> Option<Piece> {
        if self.ended {
            return None;
        }
        let context = &mut Context::from_waker(&self.waker);
        loop {
            let piece = match self.recv.poll_data(context) {
                Poll::Pending => return None,
                Poll::Ready(Some(Ok(data))) if data.is_empty() => continue,
                Poll::Ready(Some(Ok(data))) => return Some(Piece::Data(data)),
                Poll::Ready(Some(Err(_))) => Piece::Reset,
                Poll::Ready(None) => match self.recv.poll_trailers(context) {
                    Poll::Pending => return None,
                    Poll::Ready(Ok(_)) => Piece::End,
                    Poll::Ready(Err(_)) => Piece::Reset,
                },
            };
            self.ended = true;
            return Some(piece);
        }
    }

    /// The application took `length` bytes of the body, so the client may send as many.
    pub(crate) fn release(&mut self, length: usize) {
        // It refuses what would be more than came, which does not happen.
        let _ = self.recv.flow_control().release_capacity(length);
    }

    pub(crate) fn inform(&mut self, head: http::Response<()>) -> Result<(), h2::Error> {
        self.respond.send_informational(head)
    }

    /// Sends the head of the answer; `ends` says that there is nothing else.
    pub(crate) fn respond(
        &mut self,
        head: http::Response<()>,
        ends: bool,
    ) -> Result<(), h2::Error> {
        self.send = Some(self.respond.send_response(head, ends)?);
        if ends {
            self.end = End::Told;
        }
        Ok(())
    }

    /// The end of what is written, to append to.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.written
    }

    /// How many bytes are written and not sent.
    pub(crate) fn backlog(&self) -> usize {
        self.written.len().saturating_sub(self.sent) + self.passed
    }

    /// The crate wrote a piece of the body.
    pub(crate) fn left(&mut self, length: usize) {
        self.passed = self.passed.saturating_sub(length);
    }

    /// The answer ends with what is written, and with these fields if there are any.
    pub(crate) fn finish(&mut self, trailers: Option<HeaderMap>) {
        if matches!(self.end, End::Open) {
            self.end = trailers.map_or(End::Close, End::Trailers);
        }
    }

    pub(crate) fn reset(&mut self, reason: Reason) {
        match &mut self.send {
            Some(send) => send.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Hands the crate as much as the windows have room for. Says whether all of the answer is in its
    /// hands.
    pub(crate) fn advance(&mut self) -> Result<bool, h2::Error> {
        let Some(send) = &mut self.send else {
            return Ok(false);
        };
        loop {
            let left = self.written.len() - self.sent;
            if left == 0 {
                break;
            }
            send.reserve_capacity(left);
            let room = send.capacity().min(left);
            if room == 0 {
                match send.poll_capacity(&mut Context::from_waker(&self.waker)) {
                    Poll::Pending => return Ok(false),
                    Poll::Ready(Some(room)) => {
                        room?;
                        continue;
                    }
                    // The client took it back, and whoever writes has to hear of it.
                    Poll::Ready(None) => return Err(Reason::CANCEL.into()),
                }
            }
            let is_last = room == left && matches!(self.end, End::Close);
            let piece = take(&mut self.written, &mut self.sent, room);
            self.passed += piece.len();
            send.send_data(piece, is_last)?;
            if is_last {
                self.end = End::Told;
            }
        }
        match std::mem::replace(&mut self.end, End::Told) {
            End::Open => self.end = End::Open,
            End::Close => send.send_data(Bytes::new(), true)?,
            End::Trailers(trailers) => send.send_trailers(trailers)?,
            End::Told => {}
        }
        Ok(matches!(self.end, End::Told))
    }
}

/// The next `length` bytes of `written`, of which the first `sent` are gone.
fn take(written: &mut Vec<u8>, sent: &mut usize, length: usize) -> Bytes {
    if *sent == 0 && length == written.len() {
        return Bytes::from(std::mem::take(written));
    }
    let piece = written.get(*sent..*sent + length).unwrap_or_default();
    let piece = Bytes::copy_from_slice(piece);
    *sent += length;
    if *sent >= written.len() {
        written.clear();
        *sent = 0;
    } else if *sent >= written.len() / 2 {
        written.drain(..*sent);
        *sent = 0;
    }
    piece
}
