//! Memory of ours that a C function of `_ssl` works on, without a copy.

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::eventloop::attached::Attached;

/// Memory that stays where it is until its owner takes it back.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: *mut u8,
    len: usize,
    writable: bool,
}

// SAFETY: a span is an address and a number; whoever opens a window vouches for the memory.
unsafe impl Send for Span {}

impl Span {
    const NOTHING: Self = Self {
        start: ptr::null_mut(),
        len: 0,
        writable: false,
    };

    /// Memory to be filled.
    pub(super) fn writable(start: *mut u8, len: usize) -> Self {
        Self {
            start,
            len,
            writable: true,
        }
    }

    /// Memory to be read.
    pub(super) fn readable(data: &[u8]) -> Self {
        Self {
            start: data.as_ptr().cast_mut(),
            len: data.len(),
            writable: false,
        }
    }

    pub(super) fn len(self) -> usize {
        self.len
    }

    /// What is left of it after its first `count` bytes.
    pub(super) fn after(self, count: usize) -> Self {
        let count = count.min(self.len);
        Self {
            start: self.start.wrapping_add(count),
            len: self.len - count,
            writable: self.writable,
        }
    }

    /// Copies `data` into it, as much as it holds, and says how much that was.
    ///
    /// # Safety
    /// The memory is alive and nobody else uses it.
    pub(super) unsafe fn fill(self, data: &[u8]) -> usize {
        let count = if self.writable {
            data.len().min(self.len)
        } else {
            0
        };
        // SAFETY: the caller vouches for the target, `count` fits both, and a slice of ours cannot
        // overlap memory that nobody else uses.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), self.start, count) };
        count
    }
}

/// An object with the buffer protocol whose memory changes from call to call.
///
/// It is only ever handed to functions of `_ssl` that give the buffer back before they return.
#[pyclass(frozen, module = "jebi._engine")]
pub(super) struct Window(Attached<Span>);

impl Window {
    pub(super) fn new(py: Python<'_>) -> PyResult<Py<Self>> {
        Py::new(py, Self(Attached::new(Span::NOTHING)))
    }

    /// Shows `span` for the length of one call.
    ///
    /// # Safety
    /// The memory is alive during the call, and the callee gives it back before it returns.
    pub(super) unsafe fn show<R>(&self, py: Python<'_>, span: Span, call: impl FnOnce() -> R) -> R {
        let before = self.0.replace(py, span);
        let result = call();
        self.0.replace(py, before);
        result
    }
}

#[pymethods]
impl Window {
    /// Exports the memory that is shown at the moment.
    ///
    /// # Safety
    /// Called by the interpreter, with a `Py_buffer` to be filled in.
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let span = slf.get().0.get(slf.py());
        let len = ffi::Py_ssize_t::try_from(span.len)
            .map_err(|_| PyBufferError::new_err("too much memory for one buffer"))?;
        // SAFETY: `view` comes from the interpreter; the memory is alive, as whoever called `show`
        // has promised. A null pointer only goes with no length.
        let outcome = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                span.start.cast(),
                len,
                c_int::from(!span.writable),
                flags,
            )
        };
        if outcome < 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        Ok(())
    }
}
