//! Where a plan's request came from, and how its values are read there.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3::{PyTraverseError, PyVisit};

use super::scope::Scope;

use crate::exchange::Exchange;

/// The path parameters of a native request: names of the route's template, parts of its path.
pub(crate) struct PathParams {
    pub(crate) names: Arc<[String]>,
    pub(crate) values: Vec<String>,
}

/// A request, in either of its forms.
pub(crate) enum Origin {
    /// Parsed by this server.
    Native {
        exchange: Arc<Exchange>,
        path: PathParams,
    },
    /// Handed over as an ASGI scope, behind a request object of Python's.
    Asgi(Scope),
}

/// A value of a path parameter.
pub(super) enum PathValue<'a, 'py> {
    Text(Cow<'a, str>),
    /// An ASGI router converted it already.
    Object(Bound<'py, PyAny>),
}

impl Origin {
    /// Shows the garbage collector what this holds; an exchange is its connection's as well.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Native { .. } => Ok(()),
            Self::Asgi(scope) => scope.traverse(visit),
        }
    }

    /// The path parameter `name`.
    pub(super) fn path_param<'a, 'py>(
        &'a self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<Option<PathValue<'a, 'py>>> {
        match self {
            Self::Native { path, .. } => {
                let position = path.names.iter().position(|known| known == name);
                let value = position.and_then(|position| path.values.get(position));
                Ok(value.map(|value| PathValue::Text(Cow::Borrowed(value))))
            }
            Self::Asgi(scope) => Ok(scope.path_param(py, name)?.map(PathValue::Object)),
        }
    }

    /// The query string, as it was sent.
    pub(super) fn query(&self) -> &[u8] {
        match self {
            Self::Native { exchange, .. } => exchange.head().query(),
            Self::Asgi(scope) => scope.query(),
        }
    }

    /// Calls `visit` with every value of the header `name`, in their order.
    pub(super) fn each_header<'a>(
        &'a self,
        py: Python<'_>,
        name: &str,
        mut visit: impl FnMut(&'a [u8]),
    ) -> PyResult<()> {
        let name = name.as_bytes();
        match self {
            Self::Native { exchange, .. } => {
                for (known, value) in exchange.head().headers() {
                    if known == name {
                        visit(value);
                    }
                }
            }
            Self::Asgi(scope) => {
                for (known, value) in scope.headers(py)? {
                    if known.eq_ignore_ascii_case(name) {
                        visit(value);
                    }
                }
            }
        }
        Ok(())
    }

    /// The first value of the header `name`.
    pub(super) fn header(&self, py: Python<'_>, name: &str) -> PyResult<Option<&[u8]>> {
        let mut first = None;
        self.each_header(py, name, |value| {
            first.get_or_insert(value);
        })?;
        Ok(first)
    }

    /// The whole body, where the plan reads one.
    pub(super) fn body(&self) -> &[u8] {
        match self {
            Self::Native { exchange, .. } => exchange.body(),
            Self::Asgi(scope) => scope.body(),
        }
    }

    /// The body that the plan reads, which a core learns late.
    pub(super) fn set_body(&mut self, body: &[u8]) {
        if let Self::Asgi(scope) = self {
            scope.set_body(body);
        }
    }

    /// The body as a Python object.
    pub(super) fn body_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.body())
    }

    /// The request object that handlers see.
    pub(super) fn request(&self, py: Python<'_>, new_request: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Native { exchange, path } => {
                let (scope, receive, send) = exchange.asgi(py)?;
                let params = PyDict::new(py);
                for (name, value) in path.names.iter().zip(&path.values) {
                    params.set_item(name, value)?;
                }
                scope
                    .bind(py)
                    .set_item(intern!(py, "path_params"), params)?;
                new_request.call1(py, (scope, receive, send))
            }
            Self::Asgi(scope) => scope.request(py, new_request),
        }
    }
}
