//! The iterations.
//!
//! # When the GIL is given up
//!
//! While the loop sleeps, always. When callbacks are ready the poll does not sleep, and giving the
//! GIL up around it would invite a hand-over for nothing. Nor is it given up when descriptors are
//! ready, which under load they always are: a thread that computes would take it each time and give
//! it back five milliseconds later. Bytecode gives way by itself to a thread that waits for the
//! GIL, so normally nobody starves. But iterations that run only native code contain no such place:
//! for their sake the GIL is given up around a poll anyway when it was not for [`PATIENCE`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use reactor::{Events, Interest, SignalPipe, Token, monotonic};

use super::EventLoop;
use super::handle::Handle;
use super::log_warning;
use super::open::Open;
use super::queue::Ready;
use crate::references::is_ours_alone;

/// The waker's place among the poller's tokens.
pub(super) const WAKER: Token = Token::reserved(0);
/// The signal pipe's.
pub(super) const SIGNALS: Token = Token::reserved(1);
/// How many seconds a thread that waits for the GIL may have to wait, at least.
const PATIENCE: f64 = 0.005;

/// One run of the loop, from `run_forever` to `stop`.
struct Run<'a, 'py> {
    event_loop: &'a Bound<'py, EventLoop>,
    open: Arc<Open>,
    events: Events,
    /// When the GIL was last given up.
    gave_way: f64,
    /// The time, as of the last poll.
    now: f64,
    /// The last poll found more than one descriptor, so the next one will hardly have to sleep.
    busy: bool,
}

