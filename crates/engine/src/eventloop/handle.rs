//! A callback that was handed to the loop.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::EventLoop;
use super::attached::Attached;
use super::call::Call;
use super::context::{copy_context, in_context};
use super::timer_handle::TimerHandle;

/// A callback that was handed to the loop; asyncio's `Handle`.
#[pyclass(frozen, subclass, weakref, module = "jebi._engine")]
pub(crate) struct Handle {
    state: Attached<State>,
    event_loop: Py<EventLoop>,
    /// It is a [`TimerHandle`].
    is_timer: bool,
    cancelled: AtomicBool,
    /// It sits in the loop's timers.
    scheduled: AtomicBool,
}

/// What changes when a handle is used again.
#[derive(Default)]
pub(super) struct State {
    /// `None` once it is cancelled.
    call: Option<Call>,
    context: Option<Py<PyAny>>,
    /// When it is due, if it is a timer.
    when: f64,
    debug: Option<Box<Debug>>,
}

/// What only debug mode knows of a handle.
struct Debug {
    /// Where it was made.
    source_traceback: Py<PyAny>,
    /// What `repr` says of it after it was cancelled.
    remembered: Option<String>,
}

impl State {
    /// For `call`, to run in `context` or else in a copy of the current one.
    fn new(
        event_loop: &Bound<'_, EventLoop>,
        call: Call,
        context: Option<&Bound<'_, PyAny>>,
        when: f64,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let context = match context {
            Some(context) if !context.is_none() => context.clone(),
            _ => copy_context(py)?,
        };
        let mut debug = None;
        if event_loop.get().is_debug() {
            debug = Some(Box::new(Debug {
                source_traceback: extract_stack(py)?,
                remembered: None,
            }));
        }
        Ok(Self {
            call: Some(call),
            context: Some(context.unbind()),
            when,
            debug,
        })
    }

    /// Drops it. What is dropped while `py` is known needs not be asked whether it may.
    pub(super) fn release(self, py: Python<'_>) {
        if let Some(call) = self.call {
            call.release(py);
        }
        if let Some(context) = self.context {
            context.drop_ref(py);
        }
        // Seldom there, and looked for here, because its destructor is a call.
        if let Some(debug) = self.debug {
            drop(debug);
        }
    }
}

