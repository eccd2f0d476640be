//! Where a worker waits while there is nothing for it to do.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// The place of one worker. Only the worker waits here; whoever calls it does not need the GIL.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Tells the workers of a pool apart, and is the number in the thread's name.
    pub(crate) number: usize,
    called: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Seat {
    /// A seat whose worker was called: it is about to be started.
    pub(crate) fn called(number: usize) -> Self {
        Self {
            number,
            called: AtomicBool::new(true),
            thread: OnceLock::new(),
        }
    }

    /// The calling thread takes the seat.
    pub(crate) fn occupy(&self) {
        let _ = self.thread.set(std::thread::current());
    }

    /// Whether a thread has taken it.
    pub(crate) fn is_occupied(&self) -> bool {
        self.thread.get().is_some()
    }

    /// Calls the worker; it will not go on waiting, or not begin to.
    pub(crate) fn call(&self) {
        self.called.store(true, Ordering::Release);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Waits to be called.
    pub(crate) fn wait_for_ever(&self) {
        while !self.called.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }

    /// Waits to be called; `false` if nobody did for as long as `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let until = std::time::Instant::now() + patience;
        loop {
            if self.called.swap(false, Ordering::Acquire) {
                return true;
            }
            let left = until.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return false;
            }
            std::thread::park_timeout(left);
        }
    }
}
