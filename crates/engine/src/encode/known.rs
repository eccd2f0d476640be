//! The classes that one route's answers have been seen to hold, and how instances of them are written.
//!
//! Python says how ([`jebi.encoders.json_shape`]), once a class and never while a document is being
//! written: a document with a class that nobody has asked for is Python's, and the next one ours.

use std::cell::{OnceCell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::Unsupported;
use super::shape::Shape;

/// Documents with more classes than these are left to Python.
const MOST: usize = 32;

/// What a route knows of the classes in its answers.
pub(crate) struct Learned {
    shape_of: Py<PyAny>,
    table: Py<PyDict>,
    zones: Vec<Py<PyAny>>,
    classes: Mutex<Arc<[Class]>>,
}

/// A class, by its address: it is held, so that no other one can have that.
struct Class {
    object: Py<PyType>,
    /// In the table that applications may change, what this class had when it was asked for.
    entry: Option<Py<PyAny>>,
    shape: Option<Shape>,
}

/// What is known while one document is being written; looked at when something is not plain.
pub(crate) struct Known<'a> {
    learned: &'a Learned,
    classes: OnceCell<Arc<[Class]>>,
    missing: RefCell<Option<Py<PyType>>>,
}

impl Learned {
    /// Takes what Python gives: `shape_of(class)`, the table, and time zones without Python code.
    pub(crate) fn read(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let zones = described.getattr("zones")?.cast_into::<PyTuple>()?;
        Ok(Self {
            shape_of: described.getattr("shape_of")?.unbind(),
            table: described.getattr("table")?.cast_into::<PyDict>()?.unbind(),
            zones: zones.iter().map(Bound::unbind).collect(),
            classes: Mutex::new(Arc::new([])),
        })
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.shape_of)?;
        visit.call(&self.table)?;
        for class in self.classes().iter() {
            visit.call(&class.object)?;
            visit.call(&class.entry)?;
        }
        Ok(())
    }

    /// For one document.
    pub(crate) fn known(&self) -> Known<'_> {
        Known {
            learned: self,
            classes: OnceCell::new(),
            missing: RefCell::new(None),
        }
    }

    /// Asks how instances of `class` are written, for the next document.
    pub(crate) fn learn(&self, py: Python<'_>, class: Py<PyType>) -> PyResult<()> {
        let known = self.classes();
        if known.len() >= MOST || known.iter().any(|one| one.object.is(&class)) {
            return Ok(());
        }
        let described = self.shape_of.bind(py).call1((&class,))?;
        let learned = Class {
            shape: Shape::read(&described)?,
            entry: self.entry(class.bind(py))?.map(Bound::unbind),
            object: class,
        };
        let mut classes = Vec::with_capacity(known.len() + 1);
        classes.extend(known.iter().map(|one| one.clone_ref(py)));
        classes.push(learned);
        *self.classes.lock().unwrap_or_else(PoisonError::into_inner) = classes.into();
        Ok(())
    }

    fn classes(&self) -> Arc<[Class]> {
        Arc::clone(&self.classes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn entry<'py>(&self, class: &Bound<'py, PyType>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.table.bind(class.py()).get_item(class)
    }

    /// Whether asking this time zone for its offset runs no Python code.
    pub(super) fn is_native_zone(&self, zone: &Bound<'_, PyAny>) -> bool {
        let class = zone.get_type();
        zone.is_none() || self.zones.iter().any(|one| class.is(one))
    }
}

impl Class {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            object: self.object.clone_ref(py),
            entry: self.entry.as_ref().map(|entry| entry.clone_ref(py)),
            shape: self.shape.as_ref().map(|shape| shape.clone_ref(py)),
        }
    }
}

impl Known<'_> {
    /// Appends the JSON of an instance of a class that is known.
    pub(super) fn write(
        &self,
        value: &Bound<'_, PyAny>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Unsupported> {
        self.shape(value)?.write(value, out, depth, self)
    }

    /// How `value` is written.
    pub(super) fn shape(&self, value: &Bound<'_, PyAny>) -> Result<&Shape, Unsupported> {
        let class = value.get_type();
        let classes = self.classes.get_or_init(|| self.learned.classes());
        let Some(found) = classes.iter().find(|one| class.is(&one.object)) else {
            *self.missing.borrow_mut() = Some(class.unbind());
            return Err(Unsupported);
        };
        let shape = found.shape.as_ref().ok_or(Unsupported)?;
        if shape.is_in_table() {
            let entry = self.learned.entry(&class).map_err(|_| Unsupported)?;
            if entry.as_ref().map(Bound::as_ptr) != found.entry.as_ref().map(Py::as_ptr) {
                return Err(Unsupported);
            }
        }
        Ok(shape)
    }

    pub(super) fn learned(&self) -> &Learned {
        self.learned
    }

    /// The class that this document failed for, if it is one that nobody has asked for.
    pub(crate) fn missing(self) -> Option<Py<PyType>> {
        self.missing.into_inner()
    }
}
