//! What a connection waits for, and what becomes of it when it waits in vain.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use ::http2::Reason;
use pyo3::prelude::*;

use super::super::deadlines::Awaited;
use super::super::output::Output;
use super::super::shared::Shared;
use super::super::state::{Ending, State};
use super::super::tls::Seal;
use super::super::websocket::{INTERNAL_ERROR, SERVICE_RESTART};
use super::super::{Connection, bury};
use super::session::Session;

impl State {
    /// Whether the client begins with HTTP/2: agreed on with TLS, or known to it before.
    pub(in super::super) fn begins_http2(&mut self, shared: &Shared) -> bool {
        let Some(limits) = shared.options.http2 else {
            return false;
        };
        // What was agreed on with TLS holds, whatever comes; otherwise the first line says.
        let agreed = self.output.seal.as_deref().and_then(Seal::protocol);
        if !agreed.map_or_else(|| self.input.starts_with(LINE), |name| name == b"h2") {
            return false;
        }
        match Session::new(limits) {
            Ok(session) => self.http2 = Some(session),
            Err(_) => self.ending = Ending::Close,
        }
        true
    }
}

/// How many bytes leave before others have a turn.
const TURN: usize = 1024 * 1024;
/// What no request of HTTP/1 begins with, and all clients of HTTP/2 do.
const LINE: &[u8] = b"PRI * HTTP/2.0\r\n";

impl Session {
    /// Hands the kernel as much as it takes.
    pub(in super::super) fn flush(
        &mut self,
        output: &mut Output,
        socket: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let mut sent = 0;
        loop {
            self.write(output);
            let before = output.len();
            output.flush(socket)?;
            sent += before - output.len();
            // Where it took everything, there may be more.
            self.is_unfinished = before > 0 && output.is_empty();
            if !self.is_unfinished || sent > TURN {
                return Ok(());
            }
        }
    }

    /// How a connection ends that is over.
    pub(in super::super) fn last(&self) -> Ending {
        if self.is_broken() {
            Ending::Linger
        } else {
            Ending::Close
        }
    }

    /// What the connection waits for, which decides for how long.
    pub(in super::super) fn awaited(&self, is_silent: bool, has_asked: bool) -> Awaited {
        if self.codec.has_backlog() {
            return Awaited::Drain;
        }
        if self.streams.is_empty() {
            return match (is_silent && !self.codec.is_amid(), has_asked) {
                _ if self.is_leaving => Awaited::Linger,
                (true, true) => Awaited::Request,
                _ => Awaited::Head,
            };
        }
        let mut awaited = Awaited::Application;
        for stream in self.streams.values() {
            let turn = &stream.turn;
            awaited = match &stream.websocket {
                Some(session) => session.awaited(),
                None if !turn.body_done && (stream.waiting.is_some() || turn.body_wanted) => {
                    return Awaited::Body;
                }
                None => awaited,
            };
        }
        awaited
    }

    /// The requests whose bodies are awaited.
    fn late(&self) -> Vec<u64> {
        let streams = self.streams.values();
        let late = streams.filter(|stream| {
            !stream.turn.body_done && (stream.waiting.is_some() || stream.turn.body_wanted)
        });
        late.map(|stream| stream.turn.serial).collect()
    }
}

impl Connection {
    /// The server shuts down: open requests are answered, others not taken any more.
    pub(in super::super) fn leave_http2(self: &Arc<Self>, py: Python<'_>) {
        let gone = match &mut self.state().http2 {
            None => return,
            Some(session) => {
                session.leave();
                session.hang_up(&self.shared, SERVICE_RESTART, "", |_| true)
            }
        };
        bury(py, &gone);
        self.resume(py);
    }

    /// A tick passed, and perhaps somebody was awaited for too long.
    pub(in super::super) fn on_tick_http2(
        self: &Arc<Self>,
        py: Python<'_>,
        missed: Option<Awaited>,
    ) {
        let gone = {
            let mut state = self.state();
            let ending = state.ending;
            let Some(session) = &mut state.http2 else {
                return;
            };
            session
                .codec
                .time_passed(self.shared.options.timeouts.tick());
            match missed {
                None | Some(Awaited::Application | Awaited::Body) => None,
                Some(Awaited::Ping) => {
                    session.ping();
                    None
                }
                Some(Awaited::Pong) => Some(session.hang_up(
                    &self.shared,
                    INTERNAL_ERROR,
                    "keepalive ping timeout",
                    |session| session.awaits_pong,
                )),
                Some(Awaited::Linger) if ending == Ending::None && !session.is_leaving => {
                    Some(session.hang_up(&self.shared, 1000, "", |session| session.said_close))
                }
                Some(Awaited::Head | Awaited::Request) => {
                    session.abort(Reason::NO_ERROR);
                    None
                }
                Some(waited @ (Awaited::Drain | Awaited::Linger)) => {
                    if waited == Awaited::Drain {
                        state.throw_away();
                    }
                    drop(state);
                    return self.lose(py);
                }
            }
        };
        if let Some(gone) = gone {
            bury(py, &gone);
        }
        match missed {
            None => return,
            Some(Awaited::Body) => self.time_out_bodies(py),
            Some(_) => {}
        }
        self.resume(py);
    }

    /// Requests whose bodies stay away are answered without.
    fn time_out_bodies(self: &Arc<Self>, py: Python<'_>) {
        let late = self.state().http2.as_ref().map(|session| session.late());
        for serial in late.unwrap_or_default() {
            self.time_out_turn(py, serial);
        }
    }
}
