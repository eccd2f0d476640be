//! The functions that an application is called with.

use std::ffi::CStr;
use std::ptr;

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

use super::receive::{Receiving, Step};
use super::{Cycle, Sending};
use crate::fastcall::{Given, Method, guard};

/// `receive` of a request.
pub(super) struct Receive;

impl Method for Receive {
    type Class = Cycle;
    const NAME: &'static CStr = c"receive";
    const DOC: &'static CStr =
        c"receive($self)\n--\n\nAn awaitable of the next message from the client.";

    fn call<'py>(cycle: &Bound<'py, Cycle>, given: Given<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        given.expect_none(Self::NAME)?;
        Cycle::receive(cycle)
    }
}

/// `send` of a request.
pub(super) struct Send;

impl Method for Send {
    type Class = Cycle;
    const NAME: &'static CStr = c"send";
    const DOC: &'static CStr =
        c"send($self, message)\n--\n\nSends a message to the client. What it returns \
        waits until there is room for more.";

    fn call<'py>(cycle: &Bound<'py, Cycle>, given: Given<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        Cycle::send(cycle, given.one(Self::NAME, "message")?)
    }
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
    // SAFETY: as the interpreter calls the slot: attached, and with an object of the class. Null without an exception
    // is an end.
    unsafe {
        let py = Python::assume_attached();
        let done = Borrowed::from_ptr(py, sending).cast_unchecked::<Sending>();
        if done.get().is_done() {
            return ptr::null_mut();
        }
        step::<Sending>(sending, Send::NAME, |sending| {
            sending.get().step(sending.py())
        })
    }
}

unsafe extern "C" fn step_receiving(receiving: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the interpreter calls the slot: attached, and with an object of the class. An end is an exception that
    // is set and null.
    unsafe {
        step::<Receiving>(receiving, Receive::NAME, |receiving| {
            let py = receiving.py();
            Ok(match receiving.get().step(py)? {
                Step::Waits(future) => Some(future),
                Step::Ends { message, is_short } => {
                    receiving.get().end(message.bind(py), is_short);
                    None
                }
            })
        })
    }
}

/// Runs a step, and hands what comes of it to the interpreter: `None` is an end.
///
/// # Safety
/// The thread is attached, and `object` a live `T`.
unsafe fn step<T>(
    object: *mut ffi::PyObject,
    name: &CStr,
    take: impl FnOnce(&Bound<'_, T>) -> PyResult<Option<Py<PyAny>>>,
) -> *mut ffi::PyObject {
    // SAFETY: the caller is attached and says what `object` is.
    let (py, object) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, object).cast_unchecked::<T>())
    };
    guard(py, name, || {
        Ok(take(&object)?.map_or(ptr::null_mut(), Py::into_ptr))
    })
}
