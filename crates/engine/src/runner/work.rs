//! What a runner drives: a piece of work that waits now and then.

use pyo3::prelude::*;

use crate::pool::{Lane, Pace};
use std::sync::Arc;

/// Work that advances in turns on the loop thread, and between them waits.
///
/// A plan is such work, and so is a plain coroutine. Every turn runs with the request's context
/// entered and the request's task current, so whatever Python it enters sees both.
pub(crate) trait Work: Send + Sync {
    /// Goes on from the last wait, which ended with `outcome` (`None` on the first turn).
    fn resume(&mut self, py: Python<'_>, outcome: Option<PyResult<Py<PyAny>>>) -> Progress;
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
    pub(crate) call: Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>,
    /// Which capacity it uses.
    pub(crate) lane: Lane,
    /// What is known of this step's pace.
    pub(crate) pace: Arc<Pace>,
}

/// How a [`Coroutine`] tells its end.
type WhenDone = Box<dyn FnOnce(Python<'_>, PyResult<Py<PyAny>>) + Send + Sync>;

/// The simplest work: one awaitable and somebody to tell.
pub(crate) struct Coroutine {
    awaitable: Option<Py<PyAny>>,
    done: Option<WhenDone>,
}

impl Coroutine {
    /// Work that awaits `awaitable` and gives what came of it to `done`, on the loop thread.
    pub(crate) fn new(awaitable: Py<PyAny>, done: WhenDone) -> Self {
        Self {
            awaitable: Some(awaitable),
            done: Some(done),
        }
    }
}

impl Work for Coroutine {
    fn resume(&mut self, py: Python<'_>, outcome: Option<PyResult<Py<PyAny>>>) -> Progress {
        if let Some(awaitable) = self.awaitable.take() {
            match outcome {
                Some(Err(cancelled)) => return self.end(py, Err(cancelled)),
                _ => return Progress::Await(awaitable),
            }
        }
        let result = outcome.unwrap_or_else(|| Ok(py.None()));
        self.end(py, result)
    }
}

impl Coroutine {
    fn end(&mut self, py: Python<'_>, result: PyResult<Py<PyAny>>) -> Progress {
        if let Some(done) = self.done.take() {
            done(py, result);
        }
        Progress::Done(Ok(py.None()))
    }
}
