//! Callbacks that wait for their turn: the ready queue and the timers.

use std::collections::VecDeque;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use reactor::{CLOCK_RESOLUTION, Readiness, TimerHeap, Token, Waker};

use super::EventLoop;
use super::call::Call;
use super::handle::Handle;
use super::source::{Captured, Once, TickId};

/// One thing to do in an iteration.
pub(super) enum Ready {
    /// A callback of Python's.
    Handle(Py<Handle>),
    /// A native source's descriptor is ready.
    Event(Token, Readiness),
    /// A native callback.
    Once(Once),
    /// A period of [`EventLoop::every`] is over.
    Tick(TickId),
}

/// What the coming iteration does, in its order.
#[derive(Default)]
pub(super) struct Queue(pub(super) VecDeque<Ready>);

impl Queue {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.iter().try_for_each(|item| match item {
            Ready::Handle(handle) => visit.call(handle),
            Ready::Event(..) | Ready::Once(_) | Ready::Tick(_) => Ok(()),
        })
    }
}

/// What becomes ready when its time comes.
pub(super) enum Timer {
    Handle(Py<Handle>),
    Tick(TickId),
}

impl Timer {
    fn is_cancelled(&self) -> bool {
        matches!(self, Self::Handle(handle) if handle.get().is_cancelled())
    }

    /// What is to be done now that the heap has let go of it; nothing if it was cancelled.
    fn leave(self, py: Python<'_>, event_loop: &EventLoop) -> Option<Ready> {
        match self {
            Self::Handle(handle) => {
                handle.get().clear_scheduled();
                if handle.get().is_cancelled() {
                    event_loop.give_back(handle.into_bound(py));
                    return None;
                }
                Some(Ready::Handle(handle))
            }
            Self::Tick(tick) => Some(Ready::Tick(tick)),
        }
    }
}

/// What is due later.
#[derive(Default)]
pub(super) struct Timers(pub(super) TimerHeap<Timer>);

impl Timers {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.values().try_for_each(|timer| match timer {
            Timer::Handle(handle) => visit.call(handle),
            Timer::Tick(_) => Ok(()),
        })
    }
}

/// Whether the next handle of `call_soon` is kept aside.
pub(super) enum Capture {
    Off,
    Armed,
    Done(Captured),
}

/// Queues a callback for the coming iteration.
pub(super) fn call_soon<'py>(
    event_loop: &Bound<'py, EventLoop>,
    method: &'static str,
    callback: &Bound<'py, PyAny>,
    args: &[Bound<'py, PyAny>],
    context: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let this = event_loop.get();
    this.check_open()?;
    if this.is_debug() {
        check_callback(callback, method)?;
    }
    if this.capture(py, method, callback, args, context) {
        return Ok(py.None().into_bound(py));
    }
    let handle = Handle::create(event_loop, Call::new(callback, args)?, context)?;
    this.push(py, Ready::Handle(handle.clone().unbind()));
    Ok(handle.into_any())
}

/// Sets a timer for `when`, in seconds of the loop's clock.
pub(super) fn call_at<'py>(
    event_loop: &Bound<'py, EventLoop>,
    when: f64,
    callback: &Bound<'py, PyAny>,
    args: &[Bound<'py, PyAny>],
    context: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let this = event_loop.get();
    this.check_open()?;
    if this.is_debug() {
        this.check_thread()?;
        check_callback(callback, "call_at")?;
    }
    let handle = Handle::create_timer(event_loop, when, Call::new(callback, args)?, context)?;
    handle.get().set_scheduled();
    let entry = Timer::Handle(handle.clone().unbind());
    this.timers.with(py, |timers| timers.0.push(when, entry));
    Ok(handle.into_any())
}

/// In debug mode: refuses what could only fail later.
pub(super) fn check_callback(callback: &Bound<'_, PyAny>, method: &str) -> PyResult<()> {
    let py = callback.py();
    let coroutines = py.import("asyncio.coroutines")?;
    let inspect = py.import("inspect")?;
    if coroutines
        .call_method1("iscoroutine", (callback,))?
        .is_truthy()?
        || inspect
            .call_method1("iscoroutinefunction", (callback,))?
            .is_truthy()?
    {
        return Err(PyTypeError::new_err(format!(
            "coroutines cannot be used with {method}()"
        )));
    }
    if !callback.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "a callable object was expected by {method}(), got {}",
            callback.repr()?
        )));
    }
    Ok(())
}

