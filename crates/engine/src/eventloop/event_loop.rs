//! The class itself: its state and, method by method, what Python sees of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::attached::Attached;
use super::errno::os_error;
use super::handle::Handle;
use super::hooks::Hooks;
use super::open::Open;
use super::queue::{Capture, Queue, Timers};
use super::reused::Reused;
use super::spares::Spares;
use super::watches::Watches;

/// asyncio's event loop: the ready queue, the timers, the poller and the callbacks they run.
///
/// `jebi.loop.Loop` derives from it and adds the coroutine methods, which are seldom called and
/// easier to read in Python. Everything here belongs to the thread that runs the loop; other
/// threads use `call_soon_threadsafe` or a [`Waker`].
#[pyclass(subclass, frozen, weakref, module = "jebi._engine")]
pub(crate) struct EventLoop {
    pub(super) open: Attached<Option<Arc<Open>>>,
    pub(super) queue: Attached<Queue>,
    pub(super) timers: Attached<Timers>,
    pub(super) watches: Attached<Watches>,
    pub(super) spares: Attached<Spares>,
    pub(super) hooks: Attached<Hooks>,
    pub(super) capture: Attached<Capture>,
    /// What a native callback wants to be raised from `run_forever`.
    pub(super) raised: Attached<Option<PyErr>>,
    /// Where transports read into; taken out while it is in use.
    pub(super) scratch: Attached<Vec<u8>>,
    pub(super) reused: Reused,
    pub(super) current_handle: Attached<Option<Py<Handle>>>,
    pub(super) task_factory: Attached<Option<Py<PyAny>>>,
    pub(super) loop_alone: Attached<Option<Py<PyDict>>>,
    slow_callback_duration: Attached<f64>,
    /// `threading.get_ident()` of the thread that runs it, 0 when none does.
    thread: AtomicU64,
    /// When the present iteration began, in seconds of the loop's clock, as bits: no two have the same.
    pub(super) iteration: AtomicU64,
    pub(super) stopping: AtomicBool,
    debug: AtomicBool,
    closed: AtomicBool,
}

impl EventLoop {
    pub(crate) fn is_debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    /// Raises what asyncio raises from most methods of a closed loop.
    pub(super) fn check_open(&self) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("Event loop is closed"));
        }
        Ok(())
    }

    /// Makes the loop pass through one more iteration; from any thread.
    pub(super) fn wake(&self, py: Python<'_>) -> PyResult<()> {
        self.open(py)?.waker.wake();
        Ok(())
    }

    pub(super) fn slow_after(&self, py: Python<'_>) -> f64 {
        self.slow_callback_duration.get(py)
    }

    /// In debug mode: the caller must be on the loop's thread, if the loop runs.
    pub(super) fn check_thread(&self) -> PyResult<()> {
        if !self.is_debug() {
            return Ok(());
        }
        let thread = self.thread.load(Ordering::Relaxed);
        if thread == 0 || thread == thread_ident() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "Non-thread-safe operation invoked on an event loop other than the current one",
        ))
    }
}

#[pymethods]
impl EventLoop {
    #[new]
    fn new() -> PyResult<Self> {
        let open = Open::new().map_err(os_error)?;
        Ok(Self {
            open: Attached::new(Some(Arc::new(open))),
            queue: Attached::default(),
            timers: Attached::default(),
            watches: Attached::default(),
            spares: Attached::default(),
            hooks: Attached::default(),
            capture: Attached::new(Capture::Off),
            raised: Attached::new(None),
            scratch: Attached::default(),
            reused: Reused::default(),
            current_handle: Attached::new(None),
            task_factory: Attached::new(None),
            loop_alone: Attached::new(None),
            slow_callback_duration: Attached::new(0.1),
            thread: AtomicU64::new(0),
            iteration: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            debug: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    /// Calls `callback(*args)` whenever the descriptor can be read; replaces the one before.
    #[pyo3(signature = (fd, callback, *args))]
    fn add_reader<'py>(
        slf: &Bound<'py, Self>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<()> {
        super::descriptors::add_reader(slf, fd, callback, args).map(drop)
    }

    /// The same, but hands out the handle.
    #[pyo3(signature = (fd, callback, *args))]
    fn _add_reader<'py>(
        slf: &Bound<'py, Self>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, Handle>> {
        super::descriptors::add_reader(slf, fd, callback, args)
    }

    /// Stops watching for input; `False` when nobody did.
    fn remove_reader(slf: &Bound<'_, Self>, fd: &Bound<'_, PyAny>) -> PyResult<bool> {
        super::descriptors::remove_reader(slf, fd)
    }

    /// Calls `callback(*args)` whenever the descriptor can be written; replaces the one before.
    #[pyo3(signature = (fd, callback, *args))]
    fn add_writer<'py>(
        slf: &Bound<'py, Self>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<()> {
        super::descriptors::add_writer(slf, fd, callback, args).map(drop)
    }

