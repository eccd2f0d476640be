//! What the scopes of one server have in common.

use http1::RequestHead;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::super::peer::ForScope;
use super::lent;
use super::mould::Mould;
use crate::eventloop::Attached;

/// A scope before anything is known of its request, but with all its keys in their order.
///
/// To copy it and to replace values costs half of adding one key after the other, in which
/// a dictionary outgrows its room again and again.
pub(in super::super) struct Blank {
    scope: Py<PyDict>,
    versions: Py<PyDict>,
    extensions: Py<PyDict>,
    /// Out while a scope is made of it: what it lets go of may be an application's object, and run Python.
    mould: Attached<Option<Box<Mould>>>,
}

/// What this server knows beyond the core of ASGI's messages for HTTP.
const EXTENSIONS: [&str; 3] = [
    "http.response.pathsend",
    "http.response.early_hint",
    "http.response.trailers",
];

impl Blank {
    /// The scope of most requests: plain HTTP/1.1, with the server's own prefix.
    pub(in super::super) fn new(py: Python<'_>, root_path: &str) -> PyResult<Self> {
        let scope = PyDict::new(py);
        scope.set_item(intern!(py, "type"), intern!(py, "http"))?;
        scope.set_item(intern!(py, "scheme"), intern!(py, "http"))?;
        scope.set_item(intern!(py, "method"), py.None())?;
        scope.set_item(intern!(py, "asgi"), py.None())?;
        scope.set_item(intern!(py, "http_version"), intern!(py, "1.1"))?;
        scope.set_item(intern!(py, "server"), py.None())?;
        scope.set_item(intern!(py, "client"), py.None())?;
        scope.set_item(intern!(py, "root_path"), root_path)?;
        scope.set_item(intern!(py, "path"), py.None())?;
        scope.set_item(intern!(py, "raw_path"), py.None())?;
        scope.set_item(intern!(py, "query_string"), py.None())?;
        scope.set_item(intern!(py, "headers"), py.None())?;
        scope.set_item(intern!(py, "state"), py.None())?;
        scope.set_item(intern!(py, "extensions"), py.None())?;
        let versions = PyDict::new(py);
        versions.set_item(intern!(py, "version"), intern!(py, "3.0"))?;
        versions.set_item(intern!(py, "spec_version"), intern!(py, "2.3"))?;
        let extensions = PyDict::new(py);
        for name in EXTENSIONS {
            extensions.set_item(name, PyDict::new(py))?;
        }
        Ok(Self {
            scope: scope.unbind(),
            versions: versions.unbind(),
            extensions: extensions.unbind(),
            mould: Attached::default(),
        })
    }

    /// A scope of one's own.
    pub(super) fn scope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.scope.bind(py).copy()
    }

    /// The value of `asgi` in a scope, of one's own as well.
    pub(super) fn versions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.versions.bind(py).copy()
    }

    /// The value of `extensions` in the scope of a request, to be added to.
    pub(super) fn extensions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Ok(lent::copy(py, &self.extensions)?.into_bound(py))
    }

    /// A scope of one's own for a request of the usual kind. Its `state` is empty.
    pub(super) fn cast<'py>(
        &self,
        py: Python<'py>,
        head: &RequestHead,
        addresses: &ForScope,
        root: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let mut mould = match self.mould.take(py) {
            Some(mould) => mould,
            None => Box::new(Mould::new(
                py,
                self.scope(py)?,
                &self.versions,
                &self.extensions,
            )?),
        };
        let scope = mould.cast(py, head, addresses, root)?;
        drop(self.mould.replace(py, Some(mould)));
        Ok(scope)
    }

    /// Takes a scope back whose request is over: the next may have it.
    pub(super) fn take_back(&self, py: Python<'_>, scope: Py<PyDict>) {
        // Whoever is here meanwhile makes a mould of its own.
        let Some(mut mould) = self.mould.take(py) else {
            return;
        };
        match mould.take_back(py, scope) {
            Ok(()) => drop(self.mould.replace(py, Some(mould))),
            Err(error) => error.write_unraisable(py, None),
        }
    }

    /// The `server` of the last scope: that of most connections.
    pub(super) fn usual_server(&self, py: Python<'_>) -> Option<Py<PyTuple>> {
        self.mould.with(py, |mould| mould.as_ref()?.server(py))
    }

    pub(in super::super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.scope)?;
        visit.call(&self.versions)?;
        visit.call(&self.extensions)?;
        self.mould.traverse(|mould| match mould {
            Some(mould) => mould.traverse(visit),
            None => Ok(()),
        })
    }
}
