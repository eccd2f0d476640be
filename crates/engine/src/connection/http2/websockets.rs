//! `WebSocket`s that share a connection (RFC 8441).

use super::super::shared::Shared;
use super::super::state::{Ending, Gone, Next};
use super::super::websocket;
use super::session::{Session, id};

impl Session {
    /// The WebSocket of the request with this serial, while it is open, and where it writes.
    pub(in super::super) fn speaking(
        &mut self,
        serial: u64,
    ) -> Option<(&mut websocket::Session, &mut Vec<u8>)> {
        let stream = self.streams.get_mut(&serial)?;
        let session = stream.websocket.as_deref_mut()?;
        self.is_behind = true;
        Some((session, self.codec.tail(id(serial))?))
    }

    /// The application accepts: `write` writes the answer, and messages may come and go.
    pub(in super::super) fn accept(
        &mut self,
        serial: u64,
        session: Box<websocket::Session>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.scratch.clear();
        write(&mut self.scratch);
        // What an application says was checked, and the status is ours.
        let _ = self.send_head(serial, 200, false);
        if let Some(stream) = self.streams.get_mut(&serial) {
            let early = stream.turn.body.take();
            stream.input.extend_from_slice(&early);
            stream.websocket = Some(session);
            self.has_room(serial);
        }
    }

    /// The inbox of the WebSocket has room again.
    pub(in super::super) fn has_room(&mut self, serial: u64) {
        if !self.roomy.contains(&serial) {
            self.roomy.push(serial);
        }
    }

    /// Goes on with those whose inbox has room again.
    pub(super) fn next_roomy(&mut self, shared: &Shared) -> Option<Next> {
        while let Some(serial) = self.roomy.pop() {
            let next = self.next_frames(serial, shared);
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// Works through the frames that arrived, as far as the application keeps up.
    pub(super) fn next_frames(&mut self, serial: u64, shared: &Shared) -> Option<Next> {
        let stream = self.streams.get_mut(&serial)?;
        let session = stream.websocket.as_deref_mut()?;
        let backlog = self.codec.backlog(id(serial));
        let out = self.codec.tail(id(serial))?;
        let before = stream.input.len();
        let read = session.read(&mut stream.input, out, backlog, stream.turn.body_done);
        let taken = before - stream.input.len();
        self.took(serial, taken);
        if read.ending != Ending::None {
            return Some(Next::Gone(self.close(serial, shared)));
        }
        read.arrived.then_some(Next::Arrived(serial))
    }

    /// Ends the stream of a WebSocket that is closed.
    fn close(&mut self, serial: u64, shared: &Shared) -> Gone {
        self.end(serial);
        shared.count_answer();
        self.forget(serial, shared)
    }

    /// Closes all of them for which `which` holds, in the name of the server.
    pub(super) fn hang_up(
        &mut self,
        shared: &Shared,
        code: u16,
        reason: &str,
        which: impl Fn(&websocket::Session) -> bool,
    ) -> Gone {
        let mut serials = Vec::new();
        for (serial, stream) in &mut self.streams {
            let Some(session) = stream.websocket.as_deref_mut().filter(|known| which(known)) else {
                continue;
            };
            serials.push(*serial);
            session.end(code, reason);
            if let Some(out) = self.codec.tail(id(*serial)) {
                session.say_close(out, code, reason);
            }
        }
        let close = |serial| self.close(serial, shared);
        Gone::all(serials.into_iter().map(close).collect())
    }

    /// Asks those whose turn it is whether their clients are there.
    pub(super) fn ping(&mut self) {
        self.is_behind = true;
        for (serial, stream) in &mut self.streams {
            if let Some(session) = stream.websocket.as_deref_mut()
                && let Some(out) = self.codec.tail(id(*serial))
            {
                session.ask(out);
            }
        }
    }
}
