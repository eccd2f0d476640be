//! Waking a loop from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// The loop runs and will look at its queues before it sleeps.
const AWAKE: u8 = 0;
/// The loop runs and was told not to sleep next time.
const NOTIFIED: u8 = 1;
/// The loop sleeps, or is about to, and only the descriptor can reach it.
const ASLEEP: u8 = 2;

#[derive(Debug)]
struct Bell {
    state: AtomicU8,
    descriptor: OwnedFd,
}

/// Wakes one loop, from any thread, any number of times.
///
/// Only a wake-up of a sleeping loop costs a system call. The descriptor belongs into the poller
/// edge-triggered (see [`Poller::add_edge`](crate::Poller::add_edge)): every write rings anew, so
/// nobody has to read it empty.
#[derive(Clone, Debug)]
pub struct Waker {
    bell: Arc<Bell>,
}

impl Waker {
    /// A waker for a loop that is awake.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let state = AtomicU8::new(AWAKE);
        Ok(Self {
            bell: Arc::new(Bell { state, descriptor }),
        })
    }

    /// Makes the loop pass through one more iteration, soon.
    ///
    /// What the caller put into a queue before this is seen by that iteration.
    pub fn wake(&self) {
        if self.bell.state.swap(NOTIFIED, Ordering::AcqRel) == ASLEEP {
            // A full counter is the only failure, and it means that the bell rings already.
            let _ = rustix::io::write(&self.bell.descriptor, &1_u64.to_ne_bytes());
        }
    }

    /// Says that the loop is about to sleep; `false` when it must not, because it was woken.
    #[must_use]
    pub fn fall_asleep(&self) -> bool {
        self.bell
            .state
            .compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Says that the loop is awake again and will look at its queues.
    pub fn wake_up(&self) {
        self.bell.state.swap(AWAKE, Ordering::AcqRel);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.descriptor.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::fd::AsFd;
    use std::time::Duration;

    use super::Waker;
    use crate::{Events, Poller, Token};

    #[test]
    fn a_loop_that_was_woken_does_not_sleep() -> io::Result<()> {
        let waker = Waker::new()?;
        waker.wake();
        assert!(!waker.fall_asleep());
        waker.wake_up();
        assert!(waker.fall_asleep());
        Ok(())
    }

    #[test]
    fn each_wake_up_of_a_sleeper_rings_once() -> io::Result<()> {
        let (poller, mut events, waker) = (Poller::new()?, Events::default(), Waker::new()?);
        poller.add_edge(waker.as_fd(), Token::reserved(0))?;
        for _ in 0..3 {
            assert!(waker.fall_asleep());
            waker.wake();
            waker.wake();
            poller.wait(&mut events, None)?;
            assert_eq!(events.iter().count(), 1);
            waker.wake_up();
            poller.wait(&mut events, Some(Duration::ZERO))?;
            assert!(events.is_empty());
        }
        Ok(())
    }

    #[test]
    fn another_thread_wakes_a_sleeper() -> io::Result<()> {
        let (poller, mut events, waker) = (Poller::new()?, Events::default(), Waker::new()?);
        poller.add_edge(waker.as_fd(), Token::reserved(0))?;
        let other = waker.clone();
        let thread = std::thread::spawn(move || other.wake());
        if waker.fall_asleep() {
            poller.wait(&mut events, None)?;
        }
        thread.join().expect("the thread ends");
        Ok(())
    }
}
