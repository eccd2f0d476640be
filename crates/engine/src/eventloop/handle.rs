//! A callback that was handed to the loop.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit, ffi, intern};

use super::EventLoop;
use super::attached::Attached;

/// What to call, and with what.
struct Call {
    callback: Py<PyAny>,
    args: Py<PyTuple>,
}

/// A callback that was handed to the loop; asyncio's `Handle`.
#[pyclass(frozen, subclass, weakref, module = "jebi._engine")]
pub(crate) struct Handle {
    /// `None` once it is cancelled.
    call: Attached<Option<Call>>,
    /// What `repr` says of a handle that was cancelled in debug mode.
    remembered: Attached<Option<String>>,
    context: Py<PyAny>,
    event_loop: Py<EventLoop>,
    /// Where it was made; only in debug mode.
    source_traceback: Option<Py<PyAny>>,
    cancelled: AtomicBool,
    /// It sits in the loop's timers.
    scheduled: AtomicBool,
}

impl Handle {
    /// A handle for `callback`, to run in `context` or else in a copy of the current one.
    pub(crate) fn new(
        event_loop: &Bound<'_, EventLoop>,
        callback: Bound<'_, PyAny>,
        args: Bound<'_, PyTuple>,
        context: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let context = match context {
            Some(context) if !context.is_none() => context,
            _ => copy_context(py)?,
        };
        let source_traceback = if event_loop.get().is_debug() {
            Some(extract_stack(py)?)
        } else {
            None
        };
        Ok(Self {
            call: Attached::new(Some(Call {
                callback: callback.unbind(),
                args: args.unbind(),
            })),
            remembered: Attached::new(None),
            context: context.unbind(),
            event_loop: event_loop.clone().unbind(),
            source_traceback,
            cancelled: AtomicBool::new(false),
            scheduled: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Notes that it entered the loop's timers.
    pub(crate) fn set_scheduled(&self) {
        self.scheduled.store(true, Ordering::Relaxed);
    }

    /// Notes that it left the loop's timers; `true` when it was there.
    pub(crate) fn clear_scheduled(&self) -> bool {
        self.scheduled.swap(false, Ordering::Relaxed)
    }

    /// Calls the callback in its context.
    ///
    /// What it raises goes to the loop's exception handler, except the two exceptions that mean to
    /// end the program.
    pub(crate) fn run(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let Some((callback, args)) = this.call_parts(py) else {
            return Ok(());
        };
        let outcome = call_in_context(&callback, &args, this.context.bind(py));
        match outcome {
            Ok(_) => Ok(()),
            Err(error) if is_exit(py, &error) => Err(error),
            Err(error) => Self::report(slf, &callback, &args, error),
        }
    }

    fn call_parts<'py>(&self, py: Python<'py>) -> Option<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        self.call.with(py, |call| {
            let call = call.as_ref()?;
            let callback = call.callback.bind(py).clone();
            Some((callback, call.args.bind(py).clone()))
        })
    }

    fn report(
        handle: &Bound<'_, Self>,
        callback: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        error: PyErr,
    ) -> PyResult<()> {
        let py = handle.py();
        let this = handle.get();
        // Words that cannot be found must not keep the exception from being reported.
        let described = describe(py, callback, args, this.event_loop.get().is_debug())
            .unwrap_or_else(|_| "<unknown>".to_owned());
        let context = PyDict::new(py);
        context.set_item("message", format!("Exception in callback {described}"))?;
        context.set_item("exception", error.into_value(py))?;
        context.set_item("handle", handle)?;
        if let Some(traceback) = &this.source_traceback {
            context.set_item("source_traceback", traceback)?;
        }
        this.event_loop
            .bind(py)
            .call_method1(intern!(py, "call_exception_handler"), (context,))?;
        Ok(())
    }

    /// `Handle cancelled f() created at file:line`, with the time of a timer.
    fn description(slf: &Bound<'_, Self>, when: Option<f64>) -> PyResult<String> {
        let py = slf.py();
        let this = slf.get();
        if let Some(text) = this.remembered.with(py, |text| text.clone()) {
            return Ok(text);
        }
        let mut words = vec![slf.get_type().name()?.to_string()];
        if this.is_cancelled() {
            words.push("cancelled".to_owned());
        }
        if let Some(when) = when {
            words.push(format!("when={}", when.into_pyobject(py)?.repr()?));
        }
        if let Some((callback, args)) = this.call_parts(py) {
            words.push(describe(
                py,
                &callback,
                &args,
                this.event_loop.get().is_debug(),
            )?);
        }
        if let Some(traceback) = &this.source_traceback {
            let frame = traceback.bind(py).get_item(-1)?;
            words.push(format!(
                "created at {}:{}",
                frame.get_item(0)?,
                frame.get_item(1)?
            ));
        }
        Ok(format!("<{}>", words.join(" ")))
    }

    fn cancel_with(slf: &Bound<'_, Self>, when: Option<f64>) -> PyResult<()> {
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
            let text = Self::description(slf, when)?;
            this.remembered.replace(py, Some(text));
        }
        drop(this.call.take(py));
        Ok(())
    }
}

