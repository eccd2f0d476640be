//! `URL`: text, taken apart when its parts are asked for.
//!
//! What is plain is taken apart and put together here. All else, text that standards of URLs have more to say
//! about, is `urllib.parse`'s, so that the parts are those that Python's users know.

mod authority;
mod scope;

use std::borrow::Cow;

use params::Url;
use pyo3::exceptions::PyAssertionError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PySet, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};

use self::scope::url_of_scope;
use super::query::{pairs_of_text, query_of, text_pair};
use super::subclass::{restore, state_of};
use crate::eventloop::Attached;

/// What `URL` is made of.
#[pyclass(frozen, subclass, module = "jebi._engine")]
pub(crate) struct UrlParts {
    held: Attached<Held>,
}

#[derive(Default)]
struct Held {
    text: Option<Py<PyString>>,
    /// Its parts in the order of [`PARTS`], once one was asked for, if it is plain.
    parts: Option<[Py<PyString>; 5]>,
    /// What `urllib.parse` says, once it was asked.
    components: Option<Py<PyAny>>,
}

static SPLIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Parts by the names that `urllib.parse` gives them, in its order.
const PARTS: [&str; 5] = ["scheme", "netloc", "path", "query", "fragment"];

impl UrlParts {
    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let known = self
            .held
            .with(py, |held| held.text.as_ref().map(|text| text.clone_ref(py)));
        known.map_or_else(|| PyString::new(py, ""), |text| text.into_bound(py))
    }

    fn hold(&self, text: Bound<'_, PyString>) {
        let py = text.py();
        let held = Held {
            text: Some(text.unbind()),
            ..Held::default()
        };
        drop(self.held.replace(py, held));
    }

    fn split<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = (self.held).with(py, |held| {
            held.components.as_ref().map(|known| known.clone_ref(py))
        });
        if let Some(known) = known {
            return Ok(known.into_bound(py));
        }
        let split = SPLIT.import(py, "urllib.parse", "urlsplit")?;
        let components = split.call1((self.text(py),))?;
        let before = self.held.with(py, |held| {
            held.components.replace(components.clone().unbind())
        });
        drop(before);
        Ok(components)
    }

    /// The part that stands at `index` of [`PARTS`].
    fn part<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let known = self.held.with(py, |held| {
            let part = held.parts.as_ref()?.get(index)?;
            Some(part.clone_ref(py))
        });
        if let Some(known) = known {
            return Ok(known.into_bound(py).into_any());
        }
        let text = self.text(py);
        let Some(url) = text.to_str().ok().and_then(Url::split) else {
            return self.split(py)?.get_item(index);
        };
        let parts = [&url.scheme, url.netloc, url.path, url.query, url.fragment]
            .map(|part| PyString::new(py, part).unbind());
        let part = parts.get(index).map(|part| part.clone_ref(py));
        let before = (self.held).with(py, |held| held.parts.replace(parts));
        drop(before);
        Ok(part.into_pyobject(py)?)
    }
}

#[pymethods]
impl UrlParts {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            held: Attached::default(),
        }
    }

    /// Made from text, from the scope of a connection, or from its components.
    #[pyo3(signature = (url=None, scope=None, **components))]
    fn __init__(
        &self,
        py: Python<'_>,
        url: Option<Bound<'_, PyString>>,
        scope: Option<&Bound<'_, PyAny>>,
        components: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let url = url.unwrap_or_else(|| PyString::new(py, ""));
        let is_given = !url.is_empty()?;
        let text = match (scope, components) {
            (None, None) => url,
            (Some(_), _) if is_given => return Err(both("\"url\" and \"scope\"")),
            (Some(_), Some(_)) => return Err(both("\"scope\" and \"**components\"")),
            (Some(scope), None) => url_of_scope(scope)?,
            (None, Some(_)) if is_given => return Err(both("\"url\" and \"**components\"")),
            (None, Some(components)) => {
                let empty = Self::new(&PyTuple::empty(py), None);
                let empty = Bound::new(py, empty)?;
                changed(&empty, components)?
            }
        };
        self.hold(text);
        Ok(())
    }

    /// The text.
    #[getter]
    fn _url<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.text(py)
    }

    #[setter(_url)]
    fn set_url(&self, text: Bound<'_, PyString>) {
        self.hold(text);
    }

    /// The parts, as `urllib.parse` has them.
    #[getter]
    fn components<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.split(py)
    }

    /// `http`, `wss`, …
    #[getter]
    fn scheme<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, 0)
    }

    /// User, host and port together.
    #[getter]
    fn netloc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, 1)
    }

    /// The path, as it is written.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, 2)
    }

    /// What follows the question mark.
    #[getter]
    fn query<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, 3)
    }

    /// What follows the number sign.
    #[getter]
    fn fragment<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, 4)
    }

    /// The user, if it is given.
    #[getter]
    fn username<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.split(py)?.getattr(intern!(py, "username"))
    }

    /// The password, if it is given.
    #[getter]
    fn password<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.split(py)?.getattr(intern!(py, "password"))
    }

    /// The host in lower case, without the brackets of an IPv6 address.
    #[getter]
    fn hostname<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.split(py)?.getattr(intern!(py, "hostname"))
    }

    /// The port, if it is written.
    #[getter]
    fn port<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.split(py)?.getattr(intern!(py, "port"))
    }

    /// Whether the scheme is one over TLS.
    #[getter]
    fn is_secure(&self, py: Python<'_>) -> PyResult<bool> {
        let scheme = self.part(py, 0)?;
        Ok(scheme.eq(intern!(py, "https"))? || scheme.eq(intern!(py, "wss"))?)
    }

    /// The same URL with other parts, named as the properties are.
    #[pyo3(signature = (**kwargs))]
    fn replace<'py>(
        slf: &Bound<'py, Self>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parts = kwargs.unwrap_or_else(|| PyDict::new(slf.py()));
        slf.get_type().call1((changed(slf, &parts)?,))
    }

    /// The same URL with these parameters set, the others kept.
    #[pyo3(signature = (**kwargs))]
    fn include_query_params<'py>(
        slf: &Bound<'py, Self>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let pairs = kept_pairs(slf, |name| {
            kwargs.map_or(Ok(false), |new| new.contains(name))
        })?;
        with_query(slf, &pairs, kwargs)
    }

    /// The same URL with only these parameters.
    #[pyo3(signature = (**kwargs))]
    fn replace_query_params<'py>(
        slf: &Bound<'py, Self>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        with_query(slf, &PyList::empty(slf.py()), kwargs)
    }

    /// The same URL without these parameters.
    fn remove_query_params<'py>(
        slf: &Bound<'py, Self>,
        keys: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let gone = PySet::empty(slf.py())?;
        if keys.is_instance_of::<PyString>() {
            gone.add(keys)?;
        } else {
            gone.call_method1(intern!(slf.py(), "update"), (keys,))?;
        }
        let pairs = kept_pairs(slf, |name| gone.contains(name))?;
        with_query(slf, &pairs, None)
    }

    // As Starlette's: equal to any object of the same text, so without a hash of its own.
    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        slf.as_any().str()?.as_any().eq(other.str()?)
    }

    fn __str__<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.text(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let shown = if slf.as_any().getattr(intern!(py, "password"))?.is_truthy()? {
            let hidden = PyDict::new(py);
            hidden.set_item(intern!(py, "password"), intern!(py, "********"))?;
            slf.call_method(intern!(py, "replace"), (), Some(&hidden))?
        } else {
            slf.as_any().clone()
        };
        Ok(format!(
            "{}({})",
            slf.get_type().name()?,
            shown.str()?.repr()?
        ))
    }

    fn __getstate__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let state = state_of(slf)?;
        state.set_item(intern!(slf.py(), "_url"), slf.get().text(slf.py()))?;
        Ok(state)
    }

    fn __setstate__(slf: &Bound<'_, Self>, state: &Bound<'_, PyDict>) -> PyResult<()> {
        restore(slf, state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.held.traverse(|held| visit.call(&held.components))
    }
}

