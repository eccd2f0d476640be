//! A request that was handed over as an ASGI scope.

use std::sync::OnceLock;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

/// The ASGI scope of a request, with what comes beside it.
pub(super) struct Scope {
    mapping: Py<PyAny>,
    /// `receive` and `send`, for a request object that nobody has made yet.
    channels: Option<(Py<PyAny>, Py<PyAny>)>,
    request: OnceLock<Py<PyAny>>,
    path_params: Option<Py<PyDict>>,
    query: Vec<u8>,
    /// Read when the first one is asked for.
    headers: OnceLock<Vec<(PyBackedBytes, PyBackedBytes)>>,
    body: Vec<u8>,
}

impl Scope {
    /// That of `request` (a `Request` or a `WebSocket`).
    pub(super) fn of(request: &Bound<'_, PyAny>, body: Option<&[u8]>) -> PyResult<Self> {
        let scope = request.getattr(intern!(request.py(), "scope"))?;
        let mut read = Self::read(&scope)?;
        read.request = OnceLock::from(request.clone().unbind());
        read.body = body.unwrap_or_default().to_vec();
        Ok(read)
    }

    /// One whose request object is made when it is asked for.
    pub(super) fn with_channels(
        scope: &Bound<'_, PyDict>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> PyResult<Self> {
        let mut read = Self::read(scope)?;
        read.channels = Some((receive, send));
        Ok(read)
    }

    fn read(scope: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = scope.py();
        Ok(Self {
            mapping: scope.clone().unbind(),
            channels: None,
            request: OnceLock::new(),
            path_params: match scope.get_item(intern!(py, "path_params")) {
                Ok(params) => Some(params.cast_into::<PyDict>()?.unbind()),
                Err(_) => None,
            },
            query: match scope.get_item(intern!(py, "query_string")) {
                Ok(query) => query.extract()?,
                Err(_) => Vec::new(),
            },
            headers: OnceLock::new(),
            body: Vec::new(),
        })
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.mapping)?;
        if let Some((receive, send)) = &self.channels {
            visit.call(receive)?;
            visit.call(send)?;
        }
        visit.call(self.request.get())?;
        visit.call(&self.path_params)
    }

    /// The value that a router has made of a parameter in the path.
    pub(super) fn path_param<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.path_params {
            None => Ok(None),
            Some(params) => params.bind(py).get_item(name),
        }
    }

    pub(super) fn query(&self) -> &[u8] {
        &self.query
    }

    /// Names and values, in their order.
    pub(super) fn headers(&self, py: Python<'_>) -> PyResult<&[(PyBackedBytes, PyBackedBytes)]> {
        if let Some(headers) = self.headers.get() {
            return Ok(headers);
        }
        let mut headers = Vec::new();
        if let Ok(pairs) = self.mapping.bind(py).get_item(intern!(py, "headers")) {
            for pair in pairs.try_iter()? {
                headers.push(read_pair(&pair?)?);
            }
        }
        Ok(self.headers.get_or_init(|| headers))
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body is known now.
    pub(super) fn set_body(&mut self, body: &[u8]) {
        self.body = body.to_vec();
    }

    /// The request object that handlers see; `new_request` makes it.
    pub(super) fn request(&self, py: Python<'_>, new_request: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        if let Some(request) = self.request.get() {
            return Ok(request.clone_ref(py));
        }
        let (receive, send) = match &self.channels {
            Some((receive, send)) => (receive.clone_ref(py), send.clone_ref(py)),
            None => (py.None(), py.None()),
        };
        let request = new_request.call1(py, (&self.mapping, receive, send))?;
        Ok(self.request.get_or_init(|| request).clone_ref(py))
    }
}

/// A header of a scope: a tuple from servers, and any pair that can be iterated from adapters (ASGI).
fn read_pair(pair: &Bound<'_, PyAny>) -> PyResult<(PyBackedBytes, PyBackedBytes)> {
    if let Ok(pair) = pair.cast::<PyTuple>() {
        return pair.extract();
    }
    pair.extract()
        .map(|[name, value]: [PyBackedBytes; 2]| (name, value))
}
