//! The coroutine that a runner's `asyncio.Task` believes it runs.

use std::sync::{Arc, Weak};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Runner;
use super::around::Around;
use super::context::Entered;
use super::coroutine::{cancel, thrown};
use super::run::{Run, Signal, Turn};
use super::waiter::Went;
use crate::eventloop::{Attached, wake};

/// Stands for one request inside its task once the request has suspended.
///
/// Until then it is idle, and its task has not made a step: the runner advances the request
/// itself with that task current. At the first suspension the run is handed over; the task's first
/// step then finds the future that the run already waits for, and asyncio takes it from there.
#[pyclass(frozen, module = "jebi._engine", name = "RequestCoroutine")]
pub(crate) struct Driver {
    /// Taken out for a turn and put back after it.
    state: Attached<State>,
    /// Who makes turns with its task.
    runner: Weak<Runner>,
    /// The context of its task.
    context: Py<PyAny>,
    /// The context of somebody else's that its turns are made in.
    lent: Attached<Option<Py<PyAny>>>,
}

enum State {
    /// No request, or one that has not suspended yet.
    Idle,
    /// A request that waits for `yielded`, which the task has not seen yet.
    HandedOver {
        runner: Arc<Runner>,
        run: Box<Run>,
        yielded: Py<PyAny>,
    },
    /// A request that the task has stepped at least once.
    Suspended {
        runner: Arc<Runner>,
        run: Box<Run>,
        /// What the task waits for.
        wait: Identity,
    },
    /// A request that came to its end in a turn that was made for the task, which has not heard of it.
    Ended(PyResult<Py<PyAny>>),
    /// In the middle of a turn.
    Running,
    /// Over.
    Finished,
}

impl Driver {
    pub(super) fn new(runner: Weak<Runner>, context: Py<PyAny>) -> Self {
        Self {
            state: Attached::new(State::Idle),
            runner,
            context,
            lent: Attached::default(),
        }
    }

    /// Who makes turns with its task; `None` when that is gone.
    pub(super) fn runner(&self) -> Option<Arc<Runner>> {
        self.runner.upgrade()
    }

    /// The context that its turns are made in.
    pub(super) fn context(&self, py: Python<'_>) -> Py<PyAny> {
        self.lent(py).unwrap_or_else(|| self.context.clone_ref(py))
    }

    /// Has its turns made in `context`, whatever the task's own is; in that again with `None`.
    pub(super) fn lend(&self, py: Python<'_>, context: Option<Py<PyAny>>) {
        drop(self.lent.replace(py, context));
    }

    fn lent(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let cloned = |context: &mut Option<Py<PyAny>>| Some(context.as_ref()?.clone_ref(py));
        self.lent.with(py, cloned)
    }

    /// Gives the task a run that waits for `yielded`.
    pub(super) fn hand_over(
        &self,
        py: Python<'_>,
        runner: Arc<Runner>,
        run: Box<Run>,
        yielded: Py<PyAny>,
    ) {
        self.put(
            py,
            State::HandedOver {
                runner,
                run,
                yielded,
            },
        );
    }

    fn put(&self, py: Python<'_>, state: State) {
        drop(self.state.replace(py, state));
    }

    fn advance(&self, py: Python<'_>, signal: Signal) -> PyResult<Py<PyAny>> {
        let state = self.state.replace(py, State::Running);
        match (state, signal) {
            (
                State::HandedOver {
                    runner,
                    run,
                    yielded,
                },
                Signal::Send,
            ) => {
                self.suspend(py, runner, run, &yielded);
                Ok(yielded)
            }
            (
                State::HandedOver {
                    runner,
                    run,
                    yielded,
                },
                Signal::Throw(error),
            ) => {
                // The task was cancelled in the turn that was made for it. What it then waited for
                // is cancelled, as asyncio does for a task that cancels itself; if that is over
                // already, the exception comes now.
                if cancel(py, &yielded, &error) {
                    self.suspend(py, runner, run, &yielded);
                    return Ok(yielded);
                }
                self.turn(py, runner, run, Signal::Throw(error))
            }
            (State::Suspended { runner, run, .. }, signal) => self.turn(py, runner, run, signal),
            (State::Ended(result), _) => Err(self.finish(py, result)),
            (State::Running, _) => Err(PyRuntimeError::new_err(
                "coroutine is being awaited already",
            )),
            (State::Idle, Signal::Throw(error)) => {
                self.put(py, State::Finished);
                Err(error)
            }
            (State::Idle, Signal::Send) => {
                self.put(py, State::Finished);
                Err(PyStopIteration::new_err((py.None(),)))
            }
            (State::Finished, _) => {
                self.put(py, State::Finished);
                Err(PyRuntimeError::new_err(
                    "cannot reuse already awaited coroutine",
                ))
            }
        }
    }