impl Handle {
    /// A handle for `call`, to run in `context` or else in a copy of the current one.
    pub(super) fn create<'py>(
        event_loop: &Bound<'py, EventLoop>,
        call: Call,
        context: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let state = State::new(event_loop, call, context, 0.0)?;
        Self::make(event_loop, state, false)
    }

    /// A [`TimerHandle`] for the time `when`, in seconds of the loop's clock.
    pub(super) fn create_timer<'py>(
        event_loop: &Bound<'py, EventLoop>,
        when: f64,
        call: Call,
        context: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let state = State::new(event_loop, call, context, when)?;
        Self::make(event_loop, state, true)
    }

    /// A spare handle, or a new one, with `state`.
    fn make<'py>(
        event_loop: &Bound<'py, EventLoop>,
        state: State,
        is_timer: bool,
    ) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        if let Some(spare) = event_loop.get().take_spare(py, is_timer) {
            spare.get().state.replace(py, state).release(py);
            return Ok(spare);
        }
        let made = Self {
            state: Attached::new(state),
            event_loop: event_loop.clone().unbind(),
            is_timer,
            cancelled: AtomicBool::new(false),
            scheduled: AtomicBool::new(false),
        };
        if !is_timer {
            return Bound::new(py, made);
        }
        let timer = PyClassInitializer::from(made).add_subclass(TimerHandle);
        Ok(Bound::new(py, timer)?.into_super())
    }

    /// Hands out everything it knows, so that it can be used again.
    pub(super) fn empty(&self, py: Python<'_>) -> State {
        self.cancelled.store(false, Ordering::Relaxed);
        self.state.take(py)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn is_timer(&self) -> bool {
        self.is_timer
    }

    /// When it is due, if it is a timer.
    pub(super) fn when(&self, py: Python<'_>) -> f64 {
        self.state.with(py, |state| state.when)
    }

    /// Notes that it entered the loop's timers.
    pub(super) fn set_scheduled(&self) {
        self.scheduled.store(true, Ordering::Relaxed);
    }

    /// Notes that it left the loop's timers.
    pub(super) fn clear_scheduled(&self) {
        self.scheduled.store(false, Ordering::Relaxed);
    }

    /// Calls the callback in its context.
    ///
    /// What it raises goes to the loop's exception handler, except the two exceptions that mean to
    /// end the program.
    pub(crate) fn run(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let parts = slf.get().state.with(py, |state| {
            let (call, context) = (state.call.as_ref()?, state.context.as_ref()?);
            Some((call.clone_ref(py), context.bind(py).clone()))
        });
        let Some((call, context)) = parts else {
            return Ok(());
        };
        let outcome = match in_context(&context, || call.run(py)) {
            Ok(_) => Ok(()),
            Err(error) if is_exit(py, &error) => Err(error),
            Err(error) => Self::report(slf, &call, error),
        };
        call.release(py);
        outcome
    }

    /// The same, for a handle that nobody else has: it is kept for another callback meanwhile.
    pub(super) fn run_alone(
        event_loop: &Bound<'_, EventLoop>,
        handle: Bound<'_, Self>,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let (state, is_timer) = (handle.get().empty(py), handle.get().is_timer);
        event_loop.get().keep(handle);
        let outcome = match (&state.call, &state.context) {
            (Some(call), Some(context)) => in_context(context.bind(py), || call.run(py)).map(drop),
            _ => Ok(()),
        };
        match outcome {
            Err(error) if !is_exit(py, &error) => {
                Self::report_anew(event_loop, state, is_timer, error)
            }
            outcome => {
                state.release(py);
                outcome
            }
        }
    }

    /// Reports what a callback raised whose handle is another one's by now, with one like it.
    #[cold]
    fn report_anew(
        event_loop: &Bound<'_, EventLoop>,
        state: State,
        is_timer: bool,
        error: PyErr,
    ) -> PyResult<()> {
        let handle = Self::make(event_loop, state, is_timer)?;
        let call = handle.get().call(handle.py());
        call.map_or(Ok(()), |call| Self::report(&handle, &call, error))
    }

    /// What it will call; `None` once it is cancelled.
    pub(super) fn call(&self, py: Python<'_>) -> Option<Call> {
        self.state
            .with(py, |state| Some(state.call.as_ref()?.clone_ref(py)))
    }

    fn source_traceback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.state.with(py, |state| {
            Some(state.debug.as_ref()?.source_traceback.clone_ref(py))
        })
    }

    fn report(handle: &Bound<'_, Self>, call: &Call, error: PyErr) -> PyResult<()> {
        let py = handle.py();
        let this = handle.get();
        // Words that cannot be found must not keep the exception from being reported.
        let described = describe(py, call, this.event_loop.get().is_debug())
            .unwrap_or_else(|_| "<unknown>".to_owned());
        let context = PyDict::new(py);
        context.set_item("message", format!("Exception in callback {described}"))?;
        context.set_item("exception", error.into_value(py))?;
        context.set_item("handle", handle)?;
        if let Some(traceback) = this.source_traceback(py) {
            context.set_item("source_traceback", traceback)?;
        }
        this.event_loop
            .bind(py)
            .call_method1(intern!(py, "call_exception_handler"), (context,))?;
        Ok(())
    }

    /// `Handle cancelled f() created at file:line`, with the time of a timer.
    fn description(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let this = slf.get();
        let remembered = this
            .state
            .with(py, |state| state.debug.as_ref()?.remembered.clone());
        if let Some(text) = remembered {
            return Ok(text);
        }
        let mut words = vec![slf.get_type().name()?.to_string()];
        if this.is_cancelled() {
            words.push("cancelled".to_owned());
        }
        if this.is_timer {
            words.push(format!("when={}", this.when(py).into_pyobject(py)?.repr()?));
        }
        if let Some(call) = this.call(py) {
            words.push(describe(py, &call, this.event_loop.get().is_debug())?);
        }
        if let Some(traceback) = this.source_traceback(py) {
            let frame = traceback.bind(py).get_item(-1)?;
            let (file, line) = (frame.get_item(0)?, frame.get_item(1)?);
            words.push(format!("created at {file}:{line}"));
        }
        Ok(format!("<{}>", words.join(" ")))
    }

    /// Keeps what `repr` said before the call was given up, for debug mode.
    fn remember(slf: &Bound<'_, Self>) -> PyResult<()> {
        let text = Self::description(slf)?;
        slf.get().state.with(slf.py(), |state| {
            if let Some(debug) = &mut state.debug {
                debug.remembered = Some(text);
            }
        });
        Ok(())
    }
}

