//! Handles that ran and that nobody else knows, to be used again.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::EventLoop;
use super::handle::Handle;
use crate::references::is_ours_alone;

/// How many of each kind are kept.
const LIMIT: usize = 256;

/// Spare handles of one loop.
///
/// Making an object for Python and disposing of it again is the larger part of what a callback
/// costs. Most handles are dropped by whoever scheduled them before they run, so the loop, which
/// holds the last reference, keeps them for the next callback.
#[derive(Default)]
pub(super) struct Spares {
    handles: Vec<Py<Handle>>,
    timers: Vec<Py<Handle>>,
}

impl Spares {
    fn of(&mut self, is_timer: bool) -> &mut Vec<Py<Handle>> {
        if is_timer {
            &mut self.timers
        } else {
            &mut self.handles
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut all = self.handles.iter().chain(&self.timers);
        all.try_for_each(|handle| visit.call(handle))
    }
}

impl EventLoop {
    /// A handle of this loop that nobody else has.
    pub(super) fn take_spare<'py>(
        &self,
        py: Python<'py>,
        is_timer: bool,
    ) -> Option<Bound<'py, Handle>> {
        let handle = self.spares.with(py, |spares| spares.of(is_timer).pop())?;
        // Debuggers may have found it among the garbage collector's objects.
        is_ours_alone(&handle).then(|| handle.into_bound(py))
    }

    /// Keeps a handle that is out of the queue and the timers if nobody else has it.
    pub(super) fn give_back(&self, handle: Bound<'_, Handle>) {
        if is_ours_alone(handle.as_unbound()) {
            handle.get().empty(handle.py()).release(handle.py());
            self.keep(handle);
        }
    }

    /// Keeps an empty handle that nobody else has.
    pub(super) fn keep(&self, handle: Bound<'_, Handle>) {
        if self.is_closed() {
            return;
        }
        let is_timer = handle.get().is_timer();
        let surplus = self.spares.with(handle.py(), |spares| {
            let kept = spares.of(is_timer);
            if kept.len() < LIMIT {
                kept.push(handle.unbind());
                return None;
            }
            Some(handle)
        });
        drop(surplus);
    }
}
