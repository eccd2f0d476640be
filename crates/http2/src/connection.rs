//! One connection: bytes and answers in, events and bytes out.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::Reason;
use h2::server::{Builder, SendResponse};
use http1::RequestHead;

use crate::answer::{Unsendable, fields_of, response};
use crate::budget::is_provoked;
use crate::event::Event;
use crate::frame::{Passing, flag, kind, read_u32};
use crate::inbound::{Heard, Inbound, PREFACE, end_stream};
use crate::limits::Limits;
use crate::pipe::Pipe;
use crate::request::Rejected;
use crate::stream::{Piece, Stream};
use crate::violation::Violation;
use crate::wakers::{Bell, Line};

/// Beyond so many bytes that wait to be sent, nothing more is made; beyond so many that the crate has not
/// read, which it does not where it has to answer first, nothing more is taken.
const HIGH_WATER: usize = 64 * 1024;

/// The server's side of an HTTP/2 connection.
///
/// [`receive`](Self::receive) takes what arrived, [`next_event`](Self::next_event) says what it
/// means, [`transmit`](Self::transmit) hands out what is to be sent. Answers go in by their stream's
/// number; one that is not open any more swallows them.
pub struct Connection {
    inner: h2::server::Connection<Pipe, Bytes>,
    inbound: Inbound,
    pipe: Pipe,
    /// Checked frames that the crate has not seen yet.
    feed: BytesMut,
    /// Requests that it has not handed out yet.
    heads: VecDeque<(u32, Result<Box<RequestHead>, Rejected>, bool)>,
    streams: HashMap<u32, Stream>,
    line: Line,
    bell: Arc<Bell>,
    events: VecDeque<Event>,
    outgoing: Passing,
    violation: Option<Violation>,
    is_over: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("streams", &self.streams.len())
            .field("violation", &self.violation)
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection whose client is about to send its preface.
    ///
    /// # Errors
    ///
    /// The crate's own, of which none is known.
    pub fn new(limits: Limits) -> Result<Self, h2::Error> {
        let pipe = Pipe::default();
        {
            let mut buffers = pipe.buffers();
            buffers.room = HIGH_WATER;
            // The client's own is looked at before anything reaches the crate.
            buffers.incoming.extend_from_slice(PREFACE);
        }
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        let mut builder = Builder::new();
        builder
            .max_concurrent_streams(limits.streams)
            .initial_window_size(limits.stream_window)
            .initial_connection_window_size(limits.connection_window)
            .max_header_list_size(u32::try_from(limits.request.header_block).unwrap_or(u32::MAX))
            .max_send_buffer_size(HIGH_WATER)
            // Counted in front of it, where time makes up for them.
            .max_local_error_reset_streams(None)
            // What small frames cost is memory while it keeps them, and it keeps none.
            .data_frame_budget(usize::MAX);
        if limits.extended_connect {
            builder.enable_connect_protocol();
        }
        let inner = match pin!(builder.handshake(pipe.clone())).poll(&mut context) {
            Poll::Ready(inner) => inner?,
            Poll::Pending => return Err(Reason::INTERNAL_ERROR.into()),
        };
        Ok(Self {
            inner,
            inbound: Inbound::new(limits),
            pipe,
            feed: BytesMut::new(),
            heads: VecDeque::new(),
            streams: HashMap::new(),
            line: Line::default(),
            bell,
            events: VecDeque::new(),
            outgoing: Passing::default(),
            violation: None,
            is_over: false,
        })
    }

    /// Takes what arrived off the front of `input`, unless too much waits that was taken before.
    pub fn receive(&mut self, input: &mut BytesMut) {
        while self.violation.is_none() && !self.is_over && !self.is_full() {
            match self.inbound.next(input, &mut self.feed) {
                Ok(None) => break,
                Ok(Some(heard)) => self.hear(heard),
                Err(violation) => self.fail(violation),
            }
        }
        self.drive();
    }

    /// What the client did next.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Appends what is to be sent to `out`, up to a high-water mark; what `out` holds counts.
    pub fn transmit(&mut self, out: &mut Vec<u8>) {
        self.pipe.buffers().room = HIGH_WATER.saturating_sub(out.len());
        self.drive();
        let mut buffers = self.pipe.buffers();
        if out.is_empty() {
            std::mem::swap(&mut buffers.outgoing, out);
        } else {
            out.append(&mut buffers.outgoing);
        }
    }

    /// Sends an interim head, whose status is 1xx.
    ///
    /// # Errors
    ///
    /// When a field cannot be sent, or the answer has begun.
    pub fn inform<'f>(
        &mut self,
        stream: u32,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<(), Unsendable> {
        let head = response(status, fields)?;
        match self.streams.get_mut(&stream) {
            Some(stream) => stream.inform(head).map_err(|_| Unsendable),
            None => Ok(()),
        }
    }

