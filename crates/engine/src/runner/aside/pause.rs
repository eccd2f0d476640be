//! Where a coroutine beside its caller lets the caller go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::super::coroutine::thrown;
use super::Aside;
use crate::eventloop::{block_on, wake};

/// An awaitable that ends when it is released. It has a coroutine's methods, so it can become a
/// task.
///
/// Awaited in a turn that the caller makes, it yields itself, and the turn is over. Awaited by a
/// task, it waits for a future as anything else does.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct Pause {
    /// Whose it is; nobody's where there is nothing to wait for.
    aside: Option<Py<Aside>>,
    stage: Mutex<Stage>,
}

enum Stage {
    Fresh,
    /// The caller goes on, and [`Aside::resume`] goes on here.
    Inline,
    Waiting(Py<PyAny>),
    Released,
}

impl Pause {
    pub(super) fn new(aside: Py<Aside>) -> Self {
        Self {
            aside: Some(aside),
            stage: Mutex::new(Stage::Fresh),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes over to `stage` and returns the one before, to be dropped with nothing locked.
    fn enter(&self, stage: Stage) -> Stage {
        std::mem::replace(&mut *self.lock(), stage)
    }

    /// What to yield; `None` at the end.
    fn step(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let (py, this) = (slf.py(), slf.get());
        if !matches!(*this.lock(), Stage::Fresh) {
            drop(this.enter(Stage::Released));
            return Ok(None);
        }
        let Some(aside) = this.aside.as_ref().map(Py::get) else {
            return Ok(None);
        };
        if aside.is_inline(py)? {
            drop(this.enter(Stage::Inline));
            return Ok(Some(slf.clone().into_any().unbind()));
        }
        let future = aside.runner.create_future(py)?;
        block_on(future.bind(py))?;
        drop(this.enter(Stage::Waiting(future.clone_ref(py))));
        Ok(Some(future))
    }
}

#[pymethods]
impl Pause {
    /// One that is no pause: whoever awaits it goes on at once, any number of times.
    #[staticmethod]
    fn released() -> Self {
        Self {
            aside: None,
            stage: Mutex::new(Stage::Released),
        }
    }

    /// Lets whoever waits here in a task go on, now or when it comes here.
    fn release(&self, py: Python<'_>) {
        if let Stage::Waiting(future) = self.enter(Stage::Released) {
            wake(py, &future);
        }
    }

    /// Whether it is the caller's to go on with, by `Aside.resume`.
    #[getter]
    fn is_inline(&self) -> bool {
        matches!(*self.lock(), Stage::Inline)
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        Self::step(slf)
    }

    fn send(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        Self::step(slf)?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        drop(self.enter(Stage::Released));
        Err(thrown(kind, value, traceback)?)
    }

    fn close(&self) {
        drop(self.enter(Stage::Released));
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.aside)?;
        match self.stage.try_lock().as_deref() {
            Ok(Stage::Waiting(future)) => visit.call(future),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        drop(self.enter(Stage::Released));
    }
}
