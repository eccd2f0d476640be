//! Where a plan's request came from, and how its values are read there.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

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

/// The parts of an ASGI scope that parameters are read from.
pub(crate) struct Scope {
    request: Py<PyAny>,
    path_params: Option<Py<PyDict>>,
    query: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

/// A value of a path parameter.
pub(super) enum PathValue<'a, 'py> {
    Text(Cow<'a, str>),
    /// An ASGI router converted it already.
    Object(Bound<'py, PyAny>),
}

impl Scope {
    /// Reads the scope of `request` (a `Request` or a `WebSocket`).
    pub(super) fn read(request: &Bound<'_, PyAny>, body: Option<&[u8]>) -> PyResult<Self> {
        let py = request.py();
        let scope = request.getattr(intern!(py, "scope"))?;
        let mut headers = Vec::new();
        if let Ok(pairs) = scope.get_item(intern!(py, "headers")) {
            for pair in pairs.try_iter()? {
                headers.push(read_pair(&pair?)?);
            }
        }
        Ok(Self {
            request: request.clone().unbind(),
            path_params: match scope.get_item(intern!(py, "path_params")) {
                Ok(params) => Some(params.cast_into::<PyDict>()?.unbind()),
                Err(_) => None,
            },
            query: match scope.get_item(intern!(py, "query_string")) {
                Ok(query) => query.extract()?,
                Err(_) => Vec::new(),
            },
            headers,
            body: body.unwrap_or_default().to_vec(),
        })
    }
}

impl Origin {
    /// Shows the garbage collector what this holds; an exchange is its connection's as well.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Native { .. } => Ok(()),
            Self::Asgi(scope) => {
                visit.call(&scope.request)?;
                visit.call(&scope.path_params)
            }
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
            Self::Asgi(scope) => match &scope.path_params {
                None => Ok(None),
                Some(params) => Ok(params.bind(py).get_item(name)?.map(PathValue::Object)),
            },
        }
    }

    /// The query string, as it was sent.
    pub(super) fn query(&self) -> &[u8] {
        match self {
            Self::Native { exchange, .. } => exchange.head().query(),
            Self::Asgi(scope) => &scope.query,
        }
    }

    /// Calls `visit` with every value of the header `name`, in their order.
    pub(super) fn each_header<'a>(&'a self, name: &str, mut visit: impl FnMut(&'a [u8])) {
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
                for (known, value) in &scope.headers {
                    if known.eq_ignore_ascii_case(name) {
                        visit(value);
                    }
                }
            }
        }
    }

    /// The first value of the header `name`.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut first = None;
        self.each_header(name, |value| {
            first.get_or_insert(value);
        });
        first
    }

    /// The whole body, where the plan reads one.
    pub(super) fn body(&self) -> &[u8] {
        match self {
            Self::Native { exchange, .. } => exchange.body(),
            Self::Asgi(scope) => &scope.body,
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
            Self::Asgi(scope) => Ok(scope.request.clone_ref(py)),
        }
    }
}

/// A header of a scope: a tuple from servers, and any pair that can be iterated from adapters (ASGI).
fn read_pair(pair: &Bound<'_, PyAny>) -> PyResult<(Vec<u8>, Vec<u8>)> {
    if let Ok(pair) = pair.cast::<PyTuple>() {
        return pair.extract();
    }
    pair.extract()
        .map(|[name, value]: [Vec<u8>; 2]| (name, value))
}
