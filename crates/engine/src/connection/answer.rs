//! Answers on their way into the output.

use std::os::fd::AsFd;
use std::sync::Arc;

use pyo3::prelude::*;

use super::asgi::Cycle;
use super::head::{Headers, Said, Unsendable};
use super::output::HIGH_WATER;
use super::shared::Shared;
use super::state::State;
use super::turn::Reply;
use super::{Connection, notify};

/// Why a message of the application was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// It has to be this message.
    Expected(&'static str),
    /// There is nothing left to say.
    Complete,
    Unsendable(Unsendable),
}

impl From<Unsendable> for Rejected {
    fn from(unsendable: Unsendable) -> Self {
        Self::Unsendable(unsendable)
    }
}

/// What became of a whole answer.
enum Answered {
    /// Nobody waits for it.
    Nobody,
    /// It is written; the cycle is to be told outside of the lock.
    Whole(Option<Py<Cycle>>),
}

/// What became of a piece of a body.
#[derive(Default)]
pub(super) struct Taken {
    /// The status, when this piece made its head go out.
    pub(super) status: Option<u16>,
    /// The producer has to wait.
    pub(super) full: bool,
    /// To be told, outside of the lock, that this was the end.
    cycle: Option<Py<Cycle>>,
}

/// Whose turn it is, as seen by a late message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The answer can begin.
    Unanswered,
    /// A part of the answer has left.
    Begun,
    /// The answer is complete, or nobody waits for it any more.
    Over,
}

impl Connection {
    /// How far the answer to the request with this serial is.
    pub(crate) fn standing(&self, serial: u64) -> Standing {
        match self.state().turn(serial) {
            Some(turn) if turn.is_unanswered() => Standing::Unanswered,
            Some(turn) if !turn.is_complete() => Standing::Begun,
            _ => Standing::Over,
        }
    }

    /// Whether the client is known to have left.
    pub(crate) fn has_left(&self) -> bool {
        let state = self.state();
        state.eof || state.socket.is_none()
    }

    /// What a message that fits nowhere should have been.
    pub(super) fn misplaced(&self, serial: u64) -> Rejected {
        match self.state().turn(serial).map(|turn| &turn.reply) {
            Some(Reply::Waiting) => Rejected::Expected("http.response.start"),
            Some(Reply::Held { .. } | Reply::Streaming(_)) => {
                Rejected::Expected("http.response.body")
            }
            Some(Reply::Upgraded | Reply::Complete) | None => Rejected::Complete,
        }
    }

    pub(super) fn is_draining(&self, serial: u64) -> bool {
        self.state().turn(serial).is_some_and(|turn| turn.draining)
    }

    /// Answers at once and whole. Says whether the answer went out as given.
    pub(crate) fn answer(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        status: u16,
        headers: Headers<'_>,
        body: &[u8],
    ) -> bool {
        let (answered, pumping) = {
            let mut state = self.state();
            let answered = state.answer(&self.shared, serial, status, headers, body);
            (answered, state.pumping)
        };
        match answered {
            Ok(Answered::Nobody) => false,
            Ok(Answered::Whole(cycle)) => {
                notify(py, cycle.as_ref(), Cycle::completed);
                if !pumping {
                    self.resume(py);
                }
                true
            }
            Err(unsendable) => {
                let text = format!("The answer cannot be sent: {}", unsendable.text());
                self.shared.logs.error(py, &text);
                self.fail_turn(py, serial);
                false
            }
        }
    }

    /// Takes the head of a streamed answer and keeps it for the body to come.
    pub(super) fn start_response(
        self: &Arc<Self>,
        serial: u64,
        status: u16,
        block: Vec<u8>,
        said: Said,
    ) -> Result<(), Rejected> {
        {
            let mut state = self.state();
            let Some(turn) = state.turn(serial) else {
                return Ok(());
            };
            match turn.reply {
                Reply::Waiting => {
                    turn.reply = Reply::Held {
                        status,
                        block,
                        said,
                    }
                }
                Reply::Held { .. } | Reply::Streaming(_) => {
                    return Err(Rejected::Expected("http.response.body"));
                }
                Reply::Upgraded | Reply::Complete => return Err(Rejected::Complete),
            }
        }
        self.shared.hold(Arc::clone(self), serial);
        Ok(())
    }

