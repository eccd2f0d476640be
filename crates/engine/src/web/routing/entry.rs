//! One route of a table: what it wants, and what it leaves in the scope.

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};

/// What a route is told by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The path of a request, and its method.
    Http,
    /// The path of a WebSocket.
    WebSocket,
    /// The beginning of either's path.
    Mount,
    /// The host of either.
    Host,
}

impl Kind {
    pub(super) fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "http" => Self::Http,
            "websocket" => Self::WebSocket,
            "mount" => Self::Mount,
            "host" => Self::Host,
            _ => return Err(PyValueError::new_err(format!("no kind of route: {name}"))),
        })
    }
}

/// A route that a template describes.
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) position: usize,
    route: Py<PyAny>,
    /// The name of each parameter, and what makes a value of its text where that is not the value.
    parameters: Vec<(Py<PyString>, Option<Py<PyAny>>)>,
}

impl Entry {
    pub(super) fn new(
        kind: Kind,
        position: usize,
        route: Py<PyAny>,
        parameters: Vec<(Py<PyString>, Option<Py<PyAny>>)>,
    ) -> Self {
        Self {
            kind,
            position,
            route,
            parameters,
        }
    }

    /// Whether the route takes requests with this method. It is asked of the route itself, whose
    /// methods may change.
    pub(super) fn admits(&self, method: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let Some(method) = method.filter(|_| self.kind == Kind::Http) else {
            return Ok(true);
        };
        let py = method.py();
        let methods = self.route.bind(py).getattr(intern!(py, "methods"))?;
        Ok(!methods.is_truthy()? || methods.contains(method)?)
    }

    /// Leaves in `child` what is added to the scope of a connection that goes to this route. `false` where the
    /// text of a parameter matches, but is no value.
    pub(super) fn enter(
        &self,
        scope: &Bound<'_, PyDict>,
        path: &str,
        values: &[&str],
        child: &Bound<'_, PyDict>,
    ) -> PyResult<bool> {
        let py = scope.py();
        let route = self.route.bind(py);
        let Some(params) = self.path_params(scope, values)? else {
            return Ok(false);
        };
        child.set_item(intern!(py, "path_params"), params)?;
        let endpoint = match self.kind {
            Kind::Http | Kind::WebSocket => route.getattr(intern!(py, "endpoint"))?,
            Kind::Mount | Kind::Host => route.getattr(intern!(py, "app"))?,
        };
        child.set_item(intern!(py, "endpoint"), endpoint)?;
        if self.kind == Kind::Mount {
            // The last parameter is what lies under the mount.
            let under = values.last().map_or(0, |under| under.len() + 1);
            let prefix = path.get(..path.len().saturating_sub(under));
            move_root(scope, child, prefix.unwrap_or_default())?;
        }
        Ok(true)
    }

    /// The parameters known so far and these; none when a text is no value.
    fn path_params<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        values: &[&str],
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = scope.py();
        let params = match scope.get_item(intern!(py, "path_params"))? {
            None => PyDict::new(py),
            Some(known) => match known.cast_into::<PyDict>() {
                Ok(known) => known.copy()?,
                Err(other) => {
                    let params = PyDict::new(py);
                    params.update(other.into_inner().cast()?)?;
                    params
                }
            },
        };
        for ((name, convert), text) in self.parameters.iter().zip(values) {
            match convert {
                None => params.set_item(name, text)?,
                Some(convert) => match convert.bind(py).call1((text,)) {
                    Ok(value) => params.set_item(name, value)?,
                    Err(error) if error.is_instance_of::<PyValueError>(py) => return Ok(None),
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(Some(params))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.route)?;
        self.parameters
            .iter()
            .try_for_each(|(_, convert)| visit.call(convert))
    }
}

/// Lets the prefix of a mount go over to `root_path`; the outermost application's stays known.
fn move_root(scope: &Bound<'_, PyDict>, child: &Bound<'_, PyDict>, prefix: &str) -> PyResult<()> {
    let py = scope.py();
    let root = scope.get_item(intern!(py, "root_path"))?;
    let root = root.unwrap_or_else(|| intern!(py, "").clone().into_any());
    let outermost = scope.get_item(intern!(py, "app_root_path"))?;
    let outermost = outermost.unwrap_or_else(|| root.clone());
    child.set_item(intern!(py, "app_root_path"), outermost)?;
    child.set_item(intern!(py, "root_path"), root.add(prefix)?)
}

/// The part of the path that routes match: without `root_path`, cut at a segment's end.
pub(super) fn route_path<'a>(path: &'a str, root: &str) -> &'a str {
    if root.is_empty() {
        return path;
    }
    match path.strip_prefix(root) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

/// A value of the scope that every connection has.
pub(super) fn needed<'py>(
    scope: &Bound<'py, PyDict>,
    key: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    scope
        .get_item(key)?
        .ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
}

/// Text of the scope; none where it is not made of characters.
pub(super) fn text<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a str>> {
    let value = value
        .cast::<PyString>()
        .map_err(|_| PyTypeError::new_err("paths in a scope are text"))?;
    Ok(value.to_str().ok())
}
