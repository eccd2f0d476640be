//! What classes of Python's make of those of the engine: how they are pickled, and what they override.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTypeInfo, ffi, intern};

/// The attributes of an instance, to be pickled or copied; the engine's own class has none, subclasses have.
pub(super) fn state_of<'py, T: PyTypeInfo>(
    instance: &Bound<'py, T>,
) -> PyResult<Bound<'py, PyDict>> {
    let state = PyDict::new(instance.py());
    let attributes = instance
        .as_any()
        .getattr_opt(intern!(instance.py(), "__dict__"))?;
    if let Some(attributes) = attributes {
        state.update(attributes.cast()?)?;
    }
    Ok(state)
}

/// Gives a new instance the attributes of the one that was pickled.
pub(super) fn restore<T: PyTypeInfo>(
    instance: &Bound<'_, T>,
    state: &Bound<'_, PyDict>,
) -> PyResult<()> {
    for (name, value) in state {
        instance.as_any().setattr(name.cast::<PyString>()?, value)?;
    }
    Ok(())
}

/// Whether a subclass looks keys up in a way of its own.
pub(super) fn has_own_lookup<T: PyTypeInfo>(mapping: &Bound<'_, T>) -> bool {
    let (class, known) = (
        mapping.as_any().get_type_ptr(),
        T::type_object(mapping.py()),
    );
    // SAFETY: both are live classes made at run time, of which a slot is read.
    unsafe {
        ffi::PyType_GetSlot(class, ffi::Py_mp_subscript)
            != ffi::PyType_GetSlot(known.as_type_ptr(), ffi::Py_mp_subscript)
    }
}
