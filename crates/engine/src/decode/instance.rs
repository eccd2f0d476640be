//! Instances of pydantic's models, made as its validators leave them.

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

/// How a descriptor puts a value into its place in an object.
type Setter =
    unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

/// A member that a class keeps in a slot.
struct Slot {
    descriptor: Py<PyAny>,
    set: Setter,
}

/// Makes the instances of one model.
pub(super) struct Maker {
    class: Py<PyType>,
    fields_set: Slot,
    extra: Slot,
    private: Slot,
    /// The names of all fields: what is set where nothing was left out.
    all: Py<PySet>,
}

impl Slot {
    fn find(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let descriptor = class.getattr(name)?;
        // SAFETY: the type of a live object; the slot is null, or what its name says.
        let set = unsafe {
            let kind = descriptor.get_type().as_type_ptr();
            let set = ffi::PyType_GetSlot(kind, ffi::Py_tp_descr_set);
            (!set.is_null()).then(|| std::mem::transmute::<*mut std::ffi::c_void, Setter>(set))
        };
        let set = set.ok_or_else(|| PyTypeError::new_err(format!("{name} is no slot")))?;
        Ok(Self {
            descriptor: descriptor.unbind(),
            set,
        })
    }

    fn put(&self, instance: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: attached; the function is the one that this descriptor's type has for this, and checks
        // that `instance` is of its class. All three live through the call.
        let failed =
            unsafe { (self.set)(self.descriptor.as_ptr(), instance.as_ptr(), value.as_ptr()) };
        check(instance.py(), failed)
    }
}

impl Maker {
    /// Of a model whose instances are made by `object.__new__`, with these fields.
    ///
    /// # Errors
    /// `AttributeError` or `TypeError` if it is no model.
    pub(super) fn new<'a>(
        class: &Bound<'_, PyType>,
        names: impl Iterator<Item = &'a Py<PyString>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let all = PySet::empty(py)?;
        for name in names {
            all.add(name)?;
        }
        Ok(Self {
            class: class.clone().unbind(),
            fields_set: Slot::find(class, "__pydantic_fields_set__")?,
            extra: Slot::find(class, "__pydantic_extra__")?,
            private: Slot::find(class, "__pydantic_private__")?,
            all: all.unbind(),
        })
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.all)
    }

    /// An instance with these members; `missing` are the names among them that were not given.
    pub(super) fn make<'a, 'py>(
        &self,
        py: Python<'py>,
        members: &Bound<'py, PyDict>,
        missing: impl Iterator<Item = &'a Py<PyString>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached. The class is a model's, which is made without arguments; a new reference, or
        // null with an exception set. A copy of a set is a set.
        let (instance, given) = unsafe {
            let class = self.class.bind(py).as_type_ptr();
            let instance = ffi::PyType_GenericNew(class, ptr::null_mut(), ptr::null_mut());
            let instance = Bound::from_owned_ptr_or_err(py, instance)?;
            let given = Bound::from_owned_ptr_or_err(py, ffi::PySet_New(self.all.as_ptr()))?;
            (instance, given.cast_into_unchecked::<PySet>())
        };
        for name in missing {
            given.discard(name)?;
        }
        // SAFETY: attached; an object with a `__dict__`, and a dictionary for it.
        let failed = unsafe {
            ffi::PyObject_GenericSetDict(instance.as_ptr(), members.as_ptr(), ptr::null_mut())
        };
        check(py, failed)?;
        let none = py.None().into_bound(py);
        self.fields_set.put(&instance, given.as_any())?;
        self.extra.put(&instance, &none)?;
        self.private.put(&instance, &none)?;
        Ok(instance)
    }
}

fn check(py: Python<'_>, failed: c_int) -> PyResult<()> {
    if failed < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(())
}
