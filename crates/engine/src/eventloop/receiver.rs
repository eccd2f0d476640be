//! Who gets a transport's data, and how.

use pyo3::buffer::PyBuffer;
use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::EventLoop;
use super::attached::Attached;
use super::context::in_context;
use super::streams;
use super::tls::{TlsProtocol, TlsTransport};

static BUFFERED_PROTOCOL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// How a protocol takes data.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Manner {
    /// As `bytes`.
    Bytes,
    /// In buffers of its own.
    Buffers,
    /// It is asyncio's stream protocol, which need not be called at all.
    Stream,
    /// It stands for a TLS connection, which need not be called by way of Python.
    Tls,
}

/// A transport's protocol, and how it takes data.
struct Receiver {
    protocol: Py<PyAny>,
    manner: Manner,
}

/// Calls `data_received`.
fn receive(
    protocol: &Bound<'_, PyAny>,
    context: &Bound<'_, PyAny>,
    data: &Bound<'_, PyBytes>,
) -> PyResult<()> {
    let method = intern!(protocol.py(), "data_received");
    in_context(context, || protocol.call_method1(method, (data,))).map(drop)
}

/// The place of a transport's protocol; empty once the connection is lost.
pub(super) struct Receiving(Attached<Option<Receiver>>);

impl Receiver {
    fn new(protocol: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = protocol.py();
        let kind = BUFFERED_PROTOCOL.import(py, "asyncio", "BufferedProtocol")?;
        // uvloop goes by the methods and asyncio by the class; this takes what either takes.
        let buffered = protocol.is_instance(kind)?
            || (!protocol.hasattr(intern!(py, "data_received"))?
                && protocol.hasattr(intern!(py, "get_buffer"))?);
        let manner = if buffered {
            Manner::Buffers
        } else if protocol.is_exact_instance_of::<TlsProtocol>() {
            Manner::Tls
        } else if streams::is_stream(&protocol)? {
            Manner::Stream
        } else {
            Manner::Bytes
        };
        Ok(Self {
            manner,
            protocol: protocol.unbind(),
        })
    }
}

impl Receiving {
    pub(super) fn new(protocol: Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Attached::new(Some(Receiver::new(protocol)?))))
    }

    /// Puts another protocol in the place.
    pub(super) fn set(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        let py = protocol.py();
        let receiver = Receiver::new(protocol)?;
        drop(self.0.replace(py, Some(receiver)));
        Ok(())
    }

    /// Gives the protocol up.
    pub(super) fn clear(&self, py: Python<'_>) {
        drop(self.0.take(py));
    }

    /// Whether the protocol hands out buffers of its own to be filled.
    pub(super) fn is_buffered(&self, py: Python<'_>) -> bool {
        self.manner(py) == Some(Manner::Buffers)
    }

    pub(super) fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.0.with(py, |receiver| {
            receiver
                .as_ref()
                .map(|receiver| receiver.protocol.bind(py).clone())
        })
    }

    /// The TLS connection that the protocol stands for, if it does.
    pub(super) fn tls<'py>(&self, py: Python<'py>) -> Option<Bound<'py, TlsTransport>> {
        let protocol = self.0.with(py, |receiver| {
            let receiver = receiver.as_ref()?;
            (receiver.manner == Manner::Tls).then(|| receiver.protocol.bind(py).clone())
        })?;
        let face = protocol.cast_into::<TlsProtocol>().ok()?;
        Some(face.get().transport().bind(py).clone())
    }

    /// Whether the protocol is called with data, so that it is worth to receive it into `bytes`.
    pub(super) fn takes_bytes(&self, py: Python<'_>) -> bool {
        self.manner(py) == Some(Manner::Bytes)
    }

    /// How the protocol takes data; nothing once it was given up.
    pub(super) fn manner(&self, py: Python<'_>) -> Option<Manner> {
        self.0.with(py, |receiver| Some(receiver.as_ref()?.manner))
    }

    /// Has the protocol receive `data`, which is not empty, in `context`.
    ///
    /// # Errors
    /// What its `data_received` raises.
    pub(super) fn deliver(
        &self,
        event_loop: &EventLoop,
        context: &Bound<'_, PyAny>,
        data: &[u8],
    ) -> PyResult<()> {
        let py = context.py();
        let Some((protocol, manner)) = self.0.with(py, |receiver| {
            let receiver = receiver.as_ref()?;
            Some((receiver.protocol.bind(py).clone(), receiver.manner))
        }) else {
            return Ok(());
        };
        if manner == Manner::Stream && streams::feed(&protocol, data)? {
            return Ok(());
        }
        let data = event_loop.reused.copy(py, data);
        let outcome = receive(&protocol, context, &data);
        event_loop.reused.give_back(data);
        outcome
    }

    /// The same with `bytes` that were made already.
    pub(super) fn deliver_bytes(
        &self,
        context: &Bound<'_, PyAny>,
        data: &Bound<'_, PyBytes>,
    ) -> PyResult<()> {
        let py = context.py();
        self.protocol(py)
            .map_or(Ok(()), |protocol| receive(&protocol, context, data))
    }

    /// Calls a method of the protocol in `context`; `None` once the protocol was given up.
    pub(super) fn call<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        method: &Bound<'py, PyString>,
        args: impl PyCallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = context.py();
        let Some(protocol) = self.protocol(py) else {
            return Ok(None);
        };
        in_context(context, || protocol.call_method1(method, args)).map(Some)
    }

    /// The buffer that the protocol wants to be filled next, which is never empty.
    ///
    /// `hint` is how many bytes are known to come, -1 for nobody knows.
    pub(super) fn buffer(
        &self,
        context: &Bound<'_, PyAny>,
        hint: isize,
    ) -> PyResult<Option<PyBuffer<u8>>> {
        let py = context.py();
        let Some(object) = self.call(context, intern!(py, "get_buffer"), (hint,))? else {
            return Ok(None);
        };
        let buffer = PyBuffer::<u8>::get(&object)?;
        if buffer.readonly() || !buffer.is_c_contiguous() {
            let text = "get_buffer() returned a buffer that cannot be filled";
            return Err(PyTypeError::new_err(text));
        }
        if buffer.item_count() == 0 {
            return Err(PyRuntimeError::new_err(
                "get_buffer() returned an empty buffer",
            ));
        }
        Ok(Some(buffer))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(|receiver| {
            receiver
                .as_ref()
                .map_or(Ok(()), |receiver| visit.call(&receiver.protocol))
        })
    }
}
