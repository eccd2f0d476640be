//! Waiting for descriptors: a thin layer over epoll.
//!
//! Why not one of the poller crates: asyncio's `add_reader` is level-triggered, so a callback that
//! reads only a part is called again. `mio` arms everything edge-triggered. `polling` is one-shot
//! unless asked otherwise, and keeps a timer descriptor: each wait costs it a `timerfd_settime` and
//! two `epoll_ctl` beside the `epoll_wait`, four system calls where this layer makes one. A loop's
//! iteration is a few microseconds, so those calls would be its largest part.
//!
//! Waiting has the resolution of a millisecond, rounded up, as Python's own `select.epoll` has.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::{Interest, Readiness, Token};

/// How many events one wait takes at most; the rest stays for the next.
const BATCH: usize = 1024;

/// The longest wait in seconds; asyncio also wakes once a day at least.
const LONGEST: i64 = 24 * 3600;

/// What one wait found. Reused from wait to wait, so that waiting allocates nothing.
pub struct Events {
    buffer: Vec<epoll::Event>,
}

// SAFETY: an event may hold a pointer by its type, but ours hold only the numbers that `data` made.
unsafe impl Send for Events {}

impl Default for Events {
    fn default() -> Self {
        Self {
            buffer: Vec::with_capacity(BATCH),
        }
    }
}

impl Events {
    /// The tokens that became ready, in the kernel's order.
    pub fn iter(&self) -> impl Iterator<Item = (Token, Readiness)> {
        self.buffer.iter().map(|event| {
            let (data, flags) = (event.data, event.flags);
            (Token::from_bits(data.u64()), Readiness::from_flags(flags))
        })
    }

    /// How many became ready.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the wait ended without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

/// The kernel's list of watched descriptors.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    /// An empty list.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { epoll })
    }

    /// Starts to watch `fd`: level-triggered, unless the interest says otherwise.
    ///
    /// # Errors
    /// `EEXIST` when it is watched already, `EPERM` when it cannot be polled (a regular file).
    pub fn add(&self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        epoll::add(&self.epoll, fd, data(token), interest.flags())?;
        Ok(())
    }

    /// Starts to watch `fd` for input and reports each arrival only once, even if nobody reads.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_edge(&self, fd: BorrowedFd<'_>, token: Token) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            fd,
            data(token),
            EventFlags::IN | EventFlags::ET,
        )?;
        Ok(())
    }

    /// Changes what `fd` is watched for. What is ready by then is reported, also by edge.
    ///
    /// # Errors
    /// `ENOENT` when it is not watched, also because its number was closed and opened anew.
    pub fn modify(&self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        epoll::modify(&self.epoll, fd, data(token), interest.flags())?;
        Ok(())
    }

    /// Stops watching `fd`.
    ///
    /// # Errors
    /// `ENOENT` or `EBADF` when its owner closed it before; the kernel has forgotten it then.
    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        epoll::delete(&self.epoll, fd)?;
        Ok(())
    }

    /// Waits until something is ready or `timeout` is over; `None` waits without an end.
    ///
    /// A signal ends the wait early, without events and without an error.
    ///
    /// # Errors
    /// Only for a poller that is broken; there is nothing to retry.
    pub fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs())
                .unwrap_or(i64::MAX)
                .min(LONGEST),
            tv_nsec: limit.subsec_nanos().into(),
        });
        events.buffer.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut events.buffer),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn data(token: Token) -> EventData {
    EventData::new_u64(token.to_bits())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{Events, Poller};
    use crate::{Interest, Registry, Token};

    fn ready(poller: &Poller, events: &mut Events) -> Vec<Token> {
        poller.wait(events, Some(Duration::ZERO)).expect("a wait");
        events.iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn input_stays_ready_until_it_is_read() -> io::Result<()> {
        let (poller, mut events) = (Poller::new()?, Events::default());
        let (mut near, mut far) = UnixStream::pair()?;
        let token = Registry::default().insert(()).expect("room");
        poller.add(near.as_fd(), token, Interest::READ)?;
        assert!(ready(&poller, &mut events).is_empty());
        far.write_all(b"xy")?;
        assert_eq!(ready(&poller, &mut events), [token]);
        near.read_exact(&mut [0])?;
        assert_eq!(ready(&poller, &mut events), [token]);
        near.read_exact(&mut [0])?;
        assert!(ready(&poller, &mut events).is_empty());
        Ok(())
    }

    #[test]
    fn input_is_reported_once_by_edge_until_it_is_asked_for_anew() -> io::Result<()> {
        let (poller, mut events) = (Poller::new()?, Events::default());
        let (near, mut far) = UnixStream::pair()?;
        let token = Token::reserved(1);
        let interest = Interest::READ.by_edge();
        poller.add(near.as_fd(), token, interest)?;
        for _ in 0..2 {
            far.write_all(b"x")?;
            assert_eq!(ready(&poller, &mut events), [token]);
            assert!(ready(&poller, &mut events).is_empty());
        }
        poller.modify(near.as_fd(), token, interest)?;
        assert_eq!(ready(&poller, &mut events), [token]);
        Ok(())
    }

    #[test]
    fn an_interest_changes() -> io::Result<()> {
        let (poller, mut events) = (Poller::new()?, Events::default());
        let (near, _far) = UnixStream::pair()?;
        let token = Token::reserved(1);
        poller.add(near.as_fd(), token, Interest::READ)?;
        poller.modify(near.as_fd(), token, Interest::WRITE)?;
        assert_eq!(ready(&poller, &mut events), [token]);
        poller.remove(near.as_fd())?;
        assert!(ready(&poller, &mut events).is_empty());
        assert!(poller.modify(near.as_fd(), token, Interest::READ).is_err());
        Ok(())
    }

    #[test]
    fn a_regular_file_cannot_be_polled() -> io::Result<()> {
        let poller = Poller::new()?;
        let file = std::fs::File::open("/proc/self/exe")?;
        let error = poller
            .add(file.as_fd(), Token::reserved(1), Interest::READ)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        Ok(())
    }
}
