//! What a program hands to a transport to be sent.

use bytes::Bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

/// From this size on, the rest of an object that was sent in part is not copied but kept with it.
const WORTH_KEEPING: usize = 4096;

/// Any object that gives its memory as bytes, readable as long as this lives.
pub(super) enum Written<'py> {
    /// Cannot change any more, so it may be kept.
    Bytes(Bound<'py, PyBytes>),
    /// May change as soon as the program runs again.
    Buffer(PyBuffer<u8>),
}

impl<'py> Written<'py> {
    /// # Errors
    /// `TypeError` for an object that has no memory to give.
    pub(super) fn new(data: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = data.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        // SAFETY: attached, and the object is alive.
        if unsafe { ffi::PyObject_CheckBuffer(data.as_ptr()) } == 0 {
            return Err(PyTypeError::new_err(format!(
                "data argument must be a bytes-like object, not {}",
                data.get_type().name()?.repr()?
            )));
        }
        match PyBuffer::<u8>::get(data) {
            Ok(buffer) if buffer.is_c_contiguous() => Ok(Self::Buffer(buffer)),
            // Its items are not bytes or lie apart.
            _ => {
                let bytes = data.py().get_type::<PyBytes>().call1((data,))?;
                Ok(Self::Bytes(bytes.cast_into::<PyBytes>()?))
            }
        }
    }

    /// The bytes. The program must not run while they are in use.
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Buffer(buffer) if buffer.item_count() == 0 => &[],
            // SAFETY: the buffer is exported to us and contiguous, so the memory stays where it is
            // as long as `self`; callers do not run the program, which alone could change it.
            Self::Buffer(buffer) => unsafe {
                std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.item_count())
            },
        }
    }

    /// What is left after the first `sent` bytes, for later.
    ///
    /// Plain `bytes` are referred to, so that much is not copied; letting go of them runs no code
    /// of the program. Everything else is copied.
    pub(super) fn rest(&self, sent: usize) -> Bytes {
        let rest = self.as_slice().get(sent..).unwrap_or_default();
        match self {
            Self::Bytes(bytes)
                if rest.len() >= WORTH_KEEPING && bytes.is_exact_instance_of::<PyBytes>() =>
            {
                Bytes::from_owner(PyBackedBytes::from(bytes.clone())).slice(sent..)
            }
            _ => Bytes::copy_from_slice(rest),
        }
    }
}

/// What a program writes as `bytes`, which are copied unless they are that already.
pub(super) fn as_bytes<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(match Written::new(data)? {
        Written::Bytes(bytes) => bytes,
        written @ Written::Buffer(_) => PyBytes::new(data.py(), written.as_slice()),
    })
}