#[pymethods]
impl Handle {
    /// A handle that is not queued yet.
    #[staticmethod]
    fn _create<'py>(
        event_loop: &Bound<'py, EventLoop>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, Self>> {
        Self::create(event_loop, Call::new(callback, args.as_slice())?, None)
    }

    /// `asyncio.Handle`, for `isinstance`: its own instances hold what the engine has elsewhere.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "asyncio", "Handle")?;
        Ok(class.clone().unbind())
    }

    /// Makes the loop pass over it.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.is_cancelled() {
            return Ok(());
        }
        if this.scheduled.load(Ordering::Relaxed) {
            this.event_loop.get().note_cancelled_timer(py);
        }
        this.cancelled.store(true, Ordering::Relaxed);
        if this.event_loop.get().is_debug() {
            Self::remember(slf)?;
        }
        if let Some(call) = this.state.with(py, |state| state.call.take()) {
            call.release(py);
        }
        Ok(())
    }

    /// Whether it was cancelled.
    fn cancelled(&self) -> bool {
        self.is_cancelled()
    }

    /// The context in which the callback runs.
    fn get_context(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.state
            .with(py, |state| Some(state.context.as_ref()?.clone_ref(py)))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Self::description(slf)
    }

    /// Where it was made, as `traceback.StackSummary`, in debug mode.
    #[getter(_source_traceback)]
    fn py_source_traceback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.source_traceback(py)
    }

    /// What it will call; `None` once cancelled.
    #[getter(_callback)]
    fn py_callback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.call(py).map(|call| call.callback(py).clone().unbind())
    }

    /// The arguments it will pass; `None` once cancelled.
    #[getter(_args)]
    fn py_args<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.call(py).map(|call| call.arguments(py)).transpose()
    }

    /// Calls the callback now; what it raises is reported as if the loop had called it.
    #[pyo3(name = "_run")]
    fn py_run(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::run(slf)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        self.state.traverse(|state| {
            visit.call(&state.context)?;
            if let Some(debug) = &state.debug {
                visit.call(&debug.source_traceback)?;
            }
            state
                .call
                .as_ref()
                .map_or(Ok(()), |call| call.traverse(&visit))
        })
    }

    fn __clear__(&self, py: Python<'_>) {
        drop(self.state.with(py, |state| state.call.take()));
    }
}

/// Whether an exception means to end the program and must leave `run_forever`.
pub(crate) fn is_exit(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py)
}

fn extract_stack(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let frame = py.import("sys")?.call_method1("_getframe", (0,))?;
    let summary = py
        .import("asyncio.format_helpers")?
        .call_method1("extract_stack", (frame,))?;
    Ok(summary.unbind())
}

fn describe(py: Python<'_>, call: &Call, debug: bool) -> PyResult<String> {
    let parts = (call.callback(py), call.arguments(py)?, debug);
    py.import("jebi.loop.describe")?
        .call_method1("describe_callback", parts)?
        .extract()
}
