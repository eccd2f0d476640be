//! Bringing socket, interest and deadline in line with what a connection has become.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use bytes::BytesMut;
use pyo3::prelude::*;
use reactor::Interest;
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{Shutdown, shutdown};

use super::deadlines::Awaited;
use super::leaving::until_leaving;
use super::output::{HIGH_WATER, Output};
use super::shared::Shared;
use super::state::{Ending, Gone, State};

/// How much may wait unparsed while a request is being answered.
const READ_AHEAD: usize = 16 * 1024;
/// How much of a client's request is read after its answer was refused, so that it sees the answer.
const LINGER: usize = 1024 * 1024;

impl State {
    /// Hands the kernel what it takes of the output.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        match &mut self.http2 {
            None => self.output.flush(socket.as_fd())?,
            Some(session) => {
                session.flush(&mut self.output, socket.as_fd())?;
                if session.is_over() && self.ending == Ending::None {
                    self.ending = session.last();
                }
            }
        }
        Ok(())
    }

    /// Brings the socket in line with the state: writes, ends, watches. `Err` closes the connection.
    pub(super) fn settle(&mut self, py: Python<'_>, shared: &Shared) -> Result<(), ()> {
        self.pumping = false;
        if self.socket.is_none() {
            return Ok(());
        }
        self.flush().map_err(drop)?;
        if self.output.is_empty() {
            self.end()?;
        }
        let wanted = self.wanted();
        if wanted != self.interest
            && let Some(token) = self.token
        {
            shared
                .event_loop(py)
                .set_interest(py, token, wanted)
                .map_err(drop)?;
            self.interest = wanted;
        } else if self.inflow.has_more
            && wanted.is_by_edge()
            && let Some(token) = self.token
        {
            (shared.event_loop(py).look_again(py, token)).map_err(drop)?;
        }
        self.inflow.has_more = false;
        let awaited = self.awaited();
        if awaited != self.deadline.awaited {
            self.await_from_now(awaited, shared);
        }
        Ok(())
    }

    /// A wait begins.
    pub(super) fn await_from_now(&mut self, awaited: Awaited, shared: &Shared) {
        self.deadline.awaited = awaited;
        self.deadline.at = shared.options.timeouts.end(awaited, shared.now());
        if awaited == Awaited::Drain {
            self.deadline.drain.renew();
        }
        if awaited == Awaited::Request && shared.is_shutting_down() {
            // The last answer did not announce the end, so the client may ask once more.
            self.deadline.at = self.deadline.at.min(until_leaving(shared, shared.now()));
        }
    }

    /// A tick passed: what was awaited for too long, if anything was.
    pub(super) fn missed(&mut self, shared: &Shared, now: u64) -> Option<Awaited> {
        if self.pumping {
            return None;
        }
        let timeouts = &shared.options.timeouts;
        let awaited = self.deadline.awaited;
        let missed = match awaited {
            Awaited::Body => {
                let pace = &mut self.deadline.body;
                pace.is_too_slow(timeouts.body, timeouts.tick(), self.received)
            }
            Awaited::Drain => {
                let taken = self
                    .output
                    .acknowledged(self.socket.as_ref().map(AsFd::as_fd));
                let pace = &mut self.deadline.drain;
                pace.is_too_slow(timeouts.drain, timeouts.tick(), taken)
            }
            Awaited::Request | Awaited::Ping | Awaited::Pong => {
                self.rest_lightly();
                self.deadline.has_passed(now)
            }
            _ => self.deadline.has_passed(now),
        };
        missed.then_some(awaited)
    }

    /// Nothing may happen for long: buffers that are empty need not be kept.
    fn rest_lightly(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            self.input = BytesMut::new();
        }
        // No Python runs where it goes: it holds nothing of an application's.
        self.spare = None;
        self.output.rest_lightly();
        if let Some(session) = &mut self.http2 {
            session.rest_lightly();
        }
    }

    /// Whether nothing has been asked for lately, so that the connection can be closed for another
    /// client's sake.
    pub(super) fn is_spare(&self, shared: &Shared) -> bool {
        self.deadline.awaited == Awaited::Request
            && !self.pumping
            && shared
                .options
                .timeouts
                .is_idle(self.deadline.at, shared.now())
    }

    /// Closing resets the connection: what its client does not take is thrown away, and not kept by
    /// the kernel until it does.
    pub(super) fn throw_away(&self) {
        if let Some(socket) = &self.socket {
            let _ = set_socket_linger(socket, Some(Duration::ZERO));
        }
    }

    /// Goes on ending, if the connection is about to.
    fn end(&mut self) -> Result<(), ()> {
        match self.ending {
            Ending::Close => {
                self.say_end();
                Err(())
            }
            Ending::Lingering(0) => Err(()),
            Ending::Lingering(_) if self.eof => Err(()),
            Ending::None | Ending::Lingering(_) => Ok(()),
            Ending::Linger => {
                self.say_end();
                let socket = self.socket.as_ref().ok_or(())?;
                shutdown(socket, Shutdown::Write).map_err(drop)?;
                self.input = BytesMut::new();
                self.ending = Ending::Lingering(LINGER);
                if self.eof { Err(()) } else { Ok(()) }
            }
        }
    }

    /// Where TLS is spoken: says that nothing follows, so that nobody takes a cut for the end.
    fn say_end(&mut self) {
        if let Some(seal) = &mut self.output.seal {
            seal.end();
            // A client that does not take these few bytes will not miss them.
            let _ = self.flush();
        }
    }

    /// Whether socket or deadline are behind what the state asks for, and nobody is about to see
    /// to it.
    pub(super) fn needs_settling(&self) -> bool {
        !self.pumping
            && self.socket.is_some()
            && (self.wanted() != self.interest
                || self.awaited() != self.deadline.awaited
                || self
                    .http2
                    .as_ref()
                    .is_some_and(|session| session.is_behind()))
    }

    /// What the socket is to be watched for.
    pub(super) fn wanted(&self) -> Interest {
        let reading = match (self.ending, &self.turn) {
            (Ending::Close | Ending::Linger, _) => false,
            (Ending::Lingering(_), _) => true,
            (Ending::None, _) if let Some(session) = &self.websocket => {
                !session.is_full() && self.output.len() < HIGH_WATER
            }
            (Ending::None, None) if self.http2.is_some() => self.hears_streams(),
            (Ending::None, None) => self.output.len() < HIGH_WATER,
            (Ending::None, Some(turn)) if turn.body_done => self.input.len() < READ_AHEAD,
            (Ending::None, Some(turn)) => {
                self.waiting.is_some() || turn.is_complete() || !turn.is_full()
            }
        };
        let unfinished = self
            .http2
            .as_ref()
            .is_some_and(|session| session.is_unfinished());
        let wanted = Interest::new(reading && !self.eof, unfinished || !self.output.is_empty());
        if self.inflow.by_edge && self.prologue.is_none() {
            wanted.by_edge()
        } else {
            wanted
        }
    }

    /// Whether what the client of HTTP/2 says is read. While one stream's answer waits for it to read, it
    /// may ask for another; what the codec cannot take before something is sent stays in the input.
    pub(super) fn hears_streams(&self) -> bool {
        self.output.len() < HIGH_WATER || self.input.len() < READ_AHEAD
    }

    /// What the connection waits for, which decides for how long.
    fn awaited(&self) -> Awaited {
        if !self.output.is_empty() {
            return Awaited::Drain;
        }
        if self.ending != Ending::None {
            return Awaited::Linger;
        }
        if let Some(session) = &self.http2 {
            return session.awaited(self.input.is_empty(), self.serial > 0);
        }
        if let Some(session) = &self.websocket {
            return session.awaited();
        }
        match &self.turn {
            None if self.input.is_empty() && self.serial > 0 => Awaited::Request,
            None => Awaited::Head,
            Some(turn) if turn.body_done => Awaited::Application,
            Some(turn) if self.waiting.is_some() || turn.is_complete() || turn.body_wanted => {
                Awaited::Body
            }
            Some(_) => Awaited::Application,
        }
    }

    /// Leaves the loop and closes the socket. What it returns is to be dropped without the lock.
    pub(super) fn close(&mut self, py: Python<'_>, shared: &Shared) -> Gone {
        if let Some(token) = self.token.take() {
            shared.event_loop(py).deregister(py, token);
        }
        self.socket = None;
        if let Some(session) = self.websocket.take() {
            session.end(1006, "");
        }
        self.output = Output::default();
        self.input = BytesMut::new();
        self.abandon(shared)
    }
}
