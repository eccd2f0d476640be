//! Who has something to do: what stands where a runtime would.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Wake, Waker};

/// The streams that have something, in the order in which they got it.
#[derive(Debug, Default)]
pub(crate) struct Line(Arc<Queue>);

type Queue = Mutex<Vec<Arc<Place>>>;

impl Line {
    /// What wakes `stream`.
    pub(crate) fn waker(&self, stream: u32) -> Waker {
        Waker::from(Arc::new(Place {
            stream,
            queued: AtomicBool::new(false),
            line: Arc::downgrade(&self.0),
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
    /// Weak, because the line holds the places in it: a connection that ends wakes its streams, and
    /// nobody takes them out any more.
    line: Weak<Queue>,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(line) = self.line.upgrade() else {
            return;
        };
        if !self.queued.swap(true, Ordering::Relaxed) {
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_taken_once_however_often_it_was_woken() {
        let line = Line::default();
        let (first, second) = (line.waker(1), line.waker(3));
        second.wake_by_ref();
        first.wake_by_ref();
        second.wake_by_ref();
        assert_eq!(line.take(), [3, 1]);
        assert!(line.take().is_empty());
        second.wake();
        assert_eq!(line.take(), [3]);
    }

    #[test]
    fn a_line_that_ends_with_streams_in_it_leaves_nothing_behind() {
        let line = Line::default();
        let waker = line.waker(1);
        waker.wake_by_ref();
        let queue = Arc::downgrade(&line.0);
        drop(line);
        assert!(queue.upgrade().is_none());
        waker.wake();
    }
}
