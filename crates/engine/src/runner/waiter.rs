//! How a run that waits is made to go on without its task.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Runner;
use super::around::Around;
use super::driver::Driver;
use super::task::RequestTask;

/// What came of having a run go on.
pub(crate) enum Went {
    /// It waits for the same as before.
    Around,
    /// It waits for something else, or is over, and its task is told: the future is done.
    Further,
    /// It cannot go on here. What there is to tell it is still untold.
    Nowhere,
}

/// Has a run go on that waits for a future again and again, as for the next message of a WebSocket.
///
/// To complete a future, to queue what it calls and to have its task step is most of what such a
/// wait costs. Here the turn is made in the task's place, in its context and with it current, in the
/// call stack of whoever has what was waited for. The task goes on waiting for the same future
/// meanwhile: whoever cancels it cancels that.
pub(crate) struct Waiter {
    runner: Arc<Runner>,
    task: Py<PyAny>,
    context: Py<PyAny>,
    driver: Py<Driver>,
}

impl Waiter {
    pub(super) fn new(py: Python<'_>, runner: &Arc<Runner>, task: &RequestTask) -> Self {
        Self {
            runner: Arc::clone(runner),
            task: task.object().clone_ref(py),
            context: task.context().clone_ref(py),
            driver: task.coroutine().clone_ref(py),
        }
    }

    /// Has the run go on if it waits for `wait`, and that is not over.
    ///
    /// To be called from the loop and from no task.
    pub(crate) fn go_on(&self, py: Python<'_>, wait: &Py<PyAny>) -> Went {
        // Whoever cancelled it has its task go on.
        if self.is_over(py, wait) {
            return Went::Nowhere;
        }
        let (runner, event_loop) = (&self.runner, self.runner.event_loop(py));
        let around = Around::inline(&runner.asyncio, event_loop, &self.task, &self.context);
        self.driver.get().turn_for_task(py, &around, wait)
    }

    /// Whether the future `wait` was completed or cancelled.
    pub(crate) fn is_over(&self, py: Python<'_>, wait: &Py<PyAny>) -> bool {
        self.runner.asyncio.is_done(wait.bind(py))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.task)?;
        visit.call(&self.context)?;
        visit.call(&self.driver)
    }
}
