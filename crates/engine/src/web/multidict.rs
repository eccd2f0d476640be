//! `ImmutableMultiDict` and `QueryParams`: a list of pairs, and a dictionary of the last value of each key.
//!
//! As with headers, Python's classes add that they are mappings, and `MultiDict` what changes them.

use pyo3::exceptions::{PyAssertionError, PyKeyError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyIterator, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::query::{pairs_of_query, query_of, text_pair, text_pairs, unpacked};
use super::subclass::{has_own_lookup, restore, state_of};
use crate::eventloop::Attached;

/// What `ImmutableMultiDict` is made of.
#[pyclass(frozen, subclass, mapping, module = "jebi._engine")]
pub(crate) struct MultiItems {
    held: Attached<Held>,
}

#[derive(Default)]
struct Held {
    /// The pairs, a list unless somebody puts something else there.
    list: Option<Py<PyAny>>,
    dict: Option<Py<PyAny>>,
}

impl MultiItems {
    fn list<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let known = self
            .held
            .with(py, |held| held.list.as_ref().map(|list| list.clone_ref(py)));
        if let Some(list) = known {
            return list.into_bound(py);
        }
        let list = PyList::empty(py).into_any();
        self.replace_list(py, Some(list.clone().unbind()));
        list
    }

    fn dict<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let known = self
            .held
            .with(py, |held| held.dict.as_ref().map(|dict| dict.clone_ref(py)));
        if let Some(dict) = known {
            return dict.into_bound(py);
        }
        let dict = PyDict::new(py).into_any();
        self.replace_dict(py, Some(dict.clone().unbind()));
        dict
    }

    fn replace_list(&self, py: Python<'_>, list: Option<Py<PyAny>>) {
        drop(
            self.held
                .with(py, |held| std::mem::replace(&mut held.list, list)),
        );
    }

    fn replace_dict(&self, py: Python<'_>, dict: Option<Py<PyAny>>) {
        drop(
            self.held
                .with(py, |held| std::mem::replace(&mut held.dict, dict)),
        );
    }

    fn hold(&self, list: Bound<'_, PyList>, dict: Bound<'_, PyDict>) {
        let py = list.py();
        self.replace_list(py, Some(list.into_any().unbind()));
        self.replace_dict(py, Some(dict.into_any().unbind()));
    }

    /// The value of `key`, if there is one.
    fn find<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let dict = self.dict(key.py());
        if let Ok(dict) = dict.cast_exact::<PyDict>() {
            return dict.get_item(key);
        }
        match dict.get_item(key) {
            Err(error) if error.is_instance_of::<PyKeyError>(key.py()) => Ok(None),
            other => other.map(Some),
        }
    }
}

/// The one thing that a multidict is made of, beside named pairs.
fn only<'a, 'py>(args: &'a Bound<'py, PyTuple>) -> PyResult<Option<&'a Bound<'py, PyAny>>> {
    match args.as_slice() {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(PyAssertionError::new_err("Too many arguments.")),
    }
}

/// The pairs of another multidict, of a mapping or of anything that can be walked, in a new list.
fn pairs_of<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let py = value.py();
    let pairs = PyList::empty(py);
    if let Ok(list) = value.cast_exact::<PyList>() {
        return list
            .get_slice(0, list.len())
            .cast_into()
            .map_err(Into::into);
    }
    if !value.is_truthy()? {
        return Ok(pairs);
    }
    let found = match value.getattr_opt(intern!(py, "multi_items"))? {
        Some(items) => Some(items),
        None => value.getattr_opt(intern!(py, "items"))?,
    };
    let found = match found {
        Some(items) => items.call0()?,
        None => value.clone(),
    };
    pairs.call_method1(intern!(py, "extend"), (found,))?;
    Ok(pairs)
}

