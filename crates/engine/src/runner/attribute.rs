//! Attributes of asyncio's tasks, read without looking them up.

use std::ffi::c_void;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// A getter, or a method without arguments, of a class that is written in C.
///
/// A request asks its task three such questions when it ends. To look an attribute up, bind it and
/// call it costs ten times what its function does. Where the class is not of that kind (asyncio's
/// pure Python one, which debugging tools put in place), that is what is done all the same.
pub(super) struct Attribute {
    name: &'static str,
    is_method: bool,
    /// The class's descriptor, which owns the function.
    _descriptor: Py<PyAny>,
    class: Py<PyType>,
    function: Option<Function>,
}

#[derive(Clone, Copy)]
enum Function {
    Getter(ffi::getter, *mut c_void),
    Method(ffi::PyCFunction),
}

// SAFETY: the pointers are to functions and to what is constant in the class that `Attribute` holds.
unsafe impl Send for Function {}
// SAFETY: as above; nothing is changed through them.
unsafe impl Sync for Function {}

impl Attribute {
    pub(super) fn getter(class: &Bound<'_, PyAny>, name: &'static str) -> PyResult<Self> {
        Self::find(class, name, false)
    }

    pub(super) fn method(class: &Bound<'_, PyAny>, name: &'static str) -> PyResult<Self> {
        Self::find(class, name, true)
    }

    fn find(class: &Bound<'_, PyAny>, name: &'static str, is_method: bool) -> PyResult<Self> {
        let class = class.cast::<PyType>()?;
        let descriptor = class.getattr(name)?;
        Ok(Self {
            function: function_of(&descriptor),
            name,
            is_method,
            _descriptor: descriptor.unbind(),
            class: class.clone().unbind(),
        })
    }

    /// The attribute's value, or what the method returns.
    pub(super) fn of<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = object.py();
        let Some(function) = self
            .function
            .filter(|_| object.get_type_ptr() == self.class.as_ptr().cast())
        else {
            let value = object.getattr(self.name)?;
            return if self.is_method {
                value.call0()
            } else {
                Ok(value)
            };
        };
        // SAFETY: the function is the one that the object's very class has for this, its descriptor keeps it alive, and
        // it is called as the descriptor would; it returns a new reference, or null with an exception set.
        unsafe {
            let value = match function {
                Function::Getter(get, closure) => get(object.as_ptr(), closure),
                Function::Method(call) => call(object.as_ptr(), ptr::null_mut()),
            };
            Bound::from_owned_ptr_or_err(py, value)
        }
    }
}

/// The function behind a descriptor, if it is one of a class written in C.
fn function_of(descriptor: &Bound<'_, PyAny>) -> Option<Function> {
    let kind = descriptor.get_type_ptr();
    // SAFETY: each cast is made of a live object whose type is the very one of that layout, and the definition that it
    // points to lives as long as it does.
    unsafe {
        if kind == &raw mut ffi::PyGetSetDescr_Type {
            let descriptor = descriptor.as_ptr().cast::<ffi::PyGetSetDescrObject>();
            let definition = (*descriptor).d_getset;
            return (*definition)
                .get
                .map(|get| Function::Getter(get, (*definition).closure));
        }
        if kind == &raw mut ffi::PyMethodDescr_Type {
            let descriptor = descriptor.as_ptr().cast::<ffi::PyMethodDescrObject>();
            let definition = (*descriptor).d_method;
            return ((*definition).ml_flags == ffi::METH_NOARGS)
                .then(|| Function::Method((*definition).ml_meth.PyCFunction));
        }
    }
    None
}
