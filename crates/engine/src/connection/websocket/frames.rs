//! Messages in and out of a connection that speaks WebSocket.

use std::sync::Arc;

use bytes::BytesMut;
use pyo3::prelude::*;
use websocket::Event;

use super::super::output::{HIGH_WATER, LOW_WATER};
use super::super::state::{Ending, Next, State};
use super::super::{Connection, notify};
use super::{Message, Session};
use crate::connection::Cycle;

/// The close codes that the server itself has a use for (RFC 6455 section 7.4.1).
const ABNORMAL: u16 = 1006;
pub(in super::super) const INTERNAL_ERROR: u16 = 1011;
pub(in super::super) const SERVICE_RESTART: u16 = 1012;

/// What frames that were read come to.
pub(in super::super) struct Read {
    /// There is something for the application.
    pub(in super::super) arrived: bool,
    /// How the WebSocket ends, if it does.
    pub(in super::super) ending: Ending,
}

impl Session {
    /// Reads the frames in `input`, as far as the application keeps up. Answers are appended to
    /// `out`, beside which `backlog` bytes wait for the client.
    pub(in super::super) fn read(
        &mut self,
        input: &mut BytesMut,
        out: &mut Vec<u8>,
        backlog: usize,
        eof: bool,
    ) -> Read {
        let mut read = Read {
            arrived: false,
            ending: Ending::None,
        };
        let before = out.len();
        // Whoever sends pings without reading the answers has to wait as well.
        while !self.is_full() && backlog + out.len() - before < HIGH_WATER {
            match self.decoder.decode(input) {
                Ok(None) => {
                    if eof {
                        self.end(ABNORMAL, "");
                        read.ending = Ending::Close;
                        read.arrived = true;
                    }
                    break;
                }
                Ok(Some(Event::Text(text))) => self.deliver(Message::Text(text)),
                Ok(Some(Event::Binary(bytes))) => self.deliver(Message::Binary(bytes)),
                Ok(Some(Event::Ping(payload))) => {
                    if !self.said_close {
                        self.encoder.pong(out, &payload);
                    }
                    continue;
                }
                Ok(Some(Event::Pong(_))) => {
                    self.awaits_pong = false;
                    continue;
                }
                Ok(Some(Event::Close(close))) => {
                    self.end(close.code, &close.reason);
                    self.say_close(out, close.code, "");
                    read.ending = Ending::Close;
                }
                Err(_) if self.inbox.hold() => {
                    self.has_failed = true;
                    break;
                }
                Err(violation) => {
                    self.end(violation.code(), violation.message());
                    self.say_close(out, violation.code(), violation.message());
                    read.ending = Ending::Linger;
                }
            }
            read.arrived = true;
            if read.ending != Ending::None {
                break;
            }
        }
        read
    }
}

impl State {
    /// Works through the frames that arrived, as far as the application keeps up.
    pub(in super::super) fn next_frames(&mut self) -> Next {
        let Self {
            websocket,
            input,
            output,
            ..
        } = self;
        let Some(session) = websocket else {
            return Next::Rest;
        };
        let backlog = output.len();
        let read = session.read(input, output.tail(), backlog, self.eof);
        if read.ending != Ending::None {
            self.ending = read.ending;
        }
        if read.arrived {
            Next::Arrived(self.serial)
        } else {
            Next::Rest
        }
    }

    /// The WebSocket of the request with this serial, while it is open, and where it writes.
    fn speaking(&mut self, serial: u64) -> Option<(&mut Session, &mut Vec<u8>)> {
        let Self {
            http2,
            turn,
            websocket,
            output,
            ..
        } = self;
        if let Some(session) = http2 {
            return session.speaking(serial);
        }
        turn.as_ref().filter(|turn| turn.serial == serial)?;
        Some((websocket.as_deref_mut()?, output.tail()))
    }

