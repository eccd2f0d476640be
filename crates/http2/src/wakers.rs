//! Who has something to do: what stands where a runtime would.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The streams that have something, in the order in which they got it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<Mutex<Vec<Arc<Place>>>>);

impl Line {
    /// What wakes `stream`.
    pub(crate) fn waker(&self, stream: u32) -> Waker {
        Waker::from(Arc::new(Place {
            stream,
            queued: AtomicBool::new(false),
            line: self.clone(),
        }))
    }

    /// The streams that were woken since the last time.
    pub(crate) fn take(&self) -> Vec<u32> {
        let woken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let stream = |place: Arc<Place>| {
            place.queued.store(false, Ordering::Relaxed);
            place.stream
        };
        woken.into_iter().map(stream).collect()
    }
}

/// A stream's place in the line.
#[derive(Debug)]
struct Place {
    stream: u32,
    queued: AtomicBool,
    line: Line,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            let mut line = self.line.0.lock().unwrap_or_else(PoisonError::into_inner);
            line.push(Arc::clone(self));
        }
    }
}

/// Notes that the connection as a whole has something to do.
#[derive(Debug, Default)]
pub(crate) struct Bell(AtomicBool);

impl Bell {
    /// Whether it rang since the last time.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
