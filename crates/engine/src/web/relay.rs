//! The `send` that a middleware gives to what is below it.
//!
//! Every message of every answer goes through one for each middleware, and for most of them there is nothing to do. What
//! is to be done where an answer begins is done here, or by a function that is called for that message alone.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::headers::{add_vary, set_header};
use crate::fastcall::{Given, Method, bind, bound_to};

/// One answer on its way through a middleware.
#[pyclass(frozen, module = "jebi._engine")]
struct Relay {
    send: Py<PyAny>,
    edit: Edit,
    started: AtomicBool,
}

/// What is done to the message that begins an answer.
enum Edit {
    Nothing,
    Call(Py<PyAny>),
    /// These headers are set, and one more is named that the answer depends on.
    Fields {
        fields: Vec<(Py<PyString>, Py<PyString>)>,
        vary: Py<PyString>,
    },
}

#[pymethods]
impl Relay {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.send)?;
        match &self.edit {
            Edit::Call(function) => visit.call(function),
            Edit::Nothing | Edit::Fields { .. } => Ok(()),
        }
    }
}

impl Relay {
    fn bound(py: Python<'_>, send: Py<PyAny>, edit: Edit) -> PyResult<Py<PyAny>> {
        let started = AtomicBool::new(false);
        let relay = Self {
            send,
            edit,
            started,
        };
        bind::<Send>(&Bound::new(py, relay)?).map(Bound::unbind)
    }

    /// Sends a message on.
    fn pass<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = message.py();
        let is_known = matches!(self.edit, Edit::Nothing) && self.started.load(Ordering::Relaxed);
        if !is_known && begins(message)? {
            self.started.store(true, Ordering::Relaxed);
            self.edit.apply(message)?;
        }
        self.send.bind(py).call1((message,))
    }
}

impl Edit {
    fn apply(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        match self {
            Self::Nothing => Ok(()),
            Self::Call(function) => function.call1(py, (message,)).map(drop),
            Self::Fields { fields, vary } => {
                let raw = own_headers(message)?;
                for (name, value) in fields {
                    set_header(&raw, name.bind(py), value.bind(py))?;
                }
                add_vary(&raw, vary.bind(py))
            }
        }
    }
}

/// Whether a message is the one that begins an answer.
fn begins(message: &Bound<'_, PyAny>) -> PyResult<bool> {
    let key = intern!(message.py(), "type");
    let kind = match message.cast_exact::<PyDict>() {
        Ok(message) => message.get_item(key)?,
        Err(_) => None,
    };
    let kind = match kind {
        Some(kind) => kind,
        // Another mapping; or a dictionary without it, and this raises what the caller is to see.
        None => message.get_item(key)?,
    };
    kind.eq(intern!(message.py(), "http.response.start"))
}

/// The headers of a message as a list that belongs to nobody else.
fn own_headers<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let py = message.py();
    let key = intern!(py, "headers");
    let raw = PyList::empty(py);
    let given = message.call_method1(intern!(py, "get"), (key,))?;
    if !given.is_none() {
        raw.call_method1(intern!(py, "extend"), (given,))?;
    }
    message.set_item(key, &raw)?;
    Ok(raw)
}

/// A `send` that remembers whether the answer has begun, which `has_started` tells.
///
/// One that is watched already, and by which nothing was sent so far, is given back as it is.
#[pyfunction]
#[pyo3(signature = (send, /))]
pub(crate) fn watch_send(send: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    if let Some(relay) = relay_behind(&send)
        && matches!(relay.get().edit, Edit::Nothing)
        && !relay.get().started.load(Ordering::Relaxed)
    {
        return Ok(send.unbind());
    }
    Relay::bound(send.py(), send.clone().unbind(), Edit::Nothing)
}

/// Whether an answer has begun by a `send` that was made here.
#[pyfunction]
#[pyo3(signature = (send, /))]
pub(crate) fn has_started(send: &Bound<'_, PyAny>) -> bool {
    relay_behind(send).is_some_and(|relay| relay.get().started.load(Ordering::Relaxed))
}

/// A `send` that calls `function` with the message that begins the answer before it is sent on.
#[pyfunction]
#[pyo3(signature = (send, function, /))]
pub(crate) fn edit_send(
    py: Python<'_>,
    send: Py<PyAny>,
    function: Py<PyAny>,
) -> PyResult<Py<PyAny>> {
    Relay::bound(py, send, Edit::Call(function))
}

/// A `send` that sets `fields` where the answer begins, and names `vary` among what it depends on.
#[pyfunction]
#[pyo3(signature = (send, fields, vary, /))]
pub(crate) fn add_fields(
    py: Python<'_>,
    send: Py<PyAny>,
    fields: Vec<(Py<PyString>, Py<PyString>)>,
    vary: Py<PyString>,
) -> PyResult<Py<PyAny>> {
    Relay::bound(py, send, Edit::Fields { fields, vary })
}

fn relay_behind<'py>(send: &Bound<'py, PyAny>) -> Option<Bound<'py, Relay>> {
    bound_to::<Send>(send)
}

struct Send;

impl Method for Send {
    type Class = Relay;
    const NAME: &'static CStr = c"send";
    const DOC: &'static CStr = c"send($self, message)\n--\n\nSends a message on.";

    fn call<'py>(relay: &Bound<'py, Relay>, given: Given<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        relay.get().pass(given.one(Self::NAME, "message")?)
    }
}
