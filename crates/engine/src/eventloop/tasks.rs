//! Futures and tasks: asyncio's own, written in C, bound to this loop.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::EventLoop;

static FUTURE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TASK: PyOnceLock<Py<PyType>> = PyOnceLock::new();

pub(super) fn create_future<'py>(
    event_loop: &Bound<'py, EventLoop>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let options = PyDict::new(py);
    options.set_item(intern!(py, "loop"), event_loop)?;
    FUTURE
        .import(py, "asyncio", "Future")?
        .call((), Some(&options))
}

pub(super) fn create_task<'py>(
    event_loop: &Bound<'py, EventLoop>,
    coro: Bound<'py, PyAny>,
    options: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let this = event_loop.get();
    this.check_open()?;
    let factory = this.task_factory.with(py, |factory| {
        factory.as_ref().map(|factory| factory.bind(py).clone())
    });
    match factory {
        None => {
            let options = options.unwrap_or_else(|| PyDict::new(py));
            options.set_item(intern!(py, "loop"), event_loop)?;
            TASK.import(py, "asyncio", "Task")?
                .call((coro,), Some(&options))
        }
        Some(factory) => create_by_factory(event_loop, &factory, coro, options),
    }
}

/// Older factories take no name, so it is set afterwards, and a context only if there is one.
fn create_by_factory<'py>(
    event_loop: &Bound<'py, EventLoop>,
    factory: &Bound<'py, PyAny>,
    coro: Bound<'py, PyAny>,
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
