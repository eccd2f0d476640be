//! The pool as Python sees it.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use super::{Job, Lane, Pace, Pool};
use crate::eventloop::{EventLoop, complete, is_done};

/// What a pool remembers of a function; keep one for each function that is submitted.
#[pyclass(frozen, name = "Pace", module = "jebi._engine")]
pub(crate) struct PyPace(Arc<Pace>);

#[pymethods]
impl PyPace {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    /// Whether the function usually ends at once.
    #[getter]
    fn is_quick(&self) -> bool {
        self.0.is_quick()
    }
}

/// Threads for `def` code, at the service of one event loop.
#[pyclass(frozen, weakref, name = "Pool", module = "jebi._engine")]
pub(crate) struct PyPool {
    pool: Arc<Pool>,
    /// Weak, so that whoever keeps a pool for each loop keeps no loop alive.
    event_loop: Py<PyWeakrefReference>,
}

impl PyPool {
    /// The pool itself.
    pub(crate) fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.pool)
    }
}

#[pymethods]
impl PyPool {
    /// `limit` calls run at once, whatever number with `None`. `limiter()` is called on the loop thread
    /// before a call is taken in, until it returns true: it sets the limit from then on.
    #[new]
    #[pyo3(signature = (event_loop, limit = None, *, limiter = None))]
    fn new(
        event_loop: &Bound<'_, EventLoop>,
        limit: Option<usize>,
        limiter: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        Ok(Self {
            pool: Pool::new(py, event_loop, limit.unwrap_or(usize::MAX), limiter)?,
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
        })
    }

    /// How many calls may run at once from now on; whatever number with `None`. Exits are apart: as
    /// many of them may run, and one always.
    fn set_limit(&self, limit: Option<usize>) {
        self.pool.set_limit(limit.unwrap_or(usize::MAX));
    }

    /// How many calls run or are about to, and how many wait because of the limit; without exits.
    fn share(&self) -> (usize, usize) {
        self.pool.share()
    }

    /// The process is the child of a fork: the thread that forked ends when its call does.
    fn leave_to_parent(&self) {
        self.pool.shared.leave_to_parent();
    }

    /// Has `told()` called on the loop thread whenever calls have ended, exits apart; nobody with `None`.
    fn on_room(&self, told: Option<Py<PyAny>>) {
        self.pool.shared.on_room(told);
    }

    /// Runs `call()` in `context` on a thread of the pool; the future gets what comes of it. A
    /// future that is cancelled before its turn is not run.
    #[pyo3(signature = (call, context, *, pace = None, is_exit = false))]
    fn submit<'py>(
        &self,
        py: Python<'py>,
        call: Py<PyAny>,
        context: Py<PyAny>,
        pace: Option<&Bound<'py, PyPace>>,
        is_exit: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.event_loop.bind(py).upgrade();
        let event_loop = event_loop.ok_or_else(|| PyRuntimeError::new_err("the loop is gone"))?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let (asked, answered) = (future.clone().unbind(), future.clone().unbind());
        let job = Job {
            call: Box::new(move |py| {
                if is_done(asked.bind(py))? {
                    return Ok(py.None());
                }
                call.call0(py)
            }),
            context,
            lane: if is_exit { Lane::Exit } else { Lane::Normal },
            pace: pace.map_or_else(Arc::default, |pace| Arc::clone(&pace.get().0)),
            submitted: None,
            done: Box::new(move |py, result| complete(py, &answered, result)),
        };
        self.pool.submit(py, job);
        Ok(future)
    }

    /// Refuses what waits, and waits `timeout` seconds at most for what runs.
    #[pyo3(signature = (timeout = 5.0))]
    fn shutdown(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let patience = Duration::try_from_secs_f64(timeout)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        self.pool.shutdown(py, patience)
    }

    /// Threads that live.
    #[getter]
    fn threads(&self) -> usize {
        self.pool.shared.state().roster.threads()
    }

    /// Threads that wait for work.
    #[getter]
    fn idle(&self) -> usize {
        self.pool.shared.state().roster.idle()
    }

    /// Calls that wait for a thread.
    #[getter]
    fn queued(&self) -> usize {
        self.pool.shared.state().roster.queued()
    }

    /// Calls that were run.
    #[getter]
    fn jobs(&self) -> u64 {
        self.pool.figure(|figures| &figures.jobs)
    }

    /// Turns of threads in which at least one call was run.
    #[getter]
    fn batches(&self) -> u64 {
        self.pool.figure(|figures| &figures.batches)
    }

    /// Times the loop was woken.
    #[getter]
    fn wakeups(&self) -> u64 {
        self.pool.figure(|figures| &figures.wakeups)
    }

    /// Times a thread was woken or started.
    #[getter]
    fn calls(&self) -> u64 {
        self.pool.figure(|figures| &figures.calls)
    }
}
