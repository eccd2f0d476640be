//! What changes while a connection lives: its socket, its buffers and the request in progress.

use std::os::fd::OwnedFd;

use bytes::{Bytes, BytesMut};
use http1::{BadRequest, CONTINUE, Event, Framing as RequestFraming, RequestDecoder, RequestHead};
use pyo3::prelude::*;
use reactor::{Interest, Token};

use super::asgi::{Callables, Cycle};
use super::deadlines::Deadline;
use super::http2;
use super::input::Inflow;
use super::output::{HIGH_WATER, LOW_WATER, Output};
use super::proxy::Prologue;
use super::requests::Waiting;
use super::shared::Shared;
use super::turn::{Reply, Turn, UNWANTED_BODY};
use super::websocket::Session;

/// The largest buffer that an idle connection keeps.
const KEPT: usize = 16 * 1024;

/// Why and how a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Not at all so far.
    None,
    /// When the output is gone.
    Close,
    /// When the output is gone and the client had time to read it: closing a socket with unread
    /// input resets the connection, and the reset overtakes the answer.
    Linger,
    /// The sending side is shut; what still arrives is thrown away, up to so many bytes.
    Lingering(usize),
}

/// The next thing to do outside of the state's lock.
pub(super) enum Next {
    /// A request begins; the flag says whether it is complete already.
    Begin {
        head: Box<RequestHead>,
        serial: u64,
        whole: bool,
    },
    /// A request that waited for its body can start.
    Start {
        waiting: Waiting,
        body: Bytes,
        serial: u64,
    },
    /// More of the body, or its end, is there for the application of the request with this serial.
    Arrived(u64),
    /// The client broke the rules.
    Refuse(BadRequest),
    /// A request of HTTP/2 is answered with this status, and the application not told.
    Decline {
        serial: u64,
        status: u16,
        text: &'static str,
    },
    /// Nobody waits for these any more.
    Gone(Gone),
    /// The client broke the rules of HTTP/2, and was told so.
    Broken(::http2::Violation),
    /// Nothing until something happens.
    Rest,
}

pub(super) struct State {
    /// `None` once closed.
    pub(super) socket: Option<OwnedFd>,
    pub(super) token: Option<Token>,
    pub(super) interest: Interest,
    pub(super) input: BytesMut,
    /// What is to come before all input, while it does.
    pub(super) prologue: Option<Box<Prologue>>,
    decoder: RequestDecoder,
    pub(super) output: Output,
    pub(super) turn: Option<Turn>,
    /// What the last request over ASGI was served with, for the next.
    pub(super) spare: Option<Callables>,
    /// What the connection speaks since its handshake, if that was for a WebSocket.
    pub(super) websocket: Option<Box<Session>>,
    /// What the connection speaks in place of all that, if its client began with HTTP/2.
    pub(super) http2: Option<Box<http2::Session>>,
    /// The request that waits for its body, while it does.
    pub(super) waiting: Option<Waiting>,
    pub(super) serial: u64,
    /// Somebody up the stack is working through the input and will flush.
    pub(super) pumping: bool,
    /// Somebody came meanwhile to go on.
    pub(super) passed_over: bool,
    /// The client sends nothing any more.
    pub(super) eof: bool,
    pub(super) ending: Ending,
    pub(super) deadline: Deadline,
    /// How many bytes came so far.
    pub(super) received: u64,
    pub(super) inflow: Inflow,
}

impl State {
    pub(super) fn new(
        socket: OwnedFd,
        decoder: RequestDecoder,
        output: Output,
        by_edge: bool,
    ) -> Self {
        Self {
            socket: Some(socket),
            token: None,
            interest: Interest::NONE,
            input: BytesMut::new(),
            prologue: None,
            decoder,
            output,
            turn: None,
            spare: None,
            websocket: None,
            http2: None,
            waiting: None,
            serial: 0,
            pumping: false,
            passed_over: false,
            eof: false,
            ending: Ending::None,
            deadline: Deadline::default(),
            received: 0,
            inflow: Inflow::new(by_edge),
        }
    }

    /// Whether no request is being answered, nor read beyond its head.
    pub(super) fn is_idle(&self) -> bool {
        self.turn.is_none() && self.output.is_empty()
    }

    /// Whether the client began to ask for something and was answered nothing so far.
    pub(super) fn is_unanswered(&self) -> bool {
        match &self.turn {
            None => !self.input.is_empty(),
            Some(turn) => turn.is_unanswered(),
        }
    }

    /// Whether the client left in the middle of its request, so that it never was one. Over HTTP/2 it
    /// cannot leave otherwise: it has to open the windows of what it waits for.
    pub(super) fn is_cut_short(&self) -> bool {
        if self.http2.is_some() {
            return self.eof;
        }
        // Where the application lags behind, the rest of the body may be in the input.
        let lacks_body = |turn: &Turn| !turn.body_done && !turn.is_full();
        self.eof && self.turn.as_ref().is_some_and(lacks_body)
    }

