//! Functions of two arguments that are written in C, called without ceremony.

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;

/// A function of two arguments.
///
/// Every request enters its task and leaves it. The general way to call a function finds out again what
/// kind it is. Where it is not of C's fast kind (asyncio's pure Python one), that is the way it goes.
pub(super) struct Builtin {
    /// Owns what the other two point to.
    object: Py<PyAny>,
    fast: Option<Fast>,
}

#[derive(Clone, Copy)]
struct Fast {
    function: ffi::PyCFunctionFastWithKeywords,
    /// What the function is bound to: its module.
    bound: *mut ffi::PyObject,
}

// SAFETY: the pointers are to a function and to an object that `Builtin` keeps alive.
unsafe impl Send for Fast {}
// SAFETY: as above; nothing is changed through them but by the function, which is called attached.
unsafe impl Sync for Fast {}

impl Builtin {
    pub(super) fn new(object: Bound<'_, PyAny>) -> Self {
        Self {
            fast: fast(&object),
            object: object.unbind(),
        }
    }

    /// Calls the function.
    pub(super) fn call<'py>(
        &self,
        first: &Bound<'py, PyAny>,
        second: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = first.py();
        let Some(Fast { function, bound }) = self.fast else {
            return self.object.bind(py).call1((first, second));
        };
        let arguments = [first.as_ptr(), second.as_ptr()];
        // SAFETY: called as the interpreter calls functions with these flags: attached, with live objects and without
        // names. A new reference, or null with an exception set.
        unsafe {
            let returned = function(bound, arguments.as_ptr(), 2, ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, returned)
        }
    }
}

/// The function behind `object`, if it is of the fast kind that takes names.
fn fast(object: &Bound<'_, PyAny>) -> Option<Fast> {
    if object.get_type_ptr() != &raw mut ffi::PyCFunction_Type {
        return None;
    }
    // SAFETY: a live object whose type is the very one of these layouts; its definition is constant.
    unsafe {
        let flags = ffi::PyCFunction_GetFlags(object.as_ptr());
        if flags != ffi::METH_FASTCALL | ffi::METH_KEYWORDS {
            return None;
        }
        let function = object.as_ptr().cast::<ffi::PyCFunctionObject>();
        Some(Fast {
            function: (*(*function).m_ml).ml_meth.PyCFunctionFastWithKeywords,
            bound: (*function).m_self,
        })
    }
}
