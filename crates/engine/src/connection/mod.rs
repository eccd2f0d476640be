//! Connections: from a listening socket to a request and back to its client.
//!
//! A connection owns its socket, one bounded input buffer, the decoder and the output. What arrives
//! is decoded and started in the same call stack; answers of pipelined requests are queued in
//! order and leave together. Everything happens on the loop's thread. The state's lock is never
//! held while Python runs: what needs Python is handed out of it.

mod answer;
mod asgi;
mod board;
mod body;
mod crowd;
mod date;
mod deadlines;
mod files;
mod gate;
mod head;
mod hints;
mod http2;
mod input;
mod kernel;
mod leaving;
mod listener;
mod log;
mod observe;
mod output;
mod pace;
mod peer;
mod proxy;
mod refusal;
mod requests;
mod server;
mod settling;
mod shared;
mod state;
mod tls;
mod together;
mod trailers;
mod turn;
mod websocket;
mod witness;

use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http1::RequestDecoder;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use reactor::{Readiness, Token};

pub(crate) use self::answer::Standing;
pub(crate) use self::asgi::{Callables, Cycle};
use self::deadlines::Awaited;
pub(crate) use self::head::Headers;
pub(crate) use self::observe::{AccessLog, MetricsPage};
use self::peer::Peer;
pub(crate) use self::proxy::ProxySettings;
pub(crate) use self::server::HttpServer;
use self::shared::Shared;
use self::state::{Gone, State};
pub(crate) use self::tls::TlsSettings;
use crate::eventloop::{Attached, EventLoop, Guard, Source};

/// One client socket and what is going on there.
pub(crate) struct Connection {
    id: u64,
    shared: Arc<Shared>,
    peer: Peer,
    state: Attached<State>,
}