    /// Sends the head of an answer, which [`tail`](Self::tail) and [`finish`](Self::finish) go on
    /// with unless it `ends`. Fields that HTTP/2 has no use for are left out.
    ///
    /// # Errors
    ///
    /// When a field cannot be sent, or the answer has begun.
    pub fn respond<'f>(
        &mut self,
        stream: u32,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
        ends: bool,
    ) -> Result<(), Unsendable> {
        let head = response(status, fields)?;
        let Some(answered) = self.streams.get_mut(&stream) else {
            return Ok(());
        };
        if answered.respond(head, ends).is_err() {
            // Where the connection has failed it is nobody's fault that an answer cannot begin.
            return self.violation.map(|_| ()).ok_or(Unsendable);
        }
        if ends {
            self.retire(stream);
        }
        Ok(())
    }

    /// The end of what is written of an answer's body, to append to.
    pub fn tail(&mut self, stream: u32) -> Option<&mut Vec<u8>> {
        let stream = self.streams.get_mut(&stream)?;
        stream.waker.wake_by_ref();
        Some(stream.tail())
    }

    /// Whether somebody waits for more of an answer. Events that say otherwise may still be to come.
    #[must_use]
    pub fn is_open(&self, stream: u32) -> bool {
        self.streams.contains_key(&stream)
    }

    /// How many bytes of an answer wait for the client.
    #[must_use]
    pub fn backlog(&self, stream: u32) -> usize {
        self.streams.get(&stream).map_or(0, Stream::backlog)
    }

    /// How many bytes of all answers wait for the client.
    #[must_use]
    pub fn total_backlog(&self) -> usize {
        self.streams.values().map(Stream::backlog).sum()
    }

    /// Ends an answer after what was written, with trailers if there are any.
    ///
    /// # Errors
    ///
    /// When a field cannot be sent. The answer is not ended then.
    pub fn finish<'f>(
        &mut self,
        stream: u32,
        trailers: Option<impl Iterator<Item = (&'f [u8], &'f [u8])>>,
    ) -> Result<(), Unsendable> {
        let trailers = trailers.map(fields_of).transpose()?;
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.finish(trailers);
            stream.waker.wake_by_ref();
        }
        Ok(())
    }

    /// Gives up a request, whatever became of it so far.
    pub fn reset(&mut self, stream: u32, reason: Reason) {
        if let Some(mut stream) = self.streams.remove(&stream) {
            stream.reset(reason);
        }
    }

    /// `length` bytes of a body were taken, so the client may send as many.
    pub fn release(&mut self, stream: u32, length: usize) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.release(length);
        }
    }

    /// Asks the client to open no streams any more. The connection is over when those that are open
    /// are.
    pub fn shut_down(&mut self) {
        self.inner.graceful_shutdown();
    }

    /// Ends the connection at once.
    pub fn abort(&mut self, reason: Reason) {
        self.inner.abrupt_shutdown(reason);
    }

    /// Nothing may happen for long: what is empty need not be kept.
    pub fn rest_lightly(&mut self) {
        let mut buffers = self.pipe.buffers();
        for empty in [&mut self.feed, &mut buffers.incoming] {
            if empty.is_empty() {
                *empty = BytesMut::new();
            }
        }
        buffers.outgoing.shrink_to_fit();
        self.streams.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.events.shrink_to_fit();
    }

    /// Time passed, which makes up for what a client did without need.
    pub fn time_passed(&mut self, elapsed: Duration) {
        self.inbound.budget.time_passed(elapsed);
    }

    /// Whether nothing is being asked or answered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty() && self.heads.is_empty() && self.events.is_empty()
    }

    /// Whether input is left where it is until more of the output is sent.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let buffers = self.pipe.buffers();
        let unread = buffers.incoming.len() + self.feed.len();
        buffers.outgoing.len() >= HIGH_WATER || unread >= HIGH_WATER
    }

    /// Whether [`next_event`](Self::next_event) has something to say.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether the client is in the middle of saying something that cannot wait.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        self.inbound.is_amid()
    }

    /// Whether the connection is to be closed once everything is sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// How the client broke the rules, if it did.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        self.violation
    }
}

impl Connection {
    fn pending(&self) -> usize {
        self.pipe.buffers().outgoing.len()
    }

    fn hear(&mut self, what: Heard) {
        match what {
            Heard::Request(stream, head, ends) => self.heads.push_back((stream, head, ends)),
            // Of streams that are gone the crate knows less than we do.
            Heard::Trailers(stream) => {
                self.drive();
                if self.streams.contains_key(&stream) {
                    end_stream(&mut self.feed, stream);
                }
            }
            Heard::Malformed(stream) => {
                self.drive();
                self.reset(stream, Reason::PROTOCOL_ERROR);
                self.events.push_back(Event::Reset { stream });
            }
            Heard::Reset(stream) => {
                self.drive();
                self.forget(stream);
            }
        }
    }