pub(super) fn run(event_loop: &Bound<'_, EventLoop>) -> PyResult<()> {
    let mut run = Run {
        event_loop,
        open: event_loop.get().open(event_loop.py())?,
        events: Events::default(),
        gave_way: monotonic(),
        now: monotonic(),
        busy: false,
    };
    loop {
        run.iterate()?;
        if event_loop.get().stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
}

/// The descriptor for `signal.set_wakeup_fd`, made on the first call.
pub(super) fn signal_fd(event_loop: &EventLoop, py: Python<'_>) -> PyResult<i32> {
    use std::os::fd::{AsFd, AsRawFd};
    let open = event_loop.open(py)?;
    let existing = open.signals.with(py, |signals| signals.clone());
    if let Some(pipe) = existing {
        return Ok(pipe.writer().as_raw_fd());
    }
    let pipe = Arc::new(SignalPipe::new()?);
    open.poller.add(pipe.as_fd(), SIGNALS, Interest::READ)?;
    let fd = pipe.writer().as_raw_fd();
    open.signals.replace(py, Some(pipe));
    Ok(fd)
}

impl Run<'_, '_> {
    fn iterate(&mut self) -> PyResult<()> {
        let py = self.event_loop.py();
        let this = self.event_loop.get();
        if !self.open.is_own() {
            // A callback has forked, and this is the child.
            self.open = this.open(py)?;
        }
        let timeout = self.timeout();
        self.poll(timeout)?;
        this.iteration.store(self.now.to_bits(), Ordering::Relaxed);
        let interrupted = py.check_signals();
        let mut signals = false;
        for (token, readiness) in self.events.iter() {
            match token {
                WAKER => {}
                SIGNALS => signals = true,
                _ => this.queue_event(py, token, readiness),
            }
        }
        // Not before: what was reported may be reported only once.
        interrupted?;
        if signals {
            self.receive_signals()?;
        }
        this.queue_due_timers(py, self.now);
        self.run_queue()?;
        self.guard(|| {
            this.run_hooks(py);
            Ok(())
        })?;
        this.take_raised(py)
    }

    /// How long to sleep; `None` until something happens.
    fn timeout(&self) -> Option<Duration> {
        let py = self.event_loop.py();
        let this = self.event_loop.get();
        this.sweep_timers(py);
        if this.stopping.load(Ordering::Relaxed) || this.queue.with(py, |queue| !queue.0.is_empty())
        {
            return Some(Duration::ZERO);
        }
        let seconds = this.first_timer(py)? - monotonic();
        Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
    }

    fn poll(&mut self, timeout: Option<Duration>) -> PyResult<()> {
        if timeout == Some(Duration::ZERO) {
            return self.glance();
        }
        if self.busy {
            self.glance()?;
            if !self.events.is_empty() {
                return Ok(());
            }
        }
        self.sleep(timeout)
    }

    /// Looks what is ready, without sleeping.
    fn glance(&mut self) -> PyResult<()> {
        let (poller, events) = (&self.open.poller, &mut self.events);
        self.now = monotonic();
        if self.now - self.gave_way < PATIENCE {
            poller.wait(events, Some(Duration::ZERO))?;
        } else {
            self.gave_way = self.now;
            let py = self.event_loop.py();
            py.detach(|| poller.wait(events, Some(Duration::ZERO)))?;
        }
        self.busy = self.events.len() > 1;
        Ok(())
    }

    /// Sleeps until something is ready or another thread wakes the loop, at most for `timeout`.
    fn sleep(&mut self, timeout: Option<Duration>) -> PyResult<()> {
        let (open, events) = (&*self.open, &mut self.events);
        let timeout = if open.waker.fall_asleep() {
            timeout
        } else {
            Some(Duration::ZERO)
        };
        let py = self.event_loop.py();
        let outcome = py.detach(|| open.poller.wait(events, timeout));
        open.waker.wake_up();
        self.now = monotonic();
        self.gave_way = self.now;
        self.busy = self.events.len() > 1;
        Ok(outcome?)
    }

    fn receive_signals(&self) -> PyResult<()> {
        let py = self.event_loop.py();
        let pipe = self.open.signals.with(py, |signals| signals.clone());
        let numbers = pipe.map(|pipe| pipe.take()).unwrap_or_default();
        self.event_loop.call_method1(
            intern!(py, "_receive_signals"),
            (PyBytes::new(py, &numbers),),
        )?;
        Ok(())
    }

    /// Runs what is queued now, and nothing that is queued meanwhile.
    fn run_queue(&self) -> PyResult<()> {
        let py = self.event_loop.py();
        let queue = &self.event_loop.get().queue;
        let mut left = queue.with(py, |queue| queue.0.len());
        while left > 0 {
            self.guard(|| {
                while left > 0 {
                    left -= 1;
                    match queue.with(py, |queue| queue.0.pop_front()) {
                        Some(item) => self.run_item(item)?,
                        None => left = 0,
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn run_item(&self, item: Ready) -> PyResult<()> {
        let py = self.event_loop.py();
        let this = self.event_loop.get();
        match item {
            Ready::Handle(handle) => return self.run_handle(handle.into_bound(py)),
            Ready::Event(token, readiness) => {
                if let Some((source, readiness)) = this.native_source(py, token, readiness) {
                    let observed = (this.is_debug()).then(|| (monotonic(), Arc::clone(&source)));
                    source.ready(py, self.event_loop, token, readiness);
                    if let Some((start, source)) = observed {
                        self.log_if_slow(start, || Ok(source.describe(py)))?;
                    }
                }
            }
            Ready::Once(callback) => callback(py),
            Ready::Tick(tick) => this.run_tick(py, tick),
        }
        this.take_raised(py)
    }

    fn run_handle(&self, handle: Bound<'_, Handle>) -> PyResult<()> {
        let this = self.event_loop.get();
        let outcome = if this.is_debug() {
            self.run_observed(&handle)
        } else if is_ours_alone(handle.as_unbound()) {
            return Handle::run_alone(self.event_loop, handle);
        } else {
            Handle::run(&handle)
        };
        this.give_back(handle);
        outcome
    }

    /// Runs a handle in debug mode.
    fn run_observed(&self, handle: &Bound<'_, Handle>) -> PyResult<()> {
        let this = self.event_loop.get();
        let py = self.event_loop.py();
        drop(
            this.current_handle
                .replace(py, Some(handle.clone().unbind())),
        );
        let start = monotonic();
        let outcome = Handle::run(handle);
        drop(this.current_handle.replace(py, None));
        outcome?;
        self.log_if_slow(start, || {
            let describe = py
                .import("jebi.loop.describe")?
                .getattr("describe_handle")?;
            describe.call1((handle,))?.extract()
        })
    }

    /// Debug mode's warning of callbacks that hold up all the others.
    fn log_if_slow(&self, start: f64, what: impl FnOnce() -> PyResult<String>) -> PyResult<()> {
        let py = self.event_loop.py();
        let seconds = monotonic() - start;
        if seconds < self.event_loop.get().slow_after(py) {
            return Ok(());
        }
        // Filters of applications compare the template, so the arguments stay apart.
        log_warning(py, ("Executing %s took %.3f seconds", what()?, seconds))
    }

    /// Keeps a panic of native code from ending the loop: it is reported like an exception.
    fn guard(&self, work: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(outcome) => outcome,
            Err(payload) => {
                let text = payload
                    .downcast_ref::<&str>()
                    .map(ToString::to_string)
                    .or_else(|| payload.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                let error = PyRuntimeError::new_err(format!("a native callback panicked: {text}"));
                EventLoop::report(self.event_loop, "Panic in native callback", error)
            }
        }
    }
}

impl EventLoop {
    /// When the present iteration began, as bits of seconds: tells it from the others.
    pub(crate) fn iteration(&self) -> u64 {
        self.iteration.load(Ordering::Relaxed)
    }

    /// For how many seconds the present iteration has lasted.
    pub(crate) fn elapsed(&self) -> f64 {
        monotonic() - f64::from_bits(self.iteration())
    }

    /// Hands an exception of a native callback to the loop's exception handler.
    pub(crate) fn report(
        event_loop: &Bound<'_, Self>,
        message: &str,
        error: PyErr,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let context = PyDict::new(py);
        context.set_item(intern!(py, "message"), message)?;
        context.set_item(intern!(py, "exception"), error.into_value(py))?;
        event_loop.call_method1(intern!(py, "call_exception_handler"), (context,))?;
        Ok(())
    }

    /// Has `run_forever` raise `error` as soon as the native callback that runs now has returned.
    ///
    /// Meant for `SystemExit` and `KeyboardInterrupt` (see [`is_exit`](super::is_exit)); everything
    /// else is a matter for the exception handler.
    pub(crate) fn raise_from_run(&self, py: Python<'_>, error: PyErr) {
        drop(self.raised.replace(py, Some(error)));
    }

    fn take_raised(&self, py: Python<'_>) -> PyResult<()> {
        if self.raised.with(py, |raised| raised.is_none()) {
            return Ok(());
        }
        self.raised.take(py).map_or(Ok(()), Err)
    }
}
