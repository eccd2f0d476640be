//! Bytes on their way to the client.

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

use super::files::Source;
use super::kernel::{keep_shallow, queued};
use super::tls::Seal;

/// Above this many unsent bytes, whoever produces them has to wait.
pub(super) const HIGH_WATER: usize = 64 * 1024;
/// Below this many, it may go on.
pub(super) const LOW_WATER: usize = 16 * 1024;
/// A body from this size on is sent from where it lies; shorter ones are cheaper to copy.
const DIRECT: usize = 16 * 1024;
/// How many bytes of a file leave before others have a turn.
const TURN: usize = 1024 * 1024;
/// How many bytes of a file are read at a time where they have to be.
const PORTION: usize = 64 * 1024;

/// What was written and not yet taken by the kernel.
#[derive(Default)]
pub(super) struct Output {
    buffer: Vec<u8>,
    sent: usize,
    /// How many bytes the kernel took so far.
    taken: u64,
    /// The kernel took less than it was offered, so asking again before it says so is in vain.
    blocked: bool,
    /// What follows the buffer, out of a file. Nothing is appended before it came to its end.
    source: Option<Box<Source>>,
    /// The kernel was told to take no more than it can send.
    is_shallow: bool,
    /// What stands before the kernel where the connection speaks TLS; `buffer` holds its records.
    pub(super) seal: Option<Box<Seal>>,
}

impl Output {
    /// Output that is sealed on its way.
    pub(super) fn sealed(seal: Seal) -> Self {
        Self {
            seal: Some(Box::new(seal)),
            ..Self::default()
        }
    }

    /// How many bytes wait. A file counts as more than there may be before something else begins.
    pub(super) fn len(&self) -> usize {
        let buffered = self.unsent() + self.seal.as_ref().map_or(0, |seal| seal.len());
        let left = self.source.as_ref().map_or(0, |source| {
            usize::try_from(source.left())
                .unwrap_or(usize::MAX)
                .saturating_add(HIGH_WATER)
        });
        buffered.saturating_add(left)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unsent() == 0
            && self.source.is_none()
            && !self.seal.as_ref().is_some_and(|seal| seal.has_output())
    }

    fn unsent(&self) -> usize {
        self.buffer.len().saturating_sub(self.sent)
    }

