//! Bytes on their way from the client.

use std::io;
use std::mem::MaybeUninit;

use reactor::Readiness;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::state::{Ending, State};
use super::websocket::Session;

/// The room for requests and messages.
const READ: usize = 4 * 1024;
/// The least a read for them is made with: to have it anew costs more than it saves until it is this short.
const LEAST: usize = READ / 2;
/// The most that is read of TLS at a time: about a record of the largest size.
const READ_RECORDS: usize = 16 * 1024;
/// The room for a body that is still coming.
const READ_BODY: usize = 64 * 1024;
/// The same for one that comes faster than it is read: what a piece costs beside its copy is paid a quarter
/// as often.
const READ_FAST_BODY: usize = 256 * 1024;
/// How often in a row an application has more of such a body without the loop: a megabyte, then it is
/// others' turn.
const READS_ON: u8 = 4;

/// How input comes in, the body of a request above all.
#[derive(Clone, Copy, Default)]
pub(super) struct Inflow {
    /// Input is reported once: a read of this kind of socket that has room left took it all.
    pub(super) by_edge: bool,
    /// The last read was filled, so there probably is more.
    is_fast: bool,
    /// Reads since the loop's last.
    reads_on: u8,
    /// What was reported may not have been read to its end.
    pub(super) has_more: bool,
}

impl Inflow {
    pub(super) fn new(by_edge: bool) -> Self {
        Self {
            by_edge,
            ..Self::default()
        }
    }

    /// Nothing could be read, for this reason; what is an error comes back.
    fn nothing_came(&mut self, reason: Errno) -> io::Result<()> {
        match reason {
            Errno::AGAIN => Ok(()),
            Errno::INTR => {
                self.has_more = true;
                Ok(())
            }
            error => Err(error.into()),
        }
    }
}

impl State {
    /// Reads what arrived, once. An error means that the client is gone.
    pub(super) fn receive(&mut self, readiness: Readiness) -> io::Result<()> {
        if !readiness.is_readable() || self.eof {
            return Ok(());
        }
        // An end or an error stands behind the input.
        self.inflow.has_more |= !readiness.is_plain();
        if let Ending::Lingering(left) = self.ending {
            return self.discard(left);
        }
        if self.output.seal.is_some() {
            return self.receive_records();
        }
        let in_message = |session: &Session| session.is_in_payload();
        let wanted = if self.turn.as_ref().is_some_and(|turn| !turn.body_done)
            || self.websocket.as_deref().is_some_and(in_message)
            || self
                .http2
                .as_ref()
                .is_some_and(|session| session.takes_bodies())
        {
            self.room_for_body()
        } else {
            READ
        };
        self.inflow.reads_on = 0;
        self.eof = self.read(wanted)? == Some(0);
        Ok(())
    }

    /// Reads more of a body at once for an application that asks for it, and says whether more came.
    ///
    /// Only where the last read was filled: others wait for the loop, which also hears of the client's end.
    pub(super) fn read_on(&mut self) -> bool {
        if !self.inflow.is_fast
            || self.inflow.reads_on >= READS_ON
            || self.eof
            || self.output.seal.is_some()
            || self.http2.is_some()
        {
            return false;
        }
        self.inflow.reads_on += 1;
        matches!(self.read(self.room_for_body()), Ok(Some(1..)))
    }

    fn room_for_body(&self) -> usize {
        if self.inflow.is_fast {
            READ_FAST_BODY
        } else {
            READ_BODY
        }
    }

    /// Reads once with about so much room: how much came, if anything could be read.
    fn read(&mut self, room: usize) -> io::Result<Option<usize>> {
        let least = if room == READ { LEAST } else { room };
        if self.input.capacity() - self.input.len() < least {
            self.input.reserve(room);
        }
        let Some(socket) = &self.socket else {
            return Ok(None);
        };
        match recv(socket, self.input.spare_capacity_mut(), RecvFlags::empty()) {
            Ok(((filled, rest), _)) => {
                let filled = filled.len();
                self.inflow.has_more |= rest.is_empty();
                let length = self.input.len() + filled;
                self.received = self.received.wrapping_add(filled as u64);
                self.inflow.is_fast = filled >= READ_BODY;
                // SAFETY: the kernel initialised the first `filled` bytes of the spare capacity, so the first `length` bytes are initialised.
                unsafe { self.input.set_len(length) };
                Ok(Some(filled))
            }
            Err(reason) => self.inflow.nothing_came(reason).map(|()| None),
        }
    }

    /// Reads what arrived once, and opens it.
    fn receive_records(&mut self) -> io::Result<()> {
        let (Some(socket), Some(seal)) = (&self.socket, &mut self.output.seal) else {
            return Ok(());
        };
        let mut scratch = [MaybeUninit::<u8>::uninit(); READ_RECORDS];
        match recv(socket, scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, 0)) => self.eof = true,
            Ok(((records, rest), length)) => match seal.open(records, &mut self.input) {
                Ok(ended) => {
                    self.eof |= ended;
                    self.inflow.has_more |= rest.is_empty();
                    self.received = self.received.wrapping_add(length as u64);
                }
                Err(error) => {
                    // An alert tells the client why; it may be gone already.
                    let _ = self.flush();
                    return Err(error);
                }
            },
            Err(reason) => self.inflow.nothing_came(reason)?,
        }
        Ok(())
    }

    /// Throws away what a client still sends after its last answer.
    fn discard(&mut self, left: usize) -> io::Result<()> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        let mut scratch = [MaybeUninit::<u8>::uninit(); 16 * 1024];
        match recv(socket, scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, 0)) => self.eof = true,
            Ok(((_, rest), length)) => {
                self.ending = Ending::Lingering(left.saturating_sub(length));
                self.inflow.has_more |= rest.is_empty();
            }
            Err(reason) => self.inflow.nothing_came(reason)?,
        }
        Ok(())
    }
}
