//! asyncio's own streams, fed without detours.
//!
//! `StreamReaderProtocol.data_received` finds its `StreamReader` and calls `feed_data`, which
//! appends to a `bytearray` and calls a third function that wakes whoever waits. A quarter of what
//! a small message costs goes into those calls. [`feed`] does the same to the same objects, as long
//! as the functions in question are asyncio's and the objects are in their usual state. It changes
//! nothing before it knows; in every other case the caller goes the ordinary way.

use pyo3::exceptions::PyNotImplementedError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyByteArray, PyType, PyWeakrefReference};

/// The classes and their functions as asyncio defines them.
#[derive(FromPyObject)]
struct Originals {
    protocol: Py<PyType>,
    reader: Py<PyType>,
    data_received: Py<PyAny>,
    feed_data: Py<PyAny>,
    wakeup_waiter: Py<PyAny>,
}

static ORIGINALS: PyOnceLock<Option<Originals>> = PyOnceLock::new();

/// `None` where asyncio's functions are not the ones that this file was written after.
fn originals(py: Python<'_>) -> PyResult<Option<&'static Originals>> {
    let found = ORIGINALS.get_or_try_init(py, || {
        py.import("jebi.loop.streams")?
            .call_method0("originals")?
            .extract()
    })?;
    Ok(found.as_ref())
}

impl Originals {
    /// Nobody has replaced a function since.
    fn are_in_place(&self, py: Python<'_>) -> PyResult<bool> {
        let (protocol, reader) = (self.protocol.bind(py), self.reader.bind(py));
        let received = protocol.getattr(intern!(py, "data_received"))?;
        let feed = reader.getattr(intern!(py, "feed_data"))?;
        let wakeup = reader.getattr(intern!(py, "_wakeup_waiter"))?;
        Ok(received.is(&self.data_received)
            && feed.is(&self.feed_data)
            && wakeup.is(&self.wakeup_waiter))
    }
}

/// Whether a protocol is asyncio's stream protocol, and may be tried to [`feed`].
pub(super) fn is_stream(protocol: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = protocol.py();
    let Some(originals) = originals(py)? else {
        return Ok(false);
    };
    if !protocol.get_type().is(&originals.protocol) {
        return Ok(false);
    }
    let own = protocol.getattr(intern!(py, "__dict__"))?;
    Ok(!own.contains(intern!(py, "data_received"))?)
}

/// Does what `protocol.data_received(data)` does; `false` if that has to be called after all.
///
/// # Errors
/// What `data_received` raises.
pub(super) fn feed(protocol: &Bound<'_, PyAny>, data: &[u8]) -> PyResult<bool> {
    let py = protocol.py();
    let Some(originals) = originals(py)? else {
        return Ok(false);
    };
    if !originals.are_in_place(py)? {
        return Ok(false);
    }
    let reference = protocol.getattr(intern!(py, "_stream_reader_wr"))?;
    let Ok(reference) = reference.cast::<PyWeakrefReference>() else {
        return Ok(false);
    };
    let Some(reader) = reference.upgrade() else {
        return Ok(true);
    };
    if !reader.get_type().is(&originals.reader) {
        return Ok(false);
    }
    let Some(size) = append(&reader, data)? else {
        return Ok(false);
    };
    wake(&reader)?;
    pause_if_full(&reader, size)?;
    Ok(true)
}

/// `reader._buffer.extend(data)`; the buffer's size, or `None` if that is not for us to do.
fn append(reader: &Bound<'_, PyAny>, data: &[u8]) -> PyResult<Option<usize>> {
    let py = reader.py();
    let ended = reader.getattr(intern!(py, "_eof"))?;
    if !ended.is(PyBool::new(py, false)) {
        return Ok(None);
    }
    let buffer = reader.getattr(intern!(py, "_buffer"))?;
    let Ok(buffer) = buffer.cast_exact::<PyByteArray>() else {
        return Ok(None);
    };
    let before = buffer.len();
    if buffer.resize(before + data.len()).is_err() {
        // Somebody looks at its memory, or there is no more.
        return Ok(None);
    }
    // SAFETY: attached, the bytearray was just made large enough, and nothing of Python's runs
    // between that and the end of the copy. `data` is memory of the loop's, not of the bytearray's.
    unsafe {
        let target = ffi::PyByteArray_AsString(buffer.as_ptr()).cast::<u8>();
        std::ptr::copy_nonoverlapping(data.as_ptr(), target.add(before), data.len());
    }
    Ok(Some(before + data.len()))
}

/// `reader._wakeup_waiter()`.
fn wake(reader: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = reader.py();
    let waiter = reader.getattr(intern!(py, "_waiter"))?;
    if waiter.is_none() {
        return Ok(());
    }
    reader.setattr(intern!(py, "_waiter"), py.None())?;
    if !waiter.call_method0(intern!(py, "cancelled"))?.is_truthy()? {
        waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
    }
    Ok(())
}

/// Stops the transport while there is twice as much as the reader wants to hold.
fn pause_if_full(reader: &Bound<'_, PyAny>, size: usize) -> PyResult<()> {
    let py = reader.py();
    let transport = reader.getattr(intern!(py, "_transport"))?;
    if transport.is_none() || reader.getattr(intern!(py, "_paused"))?.is_truthy()? {
        return Ok(());
    }
    let limit = reader.getattr(intern!(py, "_limit"))?;
    let full = match limit.extract::<usize>() {
        Ok(limit) => size > limit.saturating_mul(2),
        Err(_) => size.into_pyobject(py)?.gt(limit.mul(2)?)?,
    };
    if !full {
        return Ok(());
    }
    match transport.call_method0(intern!(py, "pause_reading")) {
        Ok(_) => reader.setattr(intern!(py, "_paused"), true),
        Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => {
            reader.setattr(intern!(py, "_transport"), py.None())
        }
        Err(error) => Err(error),
    }
}
