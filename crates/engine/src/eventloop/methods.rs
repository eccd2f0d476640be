//! The methods that are called for every callback, with asyncio's signatures.

use std::ffi::CStr;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyType};
use reactor::monotonic;

use super::EventLoop;
use super::queue::{call_at, call_soon};
use super::tasks::{CreateFuture, CreateTask};
use super::transport::{SocketTransport, Write};
use crate::fastcall::{Given, Method, install};

/// Puts methods that are entered without detours into their classes.
pub(crate) fn install_methods(py: Python<'_>) -> PyResult<()> {
    install_loop_methods(&py.get_type::<EventLoop>())?;
    install::<Write>(&py.get_type::<SocketTransport>())
}

fn install_loop_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    install::<CallSoon>(class)?;
    install::<CallSoonThreadsafe>(class)?;
    install::<CallLater>(class)?;
    install::<CallAt>(class)?;
    install::<CreateFuture>(class)?;
    install::<CreateTask>(class)?;
    install::<GetDebug>(class)?;
    install::<Time>(class)
}

/// Gives a class of loops methods of its own in the place of those that it inherits from the engine;
/// a decorator.
///
/// Whoever calls a method is checked to be an instance of the method's class. For an inherited one
/// the interpreter looks for that class among all bases, call by call, and it keeps the shortest way
/// into a method for instances of the very class.
///
/// # Errors
/// `TypeError` for a class that does not derive from [`EventLoop`].
#[pyfunction]
pub(crate) fn own_methods<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyType>> {
    install_loop_methods(class)?;
    Ok(class.clone())
}

struct CallSoon;

impl Method for CallSoon {
    type Class = EventLoop;
    const NAME: &'static CStr = c"call_soon";
    const DOC: &'static CStr = c"call_soon($self, callback, *args, context=None)\n--\n\n\
        Schedules a callback for the next iteration.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parsed = given.parse(event_loop.py(), Self::NAME, ["callback"])?;
        let [callback] = parsed.required;
        event_loop.get().check_thread()?;
        call_soon(
            event_loop,
            "call_soon",
            callback,
            parsed.rest,
            parsed.context,
        )
    }
}

struct CallSoonThreadsafe;

impl Method for CallSoonThreadsafe {
    type Class = EventLoop;
    const NAME: &'static CStr = c"call_soon_threadsafe";
    const DOC: &'static CStr =
        c"call_soon_threadsafe($self, callback, *args, context=None)\n--\n\n\
        Schedules a callback from any thread, or from a signal handler, and wakes the loop.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parsed = given.parse(event_loop.py(), Self::NAME, ["callback"])?;
        let [callback] = parsed.required;
        let (rest, context) = (parsed.rest, parsed.context);
        let handle = call_soon(event_loop, "call_soon_threadsafe", callback, rest, context)?;
        event_loop.get().wake(event_loop.py())?;
        Ok(handle)
    }
}

struct CallLater;

impl Method for CallLater {
    type Class = EventLoop;
    const NAME: &'static CStr = c"call_later";
    const DOC: &'static CStr = c"call_later($self, delay, callback, *args, context=None)\n--\n\n\
        Schedules a callback for a number of seconds from now.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parsed = given.parse(event_loop.py(), Self::NAME, ["delay", "callback"])?;
        let [delay, callback] = parsed.required;
        if delay.is_none() {
            return Err(PyTypeError::new_err("delay must not be None"));
        }
        let when = monotonic() + delay.extract::<f64>()?;
        call_at(event_loop, when, callback, parsed.rest, parsed.context)
    }
}

struct CallAt;

impl Method for CallAt {
    type Class = EventLoop;
    const NAME: &'static CStr = c"call_at";
    const DOC: &'static CStr = c"call_at($self, when, callback, *args, context=None)\n--\n\n\
        Schedules a callback for a time of the loop's clock.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parsed = given.parse(event_loop.py(), Self::NAME, ["when", "callback"])?;
        let [when, callback] = parsed.required;
        if when.is_none() {
            return Err(PyTypeError::new_err("when cannot be None"));
        }
        call_at(
            event_loop,
            when.extract()?,
            callback,
            parsed.rest,
            parsed.context,
        )
    }
}

struct GetDebug;

impl Method for GetDebug {
    type Class = EventLoop;
    const NAME: &'static CStr = c"get_debug";
    const DOC: &'static CStr = c"get_debug($self)\n--\n\nWhether debug mode is on.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        given.expect_none(Self::NAME)?;
        let is_debug = event_loop.get().is_debug();
        Ok(PyBool::new(event_loop.py(), is_debug).to_owned().into_any())
    }
}

struct Time;

impl Method for Time {
    type Class = EventLoop;
    const NAME: &'static CStr = c"time";
    const DOC: &'static CStr = c"time($self)\n--\n\n\
        Seconds of the loop's clock, which is `time.monotonic`.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        given.expect_none(Self::NAME)?;
        Ok(PyFloat::new(event_loop.py(), monotonic()).into_any())
    }
}