fn both(names: &str) -> PyErr {
    PyAssertionError::new_err(format!("Cannot set both {names}."))
}

/// The parameters of a URL but those whose names `is_gone` says.
fn kept_pairs<'py>(
    url: &Bound<'py, UrlParts>,
    is_gone: impl Fn(&Bound<'py, PyAny>) -> PyResult<bool>,
) -> PyResult<Bound<'py, PyList>> {
    let kept = PyList::empty(url.py());
    let query = url.as_any().getattr(intern!(url.py(), "query"))?;
    for pair in pairs_of_text(query.cast()?)? {
        if !is_gone(&pair.get_item(0)?)? {
            kept.append(pair)?;
        }
    }
    Ok(kept)
}

/// `url` with these parameters and `more`.
fn with_query<'py>(
    url: &Bound<'py, UrlParts>,
    pairs: &Bound<'py, PyList>,
    more: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    for (name, value) in more.into_iter().flatten() {
        pairs.append(text_pair(&name, &value)?)?;
    }
    let part = PyDict::new(url.py());
    part.set_item(intern!(url.py(), "query"), query_of(pairs.as_any())?)?;
    url.call_method(intern!(url.py(), "replace"), (), Some(&part))
}

/// The text of `url` with other parts, which this takes out of `parts` or adds.
fn changed<'py>(
    url: &Bound<'py, UrlParts>,
    parts: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyString>> {
    let py = url.py();
    let has = |name: &str| parts.contains(name);
    if has("hostname")? || has("port")? || has("username")? || has("password")? {
        let netloc = authority::replaced(url.as_any(), parts)?;
        parts.set_item(intern!(py, "netloc"), netloc)?;
    }
    if let Some(text) = joined(&url.get().text(py), parts) {
        return Ok(PyString::new(py, &text));
    }
    let components = url.as_any().getattr(intern!(py, "components"))?;
    let other = components.call_method(intern!(py, "_replace"), (), Some(parts))?;
    Ok(other.call_method0(intern!(py, "geturl"))?.cast_into()?)
}

/// A plain URL with other parts; `None` where `urllib.parse` knows better.
fn joined(text: &Bound<'_, PyString>, others: &Bound<'_, PyDict>) -> Option<String> {
    let text = text.to_str().ok()?;
    let mut url = if text.is_empty() {
        Url::default()
    } else {
        Url::split(text)?
    };
    let mut given = Vec::with_capacity(others.len());
    for (name, part) in others {
        let index = PARTS
            .iter()
            .position(|known| name.eq(*known).is_ok_and(|same| same))?;
        given.push((index, part.cast_into::<PyString>().ok()?));
    }
    for (index, part) in &given {
        let part = part.to_str().ok()?;
        match index {
            0 => url.scheme = Cow::Borrowed(part),
            1 => url.netloc = part,
            2 => url.path = part,
            3 => url.query = part,
            _ => url.fragment = part,
        }
    }
    url.join()
}

/// The name or address in a `Host` header, and the port; `None` for one that is no authority.
#[pyfunction]
#[pyo3(signature = (header, /))]
pub(crate) fn split_host<'a>(
    header: &'a Bound<'_, PyString>,
) -> Option<(&'a str, Option<&'a str>)> {
    let host = params::host(header.to_str().ok()?.as_bytes())?;
    Some((host.name, host.port))
}