    /// The turn with this serial, while somebody waits for its answer.
    pub(super) fn turn(&mut self, serial: u64) -> Option<&mut Turn> {
        match &mut self.http2 {
            None => self.turn.as_mut().filter(|turn| turn.serial == serial),
            Some(session) => session.turn(serial),
        }
    }

    /// Whether whoever writes the answer to the request with this serial has to wait.
    pub(super) fn is_full(&self, serial: u64) -> bool {
        match &self.http2 {
            None => self.output.len() > HIGH_WATER,
            Some(session) => session.is_full(serial),
        }
    }

    /// The application took `length` bytes of the body of the request with this serial.
    pub(super) fn took(&mut self, serial: u64, length: usize) {
        if let Some(session) = &mut self.http2 {
            session.took(serial, length);
        }
    }

    /// Tells the client of the request with this serial to go on with the body that it holds back.
    pub(super) fn say_continue(&mut self, serial: u64) {
        match &mut self.http2 {
            None => self.output.tail().extend_from_slice(CONTINUE),
            Some(session) => session.say_continue(serial),
        }
    }

    /// Works on the input until there is something to do that needs Python, or nothing at all.
    pub(super) fn next(&mut self, shared: &Shared) -> Next {
        loop {
            if self.ending != Ending::None || self.socket.is_none() {
                return Next::Rest;
            }
            if self.http2.is_some() {
                return self.next_http2(shared);
            }
            if self.websocket.is_some() {
                return self.next_frames();
            }
            let Some(turn) = &self.turn else {
                return self.next_request(shared);
            };
            let (serial, done, complete) = (turn.serial, turn.body_done, turn.is_complete());
            if done && complete {
                self.end_turn();
                continue;
            }
            if done {
                return match self.waiting.take() {
                    Some(waiting) => Next::Start {
                        waiting,
                        body: self.take_body(),
                        serial,
                    },
                    None => Next::Rest,
                };
            }
            match self.pull_body() {
                Err(bad) => return Next::Refuse(bad),
                Ok(true) if complete || self.waiting.is_some() => {}
                Ok(true) => return Next::Arrived(serial),
                Ok(false) => {
                    if self.eof && (complete || self.waiting.is_some()) {
                        self.ending = Ending::Close;
                    }
                    return Next::Rest;
                }
            }
        }
    }

    /// Tidies up after an answer, without looking at the input. Says whether that is to be looked
    /// at.
    pub(super) fn rest(&mut self) -> bool {
        if let Some(session) = &self.http2 {
            return session.has_work();
        }
        let (mut complete, mut done) = (true, true);
        if let Some(turn) = &self.turn {
            (complete, done) = (turn.is_complete(), turn.body_done);
        }
        if complete && done {
            self.end_turn();
        }
        if self.ending != Ending::None || self.socket.is_none() {
            return false;
        }
        if let Some(session) = &self.websocket {
            return (!self.input.is_empty() || session.has_failed) && !session.is_full();
        }
        if complete && self.eof && self.input.is_empty() {
            self.ending = Ending::Close;
        }
        complete && !self.input.is_empty()
    }

    fn end_turn(&mut self) {
        self.turn = None;
        if self.input.is_empty() && self.input.capacity() > KEPT {
            self.input = BytesMut::new();
        }
    }

    /// Begins the next request, if its head is there.
    fn next_request(&mut self, shared: &Shared) -> Next {
        if self.output.len() >= HIGH_WATER {
            // A client that asks and asks without reading is not served until it reads. Should it
            // be gone, settling finds that out.
            let _ = self.flush();
            if self.output.len() >= HIGH_WATER {
                return Next::Rest;
            }
        }
        if self.serial == 0 && self.begins_http2(shared) {
            return self.next_http2(shared);
        }
        match self.decoder.decode(&mut self.input) {
            Ok(Some(Event::Head(head))) => {
                self.serial += 1;
                self.deadline = Deadline::default();
                let mut turn = Turn::new(self.serial, &head, !shared.is_shutting_down());
                if head.body() == RequestFraming::None {
                    turn.body_done =
                        matches!(self.decoder.decode(&mut self.input), Ok(Some(Event::End)));
                }
                let (serial, whole) = (turn.serial, turn.body_done);
                self.turn = Some(turn);
                shared.request_begins();
                Next::Begin {
                    head,
                    serial,
                    whole,
                }
            }
            // Only a head can come before a head was seen.
            Ok(Some(Event::Data(_) | Event::End)) => Next::Rest,
            Ok(None) => {
                if self.eof {
                    self.ending = Ending::Close;
                }
                Next::Rest
            }
            Err(bad) => Next::Refuse(bad),
        }
    }

    /// Moves what arrived of the body to where the application takes it. Says whether there was any.
    pub(super) fn pull_body(&mut self) -> Result<bool, BadRequest> {
        let Some(turn) = &mut self.turn else {
            return Ok(false);
        };
        let mut arrived = false;
        while !turn.body_done {
            let gathers = self.waiting.is_some() || turn.is_complete();
            if turn.is_full() && !gathers {
                break;
            }
            match self.decoder.decode(&mut self.input)? {
                Some(Event::Data(piece)) => turn.take_in(piece),
                Some(Event::End) => turn.body_done = true,
                Some(Event::Head(_)) | None => break,
            }
            arrived = true;
            if turn.discarded > UNWANTED_BODY {
                self.ending = Ending::Linger;
                break;
            }
        }
        Ok(arrived)
    }

