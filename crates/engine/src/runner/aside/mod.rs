//! A coroutine beside its caller: begun at once, in the same call stack, as a task of its own.
//!
//! What `asyncio.create_task` does without the wait for the next iteration, and without a task, if
//! the coroutine ends, or pauses, before it has to wait for anything. Meanwhile another idle
//! [`RequestTask`] is current, so that timeouts, cancellation and `AnyIO`'s scopes are its own
//! and not the caller's. Its context is a copy of the caller's, as a task's is: what the caller sets
//! or resets later is not seen here. What is set here the caller takes over when it asks to.

mod pause;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{PyTraverseError, PyVisit};

pub(crate) use self::pause::Pause;
use super::Runner;
use super::around::Around;
use super::context::{self, Entered};
use super::coroutine::{self, Stepped};
use super::driver::Driver;
use super::run::{Run, Signal};
use super::task::RequestTask;
use super::work::{Progress, Work};

/// A coroutine that runs beside the one that began it.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct Aside {
    runner: Arc<Runner>,
    state: Mutex<State>,
    /// Who began it; until it is over, because a task that somebody holds is not used again.
    caller: Mutex<Option<Py<PyAny>>>,
    /// What its turns are made in, once it has begun.
    context: Mutex<Option<Py<PyAny>>>,
    /// The address of the task that is current during a turn in the caller's stack, else 0.
    inline: AtomicUsize,
}

enum State {
    /// Not begun.
    Ready,
    /// At a [`Pause`].
    Paused {
        task: RequestTask,
        iterator: Py<PyAny>,
    },
    /// In the middle of a turn.
    Running,
    /// It had to wait, and is an ordinary task now.
    Task(Py<PyAny>),
    /// Over without ever having been one.
    Ended,
}

/// What is left to do of a coroutine that became a task: nothing but end.
struct Rest;

impl Work for Rest {
    fn resume(
        &mut self,
        py: Python<'_>,
        _: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress {
        Progress::Done(outcome.unwrap_or_else(|| Ok(py.None())))
    }
}

impl Aside {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes over to `state` and returns the one before, to be dropped with nothing locked.
    fn enter(&self, state: State) -> State {
        std::mem::replace(&mut *self.lock(), state)
    }

    fn context(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        context
            .as_ref()
            .map(|context| context.clone_ref(py))
            .ok_or_else(|| PyRuntimeError::new_err("this has not begun, or was cleared"))
    }

    fn keep_context(&self, context: Option<Py<PyAny>>) {
        let mut kept = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = std::mem::replace(&mut *kept, context);
        drop(kept);
        drop(previous);
    }

    fn forget_caller(&self) {
        let caller = self
            .caller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(caller);
    }

    /// Whether this is asked in a turn made in the caller's stack, and not by a task of its own.
    fn is_inline(&self, py: Python<'_>) -> PyResult<bool> {
        let inline = self.inline.load(Ordering::Relaxed);
        if inline == 0 {
            return Ok(false);
        }
        let runner = &self.runner;
        let current = runner.asyncio.current_task(py, runner.event_loop(py))?;
        Ok(current.as_ptr().addr() == inline)
    }

    fn turn(
        &self,
        py: Python<'_>,
        task: RequestTask,
        iterator: Py<PyAny>,
        signal: Signal,
    ) -> PyResult<Option<bool>> {
        let context = self.context(py)?;
        match self.step(py, &task, &context, &iterator, signal)? {
            Stepped::Yielded(yielded) if yielded.bind(py).is_instance_of::<Pause>() => {
                drop(self.enter(State::Paused { task, iterator }));
                Ok(Some(true))
            }
            Stepped::Yielded(yielded) => {
                self.become_task(py, &task, context, iterator, yielded)?;
                Ok(None)
            }
            Stepped::Ended(result) => {
                drop((iterator, context));
                drop(self.enter(State::Ended));
                self.forget_caller();
                self.give_back(py, task)?;
                result.map(|_| Some(false))
            }
        }
    }

    /// One step with `task` current, in `context`.
    fn step(
        &self,
        py: Python<'_>,
        task: &RequestTask,
        context: &Py<PyAny>,
        iterator: &Py<PyAny>,
        signal: Signal,
    ) -> PyResult<Stepped> {
        let (asyncio, event_loop) = (&self.runner.asyncio, self.runner.event_loop(py));
        let object = task.object().bind(py);
        let previous = asyncio.swap_task(py, event_loop, object)?;
        let entered = Entered::enter(py, context);
        self.inline.store(object.as_ptr().addr(), Ordering::Relaxed);
        let stepped = entered.map(|_entered| match signal {
            Signal::Send => coroutine::send(py, iterator),
            Signal::Throw(error) => coroutine::throw(py, iterator, error),
        });
        self.inline.store(0, Ordering::Relaxed);
        asyncio.swap_task(py, event_loop, &previous)?;
        stepped
    }