    /// The end of the line, to append to.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        match &mut self.seal {
            None => &mut self.buffer,
            Some(seal) => seal.tail(),
        }
    }

    /// Appends a body; a long one goes to the kernel at once, and only the rest is copied.
    pub(super) fn push_body(&mut self, socket: BorrowedFd<'_>, body: &[u8]) {
        if body.len() < DIRECT || self.blocked || self.seal.is_some() {
            self.tail().extend_from_slice(body);
            return;
        }
        let waiting = self.buffer.get(self.sent..).unwrap_or_default();
        let before = waiting.len();
        let parts = [IoSlice::new(waiting), IoSlice::new(body)];
        let attempt = taken(|| {
            sendmsg(
                socket,
                &parts,
                &mut SendAncillaryBuffer::default(),
                SendFlags::NOSIGNAL,
            )
        });
        // An error is permanent: it comes again when what was not taken is flushed.
        let taken = attempt.as_ref().map_or(0, |taken| *taken);
        self.blocked = attempt.is_ok() && taken < before + body.len();
        self.taken = self.taken.wrapping_add(taken as u64);
        self.advance(taken.min(before));
        self.buffer
            .extend_from_slice(body.get(taken.saturating_sub(before)..).unwrap_or_default());
    }

    /// Appends what comes out of a file. It is read as the client takes it.
    pub(super) fn push_source(&mut self, source: Source) {
        if source.left() > 0 {
            self.source = Some(Box::new(source));
        }
    }

    /// The socket has room again.
    pub(super) fn unblock(&mut self) {
        self.blocked = false;
    }

    /// Hands the kernel as much as it takes; what is left then waits for the socket.
    ///
    /// Of a file, no more than [`TURN`] bytes leave at a time: others want to be served meanwhile.
    pub(super) fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        self.flush_buffer(socket)?;
        if self.source.is_some() {
            self.flush_source(socket)?;
        }
        Ok(())
    }

    /// Whether so much was sent by now that more is worth a system call.
    pub(super) fn is_long(&self) -> bool {
        self.taken > TURN as u64
    }

    /// Has the kernel take no more than it can send, from now on.
    pub(super) fn keep_shallow(&mut self, socket: BorrowedFd<'_>) {
        if !self.is_shallow {
            self.is_shallow = true;
            keep_shallow(socket);
        }
    }

    fn flush_source(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        self.keep_shallow(socket);
        let mut left = TURN;
        while left > 0
            && !self.blocked
            && let Some(source) = &mut self.source
        {
            match &mut self.seal {
                None => {
                    let step = source.send(socket, &mut self.buffer, left)?;
                    left = left.saturating_sub(step.bytes);
                    self.blocked = step.blocked;
                    if step.sent {
                        self.taken = self.taken.wrapping_add(step.bytes as u64);
                    }
                }
                Some(seal) => {
                    let filled = source.fill(seal.tail(), PORTION)?;
                    // Sealing costs more than copying.
                    left = left.saturating_sub(filled.saturating_mul(4));
                }
            }
            if source.left() == 0 {
                self.source = None;
            }
            self.flush_buffer(socket)?;
        }
        Ok(())
    }

    fn flush_buffer(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let more = match (&self.source, &self.seal) {
            (Some(_), None) => SendFlags::MORE,
            _ => SendFlags::empty(),
        };
        loop {
            if let Some(seal) = &mut self.seal {
                seal.seal(&mut self.buffer)?;
            }
            let waiting = self.buffer.get(self.sent..).unwrap_or_default();
            if waiting.is_empty() || self.blocked {
                return Ok(());
            }
            let taken = taken(|| send(socket, waiting, SendFlags::NOSIGNAL | more))?;
            self.blocked = taken < waiting.len();
            self.taken = self.taken.wrapping_add(taken as u64);
            self.advance(taken);
            // What is to be sealed comes in portions.
            if self.seal.is_none() {
                return Ok(());
            }
        }
    }

    fn advance(&mut self, taken: usize) {
        self.sent += taken;
        if self.sent >= self.buffer.len() {
            self.buffer.clear();
            self.sent = 0;
            if self.buffer.capacity() > HIGH_WATER {
                self.buffer.shrink_to(LOW_WATER);
            }
        } else if self.sent > HIGH_WATER && self.sent > self.buffer.len() / 2 {
            // Not before half of it has left: each byte is moved once, however long the body.
            self.buffer.drain(..self.sent);
            self.buffer.shrink_to(HIGH_WATER);
            self.sent = 0;
        }
    }

    /// How many bytes the client has taken so far: what is on its way, or waits in the kernel for
    /// its reading, does not count.
    pub(super) fn acknowledged(&self, socket: Option<BorrowedFd<'_>>) -> u64 {
        let waiting = socket.and_then(queued).unwrap_or(0);
        self.taken.saturating_sub(waiting)
    }

    /// Gives the buffer away while nothing is to be sent.
    pub(super) fn rest_lightly(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > 0 {
            self.buffer = Vec::new();
        }
    }
}

/// How many bytes the kernel took: none when it is full.
fn taken(mut call: impl FnMut() -> Result<usize, Errno>) -> io::Result<usize> {
    loop {
        match call() {
            Ok(taken) => return Ok(taken),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        (near, far)
    }

    #[test]
    fn a_long_body_arrives_after_its_head_and_whole() {
        let (near, mut far) = pair();
        let body: Vec<u8> = (0..2_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut output = Output::default();
        output.tail().extend_from_slice(b"head");
        output.push_body(near.as_fd(), &body);
        assert!(!output.is_empty(), "no socket buffer takes two megabytes");
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            all
        });
        near.set_nonblocking(false).unwrap();
        while !output.is_empty() {
            output.unblock();
            output.flush(near.as_fd()).unwrap();
        }
        drop(near);
        let all = reader.join().unwrap();
        assert_eq!(&all[..4], b"head");
        assert!(all[4..] == body[..]);
    }

    #[test]
    fn a_client_that_left_is_an_error_and_no_signal() {
        let (near, far) = pair();
        drop(far);
        let mut output = Output::default();
        output.tail().extend_from_slice(b"x");
        assert!(output.flush(near.as_fd()).is_err());
    }
}