    fn take_body(&mut self) -> Bytes {
        self.turn
            .as_mut()
            .map(|turn| turn.body.take())
            .unwrap_or_default()
    }

    /// The answer to the request with this serial is written: decides what becomes of the connection. Returns
    /// the cycle, which is to be told when the lock is released.
    pub(super) fn complete(&mut self, shared: &Shared, serial: u64) -> Option<Py<Cycle>> {
        if let Some(session) = &mut self.http2 {
            return session.complete(serial, shared);
        }
        let turn = self.turn.as_mut()?;
        turn.reply = Reply::Complete;
        shared.request_ends();
        shared.count_answer();
        // An end that the head did not announce, as when a shutdown began after it, comes later:
        // the client may be sending its next request.
        if !turn.at.keep_alive || turn.leaves_too_much() {
            let is_read = turn.body_done && self.input.is_empty();
            self.ending = if is_read {
                Ending::Close
            } else {
                Ending::Linger
            };
        }
        turn.cycle.take()
    }

    /// Gives up the current turn. What it returns is to be dropped when the lock is released.
    pub(super) fn abandon(&mut self, shared: &Shared) -> Gone {
        let spare = self.spare.take();
        if let Some(mut session) = self.http2.take() {
            return session.forget_all(shared).with(spare);
        }
        let turn = self.turn.take();
        if turn.as_ref().is_some_and(|turn| !turn.is_complete()) {
            shared.request_ends();
        }
        Gone::of(turn.and_then(|turn| turn.cycle), self.waiting.take()).with(spare)
    }

    /// Whether the request with this serial has a head that waits for its body.
    pub(super) fn holds_head(&mut self, serial: u64) -> bool {
        self.turn(serial)
            .is_some_and(|turn| matches!(turn.reply, Reply::Held { .. }))
    }

    /// The request whose head waits for its body since the pump that now ends.
    pub(super) fn held(&self) -> Option<u64> {
        let turn = self.turn.as_ref().filter(|_| self.pumping)?;
        matches!(turn.reply, Reply::Held { .. }).then_some(turn.serial)
    }

    /// The cycle of the request with this serial, where it has one.
    pub(super) fn cycle(&mut self, py: Python<'_>, serial: u64) -> Option<Py<Cycle>> {
        let cycle = self.turn(serial)?.cycle.as_ref()?;
        Some(cycle.clone_ref(py))
    }

    /// The current turn's cycle, where it has one.
    pub(super) fn current(&self, py: Python<'_>) -> Option<Py<Cycle>> {
        let cycle = self.turn.as_ref()?.cycle.as_ref()?;
        Some(cycle.clone_ref(py))
    }

    /// The cycles whose producers may go on, if they waited and the output is low enough.
    pub(super) fn drained(&mut self, py: Python<'_>) -> Option<Vec<Py<Cycle>>> {
        if let Some(session) = &mut self.http2 {
            return Some(session.drained(py));
        }
        let turn = self.turn.as_mut().filter(|turn| turn.draining)?;
        if self.output.len() > LOW_WATER {
            return None;
        }
        turn.draining = false;
        let cycle = turn.cycle.as_ref()?;
        Some(vec![cycle.clone_ref(py)])
    }

    /// Holds a request back until its body is whole.
    pub(super) fn wait_for_body(&mut self, serial: u64, waiting: Waiting) {
        if let Some(session) = &mut self.http2 {
            return session.wait_for_body(serial, waiting);
        }
        if self.turn(serial).is_none() {
            return;
        }
        self.waiting = Some(waiting);
        // What is wrong with a body comes up again where it can be refused.
        let _ = self.pull_body();
        if let Some(turn) = self.turn(serial)
            && std::mem::take(&mut turn.expects_continue)
            && !turn.body_done
        {
            self.say_continue(serial);
        }
    }
}

/// What a turn leaves behind when it is given up.
#[derive(Default)]
#[must_use]
pub(super) struct Gone {
    cycle: Option<Py<Cycle>>,
    /// Holds a plan, which is an object of Python's.
    _waiting: Option<Waiting>,
    _spare: Option<Callables>,
    /// What further turns leave.
    others: Vec<Gone>,
}

impl Gone {
    pub(super) fn of(cycle: Option<Py<Cycle>>, waiting: Option<Waiting>) -> Self {
        Self {
            cycle,
            _waiting: waiting,
            _spare: None,
            others: Vec::new(),
        }
    }

    fn with(self, spare: Option<Callables>) -> Self {
        Self {
            _spare: spare,
            ..self
        }
    }

    pub(super) fn all(others: Vec<Gone>) -> Self {
        Self {
            others,
            ..Self::default()
        }
    }

    /// The cycles that are to be told.
    pub(super) fn cycles(&self) -> impl Iterator<Item = &Py<Cycle>> {
        let others = self.others.iter().filter_map(|gone| gone.cycle.as_ref());
        self.cycle.iter().chain(others)
    }
}