    /// The same, but hands out the handle.
    #[pyo3(signature = (fd, callback, *args))]
    fn _add_writer<'py>(
        slf: &Bound<'py, Self>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, Handle>> {
        super::descriptors::add_writer(slf, fd, callback, args)
    }

    /// Stops watching for room to write; `False` when nobody did.
    fn remove_writer(slf: &Bound<'_, Self>, fd: &Bound<'_, PyAny>) -> PyResult<bool> {
        super::descriptors::remove_writer(slf, fd)
    }

    /// Has `factory(loop, coro, **options)` make the tasks from now on; `None` for plain ones.
    fn set_task_factory(&self, py: Python<'_>, factory: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        super::tasks::set_task_factory(self, py, factory)
    }

    /// What makes the tasks; `None` for plain ones.
    fn get_task_factory(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.task_factory.with(py, |factory| {
            factory.as_ref().map(|factory| factory.clone_ref(py))
        })
    }

    /// Has `run_forever` return at the end of the current iteration.
    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether `run_forever` is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.thread.load(Ordering::Relaxed) != 0
    }

    /// Whether `close` was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// In debug mode, callbacks that take this many seconds are logged.
    #[getter(slow_callback_duration)]
    fn slow_callback_duration(&self, py: Python<'_>) -> f64 {
        self.slow_callback_duration.get(py)
    }

    #[setter(slow_callback_duration)]
    fn set_slow_callback_duration(&self, py: Python<'_>, seconds: f64) {
        self.slow_callback_duration.replace(py, seconds);
    }

    #[pyo3(name = "_check_closed")]
    fn py_check_closed(&self) -> PyResult<()> {
        self.check_open()
    }

    /// In debug mode: refuses what can only fail later.
    #[staticmethod]
    fn _check_callback(callback: &Bound<'_, PyAny>, method: &str) -> PyResult<()> {
        super::queue::check_callback(callback, method)
    }

    /// Queues a handle that was made earlier.
    fn _queue_handle(&self, py: Python<'_>, handle: Py<Handle>) {
        self.push(py, super::queue::Ready::Handle(handle));
    }

    #[pyo3(name = "_set_debug")]
    fn set_debug(&self, enabled: bool) {
        self.debug.store(enabled, Ordering::Relaxed);
    }

    /// The handle that is running, in debug mode.
    #[getter(_current_handle)]
    fn current_handle(&self, py: Python<'_>) -> Option<Py<Handle>> {
        self.current_handle.with(py, |handle| {
            handle.as_ref().map(|handle| handle.clone_ref(py))
        })
    }

    /// The thread that runs the loop, `None` when none does.
    #[getter(_thread_id)]
    fn thread_id(&self) -> Option<u64> {
        Some(self.thread.load(Ordering::Relaxed)).filter(|&thread| thread != 0)
    }

    /// The descriptor for `signal.set_wakeup_fd`.
    fn _signal_fd(&self, py: Python<'_>) -> PyResult<i32> {
        super::run::signal_fd(self, py)
    }

    /// Leaves the pipe for signals open for ever, because the interpreter still writes into it.
    fn _abandon_signal_fd(&self, py: Python<'_>) {
        self.abandon_signal_pipe(py);
    }

    /// Iterates until `stop`; the caller has prepared asyncio's surroundings.
    fn _run(slf: &Bound<'_, Self>) -> PyResult<()> {
        let thread = &slf.get().thread;
        let claimed =
            thread.compare_exchange(0, thread_ident(), Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_err() {
            // Two threads were in time for the check that the caller makes.
            return Err(PyRuntimeError::new_err(
                "This event loop is already running",
            ));
        }
        let outcome = super::run::run(slf);
        thread.store(0, Ordering::Relaxed);
        slf.get().stopping.store(false, Ordering::Relaxed);
        outcome
    }

    /// Gives up every callback and descriptor.
    fn _close(&self, py: Python<'_>) {
        self.closed.store(true, Ordering::Relaxed);
        // Finalizers of what is dropped here may call the loop, which has to be closed for them too.
        let open = self.open.replace(py, None);
        drop(self.queue.take(py));
        drop(self.timers.take(py));
        drop(self.watches.take(py));
        drop(self.spares.take(py));
        drop(self.loop_alone.take(py));
        drop(self.hooks.take(py));
        self.reused.clear(py);
        drop(open);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.queue.traverse(|queue| queue.traverse(&visit))?;
        self.timers.traverse(|timers| timers.traverse(&visit))?;
        self.watches.traverse(|watches| watches.traverse(&visit))?;
        self.spares.traverse(|spares| spares.traverse(&visit))?;
        self.loop_alone.traverse(|options| visit.call(options))?;
        self.task_factory.traverse(|factory| visit.call(factory))
    }

    fn __clear__(&self, py: Python<'_>) {
        drop(self.queue.take(py));
        drop(self.timers.take(py));
        drop(self.watches.take(py));
        drop(self.spares.take(py));
        drop(self.loop_alone.take(py));
        drop(self.task_factory.take(py));
    }
}

/// `threading.get_ident()`.
#[expect(
    clippy::useless_conversion,
    reason = "a thread's number is narrower elsewhere"
)]
fn thread_ident() -> u64 {
    // SAFETY: has no precondition at all.
    unsafe { pyo3::ffi::PyThread_get_thread_ident().into() }
}
