//! Messages in and out of a connection that speaks WebSocket.

use std::sync::Arc;

use pyo3::prelude::*;
use websocket::Event;

use super::super::output::{HIGH_WATER, LOW_WATER};
use super::super::state::{Ending, Next, State};
use super::super::{Connection, notify};
use super::{Message, NotSent, Session};
use crate::connection::Cycle;

/// The close codes that the server itself has a use for (RFC 6455 section 7.4.1).
const ABNORMAL: u16 = 1006;
const INTERNAL_ERROR: u16 = 1011;
const SERVICE_RESTART: u16 = 1012;

impl State {
    /// Works through the frames that arrived, as far as the application keeps up.
    pub(in super::super) fn next_frames(&mut self) -> Next {
        let mut arrived = false;
        let serial = self.serial;
        let Self {
            websocket,
            input,
            output,
            ..
        } = self;
        let Some(session) = websocket else {
            return Next::Rest;
        };
        // Whoever sends pings without reading the answers has to wait as well.
        while !session.is_full() && output.len() < HIGH_WATER {
            match session.decoder.decode(input) {
                Ok(None) => {
                    if self.eof {
                        session.end(ABNORMAL, "");
                        self.ending = Ending::Close;
                        arrived = true;
                    }
                    break;
                }
                Ok(Some(Event::Text(text))) => session.deliver(Message::Text(text)),
                Ok(Some(Event::Binary(bytes))) => session.deliver(Message::Binary(bytes)),
                Ok(Some(Event::Ping(payload))) => {
                    if !session.said_close {
                        session.encoder.pong(output.tail(), &payload);
                    }
                    continue;
                }
                Ok(Some(Event::Pong(_))) => {
                    session.awaits_pong = false;
                    continue;
                }
                Ok(Some(Event::Close(close))) => {
                    session.end(close.code, &close.reason);
                    session.say_close(output.tail(), close.code, "");
                    self.ending = Ending::Close;
                    return Next::Arrived(serial);
                }
                Err(violation) => {
                    session.end(violation.code(), violation.message());
                    session.say_close(output.tail(), violation.code(), violation.message());
                    self.ending = Ending::Linger;
                    return Next::Arrived(serial);
                }
            }
            arrived = true;
        }
        if arrived {
            Next::Arrived(serial)
        } else {
            Next::Rest
        }
    }

    /// The WebSocket of the request with this serial, while it is open.
    fn session(&mut self, serial: u64) -> Option<&mut Session> {
        self.turn(serial)?;
        self.websocket.as_deref_mut()
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
    /// Sends a message. `Ok(full)` says that the producer has to wait.
    ///
    /// While others wait to be received, which the application is likely to answer as well, it
    /// is kept for those: they leave together, at the end of the loop's iteration at the latest.
    pub(in super::super) fn send_message(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        write: impl FnOnce(&mut websocket::Encoder, &mut Vec<u8>),
    ) -> Result<bool, NotSent> {
        let (is_first, is_kept) = {
            let mut state = self.state();
            let ending = state.ending;
            let State {
                websocket, output, ..
            } = &mut *state;
            let session = websocket
                .as_deref_mut()
                .filter(|session| !session.said_close && ending == Ending::None)
                .ok_or(NotSent::Disconnected)?;
            let is_first = output.is_empty();
            write(&mut session.encoder, output.tail());
            let is_kept = session.has_messages() && output.len() < LOW_WATER;
            (is_first, is_kept)
        };
        match (is_kept, is_first) {
            (false, _) => self.resume(py),
            (true, true) => self.shared.hold(Arc::clone(self), serial),
            (true, false) => {}
        }
        let mut state = self.state();
        let full = state.output.len() > HIGH_WATER;
        Ok(match state.turn(serial) {
            Some(turn) => {
                turn.draining |= full;
                full
            }
            None => false,
        })
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
            let mut state = self.state();
            if state.session(serial).is_none() {
                return false;
            }
            let State {
                websocket, output, ..
            } = &mut *state;
            if let Some(session) = websocket {
                session.say_close(output.tail(), code, reason);
            }
        }
        self.resume(py);
        true
    }

    /// The application failed.
    pub(crate) fn break_websocket(self: &Arc<Self>, py: Python<'_>, serial: u64) -> bool {
        self.close_websocket(py, serial, INTERNAL_ERROR, "")
    }

    /// The application took a message from a full inbox.
    pub(in super::super) fn inbox_has_room(self: &Arc<Self>, py: Python<'_>) {
        self.resume(py);
    }

    /// Time for the client to show that it is there.
    pub(in super::super) fn ping(self: &Arc<Self>, py: Python<'_>) {
        {
            let mut state = self.state();
            let State {
                websocket, output, ..
            } = &mut *state;
            if let Some(session) = websocket {
                session.awaits_pong = true;
                session.encoder.ping(output.tail(), b"");
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
            let mut state = self.state();
            state.hang_up(code, reason, Ending::Linger);
            state.current(py)
        };
        notify(py, cycle.as_ref(), Cycle::arrived);
        self.settle(py);
    }
}
