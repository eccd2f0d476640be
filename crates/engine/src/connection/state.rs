//! What changes while a connection lives: its socket, its buffers and the request in progress.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use bytes::{Bytes, BytesMut};
use http1::{BadRequest, CONTINUE, Event, Framing as RequestFraming, RequestDecoder, RequestHead};
use pyo3::prelude::*;
use reactor::{Interest, Readiness, Token};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::asgi::Cycle;
use super::deadlines::Deadline;
use super::output::{HIGH_WATER, LOW_WATER, Output};
use super::shared::Shared;
use super::turn::{Reply, Turn, UNWANTED_BODY};
use super::websocket::Session;

/// The least room a read is made with.
const READ: usize = 4 * 1024;
/// The most that is read of TLS at a time: about a record of the largest size.
const READ_RECORDS: usize = 16 * 1024;
/// The room for a body that is still coming.
const READ_BODY: usize = 64 * 1024;
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
        head: RequestHead,
        serial: u64,
        whole: bool,
    },
    /// A request that waited for its body can start.
    Start {
        waiting: super::Waiting,
        body: Bytes,
        serial: u64,
    },
    /// More of the body, or its end, is there for the application.
    Arrived,
    /// The client broke the rules.
    Refuse(BadRequest),
    /// Nothing until something happens.
    Rest,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub(super) struct State {
    /// `None` once closed.
    pub(super) socket: Option<OwnedFd>,
    pub(super) token: Option<Token>,
    pub(super) interest: Interest,
    pub(super) input: BytesMut,
    decoder: RequestDecoder,
    pub(super) output: Output,
    pub(super) turn: Option<Turn>,
    /// What the connection speaks since its handshake, if that was for a WebSocket.
    pub(super) websocket: Option<Box<Session>>,
    /// The request that waits for its body, while it does.
    pub(super) waiting: Option<super::Waiting>,
    pub(super) serial: u64,
    /// Somebody up the stack is working through the input and will flush.
    pub(super) pumping: bool,
    /// The client sends nothing any more.
    pub(super) eof: bool,
    pub(super) ending: Ending,
    pub(super) deadline: Deadline,
    /// Bytes came since the deadline was last looked at.
    pub(super) received: bool,
    /// Bytes went since then.
    pub(super) sent: bool,
}

