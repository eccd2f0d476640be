//! The pipe through which signals reach a loop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// A pipe whose writing end is handed to `signal.set_wakeup_fd`.
///
/// Python's C-level handler writes the signal's number into it, in whichever thread the signal
/// arrived; the reading end makes the poller return. An eventfd would not do: it refuses writes of
/// a single byte.
#[derive(Debug)]
pub struct SignalPipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl SignalPipe {
    /// A pipe of which neither end blocks nor survives an `exec`.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { reader, writer })
    }

    /// The end for the signal handler.
    #[must_use]
    pub fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }

    /// The numbers of the signals that arrived, in their order.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        let mut signals = Vec::new();
        loop {
            signals.reserve(64);
            match rustix::io::read(&self.reader, spare_capacity(&mut signals)) {
                Ok(0) => return signals,
                Ok(_) | Err(Errno::INTR) => {}
                // Empty; any other error cannot happen to a pipe that this value owns.
                Err(_) => return signals,
            }
        }
    }
}

impl AsFd for SignalPipe {
    /// The end for the poller.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::SignalPipe;

    #[test]
    fn signals_come_out_in_order() -> io::Result<()> {
        let pipe = SignalPipe::new()?;
        assert!(pipe.take().is_empty());
        rustix::io::write(pipe.writer(), &[2, 15])?;
        rustix::io::write(pipe.writer(), &[2])?;
        assert_eq!(pipe.take(), [2, 15, 2]);
        assert!(pipe.take().is_empty());
        Ok(())
    }
}
