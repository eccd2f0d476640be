//! `Headers` and `MutableHeaders`: classes over a list of pairs of bytes, which they share with a scope or a message.
//!
//! Python's classes add that they are mappings (`collections.abc`), and nothing else: all that they do is here.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyAssertionError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyMapping, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::headers::{
    add_vary, encoded, find_header, find_headers, name_of, remove_header, set_header, value_text,
};
use super::request::scope_headers;
use super::subclass::{has_own_lookup, restore, state_of};

/// What `Headers` is made of: fields in order, repeated where they repeat, found without regard to case.
#[pyclass(frozen, subclass, mapping, module = "jebi._engine")]
pub(crate) struct HeaderFields {
    /// Anything that can be walked, a list as a rule.
    list: Mutex<Option<Py<PyAny>>>,
}

impl HeaderFields {
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.get_or_insert_with(|| PyList::empty(py).into_any().unbind())
            .bind(py)
            .clone()
    }

    fn replace(&self, list: Option<Py<PyAny>>) {
        let before = {
            let mut known = self.list.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, list)
        };
        drop(before);
    }

    /// The names or the values of all pairs, as text.
    fn column<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyList>> {
        let column = PyList::empty(py);
        for pair in self.raw(py).try_iter()? {
            column.append(value_text(&pair?.get_item(index)?)?)?;
        }
        Ok(column)
    }
}

#[pymethods]
impl HeaderFields {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            list: Mutex::new(None),
        }
    }

    /// Made from a mapping, from raw pairs of lower-case name and value, or from a scope.
    #[pyo3(signature = (headers=None, raw=None, scope=None))]
    fn __init__(
        &self,
        py: Python<'_>,
        headers: Option<&Bound<'_, PyAny>>,
        raw: Option<Bound<'_, PyAny>>,
        scope: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let list = match (headers, raw, scope) {
            (Some(headers), None, None) => {
                let list = PyList::empty(py);
                for pair in headers.call_method0(intern!(py, "items"))?.try_iter()? {
                    let (key, value): (Bound<'_, PyString>, Bound<'_, PyString>) =
                        pair?.extract()?;
                    list.append((PyBytes::new(py, &name_of(&key)?), encoded(&value)?))?;
                }
                list.into_any()
            }
            (None, Some(raw), None) => raw,
            (None, None, Some(scope)) => scope_headers(scope, true)?,
            (None, None, None) => PyList::empty(py).into_any(),
            (Some(_), Some(_), _) => {
                return Err(PyAssertionError::new_err(
                    "Cannot set both \"headers\" and \"raw\".",
                ));
            }
            (Some(_), None, Some(_)) => {
                return Err(PyAssertionError::new_err(
                    "Cannot set both \"headers\" and \"scope\".",
                ));
            }
            (None, Some(_), Some(_)) => {
                return Err(PyAssertionError::new_err(
                    "Cannot set both \"raw\" and \"scope\".",
                ));
            }
        };
        self.replace(Some(list.unbind()));
        Ok(())
    }

    /// The pairs themselves.
    #[getter]
    fn _list<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.raw(py)
    }

    #[setter(_list)]
    fn set_list(&self, list: Py<PyAny>) {
        self.replace(Some(list));
    }

    /// The pairs of name and value, as bytes.
    #[getter(raw)]
    fn copied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.raw(py).call_method0(intern!(py, "copy"))
    }

    /// Every name, repeated where it repeats.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, 0)
    }

    /// Every value.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, 1)
    }

    /// Every pair.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = PyList::empty(py);
        for pair in self.raw(py).try_iter()? {
            let pair = pair?;
            let (name, value) = (pair.get_item(0)?, pair.get_item(1)?);
            items.append((value_text(&name)?, value_text(&value)?))?;
        }
        Ok(items)
    }

    /// Every value of `key`, in order.
    fn getlist<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyList>> {
        find_headers(&self.raw(py), key)
    }

    /// The first value of `key`, or `default`.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        if !has_own_lookup(slf) {
            let key = key.cast::<PyString>()?;
            return Ok(find_header(&slf.get().raw(py), key)?.or(default));
        }
        match slf.get_item(key) {
            Err(error) if error.is_instance_of::<PyKeyError>(py) => Ok(default),
            other => other.map(Some),
        }
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        find_header(&self.raw(key.py()), key)?
            .ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(key) = key.cast::<PyString>() else {
            return Ok(false);
        };
        Ok(find_header(&self.raw(key.py()), key)?.is_some())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.column(py, 0)?.try_iter()
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.raw(py).len()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = other.py();
        let Ok(other) = other.cast::<Self>() else {
            return Ok(false);
        };
        let sorted = |fields: &Self| -> PyResult<Bound<'_, PyList>> {
            let sorted = PyList::empty(py);
            for pair in fields.raw(py).try_iter()? {
                sorted.append(pair?)?;
            }
            sorted.sort()?;
            Ok(sorted)
        };
        sorted(self)?.eq(sorted(other.get())?)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let class = slf.get_type().name()?;
        let items = slf.get().items(py)?;
        let plain = PyDict::from_sequence(&items)?;
        if plain.len() == items.len() {
            return Ok(format!("{class}({})", plain.repr()?));
        }
        Ok(format!("{class}(raw={})", slf.get().raw(py).repr()?))
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let state = state_of(slf)?;
        state.set_item(intern!(py, "_list"), slf.get().raw(py))?;
        Ok(state)
    }

    fn __setstate__(slf: &Bound<'_, Self>, state: &Bound<'_, PyDict>) -> PyResult<()> {
        restore(slf, state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.list.try_lock().as_deref() {
            Ok(Some(list)) => visit.call(list),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.replace(None);
    }
}

/// What `MutableHeaders` is made of: fields that can be changed, in place.
#[pyclass(frozen, subclass, mapping, extends = HeaderFields, module = "jebi._engine")]
pub(crate) struct MutableHeaderFields;

fn list_of<'py>(fields: &Bound<'py, MutableHeaderFields>) -> PyResult<Bound<'py, PyList>> {
    let list = fields.as_super().get().raw(fields.py());
    list.cast_into()
        .map_err(|_| PyTypeError::new_err("headers can be changed where they are a list"))
}