#[pymethods]
impl Handle {
    /// A handle that is not queued yet.
    #[staticmethod]
    fn _create<'py>(
        event_loop: &Bound<'py, EventLoop>,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, Self>> {
        Bound::new(
            event_loop.py(),
            Self::new(event_loop, callback, args, None)?,
        )
    }

    /// Makes the loop pass over it.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::cancel_with(slf, None)
    }

    /// Whether it was cancelled.
    fn cancelled(&self) -> bool {
        self.is_cancelled()
    }

    /// The context in which the callback runs.
    fn get_context(&self, py: Python<'_>) -> Py<PyAny> {
        self.context.clone_ref(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Self::description(slf, None)
    }

    /// Where it was made, as `traceback.StackSummary`, in debug mode.
    #[getter(_source_traceback)]
    fn source_traceback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.source_traceback
            .as_ref()
            .map(|traceback| traceback.clone_ref(py))
    }

    /// What it will call; `None` once cancelled.
    #[getter(_callback)]
    fn callback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.call_parts(py).map(|(callback, _)| callback.unbind())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.context)?;
        visit.call(&self.event_loop)?;
        visit.call(&self.source_traceback)?;
        self.call.traverse(|call| match call {
            Some(call) => {
                visit.call(&call.callback)?;
                visit.call(&call.args)
            }
            None => Ok(()),
        })
    }

    fn __clear__(&self, py: Python<'_>) {
        drop(self.call.take(py));
    }
}

/// A callback that waits for its time; asyncio's `TimerHandle`.
#[pyclass(frozen, extends = Handle, module = "jebi._engine")]
pub(crate) struct TimerHandle {
    when: f64,
}

impl TimerHandle {
    /// A timer for `when`, in seconds of the loop's clock.
    pub(crate) fn create(py: Python<'_>, when: f64, handle: Handle) -> PyResult<Bound<'_, Self>> {
        Bound::new(
            py,
            PyClassInitializer::from(handle).add_subclass(Self { when }),
        )
    }

    fn order(&self, other: &Bound<'_, PyAny>) -> Option<std::cmp::Ordering> {
        let other = other.cast::<Self>().ok()?;
        self.when.partial_cmp(&other.get().when)
    }
}

#[pymethods]
impl TimerHandle {
    /// The time at which the callback is due, on the clock of `loop.time()`.
    fn when(&self) -> f64 {
        self.when
    }

    /// Makes the loop pass over it.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<()> {
        Handle::cancel_with(slf.as_super(), Some(slf.get().when))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Handle::description(slf.as_super(), Some(slf.get().when))
    }

    /// Timers order by their time, and only among themselves.
    fn __lt__(&self, other: &Bound<'_, PyAny>) -> Option<bool> {
        self.order(other).map(std::cmp::Ordering::is_lt)
    }

    fn __le__(&self, other: &Bound<'_, PyAny>) -> Option<bool> {
        self.order(other).map(std::cmp::Ordering::is_le)
    }

    fn __gt__(&self, other: &Bound<'_, PyAny>) -> Option<bool> {
        self.order(other).map(std::cmp::Ordering::is_gt)
    }

    fn __ge__(&self, other: &Bound<'_, PyAny>) -> Option<bool> {
        self.order(other).map(std::cmp::Ordering::is_ge)
    }
}

/// Whether an exception means to end the program and must leave `run_forever`.
pub(crate) fn is_exit(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py)
}

/// `contextvars.copy_context()`.
pub(crate) fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached, as `py` proves; the result is a new reference, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
}

/// `context.run(callback, *args)`, or in a copy of `context` while another thread is inside of it.
///
/// A request's `def` code runs on a thread in the request's own context. If its task is cancelled
/// meanwhile it has to be resumed all the same: a wake-up that fails is a task that never ends.
pub(crate) fn call_in_context<'py>(
    callback: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    context: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    in_context(context, || callback.call1(args))
}

/// Does `work` in `context`, or in a copy as [`call_in_context`] does.
pub(crate) fn in_context<T>(
    context: &Bound<'_, PyAny>,
    work: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    let context = enter_context(context)?;
    let result = work();
    // SAFETY: the context was entered above by this thread, which left everything it entered since.
    if unsafe { ffi::PyContext_Exit(context.as_ptr()) } < 0 {
        return Err(PyErr::fetch(context.py()));
    }
    result
}

/// Enters `context`, or a copy while it is occupied; hands out the one that was entered.
pub(crate) fn enter_context<'py>(context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = context.py();
    // SAFETY: attached, and `context` is alive; anything but a Context raises TypeError.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } == 0 {
        return Ok(context.clone());
    }
    let refused = PyErr::fetch(py);
    if !refused.is_instance_of::<PyRuntimeError>(py) {
        return Err(refused);
    }
    // SAFETY: as above; the result is a new reference, or null with an exception.
    let copy = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_Copy(context.as_ptr()))? };
    // SAFETY: as above.
    if unsafe { ffi::PyContext_Enter(copy.as_ptr()) } < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(copy)
}

fn extract_stack(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let frame = py.import("sys")?.call_method1("_getframe", (0,))?;
    let summary = py
        .import("asyncio.format_helpers")?
        .call_method1("extract_stack", (frame,))?;
    Ok(summary.unbind())
}

fn describe(
    py: Python<'_>,
    callback: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    debug: bool,
) -> PyResult<String> {
    py.import("jebi.loop.describe")?
        .call_method1("describe_callback", (callback, args, debug))?
        .extract()
}
