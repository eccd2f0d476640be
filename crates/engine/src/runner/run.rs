//! One run: a piece of work with the awaitable it is in.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Runner;
use super::Waiter;
use super::around::Around;
use super::coroutine::{self, Stepped};
use super::tally::{Counted, Tally};
use super::work::{PoolCall, Progress, Work};
use crate::eventloop::wake;

/// How a turn begins.
pub(super) enum Signal {
    /// What was waited for is there.
    Send,
    /// Somebody raised this where the run waits.
    Throw(PyErr),
}

/// How a turn ended.
pub(super) enum Turn {
    /// The innermost awaitable yielded this.
    Suspended(Py<PyAny>),
    /// It waits for the pool and for nothing else (inline only).
    Parked(PoolCall),
    /// It is over.
    Finished(PyResult<Py<PyAny>>),
}

/// What a pool call came to, left for the task that waits for it.
type Delivery = Arc<Mutex<Option<PyResult<Py<PyAny>>>>>;

/// Work in progress.
pub(super) struct Run {
    work: Box<dyn Work>,
    /// The request's context, for its calls in the pool.
    context: Py<PyAny>,
    /// The iterator of the awaitable it is in.
    waiting: Option<Py<PyAny>>,
    /// Set while that awaitable is a future that stands for a pool call.
    delivery: Option<Delivery>,
    /// Held by every run that has waited for something, so that they can be counted.
    counted: Option<Counted>,
}

impl Run {
    pub(super) fn new(work: Box<dyn Work>, context: Py<PyAny>) -> Self {
        Self {
            work,
            context,
            waiting: None,
            delivery: None,
            counted: None,
        }
    }

    /// A run whose work has begun already, and waits in `iterator`.
    pub(super) fn begun(work: Box<dyn Work>, context: Py<PyAny>, iterator: Py<PyAny>) -> Self {
        Self {
            waiting: Some(iterator),
            ..Self::new(work, context)
        }
    }

    /// It waits for something: counts among those that do, until it is over.
    pub(super) fn count(&mut self, suspended: &Arc<Tally>) {
        self.counted.get_or_insert_with(|| suspended.enter());
    }

    /// It has become `task`, which is to live until it is over.
    pub(super) fn keep(&mut self, task: Py<PyAny>) {
        if let Some(counted) = &mut self.counted {
            counted.keep(task);
        }
    }

    /// It waits: offers its work a way to have it go on.
    pub(super) fn offer(&self, py: Python<'_>, waiter: &dyn Fn() -> Waiter) {
        self.work.waits(py, waiter);
    }

    /// Shows the garbage collector what this holds.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.context)?;
        visit.call(&self.waiting)?;
        self.work.traverse(visit)
    }

    /// What it awaits, for those who look.
    pub(super) fn waiting(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.waiting
            .as_ref()
            .map(|awaitable| awaitable.clone_ref(py))
    }

    /// Goes on until it waits or ends.
    pub(super) fn turn(&mut self, py: Python<'_>, runner: &Arc<Runner>, signal: Signal) -> Turn {
        let around = Around::task();
        let outcome = match self.waiting.take() {
            None => match signal {
                Signal::Send => None,
                Signal::Throw(error) => Some(Err(error)),
            },
            Some(iterator) => match self.step(py, iterator, signal) {
                Ok(result) => Some(result),
                Err(yielded) => return Turn::Suspended(yielded),
            },
        };
        self.go_on(py, runner, &around, outcome)
    }

    /// Goes on from a wait that ended with `outcome`.
    pub(super) fn go_on(
        &mut self,
        py: Python<'_>,
        runner: &Arc<Runner>,
        around: &Around<'_, '_>,
        mut outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Turn {
        loop {
            let awaitable = match self.work.resume(py, around, outcome) {
                Progress::Done(result) => return Turn::Finished(result),
                Progress::Call(call) if around.is_inline() => return Turn::Parked(call),
                Progress::Call(call) => self.call_from_task(py, runner, call),
                Progress::Await(awaitable) => around
                    .enter()
                    .and_then(|()| coroutine::iterator(py, awaitable)),
            };
            outcome = match awaitable {
                Err(error) => Some(Err(error)),
                Ok(iterator) => match self.step(py, iterator, Signal::Send) {
                    Ok(result) => Some(result),
                    Err(yielded) => return Turn::Suspended(yielded),
                },
            };
        }
    }

    /// One step of `iterator`: `Ok` with its end, or `Err` with what it yielded.
    fn step(
        &mut self,
        py: Python<'_>,
        iterator: Py<PyAny>,
        signal: Signal,
    ) -> Result<PyResult<Py<PyAny>>, Py<PyAny>> {
        let stepped = match signal {
            Signal::Send => coroutine::send(py, &iterator),
            Signal::Throw(error) => coroutine::throw(py, &iterator, error),
        };
        match stepped {
            Stepped::Yielded(yielded) => {
                self.waiting = Some(iterator);
                Err(yielded)
            }
            Stepped::Ended(result) => {
                let delivered = self.delivery.take().and_then(|delivery| {
                    delivery
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take()
                });
                Ok(match (result, delivered) {
                    (Ok(_), Some(delivered)) => delivered,
                    (result, _) => result,
                })
            }
        }
    }

    /// Submits a pool call on behalf of a task, which needs a future to wait for.
    fn call_from_task(
        &mut self,
        py: Python<'_>,
        runner: &Arc<Runner>,
        call: PoolCall,
    ) -> PyResult<Py<PyAny>> {
        let future = runner.create_future(py)?;
        let delivery = Delivery::default();
        let (waiter, result) = (future.clone_ref(py), Arc::clone(&delivery));
        self.delivery = Some(delivery);
        runner.submit(
            py,
            call,
            self.context.clone_ref(py),
            Box::new(move |py, outcome| {
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                wake(py, &waiter);
            }),
        );
        future
            .bind(py)
            .call_method0(intern!(py, "__await__"))
            .map(Bound::unbind)
    }
}
