//! The functions that an application is called with.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

use super::receive::{Receiving, Step};
use super::{Cycle, Sending};

static RECEIVE: Definition = Definition::new(c"receive", call_receive);
static SEND: Definition = Definition::new(c"send", call_send);

/// `receive` of a request.
pub(super) fn receive(cycle: &Bound<'_, Cycle>) -> PyResult<Py<PyAny>> {
    RECEIVE.bind(cycle)
}

/// `send` of a request.
pub(super) fn send(cycle: &Bound<'_, Cycle>) -> PyResult<Py<PyAny>> {
    SEND.bind(cycle)
}

/// A method of an object of ours as the interpreter calls it.
///
/// They are made and called for every request. A method of the class would be looked up twice for it,
/// and would have its one argument parsed like any others.
pub(crate) struct Definition(ffi::PyMethodDef);

// SAFETY: nothing in there is ever changed; the interpreter only reads it.
unsafe impl Sync for Definition {}

impl Definition {
    /// `function` gets what [`bind`](Self::bind) binds as its first argument.
    pub(crate) const fn new(
        name: &'static CStr,
        function: ffi::PyCFunctionFastWithKeywords,
    ) -> Self {
        Self(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: function,
            },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: ptr::null(),
        })
    }

    /// The function, which holds `object`.
    pub(crate) fn bind<T>(&'static self, object: &Bound<'_, T>) -> PyResult<Py<PyAny>> {
        let definition = (&raw const self.0).cast_mut();
        // SAFETY: the definition is static; the function holds the object. A new reference, or null with an exception set.
        unsafe {
            let function = ffi::PyCFunction_NewEx(definition, object.as_ptr(), ptr::null_mut());
            Bound::from_owned_ptr_or_err(object.py(), function).map(Bound::unbind)
        }
    }

    /// What a function was bound to, if it was bound here.
    pub(crate) fn bound_to<'py>(
        &'static self,
        function: &Bound<'py, PyAny>,
    ) -> Option<Bound<'py, PyAny>> {
        if function.get_type_ptr() != &raw mut ffi::PyCFunction_Type {
            return None;
        }
        // SAFETY: a live object whose type is the very one of this layout, and of which two fields are read. What it
        // is bound to is alive as long as it is, and there is something where the definition is ours.
        unsafe {
            let known = function.as_ptr().cast::<ffi::PyCFunctionObject>();
            if (*known).m_ml != (&raw const self.0).cast_mut() {
                return None;
            }
            Some(Bound::from_borrowed_ptr(function.py(), (*known).m_self))
        }
    }
}

unsafe extern "C" fn call_receive(
    cycle: *mut ffi::PyObject,
    _arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as the interpreter calls functions with these flags: attached, and with what `bind` bound.
    unsafe {
        enter::<Cycle>(cycle, |cycle| {
            if count != 0 || !names.is_null() {
                return Err(PyTypeError::new_err("receive() takes no arguments"));
            }
            Cycle::receive(cycle).map(|awaitable| Some(awaitable.into_any()))
        })
    }
}

unsafe extern "C" fn call_send(
    cycle: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as the interpreter calls functions with these flags: attached, with what `bind` bound, with so many
    // positional arguments, and behind them as many as there are names in a tuple of `str`.
    unsafe {
        enter::<Cycle>(cycle, |cycle| {
            let message = message_of(cycle.py(), arguments, count, names)?;
            Cycle::send(cycle, &message).map(|awaitable| Some(awaitable.into_any()))
        })
    }
}

/// The one argument of a `send`, by its place or by its name.
///
/// # Safety
/// The arguments are as the interpreter hands them to functions with these flags: so many positional ones, and behind
/// them as many as there are names in a tuple of `str`, all of which outlive the result.
pub(crate) unsafe fn message_of<'a>(
    py: Python<'_>,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> PyResult<Borrowed<'a, '_, PyAny>> {
    let is_message = match (count, names.is_null()) {
        (1, true) => true,
        (0, false) => {
            // SAFETY: a live tuple, says the caller.
            let names = unsafe { Borrowed::from_ptr(py, names) };
            names.eq(("message",))?
        }
        _ => false,
    };
    if !is_message {
        return Err(PyTypeError::new_err(
            "send() takes exactly one argument, the message",
        ));
    }
    // SAFETY: there is one argument.
    Ok(unsafe { Borrowed::from_ptr(py, *arguments) })
}

/// Has the interpreter await a [`Sending`] and a [`Receiving`] by functions of C's calling convention.
///
/// The one that is done already is awaited twice in most requests, the other once for each message of a
/// WebSocket. The classes are as `PyO3` made them, and do the same, but for what its general way into a
/// method costs.
pub(super) fn quicken(py: Python<'_>) {
    // SAFETY: each function keeps the contract of its slot for objects of the class it is put in.
    unsafe {
        replace::<Sending>(py, step_sending);
        replace::<Receiving>(py, step_receiving);
    }
}

/// Has objects of a class await themselves, by steps of `step`.
///
/// # Safety
/// `step` keeps the contract of `tp_iternext` (C-API's documentation) for objects of the class.
unsafe fn replace<T: PyTypeInfo>(py: Python<'_>, step: ffi::iternextfunc) {
    let class = T::type_object(py);
    // SAFETY: attached. The class is ours and no subclass can be made of it; to await an object is to have a new
    // reference of it (`am_await`), and the caller says what `step` is.
    unsafe {
        let class = class.as_type_ptr();
        if let Some(methods) = (*class).tp_as_async.as_mut() {
            methods.am_await = Some(await_itself);
            (*class).tp_iternext = Some(step);
        }
    }
}

unsafe extern "C" fn await_itself(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: a live object, of which this is a new reference.
    unsafe { ffi::Py_NewRef(object) }
}

unsafe extern "C" fn step_sending(sending: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the interpreter calls the slot: attached, and with an object of the class.
    unsafe { enter::<Sending>(sending, |sending| sending.get().step(sending.py())) }
}

unsafe extern "C" fn step_receiving(receiving: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the interpreter calls the slot: attached, and with an object of the class. An end is an exception that
    // is set and null, a message is no tuple that would be taken for arguments.
    unsafe {
        enter::<Receiving>(receiving, |receiving| {
            Ok(match receiving.get().step(receiving.py())? {
                Step::Waits(future) => Some(future),
                Step::Ends(message) => {
                    ffi::PyErr_SetObject(ffi::PyExc_StopIteration, message.as_ptr());
                    None
                }
            })
        })
    }
}

/// Runs a method, and hands what comes of it to the interpreter: nothing is null without an exception.
///
/// # Safety
/// The thread is attached, and `object` a live `T`.
pub(crate) unsafe fn enter<T>(
    object: *mut ffi::PyObject,
    method: impl FnOnce(&Bound<'_, T>) -> PyResult<Option<Py<PyAny>>>,
) -> *mut ffi::PyObject {
    // SAFETY: the caller is attached and says what `object` is.
    let (py, object) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, object).cast_unchecked::<T>())
    };
    let returned = catch_unwind(AssertUnwindSafe(|| method(&object)))
        .unwrap_or_else(|_| Err(PyRuntimeError::new_err("the server failed inside")));
    match returned {
        Ok(value) => value.map_or(ptr::null_mut(), Py::into_ptr),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    }
}