impl Connection {
    /// Takes over a socket that was accepted.
    fn open(py: Python<'_>, shared: &Arc<Shared>, socket: OwnedFd, peer: Peer) {
        let decoder = RequestDecoder::new(shared.options.limits);
        let output = match shared.new_output(py) {
            Ok(output) => output,
            Err(error) => {
                let text = format!("TLS cannot begin on a connection: {error}");
                return shared.logs.error(py, &text);
            }
        };
        // A Unix socket's reads end where descriptors were passed, so being short says nothing.
        let by_edge = peer.is_tcp();
        let connection = Arc::new(Self {
            id: shared.new_id(),
            shared: Arc::clone(shared),
            peer,
            state: Attached::new(State::new(socket, decoder, output, by_edge)),
        });
        let mut state = connection.state(py);
        if connection.peer.is_trusted() && shared.expects_preface() {
            state.prologue = Some(Box::default());
        }
        let interest = state.wanted();
        state.interest = interest;
        let Some(socket) = &state.socket else { return };
        let source: Arc<dyn Source> = Arc::clone(&connection) as _;
        match shared
            .event_loop(py)
            .register(py, socket.as_fd(), interest, source)
        {
            Ok(token) => {
                state.token = Some(token);
                state.await_from_now(Awaited::Head, shared);
                shared.count_connection();
                drop(state);
                shared.keep(connection);
            }
            Err(error) => {
                drop(state);
                shared
                    .logs
                    .error(py, &format!("A connection could not be watched: {error}"));
            }
        }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn state<'a>(&'a self, py: Python<'a>) -> Guard<'a, State> {
        self.state.enter(py)
    }

    fn on_ready(self: &Arc<Self>, py: Python<'_>, readiness: Readiness) {
        let (received, left, drained) = {
            let mut state = self.state(py);
            if state.pumping {
                state.inflow.has_more = true;
                return;
            }
            state.pumping = true;
            let had_left = state.eof;
            let written = if readiness.is_writable() {
                state.output.unblock();
                state.flush()
            } else {
                Ok(())
            };
            let received = written.and_then(|()| match state.prologue {
                None => state.receive(readiness),
                Some(_) => self.receive_prologue(py, &mut state, readiness),
            });
            (received, state.eof && !had_left, state.drained(py))
        };
        if received.is_err() {
            return self.lose(py);
        }
        tell_drained(py, drained);
        if !left && self.has_company(py) {
            return self.shared.together.was_read(py, Arc::clone(self));
        }
        self.shared.together.serve(py);
        self.pump(py);
        if left {
            let (cut_short, cycle) = {
                let state = self.state(py);
                (state.is_cut_short(), state.current(py))
            };
            if cut_short {
                return self.lose(py);
            }
            notify(py, cycle.as_ref(), Cycle::arrived);
        }
        self.settle_in_turn(py);
    }

    /// Whether the loop has more to do in this iteration.
    fn has_company(&self, py: Python<'_>) -> bool {
        self.shared.event_loop(py).queued(py) > 0
    }

    /// Serves what was read, and leaves the answer to be settled with others'.
    fn serve_in_turn(self: &Arc<Self>, py: Python<'_>) {
        self.guarded(py, || self.pump(py));
        self.wait_to_settle(py);
    }

    /// Settles now, or together with others.
    fn settle_in_turn(self: &Arc<Self>, py: Python<'_>) {
        if self.has_company(py) {
            self.wait_to_settle(py);
        } else {
            self.settle(py);
        }
    }

    /// Until it is settled, whoever comes here finds that somebody will see to it.
    fn wait_to_settle(self: &Arc<Self>, py: Python<'_>) {
        self.state(py).passed_over = false;
        self.shared.together.was_served(py, Arc::clone(self));
    }

    /// Settles what waited for others, and comes back for work that turned up meanwhile.
    fn settle_now(self: &Arc<Self>, py: Python<'_>) {
        let has_work = {
            let mut state = self.state(py);
            state.passed_over && state.rest()
        };
        self.guarded(py, || self.settle(py));
        if has_work {
            self.go_on_soon(py);
        }
    }

    /// Goes on after something changed outside of `ready`, unless somebody up the stack will.
    ///
    /// This may be inside of a task. What is to be written leaves at once, but another request is
    /// not started in there: the loop comes back for it.
    fn resume(self: &Arc<Self>, py: Python<'_>) {
        let has_work = {
            let mut state = self.state(py);
            if state.pumping {
                state.passed_over = true;
                return;
            }
            state.rest()
        };
        self.guarded(py, || self.settle(py));
        if has_work {
            self.go_on_soon(py);
        }
    }

    /// The loop comes back for input that waits.
    fn go_on_soon(self: &Arc<Self>, py: Python<'_>) {
        let this = Arc::clone(self);
        let go_on = move |py: Python<'_>| this.guarded(py, || this.go_on(py));
        self.shared
            .event_loop(py)
            .call_soon_native(py, Box::new(go_on));
    }

    /// Works through input that came while a request was being answered.
    fn go_on(self: &Arc<Self>, py: Python<'_>) {
        {
            let mut state = self.state(py);
            if state.pumping {
                state.passed_over = true;
                return;
            }
            state.pumping = true;
        }
        self.pump(py);
        self.settle(py);
    }

    /// What was held back for more to come leaves now: the head of the request with this serial,
    /// or messages of a WebSocket.
    fn release(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        let cycle = {
            let mut state = self.state(py);
            if !state.holds_head(serial) {
                let is_websocket = state.websocket.is_some();
                drop(state);
                if is_websocket {
                    self.resume(py);
                }
                return;
            }
            state.cycle(py, serial)
        };
        notify(py, cycle.as_ref(), Cycle::release);
    }

    /// Brings socket and state in line at the end of a turn of work.
    fn settle(self: &Arc<Self>, py: Python<'_>) {
        let (settled, drained, has_work, held) = {
            let mut state = self.state(py);
            let held = state.held();
            let settled = state.settle(py, &self.shared);
            let has_work = state
                .http2
                .as_ref()
                .is_some_and(|session| session.has_work());
            (settled, state.drained(py), has_work, held)
        };
        if settled.is_err() {
            return self.lose(py);
        }
        tell_drained(py, drained);
        if let Some(serial) = held {
            self.shared.hold(Arc::clone(self), serial);
        }
        if has_work {
            self.go_on_soon(py);
        }
    }

    /// Closes the connection now, whatever is going on there.
    fn lose(self: &Arc<Self>, py: Python<'_>) {
        let gone = {
            let mut state = self.state(py);
            state.pumping = false;
            state.close(py, &self.shared)
        };
        bury(py, &gone);
        self.shared.forget(py, self.id);
    }

    /// A tick passed: whoever was awaited for too long is let go.
    fn on_tick(self: &Arc<Self>, py: Python<'_>, now: u64) {
        let missed = self.state(py).missed(&self.shared, now);
        match missed {
            _ if self.state(py).http2.is_some() => self.on_tick_http2(py, missed),
            None => {}
            Some(Awaited::Head | Awaited::Body) if self.state(py).is_unanswered() => {
                self.time_out(py);
            }
            // It came just now, and will be read in a moment.
            Some(Awaited::Head | Awaited::Request) if self.state(py).has_unread() => {}
            Some(Awaited::Ping) => self.ping(py),
            Some(Awaited::Pong) => self.give_up_on_client(py),
            Some(Awaited::Drain) => {
                self.state(py).throw_away();
                self.lose(py);
            }
            Some(_) => self.lose(py),
        }
    }

    /// Runs `work`; a panic in it costs this connection and nothing else.
    fn guarded(self: &Arc<Self>, py: Python<'_>, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.shared.logs.error(
                py,
                "A request failed inside the server; its connection closes",
            );
            self.fail_whole(py);
        }
    }
}

impl Source for Connection {
    fn ready(
        self: Arc<Self>,
        py: Python<'_>,
        _event_loop: &Bound<'_, EventLoop>,
        _token: Token,
        readiness: Readiness,
    ) {
        self.guarded(py, || self.on_ready(py, readiness));
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.state.traverse(|state| {
            if let Some(session) = &state.http2 {
                session.traverse(visit)?;
            }
            visit.call(state.turn.as_ref().and_then(|turn| turn.cycle.as_ref()))
        })
    }
}

/// Tells a cycle, if there is one.
fn notify(py: Python<'_>, cycle: Option<&Py<Cycle>>, what: impl FnOnce(&Cycle, Python<'_>)) {
    if let Some(cycle) = cycle {
        what(cycle.get(), py);
    }
}

fn tell_drained(py: Python<'_>, cycles: Option<Vec<Py<Cycle>>>) {
    let Some(cycles) = cycles else { return };
    for cycle in &cycles {
        cycle.get().drained(py);
    }
}

/// Lets go of what turns left behind, outside of the lock.
fn bury(py: Python<'_>, gone: &Gone) {
    for cycle in gone.cycles() {
        cycle.get().disconnected(py);
    }
}
