//! Instances of pydantic's models, made as its validators leave them.

use std::ffi::c_int;
use std::ptr;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

/// A member that a class keeps in a slot (`__slots__`): where in an instance that is, in bytes.
#[derive(Clone, Copy)]
struct Slot(usize);

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
    /// The slot of this name in instances of `class`.
    ///
    /// # Errors
    /// `AttributeError` or `TypeError` if there is none.
    fn find(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let descriptor = class.getattr(name)?;
        let missing = || PyTypeError::new_err(format!("{name} is no slot"));
        if descriptor.get_type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return Err(missing());
        }
        // SAFETY: attached. An object of this very type begins like this, and its class and its member live
        // as long as it does.
        let (owner, member) = unsafe {
            let descriptor = &*descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
            (descriptor.d_common.d_type, &*descriptor.d_member)
        };
        // SAFETY: two live classes.
        let is_theirs = unsafe { ffi::PyType_IsSubtype(class.as_type_ptr(), owner) } != 0;
        if !is_theirs || member.type_code != ffi::Py_T_OBJECT_EX || member.flags != 0 {
            return Err(missing());
        }
        usize::try_from(member.offset)
            .map(Self)
            .map_err(|_| missing())
    }

    /// Puts a value into the slot of an instance.
    ///
    /// # Safety
    /// The instance is of the class that the slot was found in, nobody else has seen it, and nothing is in
    /// the slot.
    unsafe fn fill(self, instance: &Bound<'_, PyAny>, value: Bound<'_, PyAny>) {
        // SAFETY: an instance has all slots of its class, which are aligned pointers to objects; this one
        // is null and becomes the owner of the reference.
        unsafe {
            let start = instance.as_ptr().cast::<*mut ffi::PyObject>();
            start.byte_add(self.0).write(value.into_ptr());
        }
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
        // SAFETY: the slots are this class's, and the instance is new.
        unsafe {
            self.fields_set.fill(&instance, given.into_any());
            self.extra.fill(&instance, py.None().into_bound(py));
            self.private.fill(&instance, py.None().into_bound(py));
        }
        Ok(instance)
    }
}

fn check(py: Python<'_>, failed: c_int) -> PyResult<()> {
    if failed < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(())
}
