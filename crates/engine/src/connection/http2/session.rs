//! The state of one connection's requests.

use std::collections::HashMap;
use std::time::Duration;

use ::http2::Reason;
use bytes::BytesMut;
use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::super::asgi::Cycle;
use super::super::files::Source;
use super::super::output::{HIGH_WATER, LOW_WATER, Output};
use super::super::pace::{Pace, Rate};
use super::super::requests::Waiting;
use super::super::shared::Shared;
use super::super::state::Gone;
use super::super::turn::Turn;
use super::super::websocket;

/// Beyond so many bytes of all its answers, each stream of a connection is let hold little.
const TOGETHER: usize = 1024 * 1024;

/// A request that is being answered, and what comes and goes with it.
pub(super) struct Stream {
    pub(super) turn: Turn,
    /// The request that waits for its body, while it does.
    pub(super) waiting: Option<Waiting>,
    /// What the stream speaks since its handshake, if that was for a WebSocket.
    pub(super) websocket: Option<Box<websocket::Session>>,
    /// Frames of the WebSocket that were not decoded yet.
    pub(super) input: BytesMut,
    /// How much of the body has come, in bytes.
    pub(super) received: u64,
    /// How fast it comes: what else the connection carries does not count.
    pace: Pace,
}

impl Stream {
    fn new(turn: Turn) -> Self {
        Self {
            turn,
            waiting: None,
            websocket: None,
            input: BytesMut::new(),
            received: 0,
            pace: Pace::default(),
        }
    }

    /// A tick passed: whether somebody waits for a body that comes too slowly.
    pub(super) fn is_late(&mut self, slowest: Rate, tick: Duration) -> bool {
        let is_awaited = self.waiting.is_some() || self.turn.body_wanted;
        !self.turn.body_done
            && self.websocket.is_none()
            && is_awaited
            && self.pace.is_too_slow(slowest, tick, self.received)
    }

    /// What it leaves behind.
    fn give_up(mut self, shared: &Shared) -> Gone {
        if !self.turn.is_complete() {
            shared.request_ends();
        }
        if let Some(session) = &self.websocket {
            session.end(1006, "");
        }
        Gone::of(self.turn.cycle.take(), self.waiting.take())
    }
}

/// An HTTP/2 connection.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub(in super::super) struct Session {
    pub(super) codec: ::http2::Connection,
    pub(super) streams: HashMap<u64, Box<Stream>>,
    /// The files whose content is being sent.
    pub(super) files: Vec<(u64, Source)>,
    /// Where heads are written in HTTP/1's form, of which the codec gets the fields.
    pub(super) scratch: Vec<u8>,
    /// The codec was told something since the output was last written.
    pub(super) is_behind: bool,
    /// The codec left input where it is until the output is lower.
    pub(super) is_stalled: bool,
    /// The client has asked for something while the answer to something else was on its way.
    pub(super) is_shared: bool,
    /// `WebSocket`s whose inbox has room again for what their input holds.
    pub(super) roomy: Vec<u64>,
    /// More could be sent at once, and others had to have a turn.
    pub(super) is_unfinished: bool,
    /// The operator was told of what the client did wrong.
    pub(super) is_reported: bool,
    /// The client was asked to leave.
    pub(super) is_leaving: bool,
}

impl Session {
    pub(in super::super) fn new(limits: ::http2::Limits) -> Result<Box<Self>, ::http2::Error> {
        Ok(Box::new(Self {
            codec: ::http2::Connection::new(limits)?,
            streams: HashMap::new(),
            files: Vec::new(),
            scratch: Vec::new(),
            is_behind: true,
            is_stalled: false,
            is_shared: false,
            roomy: Vec::new(),
            is_unfinished: false,
            is_reported: false,
            is_leaving: false,
        }))
    }

    pub(super) fn open(&mut self, serial: u64, head: &RequestHead, ends: bool) {
        let mut turn = Turn::new(serial, head, true);
        turn.body_done = ends;
        self.streams.insert(serial, Box::new(Stream::new(turn)));
    }

    /// Whether an answer is being made, or on its way.
    pub(super) fn is_answering(&self) -> bool {
        !self.streams.is_empty() || self.codec.total_backlog() > 0
    }

    pub(in super::super) fn turn(&mut self, serial: u64) -> Option<&mut Turn> {
        self.streams.get_mut(&serial).map(|stream| &mut stream.turn)
    }

