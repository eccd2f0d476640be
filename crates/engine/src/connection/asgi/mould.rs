//! The mould that scopes of the usual kind are cast in.

use http1::RequestHead;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::super::peer::ForScope;
use super::lent::Lent;
use super::pairs::{Pairs, is_worth_it};
use super::scope::{method, target};
use crate::references::references;

/// A scope as the last request left it, but for what that could have changed.
///
/// What the next one shares with it is set already: a value is replaced where requests differ,
/// and the whole is copied. `state` is a request's own and set in the copy, as are `headers`
/// that others are not likely to send.
pub(super) struct Mould {
    scope: Py<PyDict>,
    versions: Lent,
    extensions: Lent,
    /// What the values in `scope` were made from.
    method: String,
    path: Vec<u8>,
    query: Vec<u8>,
    client: Option<Py<PyTuple>>,
    server: Option<Py<PyTuple>>,
    pairs: Pairs,
    /// The headers in `scope`, lent like the rest.
    headers: Option<Py<PyList>>,
}

/// The references to a list that is at home: the one here, and the one of the scope.
const AT_HOME: isize = 2;

impl Mould {
    /// A mould of a scope without values.
    pub(super) fn new(
        py: Python<'_>,
        scope: Bound<'_, PyDict>,
        versions: &Py<PyDict>,
        extensions: &Py<PyDict>,
    ) -> PyResult<Self> {
        let versions = Lent::new(py, versions.clone_ref(py))?;
        let extensions = Lent::new(py, extensions.clone_ref(py))?;
        scope.set_item(intern!(py, "asgi"), versions.dict())?;
        scope.set_item(intern!(py, "extensions"), extensions.dict())?;
        scope.set_item(intern!(py, "query_string"), PyBytes::new(py, b""))?;
        Ok(Self {
            scope: scope.unbind(),
            versions,
            extensions,
            method: String::new(),
            path: Vec::new(),
            query: Vec::new(),
            client: None,
            server: None,
            pairs: Pairs::default(),
            headers: None,
        })
    }

    /// A scope for a request over plain HTTP/1.1 of which no proxy says anything. Its `state` is to be set.
    pub(super) fn cast<'py>(
        &mut self,
        py: Python<'py>,
        head: &RequestHead,
        addresses: &ForScope,
        root: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let scope = self.scope.bind(py);
        if !self.versions.is_at_home(py) {
            scope.set_item(intern!(py, "asgi"), self.versions.renew(py)?)?;
        }
        if !self.extensions.is_at_home(py) {
            scope.set_item(intern!(py, "extensions"), self.extensions.renew(py)?)?;
        }
        if !head.has_method(&self.method) {
            scope.set_item(intern!(py, "method"), method(py, head.method()))?;
            head.method().clone_into(&mut self.method);
        }
        if self.path != head.path() {
            let (path, raw) = target(py, head, root);
            scope.set_item(intern!(py, "path"), path)?;
            scope.set_item(intern!(py, "raw_path"), raw)?;
            head.path().clone_into(&mut self.path);
        }
        if self.query != head.query() {
            scope.set_item(intern!(py, "query_string"), PyBytes::new(py, head.query()))?;
            head.query().clone_into(&mut self.query);
        }
        place(
            py,
            scope,
            intern!(py, "server"),
            &mut self.server,
            addresses.server.as_ref(),
        )?;
        place(
            py,
            scope,
            intern!(py, "client"),
            &mut self.client,
            addresses.client.as_ref(),
        )?;
        let is_at_home = |list: &Py<PyList>| {
            references(list) == AT_HOME && self.pairs.are_in(list.bind(py), head)
        };
        if self.headers.as_ref().is_some_and(is_at_home) {
            return scope.copy();
        }
        let headers = self.pairs.list(py, head)?;
        if head.headers().all(|(name, value)| is_worth_it(name, value)) {
            scope.set_item(intern!(py, "headers"), &headers)?;
            self.headers = Some(headers.unbind());
            return scope.copy();
        }
        let scope = scope.copy()?;
        scope.set_item(intern!(py, "headers"), headers)?;
        Ok(scope)
    }

    /// The `server` of the last scope.
    pub(super) fn server(&self, py: Python<'_>) -> Option<Py<PyTuple>> {
        self.server.as_ref().map(|server| server.clone_ref(py))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.scope)?;
        self.versions.traverse(visit)?;
        self.extensions.traverse(visit)?;
        visit.call(&self.client)?;
        visit.call(&self.server)?;
        visit.call(&self.headers)?;
        self.pairs.traverse(visit)
    }
}

/// Sets an address unless it is the very one that is set already.
fn place(
    py: Python<'_>,
    scope: &Bound<'_, PyDict>,
    key: &Bound<'_, PyString>,
    placed: &mut Option<Py<PyTuple>>,
    address: Option<&Py<PyTuple>>,
) -> PyResult<()> {
    let is_placed = match (&*placed, address) {
        (Some(placed), Some(address)) => placed.is(address),
        (None, None) => true,
        _ => false,
    };
    if !is_placed {
        scope.set_item(key, address)?;
        *placed = address.map(|address| address.clone_ref(py));
    }
    Ok(())
}