impl EventLoop {
    pub(super) fn push(&self, py: Python<'_>, item: Ready) {
        self.queue.with(py, |queue| queue.0.push_back(item));
    }

    /// How many things wait to be done.
    pub(crate) fn queued(&self, py: Python<'_>) -> usize {
        self.queue.with(py, |queue| queue.0.len())
    }

    /// Runs `callback` once, in order with what Python scheduled by `call_soon`.
    ///
    /// A panic in it is reported to the loop's exception handler.
    pub(crate) fn call_soon_native(&self, py: Python<'_>, callback: Once) {
        self.push(py, Ready::Once(callback));
    }

    /// The same from another thread: whom to wake afterwards, `None` when the loop is closed.
    pub(crate) fn call_soon_from_thread(&self, py: Python<'_>, callback: Once) -> Option<Waker> {
        let waker = self.waker(py).ok()?;
        self.call_soon_native(py, callback);
        Some(waker)
    }

    /// From now on the first step of the next task is not queued but kept aside.
    ///
    /// `call_soon` answers `None` for it, which asyncio's tasks do not look at.
    pub(crate) fn capture_next_handle(&self, py: Python<'_>) {
        drop(self.capture.replace(py, Capture::Armed));
    }

    /// Ends the capture and hands out what was kept aside.
    pub(crate) fn take_captured(&self, py: Python<'_>) -> Option<Captured> {
        match self.capture.replace(py, Capture::Off) {
            Capture::Done(captured) => Some(captured),
            Capture::Off | Capture::Armed => None,
        }
    }

    /// Keeps a callback aside if one is awaited; `false` if it is to be queued.
    ///
    /// Only what looks like a task's first step is taken: while the task is made, the garbage
    /// collector may run finalizers, and those may schedule callbacks too.
    fn capture(
        &self,
        py: Python<'_>,
        method: &str,
        callback: &Bound<'_, PyAny>,
        args: &[Bound<'_, PyAny>],
        context: Option<&Bound<'_, PyAny>>,
    ) -> bool {
        let armed = self
            .capture
            .with(py, |capture| matches!(capture, Capture::Armed));
        if !armed || method != "call_soon" || !args.is_empty() || context.is_none() {
            return false;
        }
        let captured = Captured {
            callback: callback.clone().unbind(),
        };
        drop(self.capture.replace(py, Capture::Done(captured)));
        true
    }

    /// A timer was cancelled while it sat in the heap.
    pub(super) fn note_cancelled_timer(&self, py: Python<'_>) {
        self.timers.with(py, |timers| timers.0.note_cancelled());
    }

    /// Drops cancelled timers if they are many. A loop that never sleeps needs it as well.
    pub(super) fn sweep_timers(&self, py: Python<'_>) {
        let swept = self
            .timers
            .with(py, |timers| timers.0.sweep(Timer::is_cancelled));
        for timer in swept {
            timer.leave(py, self);
        }
    }

    /// When the first timer is due that was not cancelled; drops those before it that were.
    pub(super) fn first_timer(&self, py: Python<'_>) -> Option<f64> {
        loop {
            let (first, cancelled) = self.timers.with(py, |timers| {
                let first = timers
                    .0
                    .peek()
                    .map(|(when, timer)| (when, timer.is_cancelled()));
                match first {
                    Some((_, true)) => {
                        timers.0.forget_cancelled();
                        (None, timers.0.pop())
                    }
                    Some((when, false)) => (Some(when), None),
                    None => (None, None),
                }
            });
            match cancelled {
                Some(timer) => timer.leave(py, self),
                None => return first,
            };
        }
    }

    /// Moves the timers that are due `now` to the end of the ready queue.
    pub(super) fn queue_due_timers(&self, py: Python<'_>, now: f64) {
        let end = now + CLOCK_RESOLUTION;
        while let Some(timer) = self.timers.with(py, |timers| timers.0.pop_before(end)) {
            match timer.leave(py, self) {
                Some(item) => self.push(py, item),
                None => self.timers.with(py, |timers| timers.0.forget_cancelled()),
            }
        }
    }
}