    /// Forgets a request, of which the codec knows already.
    pub(super) fn forget(&mut self, serial: u64, shared: &Shared) -> Gone {
        match self.streams.remove(&serial) {
            Some(stream) => stream.give_up(shared),
            None => Gone::default(),
        }
    }

    /// Forgets all requests: the connection is closed, or about to be.
    pub(in super::super) fn forget_all(&mut self, shared: &Shared) -> Gone {
        let streams = self.streams.drain();
        Gone::all(streams.map(|(_, stream)| stream.give_up(shared)).collect())
    }

    /// Nothing may happen for long: what is empty need not be kept.
    pub(in super::super) fn rest_lightly(&mut self) {
        self.scratch = Vec::new();
        self.streams.shrink_to_fit();
        self.codec.rest_lightly();
    }

    /// Writes what the codec has, as far as `output` is low.
    pub(in super::super) fn write(&mut self, output: &mut Output) {
        self.is_behind = false;
        if output.len() < HIGH_WATER {
            if !self.files.is_empty() {
                self.read_files();
            }
            self.codec.transmit(output.tail());
        }
    }

    /// Whether the codec was told something that `write` has not seen to.
    pub(in super::super) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether whoever writes an answer has to wait: for its own client's stream, or because all the
    /// streams of the connection together hold much. Where the stream is gone it waits for word of that:
    /// what is written goes nowhere, and would never be too much.
    pub(in super::super) fn is_full(&self, serial: u64) -> bool {
        if !self.codec.is_open(id(serial)) {
            return true;
        }
        let own = self.backlog(serial);
        own > HIGH_WATER || own > LOW_WATER && self.codec.total_backlog() > TOGETHER
    }

    /// How many bytes of an answer wait for their turn.
    pub(in super::super) fn backlog(&self, serial: u64) -> usize {
        self.codec.backlog(id(serial))
    }

    /// The application took `length` bytes of a body.
    pub(in super::super) fn took(&mut self, serial: u64, length: usize) {
        self.codec.release(id(serial), length);
        self.is_behind = true;
    }

    /// Tells the client to go on with the body that it holds back.
    pub(in super::super) fn say_continue(&mut self, serial: u64) {
        // It cannot be too late: the answer has not begun.
        let _ = self.codec.inform(id(serial), 100, std::iter::empty());
        self.is_behind = true;
    }

    /// The cycles whose producers may go on, of those that waited.
    pub(in super::super) fn drained(&mut self, py: Python<'_>) -> Vec<Py<Cycle>> {
        let Self { streams, codec, .. } = self;
        let waits = |stream: &&mut Box<Stream>| stream.turn.draining;
        let mut cycles = Vec::new();
        for stream in streams.values_mut().filter(waits) {
            if codec.backlog(id(stream.turn.serial)) <= LOW_WATER {
                stream.turn.draining = false;
                let cycle = stream.turn.cycle.as_ref();
                cycles.extend(cycle.map(|cycle| cycle.clone_ref(py)));
            }
        }
        cycles
    }

    /// Asks the client to leave once its requests are answered.
    pub(in super::super) fn leave(&mut self) {
        self.is_leaving = true;
        self.is_behind = true;
        self.codec.shut_down();
    }

    /// Ends the connection.
    pub(in super::super) fn abort(&mut self, reason: Reason) {
        self.is_behind = true;
        self.codec.abort(reason);
    }

    /// Whether nothing more comes or goes, once the output is gone.
    pub(in super::super) fn is_over(&self) -> bool {
        self.codec.is_over()
    }

    /// Whether the client broke the rules.
    pub(in super::super) fn is_broken(&self) -> bool {
        self.codec.violation().is_some()
    }

    /// Whether there is more to send than the output holds.
    pub(in super::super) fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// Whether a larger read pays.
    pub(in super::super) fn takes_bodies(&self) -> bool {
        self.streams.values().any(|stream| !stream.turn.body_done)
    }

    pub(in super::super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.turns().try_for_each(|turn| visit.call(&turn.cycle))
    }

    pub(in super::super) fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.streams.values().map(|stream| &stream.turn)
    }

    /// Sends early hints, of which these are the fields.
    pub(in super::super) fn send_hints(&mut self, serial: u64, lines: &[u8]) {
        let fields = super::answers::lines_of(lines);
        // They were checked, and hints are nothing that anybody may rely on.
        let _ = self.codec.inform(id(serial), 103, fields);
        self.is_behind = true;
    }
}

/// The number of the stream that a serial stands for.
pub(super) fn id(serial: u64) -> u32 {
    u32::try_from(serial).unwrap_or_default()
}
