//! The `asyncio.Task` a request runs in.

use std::sync::Weak;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Runner;
use super::asyncio::Asyncio;
use super::context::{Base, Entered};
use super::driver::Driver;
use crate::eventloop::EventLoop;
use crate::references::references;

/// A real task that has not made its first step, with the context it belongs to.
///
/// A request that never suspends runs with this task current and leaves it as it was; then the
/// next request uses it again. `asyncio.current_task()`, `asyncio.timeout` and cancellation work on
/// it from the first instruction, because it is a task and not a stand-in.
pub(super) struct RequestTask {
    task: Py<PyAny>,
    driver: Py<Driver>,
    context: Py<PyAny>,
    /// The task's own first step, which asyncio scheduled and the loop set aside.
    first_step: Py<PyAny>,
    name: Py<PyAny>,
    /// The task's `__dict__`.
    attributes: Py<PyDict>,
    untouched: Footprint,
}

/// What of a task shows that somebody has kept or changed it.
#[derive(Default, PartialEq, Eq)]
struct Footprint {
    references: isize,
    context_references: isize,
    weak_references: usize,
}

impl RequestTask {
    /// A task on `event_loop` in a copy of `base`, for turns that `runner` makes.
    pub(super) fn new(
        py: Python<'_>,
        runner: Weak<Runner>,
        asyncio: &Asyncio,
        event_loop: &Bound<'_, EventLoop>,
        base: &Base,
    ) -> PyResult<Self> {
        let context = base.copy(py)?;
        let driver = Py::new(py, Driver::new(runner, context.clone_ref(py)))?;
        let (task, first_step) = asyncio.new_task(py, event_loop, &driver, &context)?;
        // Nobody should count a request that may never come among the tasks that run.
        asyncio.unregister(py, &task)?;
        task.bind(py)
            .setattr(intern!(py, "_log_destroy_pending"), false)?;
        let mut made = Self {
            name: task.call_method0(py, intern!(py, "get_name"))?,
            attributes: attributes(task.bind(py))?,
            task,
            driver,
            context,
            first_step,
            untouched: Footprint::default(),
        };
        made.untouched = made.footprint(py, asyncio)?;
        Ok(made)
    }

    pub(super) fn context(&self) -> &Py<PyAny> {
        &self.context
    }

    pub(super) fn driver(&self) -> &Driver {
        self.driver.get()
    }

    /// The driver as an object, to be kept.
    pub(super) fn coroutine(&self) -> &Py<Driver> {
        &self.driver
    }

    pub(super) fn object(&self) -> &Py<PyAny> {
        &self.task
    }

    /// Lets the task make its first step, in which it meets what the driver was given.
    pub(super) fn begin(self, py: Python<'_>, asyncio: &Asyncio) -> PyResult<()> {
        let _entered = Entered::enter(py, &self.context)?;
        self.begin_within(py, asyncio)
    }

    /// The same, in the context that is current.
    pub(super) fn begin_within(&self, py: Python<'_>, asyncio: &Asyncio) -> PyResult<()> {
        asyncio.register(py, &self.task)?;
        self.task
            .bind(py)
            .setattr(intern!(py, "_log_destroy_pending"), true)?;
        self.first_step.call0(py).map(drop)
    }

    /// Whether another request may have this task: nobody kept it, nothing was left on it.
    ///
    /// Compares reference counts because a handler may keep the task or its context (or a weak
    /// reference) for as long as it likes, and asks for what a handler can leave on a task without
    /// keeping it: a callback, a cancellation, a context variable, a name, an attribute.
    pub(super) fn is_untouched(
        &self,
        py: Python<'_>,
        asyncio: &Asyncio,
        base: &Base,
    ) -> PyResult<bool> {
        if self.footprint(py, asyncio)? != self.untouched {
            return Ok(false);
        }
        let task = self.task.bind(py);
        if asyncio.must_cancel.of(task)?.is_truthy()?
            || !asyncio.callbacks.of(task)?.is_none()
            || !asyncio.get_name.of(task)?.is(&self.name)
            || !self.attributes.bind(py).is_empty()
        {
            return Ok(false);
        }
        base.is_unchanged(self.context.bind(py))
    }

    fn footprint(&self, py: Python<'_>, asyncio: &Asyncio) -> PyResult<Footprint> {
        Ok(Footprint {
            references: references(&self.task),
            context_references: references(&self.context),
            weak_references: asyncio.weak_references(py, &self.task)?,
        })
    }
}

/// The `__dict__` of an object that has one.
fn attributes(object: &Bound<'_, PyAny>) -> PyResult<Py<PyDict>> {
    // SAFETY: attached, and `object` is alive; a new reference, or null with an exception set.
    unsafe {
        let found = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        let found = Bound::from_owned_ptr_or_err(object.py(), found)?;
        Ok(found.cast_into::<PyDict>()?.unbind())
    }
}
