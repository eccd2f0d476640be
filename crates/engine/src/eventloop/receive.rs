//! Receiving into `bytes` without a copy.

use std::mem::MaybeUninit;

use pyo3::ffi::{self, compat};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The most that is worth receiving in place, in bytes. From 128 KiB on glibc takes memory from the
/// kernel and gives it back, page by page, for every object: that costs more than a copy.
pub(super) const IN_PLACE: usize = 120 * 1024;

/// `bytes` of up to `size`, which `fill` fills from the start; it answers how many it filled.
///
/// The outer error is Python's, for want of memory; the inner one is `fill`'s.
pub(super) fn receive_bytes<E>(
    py: Python<'_>,
    size: usize,
    fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, E>,
) -> PyResult<Result<Bound<'_, PyBytes>, E>> {
    let length = ffi::Py_ssize_t::try_from(size)?;
    // SAFETY: attached. The result is null with an exception, or a writer that is finished or
    // discarded exactly once below.
    let writer = unsafe { compat::PyBytesWriter_Create(length) };
    if writer.is_null() {
        return Err(PyErr::fetch(py));
    }
    // SAFETY: the writer has room for `size` bytes, which nobody else knows of yet. They are given
    // away as what they are, uninitialised.
    let target = unsafe {
        let start = compat::PyBytesWriter_GetData(writer).cast::<MaybeUninit<u8>>();
        std::slice::from_raw_parts_mut(start, size)
    };
    match fill(target) {
        Ok(filled) => {
            let filled = ffi::Py_ssize_t::try_from(filled.min(size))?;
            // SAFETY: as above; `fill` has filled that many bytes. The result is a new `bytes`, or
            // null with an exception.
            let bytes = unsafe {
                let bytes = compat::PyBytesWriter_FinishWithSize(writer, filled);
                Bound::from_owned_ptr_or_err(py, bytes)?
            };
            Ok(Ok(bytes.cast_into::<PyBytes>()?))
        }
        Err(error) => {
            // SAFETY: as above.
            unsafe { compat::PyBytesWriter_Discard(writer) };
            Ok(Err(error))
        }
    }
}
