//! Messages of an application, read from the dictionaries it sends.

use std::path::PathBuf;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMemoryView, PyString, PyTuple};

use super::super::files::{Opened, Source};
use super::super::head::{Said, Unsendable, is_final, write_application_header};
use super::super::trailers::{Trailers, write_trailer};
use super::parts::Parts;

/// What an application may send.
pub(super) enum Outgoing<'py> {
    Start {
        status: u16,
        block: Vec<u8>,
        said: Said,
    },
    Body {
        piece: Bound<'py, PyBytes>,
        more: bool,
    },
    /// The body is this file, whole.
    File(Source),
    /// Header lines to be sent behind the body.
    Trailers { block: Vec<u8>, more: bool },
    /// Header lines to be sent ahead of the answer.
    Hints(Vec<u8>),
    /// Something that has no place in an answer over HTTP.
    Other,
}

/// Reads a message.
pub(super) fn parse<'py>(
    kind: &Bound<'py, PyAny>,
    parts: &Parts<'_, 'py>,
) -> PyResult<Outgoing<'py>> {
    match kind.cast::<PyString>()?.to_str()? {
        "http.response.start" => read_start(parts),
        "http.response.body" => read_body(parts),
        "http.response.pathsend" => open_path(parts.message),
        "http.response.early_hint" => read_hints(parts.message),
        "http.response.trailers" => read_trailers(parts.message),
        _ => Ok(Outgoing::Other),
    }
}

/// Reads the message that begins an answer.
pub(super) fn read_start<'py>(parts: &Parts<'_, 'py>) -> PyResult<Outgoing<'py>> {
    let status = match &parts.status {
        Some(status) => read_status(status)?,
        None => return Err(parts.missing("status")),
    };
    let (mut block, mut said) = (Vec::with_capacity(256), Said::default());
    write_headers(parts, status, &mut block, &mut said)?;
    if is_set(parts.trailers.as_ref())? {
        said.trailers = Trailers::Dropped;
    }
    Ok(Outgoing::Start {
        status,
        block,
        said,
    })
}

/// Reads a message with a piece of a body.
pub(super) fn read_body<'py>(parts: &Parts<'_, 'py>) -> PyResult<Outgoing<'py>> {
    let piece = match &parts.body {
        None => PyBytes::new(parts.message.py(), b""),
        Some(body) => to_bytes(body.clone())?,
    };
    let more = is_set(parts.more_body.as_ref())?;
    Ok(Outgoing::Body { piece, more })
}

/// Reads the message that names a file, and opens that.
fn open_path<'py>(message: &Bound<'py, PyAny>) -> PyResult<Outgoing<'py>> {
    let path = message.get_item(intern!(message.py(), "path"))?;
    match Opened::at(&path.extract::<PathBuf>()?) {
        Ok(opened) => Ok(Outgoing::File(Source::whole(opened))),
        Err(error) => {
            let number = error.raw_os_error();
            // Python makes the fitting subclass of it.
            Err(PyOSError::new_err((
                number,
                error.to_string(),
                path.unbind(),
            )))
        }
    }
}

/// Reads the message with fields that stand behind the body.
fn read_trailers<'py>(message: &Bound<'py, PyAny>) -> PyResult<Outgoing<'py>> {
    let py = message.py();
    let mut block = Vec::new();
    if let Some(headers) = optional(message, intern!(py, "headers"))? {
        each_header(&headers, |name, value| {
            write_trailer(&mut block, name, value)
                .map_err(|unsendable| PyRuntimeError::new_err(unsendable.text()))
        })?;
    }
    let more = is_set(optional(message, intern!(py, "more_trailers"))?.as_ref())?;
    Ok(Outgoing::Trailers { block, more })
}

/// Reads the message with the links that a client may follow while it waits.
fn read_hints<'py>(message: &Bound<'py, PyAny>) -> PyResult<Outgoing<'py>> {
    let (mut block, mut said) = (Vec::new(), Said::default());
    if let Some(links) = optional(message, intern!(message.py(), "links"))? {
        for link in links.try_iter()? {
            let link = to_bytes(link?)?;
            write_application_header(&mut block, &mut said, 103, b"link", link.as_bytes())
                .map_err(|unsendable| PyRuntimeError::new_err(unsendable.text()))?;
        }
    }
    Ok(Outgoing::Hints(block))
}

/// Writes the lines of a message's headers, checked.
pub(super) fn write_headers(
    parts: &Parts<'_, '_>,
    status: u16,
    block: &mut Vec<u8>,
    said: &mut Said,
) -> PyResult<()> {
    let Some(headers) = &parts.headers else {
        return Ok(());
    };
    each_header(headers, |name, value| {
        write_application_header(block, said, status, name, value)
            .map_err(|unsendable| PyRuntimeError::new_err(unsendable.text()))
    })
}

fn read_status(status: &Bound<'_, PyAny>) -> PyResult<u16> {
    let number: i64 = status.extract()?;
    u16::try_from(number)
        .ok()
        .filter(|status| is_final(*status))
        .ok_or_else(|| PyRuntimeError::new_err(Unsendable::Status.text()))
}

/// Whether a flag that may be missing is set.
fn is_set(flag: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    flag.map_or(Ok(false), PyAnyMethods::is_truthy)
}

/// The value of a key that may be missing.
pub(super) fn optional<'py>(
    message: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(message) = message.cast::<PyDict>() {
        return message.get_item(key);
    }
    let value = message.call_method1(intern!(message.py(), "get"), (key,))?;
    Ok((!value.is_none()).then_some(value))
}

/// Calls `take` with every name and value of an iterable of pairs.
fn each_header(
    headers: &Bound<'_, PyAny>,
    mut take: impl FnMut(&[u8], &[u8]) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(list) = headers.cast::<PyList>() {
        for pair in list.iter() {
            one_header(&pair, &mut take)?;
        }
        return Ok(());
    }
    for pair in headers.try_iter()? {
        one_header(&pair?, &mut take)?;
    }
    Ok(())
}

fn one_header(
    pair: &Bound<'_, PyAny>,
    take: &mut impl FnMut(&[u8], &[u8]) -> PyResult<()>,
) -> PyResult<()> {
    let other;
    let pair = if let Ok(pair) = pair.cast::<PyTuple>() {
        pair
    } else {
        let items = pair.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        other = PyTuple::new(pair.py(), items)?;
        &other
    };
    if pair.len() != 2 {
        return Err(PyValueError::new_err(
            "a header is a pair of name and value",
        ));
    }
    let (name, value) = (pair.get_borrowed_item(0)?, pair.get_borrowed_item(1)?);
    if let (Ok(name), Ok(value)) = (name.cast::<PyBytes>(), value.cast::<PyBytes>()) {
        return take(name.as_bytes(), value.as_bytes());
    }
    let (name, value) = (to_bytes(name.to_owned())?, to_bytes(value.to_owned())?);
    take(name.as_bytes(), value.as_bytes())
}

/// Bytes as they are; another bytes-like object by a copy.
pub(super) fn to_bytes(object: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyBytes>> {
    match object.cast_into::<PyBytes>() {
        Ok(bytes) => Ok(bytes),
        Err(other) => {
            let object = other.into_inner();
            let view = PyMemoryView::from(&object).map_err(|_| {
                PyTypeError::new_err(format!("expected bytes, got {}", object.get_type()))
            })?;
            Ok(view
                .call_method0(intern!(object.py(), "tobytes"))?
                .cast_into::<PyBytes>()?)
        }
    }
}
