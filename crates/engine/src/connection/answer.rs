//! Answers on their way into the output.

use std::os::fd::AsFd;
use std::sync::Arc;

use pyo3::prelude::*;

use super::asgi::Cycle;
use super::files::Source;
use super::head::{self, Framing, Headers, Said, Unsendable};
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

/// The body of a whole answer.
pub(super) enum Content<'c> {
    Bytes(&'c [u8]),
    File(Source),
}

impl Content<'_> {
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(source) => usize::try_from(source.left()).unwrap_or(usize::MAX),
        }
    }
}

/// What became of a whole answer.
pub(super) enum Answered {
    /// Nobody waits for it.
    Nobody,
    /// It is written; the cycle is to be told outside of the lock.
    Whole(Option<Py<Cycle>>),
}

/// Where a piece of a body went.
pub(super) enum Pushed {
    /// Into the output.
    On,
    /// There is nobody who waits for it.
    Nowhere,
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
    pub(crate) fn standing(&self, py: Python<'_>, serial: u64) -> Standing {
        match self.state(py).turn(serial) {
            Some(turn) if turn.is_unanswered() => Standing::Unanswered,
            Some(turn) if !turn.is_complete() => Standing::Begun,
            _ => Standing::Over,
        }
    }

    /// Whether the client of the request with this serial is known to have left.
    pub(crate) fn has_left(&self, py: Python<'_>, serial: u64) -> bool {
        let mut state = self.state(py);
        state.eof || state.socket.is_none() || state.http2.is_some() && state.turn(serial).is_none()
    }

    /// What a message that fits nowhere should have been.
    pub(super) fn misplaced(&self, py: Python<'_>, serial: u64) -> Rejected {
        match self.state(py).turn(serial).map(|turn| &turn.reply) {
            Some(Reply::Waiting) => Rejected::Expected("http.response.start"),
            Some(Reply::Held { .. } | Reply::Streaming(_)) => {
                Rejected::Expected("http.response.body")
            }
            Some(Reply::Trailing(_)) => Rejected::Expected("http.response.trailers"),
            Some(Reply::Upgraded | Reply::Complete) | None => Rejected::Complete,
        }
    }

    pub(super) fn is_draining(&self, py: Python<'_>, serial: u64) -> bool {
        self.state(py)
            .turn(serial)
            .is_some_and(|turn| turn.draining)
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
        self.answer_with(py, serial, status, headers, Content::Bytes(body))
    }

    /// The same, with a body that may come from a file.
    pub(super) fn answer_with(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        status: u16,
        headers: Headers<'_>,
        content: Content<'_>,
    ) -> bool {
        let (answered, pumping) = {
            let mut state = self.state(py);
            let answered = state.answer(&self.shared, serial, status, headers, content);
            // Should the connection only wait to be settled, there may be another request behind this one.
            state.passed_over |= state.pumping;
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
        py: Python<'_>,
        serial: u64,
        status: u16,
        block: Vec<u8>,
        said: Said,
    ) -> Result<(), Rejected> {
        let is_settled_later = {
            let mut state = self.state(py);
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
                Reply::Trailing(_) => return Err(Rejected::Expected("http.response.trailers")),
                Reply::Upgraded | Reply::Complete => return Err(Rejected::Complete),
            }
            state.pumping && state.http2.is_none()
        };
        // Whoever is up the stack sees to it, should the body not follow.
        if !is_settled_later {
            self.shared.hold(Arc::clone(self), serial);
        }
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
        let mut taken = self.state(py).stream(&self.shared, serial, piece, more)?;
        notify(py, taken.cycle.take().as_ref(), Cycle::completed);
        self.resume(py);
        if taken.full {
            // What was written may have left with the flush.
            let mut state = self.state(py);
            taken.full = more && state.is_full(serial);
            let full = taken.full;
            match state.turn(serial) {
                Some(turn) => turn.draining |= full,
                None => taken.full = false,
            }
        }
        Ok(taken)
    }

    /// Takes the whole body of a streamed answer out of a file. Returns the status.
    pub(super) fn send_file(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        source: Source,
    ) -> Result<Option<u16>, Rejected> {
        let mut taken = self.state(py).stream_file(&self.shared, serial, source)?;
        notify(py, taken.cycle.take().as_ref(), Cycle::completed);
        self.resume(py);
        Ok(taken.status)
    }