#[pymethods]
impl MutableHeaderFields {
    #[new]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(HeaderFields::new(args, kwargs)).add_subclass(Self)
    }

    /// The pairs themselves: to change them is to change the headers.
    #[getter]
    fn raw<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyAny> {
        slf.as_super().get().raw(slf.py())
    }

    /// Sets `key`, where it first stands; any further ones go.
    fn __setitem__(
        slf: &Bound<'_, Self>,
        key: &Bound<'_, PyString>,
        value: &Bound<'_, PyString>,
    ) -> PyResult<()> {
        set_header(&list_of(slf)?, key, value)
    }

    /// Removes `key`, wherever it stands; it need not be there.
    fn __delitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyString>) -> PyResult<()> {
        remove_header(&list_of(slf)?, key)
    }

    fn __or__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let merged = slf.call_method0(intern!(slf.py(), "mutablecopy"))?;
        merged.call_method1(intern!(slf.py(), "__ior__"), (other,))
    }

    fn __ior__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        if other.cast::<PyMapping>().is_err() {
            return Err(PyTypeError::new_err(format!(
                "Expected a mapping but got {}",
                other.get_type().name()?
            )));
        }
        Self::update(slf, other)
    }

    /// Sets every header of `other`.
    fn update(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        for pair in other.call_method0(intern!(slf.py(), "items"))?.try_iter()? {
            let pair = pair?;
            // A subclass may set them in a way of its own.
            slf.set_item(pair.get_item(0)?, pair.get_item(1)?)?;
        }
        Ok(())
    }

    /// The value of `key`; sets `value` when there is none.
    fn setdefault<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyString>,
        value: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(present) = find_header(list_of(slf)?.as_any(), key)? {
            return Ok(present);
        }
        Self::append(slf, key, value)?;
        Ok(value.clone().into_any())
    }

    /// Adds a header to those of the same name.
    fn append(
        slf: &Bound<'_, Self>,
        key: &Bound<'_, PyString>,
        value: &Bound<'_, PyString>,
    ) -> PyResult<()> {
        let name = PyBytes::new(slf.py(), &name_of(key)?);
        list_of(slf)?.append((name, encoded(value)?))
    }

    /// Names one more header that the answer depends on.
    fn add_vary_header(slf: &Bound<'_, Self>, vary: &Bound<'_, PyString>) -> PyResult<()> {
        add_vary(&list_of(slf)?, vary)
    }
}