    fn turn(
        &self,
        py: Python<'_>,
        runner: Arc<Runner>,
        mut run: Box<Run>,
        signal: Signal,
    ) -> PyResult<Py<PyAny>> {
        match self.step(py, &runner, &mut run, signal) {
            Turn::Suspended(yielded) => {
                self.suspend(py, runner, run, &yielded);
                Ok(yielded)
            }
            Turn::Finished(result) => Err(self.finish(py, result)),
            Turn::Parked(_) => Err(self.finish(py, Err(parked()))),
        }
    }

    /// A turn of the run, in the context that was lent if one was.
    fn step(&self, py: Python<'_>, runner: &Arc<Runner>, run: &mut Run, signal: Signal) -> Turn {
        let lent = self.lent(py);
        // One that cannot be entered is the current one already.
        let _entered = lent
            .as_ref()
            .and_then(|context| Entered::enter(py, context).ok());
        run.turn(py, runner, signal)
    }

    /// The run waits for `yielded`, and so does the task.
    fn suspend(&self, py: Python<'_>, runner: Arc<Runner>, run: Box<Run>, yielded: &Py<PyAny>) {
        let wait = Identity::of(yielded);
        self.put(py, State::Suspended { runner, run, wait });
    }

    /// Comes to an end: what a coroutine raises then.
    fn finish(&self, py: Python<'_>, result: PyResult<Py<PyAny>>) -> PyErr {
        self.put(py, State::Finished);
        match result {
            Ok(value) => PyStopIteration::new_err((value,)),
            Err(error) => error,
        }
    }

    /// Makes a turn of a run that waits for the future `wait`, while its task waits for that one as well,
    /// inside of what `around` enters.
    ///
    /// A run that comes to wait for the same future again leaves its task as it was. Any other end of the
    /// turn completes the future, and the task finds it when that wakes it.
    pub(super) fn turn_for_task(
        &self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        wait: &Py<PyAny>,
    ) -> Went {
        let (runner, mut run) = match self.state.replace(py, State::Running) {
            State::Suspended {
                runner,
                run,
                wait: known,
            } if known == Identity::of(wait) => (runner, run),
            other => {
                self.put(py, other);
                return Went::Nowhere;
            }
        };
        if around.enter().is_err() {
            self.suspend(py, runner, run, wait);
            return Went::Nowhere;
        }
        let next = match self.step(py, &runner, &mut run, Signal::Send) {
            Turn::Suspended(yielded) if yielded.is(wait) => {
                self.suspend(py, runner, run, wait);
                return Went::Around;
            }
            Turn::Suspended(yielded) => State::HandedOver {
                runner,
                run,
                yielded,
            },
            Turn::Finished(result) => State::Ended(result),
            Turn::Parked(_) => State::Ended(Err(parked())),
        };
        self.put(py, next);
        wake(py, wait);
        Went::Further
    }
}

fn parked() -> PyErr {
    PyRuntimeError::new_err("a task cannot be parked")
}

/// Which object it was, without keeping it: only as good as somebody else does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity(usize);

impl Identity {
    fn of(object: &Py<PyAny>) -> Self {
        Self(object.as_ptr().addr())
    }
}

#[pymethods]
impl Driver {
    fn __await__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.advance(py, Signal::Send)
    }

    /// Resumes the request; only `None` can be sent, as to any coroutine that awaits a future.
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if value.is_none() {
            return self.advance(py, Signal::Send);
        }
        Err(PyTypeError::new_err(
            "can't send non-None value to a request",
        ))
    }

    /// Raises an exception where the request waits (`coroutine.throw`, one to three arguments).
    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.advance(py, Signal::Throw(thrown(kind, value, traceback)?))
    }

    /// Drops what is left of the request.
    fn close(&self, py: Python<'_>) {
        self.put(py, State::Finished);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.context)?;
        self.lent.traverse(|lent| visit.call(lent))?;
        self.state.traverse(|state| match state {
            State::HandedOver { run, yielded, .. } => {
                visit.call(yielded)?;
                run.traverse(&visit)
            }
            State::Suspended { run, .. } => run.traverse(&visit),
            State::Ended(Ok(value)) => visit.call(value),
            State::Ended(Err(_)) | State::Idle | State::Running | State::Finished => Ok(()),
        })
    }

    fn __clear__(&self, py: Python<'_>) {
        self.close(py);
    }

    /// The context that the request's code runs in at the moment.
    #[getter(context)]
    fn present_context(&self, py: Python<'_>) -> Py<PyAny> {
        self.context(py)
    }

    /// Whether a turn is being made right now (`coroutine.cr_running`).
    #[getter]
    fn cr_running(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| matches!(state, State::Running))
    }

    /// What the request awaits (`coroutine.cr_await`).
    #[getter]
    fn cr_await(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.state.with(py, |state| match state {
            State::HandedOver { run, .. } | State::Suspended { run, .. } => run.waiting(py),
            _ => None,
        })
    }
}