#[pymethods]
impl MultiItems {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            held: Attached::default(),
        }
    }

    /// Made from another multidict, a mapping or pairs, and from named values.
    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(
        &self,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let list = match only(args)? {
            Some(value) => pairs_of(value)?,
            None => PyList::empty(args.py()),
        };
        for (key, value) in kwargs.into_iter().flatten() {
            list.append((key, value))?;
        }
        let dict = last_values(&list)?;
        self.hold(list, dict);
        Ok(())
    }

    /// The pairs themselves.
    #[getter]
    fn _list<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.list(py)
    }

    #[setter(_list)]
    fn set_list(&self, list: &Bound<'_, PyAny>) {
        self.replace_list(list.py(), Some(list.clone().unbind()));
    }

    /// The last value of each key.
    #[getter]
    fn _dict<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.dict(py)
    }

    #[setter(_dict)]
    fn set_dict(&self, dict: &Bound<'_, PyAny>) {
        self.replace_dict(dict.py(), Some(dict.clone().unbind()));
    }

    /// Every value of `key`, in order.
    fn getlist<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let found = PyList::empty(key.py());
        for item in self.list(key.py()).try_iter()? {
            let (known, value) = unpacked(&item?)?;
            if known.eq(key)? {
                found.append(value)?;
            }
        }
        Ok(found)
    }

    /// Every pair, in order.
    fn multi_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = PyList::empty(py);
        items.call_method1(intern!(py, "extend"), (self.list(py),))?;
        Ok(items)
    }

    /// The keys, each once.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py).call_method0(intern!(py, "keys"))
    }

    /// The last value of each key.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py).call_method0(intern!(py, "values"))
    }

    /// Each key with its last value.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(py).call_method0(intern!(py, "items"))
    }

    /// The last value of `key`, or `default`.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !has_own_lookup(slf) {
            return Ok(slf.get().find(key)?.or(default));
        }
        match slf.get_item(key) {
            Err(error) if error.is_instance_of::<PyKeyError>(slf.py()) => Ok(default),
            other => other.map(Some),
        }
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.dict(key.py()).get_item(key)
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.dict(key.py()).contains(key)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.dict(py).try_iter()
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.dict(py).len()
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !other.is_instance(&slf.get_type())? {
            return Ok(false);
        }
        let Ok(other) = other.cast::<Self>() else {
            return Ok(false);
        };
        by_key(slf)?.eq(by_key(other)?)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let items = slf.get().list(slf.py()).repr()?;
        Ok(format!("{}({items})", slf.get_type().name()?))
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let py = slf.py();
        let state = state_of(slf)?;
        state.set_item(intern!(py, "_list"), slf.get().list(py))?;
        state.set_item(intern!(py, "_dict"), slf.get().dict(py))?;
        Ok(state)
    }

    fn __setstate__(slf: &Bound<'_, Self>, state: &Bound<'_, PyDict>) -> PyResult<()> {
        restore(slf, state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.held.traverse(|held| {
            visit.call(&held.list)?;
            visit.call(&held.dict)
        })
    }

    fn __clear__(&self, py: Python<'_>) {
        drop(self.held.take(py));
    }
}

/// The last value of each key.
fn last_values<'py>(pairs: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyDict>> {
    let last = PyDict::new(pairs.py());
    for item in pairs {
        let (key, value) = unpacked(&item)?;
        last.set_item(key, value)?;
    }
    Ok(last)
}

/// The pairs sorted by key: the order of keys does not matter, that of the values under one key does.
fn by_key<'py>(items: &Bound<'py, MultiItems>) -> PyResult<Bound<'py, PyList>> {
    static FIRST: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = items.py();
    let first = FIRST.get_or_try_init(py, || {
        let getter = py.import("operator")?.call_method1("itemgetter", (0,))?;
        PyResult::Ok(getter.unbind())
    })?;
    let sorted = items.get().multi_items(py)?;
    let options = PyDict::new(py);
    options.set_item(intern!(py, "key"), first)?;
    sorted.call_method(intern!(py, "sort"), (), Some(&options))?;
    Ok(sorted)
}

/// What `QueryParams` is made of: keys and values are always text.
#[pyclass(frozen, subclass, mapping, extends = MultiItems, module = "jebi._engine")]
pub(crate) struct QueryItems;

#[pymethods]
impl QueryItems {
    #[new]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(MultiItems::new(args, kwargs)).add_subclass(Self)
    }

    /// Made from a query string, or from whatever a multidict is made from.
    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(
        slf: &Bound<'_, Self>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let list = match only(args)? {
            Some(value) => match pairs_of_query(value)? {
                Some(pairs) => pairs,
                None => text_pairs(&pairs_of(value)?)?,
            },
            None => PyList::empty(py),
        };
        for (key, value) in kwargs.into_iter().flatten() {
            list.append(text_pair(&key, &value)?)?;
        }
        let dict = last_values(&list)?;
        slf.as_super().get().hold(list, dict);
        Ok(())
    }

    /// The query string.
    fn __str__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        query_of(&slf.as_super().get().list(slf.py()))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let query = slf.as_any().str()?.repr()?;
        Ok(format!("{}({query})", slf.get_type().name()?))
    }
}
