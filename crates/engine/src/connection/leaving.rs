//! How connections go when the server does: nothing that a client has sent is lost.
//!
//! What is in flight is answered, with `Connection: close`. A connection without a request may be
//! closed at any time (RFC 9112, section 9.5), but its client may be sending the next one just
//! then. So one that was opened or used a moment ago gets a moment more, and a request that comes
//! in it is answered; one that has been idle for longer than that goes at once.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use rustix::net::{RecvFlags, recv};

use super::Connection;
use super::asgi::Cycle;
use super::head::Framing;
use super::shared::Shared;
use super::state::State;
use super::turn::{Reply, Turn};

/// For how long after its last answer a client may send the next request.
const MOMENT: Duration = Duration::from_secs(1);

/// What becomes of a connection.
enum Leaving {
    /// It goes now.
    Close,
    /// It goes after the answer, or when no request comes.
    Wait,
    /// The client is told to come back.
    Restart,
}

impl Connection {
    /// The server leaves: lets the client go as soon as that loses nothing.
    pub(super) fn shut_down(self: &Arc<Self>, py: Python<'_>) {
        if self.state(py).http2.is_some() {
            return self.leave_http2(py);
        }
        let leaving = self.state(py).leave(&self.shared);
        match leaving {
            Leaving::Close => self.lose(py),
            Leaving::Wait => {}
            Leaving::Restart => self.restart_websocket(py),
        }
    }

    /// Tells an application that sends an answer of no known length that nobody waits for its end.
    pub(super) fn end_stream(&self, py: Python<'_>) {
        let cycles = self.state(py).streaming(py);
        for cycle in cycles {
            cycle.get().hasten(py);
        }
    }
}

/// The tick at which a connection goes, when the server does, that waits since tick `began`.
pub(super) fn until_leaving(shared: &Shared, began: u64) -> u64 {
    began.saturating_add(shared.options.timeouts.ticks(MOMENT))
}

impl State {
    fn leave(&mut self, shared: &Shared) -> Leaving {
        if self.websocket.is_some() {
            return Leaving::Restart;
        }
        if self.pumping || !self.is_idle() || !self.input.is_empty() {
            return Leaving::Wait;
        }
        let timeouts = &shared.options.timeouts;
        let whole = timeouts.end(self.deadline.awaited, 0);
        let began = self.deadline.at.saturating_sub(whole);
        let until = until_leaving(shared, began);
        if shared.now() >= until && !self.has_unread() {
            return Leaving::Close;
        }
        self.deadline.at = self.deadline.at.min(until);
        Leaving::Wait
    }

    /// Whether something has arrived that was not read yet: a request that would be lost.
    pub(super) fn has_unread(&self) -> bool {
        let mut byte = [0; 1];
        self.socket.as_ref().is_some_and(|socket| {
            matches!(recv(socket, &mut byte, RecvFlags::PEEK), Ok((length, _)) if length > 0)
        })
    }

    /// The cycles whose answers are under way and may never end.
    fn streaming(&self, py: Python<'_>) -> Vec<Py<Cycle>> {
        let turns = self.http2.as_ref().map(|session| session.turns());
        let endless = |turn: &&Turn| {
            matches!(
                turn.reply,
                Reply::Streaming(Framing::Chunked | Framing::UntilClose | Framing::ByFrame)
                    | Reply::Trailing(_)
            )
        };
        let turns = turns.into_iter().flatten().chain(&self.turn);
        turns
            .filter(endless)
            .filter_map(|turn| turn.cycle.as_ref())
            .map(|cycle| cycle.clone_ref(py))
            .collect()
    }
}
