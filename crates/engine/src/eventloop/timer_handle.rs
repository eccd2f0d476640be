//! A callback that waits for its time.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::handle::Handle;

/// A callback that waits for its time; asyncio's `TimerHandle`.
#[pyclass(frozen, extends = Handle, module = "jebi._engine")]
pub(crate) struct TimerHandle;

#[pymethods]
impl TimerHandle {
    /// `asyncio.TimerHandle`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "asyncio", "TimerHandle")?;
        Ok(class.clone().unbind())
    }

    /// The time at which the callback is due, on the clock of `loop.time()`.
    fn when(slf: &Bound<'_, Self>) -> f64 {
        slf.as_super().get().when(slf.py())
    }

    fn __hash__(slf: &Bound<'_, Self>) -> PyResult<isize> {
        Self::when(slf).into_pyobject(slf.py())?.hash()
    }

    /// Timers order by their time, and only among themselves. Those of one time are equal if they
    /// call the same.
    fn __richcmp__(
        slf: &Bound<'_, Self>,
        other: &Bound<'_, PyAny>,
        op: CompareOp,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let Ok(other) = other.cast::<Self>() else {
            return Ok(py.NotImplemented());
        };
        let (mine, its) = (Self::when(slf), Self::when(other));
        let answer = match op {
            CompareOp::Lt => mine < its,
            CompareOp::Gt => mine > its,
            CompareOp::Le => mine < its || calls_the_same(slf, other)?,
            CompareOp::Ge => mine > its || calls_the_same(slf, other)?,
            CompareOp::Eq => calls_the_same(slf, other)?,
            CompareOp::Ne => !calls_the_same(slf, other)?,
        };
        Ok(answer.into_pyobject(py)?.to_owned().into_any().unbind())
    }
}

/// Whether two timers are equal to asyncio.
fn calls_the_same(one: &Bound<'_, TimerHandle>, other: &Bound<'_, TimerHandle>) -> PyResult<bool> {
    let py = one.py();
    let (one, other) = (one.as_super().get(), other.as_super().get());
    #[expect(clippy::float_cmp, reason = "asyncio compares so too")]
    let is_same_time = one.when(py) == other.when(py);
    if !is_same_time || one.is_cancelled() != other.is_cancelled() {
        return Ok(false);
    }
    match (one.call(py), other.call(py)) {
        (None, None) => Ok(true),
        (Some(one), Some(other)) => Ok(one.callback(py).eq(other.callback(py))?
            && one.arguments(py)?.eq(other.arguments(py)?)?),
        _ => Ok(false),
    }
}