    /// Takes a piece of a streamed answer. `Ok(full)` says that the producer has to wait.
    pub(super) fn send_body(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        piece: &[u8],
        more: bool,
    ) -> Result<Taken, Rejected> {
        let mut taken = self.state().stream(&self.shared, serial, piece, more)?;
        notify(py, taken.cycle.take().as_ref(), Cycle::completed);
        self.resume(py);
        if taken.full {
            // What was written may have left with the flush.
            let mut state = self.state();
            taken.full = more && state.output.len() > HIGH_WATER;
            let full = taken.full;
            match state.turn(serial) {
                Some(turn) => turn.draining |= full,
                None => taken.full = false,
            }
        }
        Ok(taken)
    }

    /// Sends a head whose body did not come in the same iteration. Returns its status.
    pub(super) fn release_head(self: &Arc<Self>, py: Python<'_>, serial: u64) -> Option<u16> {
        let status = {
            let mut state = self.state();
            state.release(&self.shared, serial, None).ok().flatten()?
        };
        self.resume(py);
        Some(status)
    }
}

impl State {
    /// Writes a whole answer.
    fn answer(
        &mut self,
        shared: &Shared,
        serial: u64,
        status: u16,
        headers: Headers<'_>,
        body: &[u8],
    ) -> Result<Answered, Unsendable> {
        let Self {
            turn,
            output,
            socket,
            ..
        } = self;
        let turn = turn
            .as_mut()
            .filter(|turn| turn.serial == serial && turn.is_unanswered());
        let (Some(turn), Some(socket)) = (turn, socket) else {
            return Ok(Answered::Nobody);
        };
        turn.at.keep_alive &= !shared.is_shutting_down();
        let out = output.tail();
        let mark = out.len();
        let head = shared
            .with_default_lines(|lines| turn.answer_head(out, lines, status, headers, body.len()));
        match head {
            Ok(true) => output.push_body(socket.as_fd(), body),
            Ok(false) => {}
            Err(unsendable) => {
                out.truncate(mark);
                return Err(unsendable);
            }
        }
        Ok(Answered::Whole(self.complete(shared)))
    }

    /// Writes the head that was held, if one is. Returns its status then.
    fn release(
        &mut self,
        shared: &Shared,
        serial: u64,
        whole: Option<usize>,
    ) -> Result<Option<u16>, Unsendable> {
        let Self { turn, output, .. } = self;
        let Some(turn) = turn.as_mut().filter(|turn| turn.serial == serial) else {
            return Ok(None);
        };
        let Reply::Held { status, .. } = turn.reply else {
            return Ok(None);
        };
        turn.at.keep_alive &= !shared.is_shutting_down();
        shared.with_default_lines(|lines| turn.release_head(output.tail(), lines, whole))?;
        Ok(Some(status))
    }

    /// Writes a piece of a streamed answer, after its head if that was held.
    fn stream(
        &mut self,
        shared: &Shared,
        serial: u64,
        piece: &[u8],
        more: bool,
    ) -> Result<Taken, Rejected> {
        match self.turn(serial).map(|turn| &turn.reply) {
            None => return Ok(Taken::default()),
            Some(Reply::Waiting) => return Err(Rejected::Expected("http.response.start")),
            Some(Reply::Upgraded | Reply::Complete) => return Err(Rejected::Complete),
            Some(Reply::Held { said, status, .. }) => {
                let too_long = said
                    .content_length
                    .is_some_and(|said| said < piece.len() as u64);
                if more && too_long && !super::head::is_bodiless(*status) {
                    return Err(Unsendable::Longer.into());
                }
            }
            Some(Reply::Streaming(_)) => {}
        }
        let status = self.release(shared, serial, (!more).then_some(piece.len()))?;
        let Self {
            turn,
            output,
            socket,
            ..
        } = self;
        let (Some(turn), Some(socket)) = (turn, socket) else {
            return Ok(Taken::default());
        };
        let raw = turn.frame(output.tail(), piece, more)?;
        output.push_body(socket.as_fd(), raw);
        let full = output.len() > HIGH_WATER;
        let cycle = if more { None } else { self.complete(shared) };
        Ok(Taken {
            status,
            full,
            cycle,
        })
    }
}
