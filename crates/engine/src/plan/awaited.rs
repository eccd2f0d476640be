//! Work of a plan as an awaitable, on whatever loop and server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::eventloop::leaving;
use crate::runner::{Around, Progress, Stepped, Work, iterator, send_value, throw};

/// Awaited once, it drives its work in the awaiting task. It has a coroutine's methods.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct PlanRun {
    state: Mutex<Option<State>>,
}

struct State {
    work: Box<dyn Work>,
    /// The iterator of the awaitable that the work is in.
    waiting: Option<Py<PyAny>>,
}

/// How a turn begins.
enum Signal<'py> {
    Send(Bound<'py, PyAny>),
    Throw(PyErr),
}

enum Turn {
    Yielded(Py<PyAny>),
    Returned(Py<PyAny>),
}

impl PlanRun {
    pub(super) fn new(work: impl Work + 'static) -> Self {
        Self {
            state: Mutex::new(Some(State {
                work: Box::new(work),
                waiting: None,
            })),
        }
    }

    /// Never held while Python runs: the state is taken out for a turn and put back after it.
    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn<'py>(&self, py: Python<'py>, signal: Signal<'py>) -> PyResult<Turn> {
        let Some(mut state) = self.lock().take() else {
            return Err(PyRuntimeError::new_err(
                "cannot reuse already awaited coroutine",
            ));
        };
        let turn = state.turn(py, signal);
        if matches!(turn, Ok(Turn::Yielded(_))) {
            *self.lock() = Some(state);
        }
        turn.map_err(|error| leaving(py, error))
    }
}

impl State {
    fn turn<'py>(&mut self, py: Python<'py>, signal: Signal<'py>) -> PyResult<Turn> {
        let mut outcome = match (self.waiting.take(), signal) {
            (None, Signal::Send(_)) => None,
            (None, Signal::Throw(error)) => return Err(error),
            (Some(waiting), Signal::Send(value)) => match send_value(py, &waiting, &value) {
                Stepped::Yielded(yielded) => return Ok(self.wait(waiting, yielded)),
                Stepped::Ended(result) => Some(result),
            },
            (Some(waiting), Signal::Throw(error)) => match throw(py, &waiting, error) {
                Stepped::Yielded(yielded) => return Ok(self.wait(waiting, yielded)),
                Stepped::Ended(result) => Some(result),
            },
        };
        let none = py.None().into_bound(py);
        loop {
            let awaitable = match self.work.resume(py, &Around::task(), outcome) {
                Progress::Await(awaitable) => awaitable,
                Progress::Done(result) => return result.map(Turn::Returned),
                Progress::Call(_) => {
                    return Err(PyRuntimeError::new_err(
                        "the pool's calls belong to the native form",
                    ));
                }
            };
            outcome = Some(match iterator(py, awaitable) {
                Err(error) => Err(error),
                Ok(waiting) => match send_value(py, &waiting, &none) {
                    Stepped::Yielded(yielded) => return Ok(self.wait(waiting, yielded)),
                    Stepped::Ended(result) => result,
                },
            });
        }
    }

    fn wait(&mut self, waiting: Py<PyAny>, yielded: Py<PyAny>) -> Turn {
        self.waiting = Some(waiting);
        Turn::Yielded(yielded)
    }
}

#[pymethods]
impl PlanRun {
    fn __await__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.turn(py, Signal::Send(py.None().into_bound(py)))? {
            Turn::Yielded(yielded) => Ok(Some(yielded)),
            // The end without a value needs no exception.
            Turn::Returned(value) if value.is_none(py) => Ok(None),
            Turn::Returned(value) => Err(PyStopIteration::new_err((value,))),
        }
    }

    /// Resumes the work with what its innermost awaitable is waiting for.
    fn send(&self, value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        said(self.turn(value.py(), Signal::Send(value))?)
    }

    /// Raises an exception where the work waits.
    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = crate::runner::thrown(kind, value, traceback)?;
        said(self.turn(py, Signal::Throw(error))?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // In use means that somebody is here, so it is no garbage.
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        let Some(state) = &*state else {
            return Ok(());
        };
        visit.call(&state.waiting)?;
        state.work.traverse(&visit)
    }

    fn __clear__(&self) {
        self.close();
    }

    /// Drops what is left of the run.
    fn close(&self) {
        let left = self.lock().take();
        drop(left);
    }
}

/// How a coroutine's `send` and `throw` say it.
fn said(turn: Turn) -> PyResult<Py<PyAny>> {
    match turn {
        Turn::Yielded(yielded) => Ok(yielded),
        Turn::Returned(value) => Err(PyStopIteration::new_err((value,))),
    }
}
