//! Handles that ran and that nobody else knows, to be used again.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::EventLoop;
use super::handle::Handle;

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
        Some(handle.into_bound(py)).filter(is_ours_alone)
    }

    /// Keeps a handle that is out of the queue and the timers if nobody else has it.
    pub(super) fn give_back(&self, handle: Bound<'_, Handle>) {
        if !is_ours_alone(&handle) || self.is_closed() {
            return;
        }
        let py = handle.py();
        handle.get().reset(py);
        let is_timer = handle.get().is_timer();
        let surplus = self.spares.with(py, |spares| {
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

/// Whether this is the only reference, weak ones included.
fn is_ours_alone(handle: &Bound<'_, Handle>) -> bool {
    // SAFETY: attached, and the object is alive.
    let references = unsafe { pyo3::ffi::Py_REFCNT(handle.as_ptr()) };
    references == 1 && !has_weak_references(handle)
}

fn has_weak_references(handle: &Bound<'_, Handle>) -> bool {
    let object = handle.as_ptr();
    // SAFETY: the object is alive and so is its type. A positive offset says where in the object
    // the pointer to its list of weak references lies; classes without one have zero.
    unsafe {
        let offset = (*pyo3::ffi::Py_TYPE(object)).tp_weaklistoffset;
        offset > 0
            && !object
                .byte_offset(offset)
                .cast::<*mut pyo3::ffi::PyObject>()
                .read()
                .is_null()
    }
}
