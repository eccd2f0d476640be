//! The functions of asyncio that a runner calls for every request, looked up once.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use super::attribute::Attribute;
use super::builtin::Builtin;
use super::driver::Driver;
use crate::eventloop::EventLoop;
use crate::references::is_weakly_held;

/// asyncio's own functions for those who run tasks (documented as `asyncio.tasks._enter_task` and
/// its siblings, "Extending asyncio"), and the task class.
pub(super) struct Asyncio {
    task: Py<PyAny>,
    enter_task: Builtin,
    leave_task: Builtin,
    current_task: Py<PyAny>,
    /// From `CPython` 3.12 on.
    swap_current_task: Option<Py<PyAny>>,
    register_task: Py<PyAny>,
    unregister_task: Py<PyAny>,
    weak_reference_count: Py<PyAny>,
    /// What a request can leave on its task.
    pub(super) must_cancel: Attribute,
    pub(super) callbacks: Attribute,
    pub(super) get_name: Attribute,
    /// Of futures, which know nothing of those who complete them.
    done: Attribute,
}

impl Asyncio {
    pub(super) fn import(py: Python<'_>) -> PyResult<Self> {
        let tasks = py.import("asyncio.tasks")?;
        let class = tasks.getattr("Task")?;
        let get = |name: &str| tasks.getattr(name).map(Bound::unbind);
        Ok(Self {
            must_cancel: Attribute::getter(&class, "_must_cancel")?,
            callbacks: Attribute::getter(&class, "_callbacks")?,
            get_name: Attribute::method(&class, "get_name")?,
            done: Attribute::method(&py.import("asyncio")?.getattr("Future")?, "done")?,
            task: class.unbind(),
            enter_task: Builtin::new(tasks.getattr("_enter_task")?),
            leave_task: Builtin::new(tasks.getattr("_leave_task")?),
            current_task: get("current_task")?,
            swap_current_task: get("_swap_current_task").ok(),
            register_task: get("_register_task")?,
            unregister_task: get("_unregister_task")?,
            weak_reference_count: py.import("weakref")?.getattr("getweakrefcount")?.unbind(),
        })
    }

    /// Whether somebody completed or cancelled the future before.
    pub(super) fn is_done(&self, future: &Bound<'_, PyAny>) -> bool {
        let not_yet = PyBool::new(future.py(), false);
        !self.done.of(future).is_ok_and(|done| done.is(&*not_yet))
    }

    /// A task that runs `driver`, and its first step, taken out of the loop's queue.
    pub(super) fn new_task(
        &self,
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        driver: &Py<Driver>,
        context: &Py<PyAny>,
    ) -> PyResult<(Py<PyAny>, Py<PyAny>)> {
        let options = PyDict::new(py);
        options.set_item(intern!(py, "loop"), event_loop)?;
        options.set_item(intern!(py, "context"), context)?;
        event_loop.get().capture_next_handle(py);
        let made = self.task.bind(py).call((driver,), Some(&options));
        let captured = event_loop.get().take_captured(py);
        let task = made?.unbind();
        let captured = captured.ok_or_else(|| {
            PyRuntimeError::new_err("asyncio.Task did not schedule its first step")
        })?;
        Ok((task, captured.callback))
    }

    pub(super) fn enter_task(
        &self,
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        task: &Py<PyAny>,
    ) -> PyResult<()> {
        self.enter_task
            .call(event_loop.as_any(), task.bind(py))
            .map(drop)
    }

    pub(super) fn leave_task(
        &self,
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        task: &Py<PyAny>,
    ) -> PyResult<()> {
        self.leave_task
            .call(event_loop.as_any(), task.bind(py))
            .map(drop)
    }

    /// The task that is current on `event_loop`, or `None`.
    pub(super) fn current_task<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, EventLoop>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.current_task.bind(py).call1((event_loop,))
    }

    /// Makes `task` (or nobody, with `None`) current in the place of the one that is returned.
    pub(super) fn swap_task<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, EventLoop>,
        task: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(swap) = &self.swap_current_task {
            return swap.bind(py).call1((event_loop, task));
        }
        let previous = self.current_task(py, event_loop)?;
        if !previous.is_none() {
            self.leave_task.call(event_loop.as_any(), &previous)?;
        }
        if !task.is_none() {
            self.enter_task.call(event_loop.as_any(), task)?;
        }
        Ok(previous)
    }

    pub(super) fn register(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.register_task.bind(py).call1((task,)).map(drop)
    }

    pub(super) fn unregister(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.unregister_task.bind(py).call1((task,)).map(drop)
    }

    /// How many weak references there are to `task`.
    pub(super) fn weak_references(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<usize> {
        if !is_weakly_held(task) {
            return Ok(0);
        }
        self.weak_reference_count.bind(py).call1((task,))?.extract()
    }
}
