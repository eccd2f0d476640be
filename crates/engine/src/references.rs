//! How often an object is referred to.

use pyo3::ffi;
use pyo3::prelude::*;

/// How many references the interpreter counts for `object`.
///
/// Whoever knows how many it handed out itself can tell whether somebody else kept one.
pub(crate) fn references<T>(object: &Py<T>) -> isize {
    // SAFETY: reads the count of a live object; callers are attached to the interpreter.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) }
}

/// Whether the caller's is the only reference to `object`, weak ones included.
///
/// Without the GIL the count does not tell, so the answer is no.
pub(crate) fn is_ours_alone<T>(object: &Py<T>) -> bool {
    !cfg!(Py_GIL_DISABLED) && references(object) == 1 && !is_weakly_held(object)
}

/// Whether there are weak references to `object`.
pub(crate) fn is_weakly_held<T>(object: &Py<T>) -> bool {
    // SAFETY: a live object whose class says where its list of weak references begins, if it has one
    // (`tp_weaklistoffset` in the C-API's documentation); there is null or the first of them.
    unsafe {
        let offset = (*ffi::Py_TYPE(object.as_ptr())).tp_weaklistoffset;
        offset != 0 && {
            let list = object.as_ptr().byte_offset(offset);
            !std::ptr::read(list.cast::<*mut ffi::PyObject>()).is_null()
        }
    }
}