    /// The client broke the rules: what came before that is still worked through, and may have been the end.
    fn fail(&mut self, violation: Violation) {
        self.drive();
        if self.violation.is_none() && !self.is_over {
            self.violation = Some(violation);
            self.inner.abrupt_shutdown(violation.reason());
        }
    }

    /// Lets the crate work until there is nothing left to do.
    fn drive(&mut self) {
        if !self.feed.is_empty() {
            let mut buffers = self.pipe.buffers();
            if buffers.incoming.is_empty() {
                std::mem::swap(&mut buffers.incoming, &mut self.feed);
            } else {
                let fed = self.feed.split();
                buffers.incoming.extend_from_slice(&fed);
            }
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        loop {
            let mark = self.pending();
            self.poll(&mut Context::from_waker(&waker));
            self.watch_outgoing(mark);
            let woken = self.line.take();
            for stream in &woken {
                self.advance(*stream);
            }
            if !self.bell.take() && woken.is_empty() {
                break;
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        while !self.is_over {
            match self.inner.poll_accept(context) {
                Poll::Pending => {
                    let buffers = self.pipe.buffers();
                    // Unless it waits for room, what the crate did not hand out by now it refused.
                    if buffers.incoming.is_empty() && buffers.outgoing.len() < buffers.room {
                        self.heads.clear();
                    }
                    return;
                }
                Poll::Ready(Some(Ok((request, respond)))) => self.accept(request, respond),
                Poll::Ready(Some(Err(error))) => {
                    if self.violation.is_none() && error.is_go_away() && error.is_library() {
                        let reason = error.reason().unwrap_or(Reason::PROTOCOL_ERROR);
                        self.violation = Some(Violation::new(reason, "the protocol was broken"));
                    }
                    self.is_over = true;
                }
                Poll::Ready(None) => self.is_over = true,
            }
        }
    }

    /// The crate hands out a request, of which we know more than it does.
    fn accept(&mut self, request: http::Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
        let stream = respond.stream_id().as_u32();
        let known = loop {
            match self.heads.pop_front() {
                Some((id, head, ends)) if id == stream => break Some((head, ends)),
                // It was refused.
                Some(_) => {}
                None => break None,
            }
        };
        let head = match known {
            Some((Ok(head), ends)) => (Ok(head), ends),
            Some((Err(Rejected::Refused(refusal)), ends)) => (Err(refusal), ends),
            Some((Err(Rejected::Malformed), _)) => {
                return respond.send_reset(Reason::PROTOCOL_ERROR);
            }
            None => return respond.send_reset(Reason::INTERNAL_ERROR),
        };
        let (head, ends) = head;
        let waker = self.line.waker(stream);
        if !ends {
            waker.wake_by_ref();
        }
        let opened = Stream::new(respond, request.into_body(), ends, waker);
        self.streams.insert(stream, opened);
        self.events.push_back(Event::Request { stream, head, ends });
    }

    /// Goes on with a stream that has something.
    fn advance(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        while let Some(piece) = stream.next() {
            self.events.push_back(match piece {
                Piece::Data(data) => Event::Data { stream: id, data },
                Piece::End => Event::End { stream: id },
                Piece::Reset => return self.forget(id),
            });
        }
        match stream.advance() {
            Ok(false) => {}
            Ok(true) => self.retire(id),
            Err(_) => self.forget(id),
        }
    }

    /// A stream is answered. What the client may still send on it, it is asked not to.
    fn retire(&mut self, stream: u32) {
        self.streams.remove(&stream);
        self.inbound.budget.request_ended();
    }

    /// A stream was reset.
    fn forget(&mut self, stream: u32) {
        if self.streams.remove(&stream).is_some() {
            self.events.push_back(Event::Reset { stream });
        }
    }

    /// Looks at the frames that were written from `mark` on.
    fn watch_outgoing(&mut self, mark: usize) {
        let mut spent = false;
        let mut reset = Vec::new();
        {
            let buffers = self.pipe.buffers();
            let (budget, streams) = (&mut self.inbound.budget, &mut self.streams);
            let written = buffers.outgoing.get(mark..).unwrap_or_default();
            self.outgoing
                .pass(written, |head, payload| match head.kind {
                    kind::DATA if !head.has(flag::END_STREAM) => {
                        budget.data_sent();
                        if let Some(stream) = streams.get_mut(&head.stream) {
                            stream.left(head.length);
                        }
                    }
                    kind::RST_STREAM => {
                        reset.push(head.stream);
                        spent |= is_provoked(read_u32(payload)) && budget.reset().is_err();
                    }
                    _ => {}
                });
        }
        for stream in reset {
            self.forget(stream);
        }
        if spent && self.violation.is_none() {
            let violation = Violation::flood("too many streams that had to be reset");
            self.violation = Some(violation);
            self.inner.abrupt_shutdown(violation.reason());
        }
    }
}