    /// Sends a head whose body did not come in the same iteration. Returns its status.
    pub(super) fn release_head(self: &Arc<Self>, py: Python<'_>, serial: u64) -> Option<u16> {
        let status = {
            let mut state = self.state(py);
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
        content: Content<'_>,
    ) -> Result<Answered, Unsendable> {
        if let Some(session) = &mut self.http2 {
            return session.answer(shared, serial, status, headers, content);
        }
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
        let length = content.length();
        let head = shared
            .with_default_lines(|lines| turn.answer_head(out, lines, status, headers, length));
        match head {
            Ok(true) => match content {
                Content::Bytes(body) => output.push_body(socket.as_fd(), body),
                Content::File(source) => output.push_source(source),
            },
            Ok(false) => {}
            Err(unsendable) => {
                out.truncate(mark);
                return Err(unsendable);
            }
        }
        Ok(Answered::Whole(self.complete(shared, serial)))
    }

    /// Writes the head that was held, if one is. Returns its status then.
    fn release(
        &mut self,
        shared: &Shared,
        serial: u64,
        whole: Option<usize>,
    ) -> Result<Option<u16>, Unsendable> {
        if let Some(session) = &mut self.http2 {
            return session.release(shared, serial, whole);
        }
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

    /// Writes the head that was held, and has a file follow it.
    fn stream_file(
        &mut self,
        shared: &Shared,
        serial: u64,
        source: Source,
    ) -> Result<Taken, Rejected> {
        let length = source.left();
        match self.turn(serial).map(|turn| &mut turn.reply) {
            None => return Ok(Taken::default()),
            Some(Reply::Waiting) => return Err(Rejected::Expected("http.response.start")),
            Some(Reply::Streaming(_)) => return Err(Rejected::Expected("http.response.body")),
            Some(Reply::Trailing(_)) => return Err(Rejected::Expected("http.response.trailers")),
            Some(Reply::Upgraded | Reply::Complete) => return Err(Rejected::Complete),
            Some(Reply::Held {
                status,
                block,
                said,
            }) => head::say_length(block, said, *status, length),
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let status = self.release(shared, serial, Some(length))?;
        let is_sent = self
            .turn(serial)
            .is_some_and(|turn| matches!(turn.reply, Reply::Streaming(Framing::Length(_))));
        if is_sent {
            if let Some(observed) = self.turn(serial).and_then(|turn| turn.observed.as_mut()) {
                observed.sent(length);
            }
            match &mut self.http2 {
                Some(session) => session.send_file(serial, source),
                None => self.output.push_source(source),
            }
        }
        let cycle = self.complete(shared, serial);
        Ok(Taken {
            status,
            full: false,
            cycle,
        })
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
                if more && too_long && !head::is_bodiless(*status) {
                    return Err(Unsendable::Longer.into());
                }
            }
            Some(Reply::Streaming(_)) => {}
            Some(Reply::Trailing(_)) => return Err(Rejected::Expected("http.response.trailers")),
        }
        let status = self.release(shared, serial, (!more).then_some(piece.len()))?;
        let pushed = match &mut self.http2 {
            Some(session) => session.push(serial, piece, more)?,
            None => self.push(piece, more)?,
        };
        if matches!(pushed, Pushed::Nowhere) {
            return Ok(Taken::default());
        }
        let full = self.is_full(serial);
        // Trailers may be to come.
        let ends = self.turn(serial).is_some_and(|turn| turn.is_complete());
        let cycle = if ends {
            self.complete(shared, serial)
        } else {
            None
        };
        Ok(Taken {
            status,
            full,
            cycle,
        })
    }

    fn push(&mut self, piece: &[u8], more: bool) -> Result<Pushed, Rejected> {
        let Self {
            turn,
            output,
            socket,
            ..
        } = self;
        let (Some(turn), Some(socket)) = (turn, socket) else {
            return Ok(Pushed::Nowhere);
        };
        let raw = turn.frame(output.tail(), piece, more)?;
        output.push_body(socket.as_fd(), raw);
        Ok(Pushed::On)
    }
}
