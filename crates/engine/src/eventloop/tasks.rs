//! Futures and tasks: asyncio's own, written in C, bound to this loop.

use std::ffi::CStr;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::EventLoop;
use crate::fastcall::{Given, Method};

static FUTURE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TASK: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// `loop.create_future()`.
pub(super) struct CreateFuture;

impl Method for CreateFuture {
    type Class = EventLoop;
    const NAME: &'static CStr = c"create_future";
    const DOC: &'static CStr = c"create_future($self)\n--\n\nA future that belongs to this loop.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        given.expect_none(Self::NAME)?;
        new_future(event_loop)
    }
}

/// A future that belongs to the loop.
pub(crate) fn new_future<'py>(event_loop: &Bound<'py, EventLoop>) -> PyResult<Bound<'py, PyAny>> {
    let options = EventLoop::loop_alone(event_loop)?;
    FUTURE
        .import(event_loop.py(), "asyncio", "Future")?
        .call((), Some(&options))
}

/// `loop.create_task(coro, **options)`.
pub(super) struct CreateTask;

impl Method for CreateTask {
    type Class = EventLoop;
    const NAME: &'static CStr = c"create_task";
    const DOC: &'static CStr = c"create_task($self, coro, **options)\n--\n\n\
        Wraps a coroutine into a task and schedules its first step.";

    fn call<'py>(
        event_loop: &Bound<'py, EventLoop>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = event_loop.py();
        let (coro, options) = given.one_and_options(py, Self::NAME, "coro")?;
        let this = event_loop.get();
        this.check_open()?;
        if let Some(factory) = this.task_factory.bound(py) {
            return create_by_factory(event_loop, &factory, coro, options);
        }
        let options = match options {
            Some(options) => {
                options.set_item(intern!(py, "loop"), event_loop)?;
                options
            }
            None => EventLoop::loop_alone(event_loop)?,
        };
        TASK.import(py, "asyncio", "Task")?
            .call((coro,), Some(&options))
    }
}

impl EventLoop {
    /// `{"loop": self}`: most futures and tasks are made with nothing else, and the classes only
    /// look into it.
    fn loop_alone<'py>(event_loop: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = event_loop.py();
        let this = event_loop.get();
        if let Some(options) = this.loop_alone.bound(py) {
            return Ok(options);
        }
        let options = PyDict::new(py);
        options.set_item(intern!(py, "loop"), event_loop)?;
        // A closed loop holds nothing that leads back to it, so that it needs no collector.
        if !this.is_closed() {
            drop(this.loop_alone.replace(py, Some(options.clone().unbind())));
        }
        Ok(options)
    }
}

/// Older factories take no name, so it is set afterwards, and a context only if there is one.
fn create_by_factory<'py>(
    event_loop: &Bound<'py, EventLoop>,
    factory: &Bound<'py, PyAny>,
    coro: &Bound<'py, PyAny>,
    options: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let options = options.unwrap_or_else(|| PyDict::new(py));
    let name = options.get_item(intern!(py, "name"))?;
    if name.is_some() {
        options.del_item(intern!(py, "name"))?;
    }
    if options
        .get_item(intern!(py, "context"))?
        .is_some_and(|context| context.is_none())
    {
        options.del_item(intern!(py, "context"))?;
    }
    let task = factory.call((event_loop, coro), Some(&options))?;
    if let Some(name) = name.filter(|name| !name.is_none()) {
        task.call_method1(intern!(py, "set_name"), (name,))?;
    }
    Ok(task)
}

pub(super) fn set_task_factory(
    event_loop: &EventLoop,
    py: Python<'_>,
    factory: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    if factory
        .as_ref()
        .is_some_and(|factory| !factory.is_callable())
    {
        return Err(PyTypeError::new_err(
            "task factory must be a callable or None",
        ));
    }
    drop(
        event_loop
            .task_factory
            .replace(py, factory.map(Bound::unbind)),
    );
    Ok(())
}
