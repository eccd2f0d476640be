//! What native code puts into the loop.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use reactor::{Readiness, Token};

use super::EventLoop;

/// Something native that owns a descriptor and is told when it is ready.
pub(crate) trait Source: Send + Sync {
    /// The descriptor is ready. Called on the loop thread, attached, never re-entrantly, in order
    /// with the callbacks that Python scheduled.
    fn ready(
        self: Arc<Self>,
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        token: Token,
        readiness: Readiness,
    );

    /// What debug mode's log calls it when it was slow.
    fn describe(&self, py: Python<'_>) -> String {
        let _ = py;
        "native source".to_owned()
    }

    /// Shows the garbage collector what Python objects this holds.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let _ = visit;
        Ok(())
    }
}

/// Called at the end of every iteration.
pub(crate) type Hook = Arc<dyn Fn(Python<'_>) + Send + Sync>;

/// Called once, in order with the callbacks that Python scheduled.
pub(crate) type Once = Box<dyn FnOnce(Python<'_>) + Send>;

/// Names a hook of [`EventLoop::at_iteration_end`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HookId(pub(super) u64);

/// Names a tick of [`EventLoop::every`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TickId(pub(super) Token);

/// The callback that `call_soon` got while the next one was being captured.
pub(crate) struct Captured {
    pub(crate) callback: Py<PyAny>,
}
