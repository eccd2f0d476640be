//! A plan as an awaitable: its ASGI form, on whatever loop and server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};

use super::encoder::{self, Encoder};
use super::execution::{Advance, Execution};
use crate::eventloop::leaving;
use crate::runner::{Around, Stepped, iterator, send_value, throw};

/// What `Plan.run` returns: awaited once, it drives the plan in the awaiting task.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct PlanRun {
    state: Mutex<Option<State>>,
}

struct State {
    execution: Execution,
    /// The iterator of the awaitable a step is in.
    waiting: Option<Py<PyAny>>,
}

/// How a turn begins.
enum Signal<'py> {
    Send(Bound<'py, PyAny>),
    Throw(PyErr),
}

impl PlanRun {
    pub(super) fn new(execution: Execution) -> Self {
        Self {
            state: Mutex::new(Some(State {
                execution,
                waiting: None,
            })),
        }
    }

    /// Never held while Python runs: the state is taken out for a turn and put back after it.
    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn<'py>(&self, py: Python<'py>, signal: Signal<'py>) -> PyResult<Py<PyAny>> {
        let Some(mut state) = self.lock().take() else {
            return Err(PyRuntimeError::new_err(
                "cannot reuse already awaited coroutine",
            ));
        };
        match state.turn(py, signal) {
            Ok(Turn::Yielded(yielded)) => {
                *self.lock() = Some(state);
                Ok(yielded)
            }
            Ok(Turn::Returned(response)) => Err(PyStopIteration::new_err((response,))),
            Err(error) => Err(leaving(py, error)),
        }
    }
}

enum Turn {
    Yielded(Py<PyAny>),
    Returned(Py<PyAny>),
}

impl State {
    fn turn<'py>(&mut self, py: Python<'py>, mut signal: Signal<'py>) -> PyResult<Turn> {
        loop {
            let outcome = match self.waiting.take() {
                None => match signal {
                    Signal::Send(_) => None,
                    Signal::Throw(error) => return Err(error),
                },
                Some(waiting) => {
                    let stepped = match signal {
                        Signal::Send(value) => send_value(py, &waiting, &value),
                        Signal::Throw(error) => throw(py, &waiting, error),
                    };
                    match stepped {
                        Stepped::Yielded(yielded) => {
                            self.waiting = Some(waiting);
                            return Ok(Turn::Yielded(yielded));
                        }
                        Stepped::Ended(result) => Some(result),
                    }
                }
            };
            match self.execution.advance(py, &Around::task(), outcome)? {
                Advance::Await(awaitable) => self.waiting = Some(iterator(py, awaitable)?),
                Advance::Call(_) | Advance::Invalid => {
                    return Err(PyRuntimeError::new_err(
                        "the pool and errors without an exception belong to the native form",
                    ));
                }
                Advance::Returned(result) => {
                    return self.respond(py, result.bind(py)).map(Turn::Returned);
                }
            }
            signal = Signal::Send(py.None().into_bound(py));
        }
    }

    /// Makes the response of what the handler returned.
    fn respond(&self, py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let plan = self.execution.compiled();
        let Execution {
            response,
            background,
            ..
        } = &self.execution;
        if matches!(plan.encoder, Encoder::Nothing) {
            return Ok(result.clone().unbind());
        }
        if self.execution.is_response(py, result)? {
            if let Some(tasks) = background
                && result.getattr("background")?.is_none()
            {
                result.setattr("background", tasks)?;
            }
            return Ok(result.clone().unbind());
        }
        let content = match &plan.encoder {
            Encoder::Response { encode } => {
                return encode.call1(py, (result, response, background));
            }
            Encoder::Model {
                validate,
                to_json,
                invalid,
                plain,
            } => match encoder::plain_model(result, plain.as_ref(), Vec::new) {
                Some(written) => PyBytes::new(py, &written),
                None => encoder::model_json(py, result, validate, to_json, invalid)?,
            },
            Encoder::Json { fallback, learned } => {
                let mut written = Vec::new();
                let around = Around::task();
                encoder::plain_json(py, &around, result, fallback, learned, &mut written)?;
                PyBytes::new(py, &written)
            }
            Encoder::Nothing => PyBytes::new(py, b""),
        };
        plan.hooks
            .json_response
            .call1(py, (content, plan.status_code, response, background))
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

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.turn(py, Signal::Send(py.None().into_bound(py)))
    }

    /// Resumes the plan with what its innermost awaitable is waiting for.
    fn send(&self, value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.turn(value.py(), Signal::Send(value))
    }

    /// Raises an exception where the plan waits.
    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = crate::runner::thrown(kind, value, traceback)?;
        self.turn(py, Signal::Throw(error))
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
        state.execution.traverse(&visit)
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
