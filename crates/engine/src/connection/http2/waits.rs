//! What a connection waits for, and what becomes of it when it waits in vain.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use ::http2::Reason;
use pyo3::prelude::*;

use super::super::deadlines::{Awaited, Timeouts};
use super::super::output::Output;
use super::super::shared::Shared;
use super::super::state::{Ending, State};
use super::super::tls::Seal;
use super::super::websocket::{INTERNAL_ERROR, SERVICE_RESTART};
use super::super::{Connection, bury};
use super::session::{Session, Stream};

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
            if self.is_shared && output.is_long() {
                // What the others say next has all that lies in the kernel before it. One alone is better off
                // with a deep queue, from which the kernel sends without asking for more.
                output.keep_shallow(socket);
            }
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
        if self.codec.total_backlog() > 0 {
            return Awaited::Drain;
        }
        if self.streams.is_empty() {
            return match (is_silent && !self.codec.is_amid(), has_asked) {
                _ if self.is_leaving => Awaited::Linger,
                (true, true) => Awaited::Request,
                _ => Awaited::Head,
            };
        }
        // Bodies are awaited by their streams.
        let websockets = self
            .streams
            .values()
            .filter_map(|stream| stream.websocket.as_ref());
        websockets
            .last()
            .map_or(Awaited::Application, |session| session.awaited())
    }

    /// A tick passed: the requests whose bodies come too slowly.
    fn late(&mut self, timeouts: &Timeouts) -> Vec<u64> {
        let (slowest, tick) = (timeouts.body, timeouts.tick());
        let late = |(serial, stream): (&u64, &mut Box<Stream>)| {
            stream.is_late(slowest, tick).then_some(*serial)
        };
        self.streams.iter_mut().filter_map(late).collect()
    }
}

impl Connection {
    /// The server shuts down: open requests are answered, others not taken any more.
    pub(in super::super) fn leave_http2(self: &Arc<Self>, py: Python<'_>) {
        let gone = match &mut self.state(py).http2 {
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
        let (late, gone) = {
            let mut state = self.state(py);
            let ending = state.ending;
            // What is not read cannot come.
            let is_heard = state.hears_streams();
            let Some(session) = &mut state.http2 else {
                return;
            };
            let timeouts = &self.shared.options.timeouts;
            session.codec.time_passed(timeouts.tick());
            let late = if is_heard {
                session.late(timeouts)
            } else {
                Vec::new()
            };
            let gone = match missed {
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
            };
            (late, gone)
        };
        if let Some(gone) = &gone {
            bury(py, gone);
        }
        // Requests whose bodies stay away are answered without.
        for serial in &late {
            self.time_out_turn(py, *serial);
        }
        if missed.is_some() || !late.is_empty() {
            self.resume(py);
        }
    }
}
