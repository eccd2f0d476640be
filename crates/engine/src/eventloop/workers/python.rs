//! The work queue and its threads as Python sees them.

use std::ops::ControlFlow;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};
use reactor::Waker;

use super::crew::{Crew, Next, Wanted};
use super::job::Job;
use crate::eventloop::EventLoop;
use crate::eventloop::attached::Attached;
use crate::eventloop::call::Call;
use crate::pool::Seat;

type Shared = Arc<Attached<Crew<Job>>>;

/// Calls that wait for a thread. When it is gone, the threads end.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct WorkQueue(Shared);

impl WorkQueue {
    fn push(&self, py: Python<'_>, job: Job) -> PyResult<bool> {
        let Ok(Wanted { call, start }) = self.0.with(py, |crew| crew.push(job)) else {
            let text = "cannot schedule new futures after shutdown";
            return Err(PyRuntimeError::new_err(text));
        };
        if let Some(seat) = call {
            seat.call();
        }
        Ok(start)
    }
}

#[pymethods]
impl WorkQueue {
    /// A queue for at most `limit` threads.
    #[new]
    fn new(limit: usize) -> Self {
        Self(Arc::new(Attached::new(Crew::new(limit))))
    }

    /// Has a thread call `func(*args)` and `future`, one of `event_loop`, completed with the
    /// result. `True` if a thread should be started for it.
    fn run(
        &self,
        event_loop: &Bound<'_, EventLoop>,
        future: Py<PyAny>,
        func: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
    ) -> PyResult<bool> {
        let job = Job::Awaited {
            call: Call::new(func, args.as_slice())?,
            future,
            event_loop: event_loop.clone().unbind(),
        };
        self.push(event_loop.py(), job)
    }

    /// Has a thread call `item()`, which sees to its result itself. `True` if a thread should be
    /// started for it.
    fn put(&self, item: Bound<'_, PyAny>) -> PyResult<bool> {
        let py = item.py();
        self.push(py, Job::Alone(item.unbind()))
    }

    /// What one more thread is to run; `None` when there are enough.
    fn worker(&self, py: Python<'_>) -> Option<Worker> {
        let number = self.0.with(py, Crew::expect)?;
        Some(Worker {
            crew: Arc::clone(&self.0),
            seat: Arc::new(Seat::called(number)),
        })
    }

    /// The thread of a worker could not be started.
    fn miss(&self, py: Python<'_>) {
        self.0.with(py, Crew::miss);
    }

    /// Lets the threads end when everything that waits is done.
    fn close(&self, py: Python<'_>) {
        close(py, &self.0);
    }

    /// Gives up what no thread has begun: futures of loops are cancelled, the items of `put` come
    /// back.
    fn drain(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        let jobs = self.0.with(py, Crew::drain);
        jobs.into_iter().filter_map(|job| job.cancel(py)).collect()
    }

    /// How many calls no thread has begun.
    fn qsize(&self, py: Python<'_>) -> usize {
        self.0.with(py, |crew| crew.jobs().len())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let visit_all =
            |crew: &Crew<Job>| crew.jobs().iter().try_for_each(|job| job.traverse(&visit));
        self.0.traverse(visit_all)
    }

    fn __clear__(&self, py: Python<'_>) {
        drop(self.0.with(py, Crew::drain));
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        Python::try_attach(|py| close(py, &self.0));
    }
}

/// A thread of a [`WorkQueue`].
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct Worker {
    crew: Shared,
    seat: Arc<Seat>,
}

#[pymethods]
impl Worker {
    /// Its place in the row of its queue's threads.
    #[getter]
    fn number(&self) -> usize {
        self.seat.number
    }

    /// Makes calls until there will be none any more. What the thread runs.
    fn work(&self, py: Python<'_>) {
        self.seat.occupy();
        let mut turn = ControlFlow::Continue(None);
        while let ControlFlow::Continue(waker) = turn {
            py.detach(|| {
                // The loop wakes up to a GIL that is free.
                wake(waker);
                self.seat.wait_for_ever();
            });
            self.crew.with(py, Crew::arrive);
            turn = self.turn(py);
        }
    }

    /// Lets the threads end, whatever `item` is: what `concurrent.futures` calls at exit.
    fn put(&self, py: Python<'_>, item: &Bound<'_, PyAny>) {
        let _ = item;
        close(py, &self.crew);
    }
}

impl Worker {
    /// Makes calls as long as there are any. Then it is to wait, after waking a loop, or to end.
    fn turn(&self, py: Python<'_>) -> ControlFlow<(), Option<Waker>> {
        let mut waker: Option<Waker> = None;
        loop {
            match self.crew.with(py, |crew| crew.next(&self.seat)) {
                Next::Work(job, successor) => {
                    // The call may take long.
                    wake(waker.take());
                    if let Some(seat) = successor {
                        seat.call();
                    }
                    waker = job.run(py);
                }
                Next::Wait => return ControlFlow::Continue(waker),
                Next::Leave => {
                    wake(waker);
                    return ControlFlow::Break(());
                }
            }
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn close(py: Python<'_>, crew: &Shared) {
    for seat in crew.with(py, Crew::close) {
        seat.call();
    }
}