impl State {
    pub(super) fn new(socket: OwnedFd, decoder: RequestDecoder, output: Output) -> Self {
        Self {
            socket: Some(socket),
            token: None,
            interest: Interest::READ,
            input: BytesMut::new(),
            decoder,
            output,
            turn: None,
            websocket: None,
            waiting: None,
            serial: 0,
            pumping: false,
            eof: false,
            ending: Ending::None,
            deadline: Deadline::default(),
            received: false,
            sent: false,
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

    /// Whether the client left in the middle of its request, so that it never was one.
    pub(super) fn is_cut_short(&self) -> bool {
        // Where the application lags behind, the rest of the body may be in the input.
        let lacks_body = |turn: &Turn| !turn.body_done && !turn.is_full();
        self.eof && self.turn.as_ref().is_some_and(lacks_body)
    }

    /// The turn with this serial, while it is the current one.
    pub(super) fn turn(&mut self, serial: u64) -> Option<&mut Turn> {
        self.turn.as_mut().filter(|turn| turn.serial == serial)
    }

    /// Reads what arrived, once. An error means that the client is gone.
    pub(super) fn receive(&mut self, readiness: Readiness) -> io::Result<()> {
        if !readiness.is_readable() || self.eof {
            return Ok(());
        }
        if let Ending::Lingering(left) = self.ending {
            return self.discard(left);
        }
        if self.output.seal.is_some() {
            return self.receive_records();
        }
        let in_message = |session: &Session| session.is_in_payload();
        let wanted = if self.turn.as_ref().is_some_and(|turn| !turn.body_done)
            || self.websocket.as_deref().is_some_and(in_message)
        {
            READ_BODY
        } else {
            READ
        };
        if self.input.capacity() - self.input.len() < wanted {
            self.input.reserve(wanted);
        }
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        match recv(socket, self.input.spare_capacity_mut(), RecvFlags::empty()) {
            Ok((_, 0)) => self.eof = true,
            Ok(((filled, _), _)) => {
                let filled = filled.len();
                let length = self.input.len() + filled;
                self.received = true;
                // SAFETY: the kernel initialised the first `filled` bytes of the spare capacity, so the first `length` bytes are initialised.
                unsafe { self.input.set_len(length) };
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Reads what arrived once, and opens it.
    fn receive_records(&mut self) -> io::Result<()> {
        let (Some(socket), Some(seal)) = (&self.socket, &mut self.output.seal) else {
            return Ok(());
        };
        let mut scratch = [MaybeUninit::<u8>::uninit(); READ_RECORDS];
        match recv(socket, scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, 0)) => self.eof = true,
            Ok(((records, _), _)) => match seal.open(records, &mut self.input) {
                Ok(ended) => {
                    self.eof |= ended;
                    self.received = true;
                }
                Err(error) => {
                    // An alert tells the client why; it may be gone already.
                    let _ = self.flush();
                    return Err(error);
                }
            },
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Throws away what a client still sends after its last answer.
    fn discard(&mut self, left: usize) -> io::Result<()> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        let mut scratch = [MaybeUninit::<u8>::uninit(); 16 * 1024];
        match recv(socket, scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, 0)) => self.eof = true,
            Ok((_, length)) => self.ending = Ending::Lingering(left.saturating_sub(length)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Works on the input until there is something to do that needs Python, or nothing at all.
    pub(super) fn next(&mut self, shared: &Shared) -> Next {
        loop {
            if self.ending != Ending::None || self.socket.is_none() {
                return Next::Rest;
            }
            if self.websocket.is_some() {
                return self.next_frames();
            }
            let Some(turn) = &self.turn else {
                return self.next_request(shared);
            };
            let (done, complete) = (turn.body_done, turn.is_complete());
            if done && complete {
                self.end_turn();
                continue;
            }
            if done {
                let serial = turn.serial;
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
                Ok(true) => return Next::Arrived,
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
            return !self.input.is_empty() && !session.is_full();
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

    /// The answer of the current turn is written: decides what becomes of the connection. Returns
    /// the cycle, which is to be told when the lock is released.
    pub(super) fn complete(&mut self, shared: &Shared) -> Option<Py<Cycle>> {
        let turn = self.turn.as_mut()?;
        turn.reply = Reply::Complete;
        shared.request_ends();
        shared.count_answer();
        if !turn.at.keep_alive || turn.leaves_too_much() || shared.is_shutting_down() {
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
        let turn = self.turn.take();
        if turn.as_ref().is_some_and(|turn| !turn.is_complete()) {
            shared.request_ends();
        }
        Gone {
            cycle: turn.and_then(|turn| turn.cycle),
            _waiting: self.waiting.take(),
        }
    }

    /// Whether the request with this serial has a head that waits for its body.
    pub(super) fn holds_head(&mut self, serial: u64) -> bool {
        self.turn(serial)
            .is_some_and(|turn| matches!(turn.reply, Reply::Held { .. }))
    }

    /// The current turn's cycle, where it has one.
    pub(super) fn cycle(&self, py: Python<'_>) -> Option<Py<Cycle>> {
        let cycle = self.turn.as_ref()?.cycle.as_ref()?;
        Some(cycle.clone_ref(py))
    }

    /// The cycle whose producer may go on, if it waited and the output is low enough.
    pub(super) fn drained(&mut self, py: Python<'_>) -> Option<Py<Cycle>> {
        let turn = self.turn.as_mut().filter(|turn| turn.draining)?;
        if self.output.len() > LOW_WATER {
            return None;
        }
        turn.draining = false;
        turn.cycle.as_ref().map(|cycle| cycle.clone_ref(py))
    }

    /// Holds a request back until its body is whole.
    pub(super) fn wait_for_body(&mut self, serial: u64, waiting: super::Waiting) {
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
            self.output.tail().extend_from_slice(CONTINUE);
        }
    }
}

/// What a turn leaves behind when it is given up.
#[derive(Default)]
#[must_use]
pub(super) struct Gone {
    pub(super) cycle: Option<Py<Cycle>>,
    /// Holds a plan, which is an object of Python's.
    _waiting: Option<super::Waiting>,
}