    /// Whether the output is full for the request with this serial, which then waits for it to drain.
    fn fills(&mut self, serial: u64) -> bool {
        let full = self.is_full(serial);
        self.turn(serial).is_some_and(|turn| {
            turn.draining |= full;
            full
        })
    }

    /// Writes a close frame in the name of the server.
    fn hang_up(&mut self, code: u16, reason: &str, ending: Ending) {
        if let Some(session) = self.websocket.as_deref_mut()
            && !session.said_close
        {
            session.end(code, reason);
            session.say_close(self.output.tail(), code, reason);
            self.ending = ending;
        }
    }
}

impl Connection {
    /// Sends a message. `Some(full)` says whether the producer has to wait, `None` that nobody reads
    /// it: the connection is closed, or about to be.
    ///
    /// While others wait to be received, which the application is likely to answer as well, it
    /// is kept for those: they leave together, at the end of the loop's iteration at the latest.
    /// What is sent in a turn that was made when they came leaves with the end of that.
    pub(in super::super) fn send_message(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        write: impl FnOnce(&mut websocket::Encoder, &mut Vec<u8>),
    ) -> Option<bool> {
        let (is_first, is_kept) = {
            let mut state = self.state(py);
            let (ending, is_first) = (state.ending, state.output.is_empty());
            let has_streams = state.http2.is_some();
            let (session, out) = state
                .speaking(serial)
                .filter(|(session, _)| !session.said_close && ending == Ending::None)?;
            write(&mut session.encoder, out);
            let has_more = session.has_messages();
            if state.pumping && !has_streams {
                state.passed_over = true;
                return Some(state.fills(serial));
            }
            // Streams that share a connection leave together anyhow.
            let is_kept = !has_streams && has_more && state.output.len() < LOW_WATER;
            (is_first, is_kept)
        };
        match (is_kept, is_first) {
            (false, _) => self.resume(py),
            (true, true) => self.shared.hold(Arc::clone(self), serial),
            (true, false) => {}
        }
        Some(self.state(py).fills(serial))
    }

    /// The application closes, or is done. Says whether this request has become a WebSocket.
    pub(crate) fn close_websocket(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        code: u16,
        reason: &str,
    ) -> bool {
        {
            let mut state = self.state(py);
            let Some((session, out)) = state.speaking(serial) else {
                return false;
            };
            session.say_close(out, code, reason);
        }
        self.resume(py);
        true
    }

    /// The application failed.
    pub(crate) fn break_websocket(self: &Arc<Self>, py: Python<'_>, serial: u64) -> bool {
        self.close_websocket(py, serial, INTERNAL_ERROR, "")
    }

    /// The application took a message from a full inbox.
    pub(in super::super) fn inbox_has_room(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        if let Some(session) = &mut self.state(py).http2 {
            session.has_room(serial);
        }
        self.resume(py);
    }

    /// Time for the client to show that it is there.
    pub(in super::super) fn ping(self: &Arc<Self>, py: Python<'_>) {
        {
            let mut state = self.state(py);
            let State {
                websocket, output, ..
            } = &mut *state;
            if let Some(session) = websocket {
                session.ask(output.tail());
            }
        }
        self.settle(py);
    }

    /// It did not.
    pub(in super::super) fn give_up_on_client(self: &Arc<Self>, py: Python<'_>) {
        self.hang_up(py, INTERNAL_ERROR, "keepalive ping timeout");
    }

    /// The server shuts down.
    pub(in super::super) fn restart_websocket(self: &Arc<Self>, py: Python<'_>) {
        self.hang_up(py, SERVICE_RESTART, "");
    }

    fn hang_up(self: &Arc<Self>, py: Python<'_>, code: u16, reason: &str) {
        let cycle = {
            let mut state = self.state(py);
            state.hang_up(code, reason, Ending::Linger);
            state.current(py)
        };
        notify(py, cycle.as_ref(), Cycle::arrived);
        self.settle(py);
    }
}
