//! What a runner drives: a piece of work that waits now and then.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Waiter;
use super::around::Around;
use crate::pool::{Call, Lane, Pace};
use std::sync::Arc;

/// Work that advances in turns on the loop thread, and between them waits.
///
/// A plan is such work, and so is a plain coroutine. Before it runs Python that could look at its
/// surroundings, a turn [enters](Around::enter) the request's context and makes its task current.
pub(crate) trait Work: Send + Sync {
    /// Goes on from the last wait, which ended with `outcome` (`None` on the first turn).
    fn resume(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress;

    /// It waits for the first time. Who has what it waits for can have it go on by the waiter.
    fn waits(&self, py: Python<'_>, waiter: &dyn Fn() -> Waiter) {
        let _ = (py, waiter);
    }

    /// Shows the garbage collector what Python objects this alone holds.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let _ = visit;
        Ok(())
    }
}

/// Where a turn of [`Work`] ended.
pub(crate) enum Progress {
    /// It waits for this awaitable.
    Await(Py<PyAny>),
    /// It waits for a call in the pool.
    Call(PoolCall),
    /// It is over. What is left of it nobody is waiting for is the work's own affair.
    Done(PyResult<Py<PyAny>>),
}

/// A call on its way to the pool.
pub(crate) struct PoolCall {
    /// What runs on the pool thread.
    pub(crate) call: Call,
    /// Which capacity it uses.
    pub(crate) lane: Lane,
    /// What is known of this step's pace.
    pub(crate) pace: Arc<Pace>,
}