    /// Hands what waits for `yielded` to its task.
    fn become_task(
        &self,
        py: Python<'_>,
        task: &RequestTask,
        context: Py<PyAny>,
        iterator: Py<PyAny>,
        yielded: Py<PyAny>,
    ) -> PyResult<()> {
        let run = Run::begun(Box::new(Rest), context, iterator);
        task.driver()
            .hand_over(py, Arc::clone(&self.runner), Box::new(run), yielded);
        drop(self.enter(State::Task(task.object().clone_ref(py))));
        self.forget_caller();
        self.with_nobody_current(py, |asyncio| task.begin_within(py, asyncio))
    }

    /// Keeps the task for another, or lets it end if this left something on it.
    fn give_back(&self, py: Python<'_>, task: RequestTask) -> PyResult<()> {
        let runner = &self.runner;
        task.driver().lend(py, None);
        if task.is_untouched(py, &runner.asyncio, &runner.base)? {
            runner.keep(py, task);
            return Ok(());
        }
        self.with_nobody_current(py, |asyncio| task.begin(py, asyncio))
    }

    fn with_nobody_current(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&super::asyncio::Asyncio) -> PyResult<()>,
    ) -> PyResult<()> {
        let (asyncio, event_loop) = (&self.runner.asyncio, self.runner.event_loop(py));
        let previous = asyncio.swap_task(py, event_loop, py.None().bind(py))?;
        let done = act(asyncio);
        asyncio.swap_task(py, event_loop, &previous)?;
        done
    }
}

#[pymethods]
impl Aside {
    /// One for a coroutine of the request that the caller belongs to; `None` where the caller is
    /// not run by the engine, or is a task that the request has made.
    #[staticmethod]
    fn here(py: Python<'_>) -> PyResult<Option<Self>> {
        static CURRENT_TASK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let current_task = CURRENT_TASK.get_or_try_init(py, || {
            let tasks = py.import("asyncio.tasks")?;
            tasks.getattr("current_task").map(Bound::unbind)
        })?;
        // Raises where no loop of asyncio's runs.
        let Ok(task) = current_task.bind(py).call0() else {
            return Ok(None);
        };
        if task.is_none() {
            return Ok(None);
        }
        let coroutine = task.call_method0(intern!(py, "get_coro"))?;
        let Ok(driver) = coroutine.cast::<Driver>() else {
            return Ok(None);
        };
        let driver = driver.get();
        Ok(driver.runner().map(|runner| Self {
            runner,
            state: Mutex::new(State::Ready),
            caller: Mutex::new(Some(task.unbind())),
            context: Mutex::new(None),
            inline: AtomicUsize::new(0),
        }))
    }

    /// Makes the first turn of `coroutine`, in a copy of the current context.
    ///
    /// Returns `True` when it has paused, `False` when it is over and `None` when it has to wait:
    /// then it goes on as [`task`](Self::task), and what it raises is the task's. Before that, what
    /// it raises is raised here.
    fn begin(&self, py: Python<'_>, coroutine: Py<PyAny>) -> PyResult<Option<bool>> {
        match self.enter(State::Running) {
            State::Ready => {}
            other => {
                drop(self.enter(other));
                return Err(PyRuntimeError::new_err("this has begun already"));
            }
        }
        let task = self.runner.take_task(py)?;
        let context = context::copy_current(py)?;
        self.keep_context(Some(context.clone_ref(py)));
        task.driver().lend(py, Some(context));
        self.turn(py, task, coroutine, Signal::Send)
    }

    /// Makes the next turn of what has paused; with `error`, which is raised where it has. Returns
    /// what [`begin`](Self::begin) does.
    #[pyo3(signature = (error=None))]
    fn resume(&self, py: Python<'_>, error: Option<Bound<'_, PyAny>>) -> PyResult<Option<bool>> {
        let state = self.enter(State::Running);
        let State::Paused { task, iterator } = state else {
            drop(self.enter(state));
            return Err(PyRuntimeError::new_err("this has not paused"));
        };
        let signal = error.map_or(Signal::Send, |error| {
            Signal::Throw(PyErr::from_value(error))
        });
        self.turn(py, task, iterator, signal)
    }

    /// Sets in the current context what the coroutine has set in its own.
    fn carry_over(&self, py: Python<'_>) -> PyResult<()> {
        context::carry_over(self.context(py)?.bind(py))
    }

    /// What the coroutine awaits to be gone on with by [`resume`](Self::resume).
    fn pause(slf: Py<Self>) -> Pause {
        Pause::new(slf)
    }

    /// The task that it is since it had to wait, or `None`.
    #[getter]
    fn task(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &*self.lock() {
            State::Task(task) => Some(task.clone_ref(py)),
            _ => None,
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Ok(caller) = self.caller.try_lock() {
            visit.call(&*caller)?;
        }
        if let Ok(context) = self.context.try_lock() {
            visit.call(&*context)?;
        }
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        match &*state {
            State::Paused { iterator, .. } => visit.call(iterator),
            State::Task(task) => visit.call(task),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        drop(self.enter(State::Ended));
        self.forget_caller();
        self.keep_context(None);
    }
}
