//! The mould that scopes of the usual kind are cast in.

use http1::RequestHead;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{IntoPyObjectExt, PyTraverseError, PyVisit};

use super::super::peer::ForScope;
use super::lent::{Lent, Seal};
use super::pairs::{Pairs, is_worth_it};
use super::scope::{method, target};
use crate::references::{is_ours_alone, references};

/// A scope as the last request left it, but for what that could have changed.
///
/// What the next one shares with it is set already: a value is replaced where requests differ,
/// and the whole is copied. `headers` that others are not likely to send are set in the copy.
pub(super) struct Mould {
    scope: Py<PyDict>,
    /// A copy that came back as it was lent, so the next request can have it.
    spare: Option<Py<PyDict>>,
    /// What the last copy looked like when it was lent.
    seal: Option<Seal>,
    versions: Lent,
    extensions: Lent,
    /// Nothing after a request that left something there, which ends with it.
    state: Option<Lent>,
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
            spare: None,
            seal: None,
            versions,
            extensions,
            state: None,
            method: String::new(),
            path: Vec::new(),
            query: Vec::new(),
            client: None,
            server: None,
            pairs: Pairs::default(),
            headers: None,
        })
    }

    /// A scope for a request over plain HTTP/1.1 of which no proxy says anything. Its `state` is empty.
    pub(super) fn cast<'py>(
        &mut self,
        py: Python<'py>,
        head: &RequestHead,
        addresses: &ForScope,
        root: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.seal = None;
        self.fetch_home(py)?;
        if !head.has_method(&self.method) {
            self.set(py, intern!(py, "method"), method(py, head.method()))?;
            head.method().clone_into(&mut self.method);
        }
        if self.path != head.path() {
            let (path, raw) = target(py, head, root);
            self.set(py, intern!(py, "path"), path)?;
            self.set(py, intern!(py, "raw_path"), raw)?;
            head.path().clone_into(&mut self.path);
        }
        if self.query != head.query() {
            let query = PyBytes::new(py, head.query());
            self.set(py, intern!(py, "query_string"), query)?;
            head.query().clone_into(&mut self.query);
        }
        if !is_same(self.server.as_ref(), addresses.server.as_ref()) {
            self.set(py, intern!(py, "server"), &addresses.server)?;
            self.server = cloned(py, addresses.server.as_ref());
        }
        if !is_same(self.client.as_ref(), addresses.client.as_ref()) {
            self.set(py, intern!(py, "client"), &addresses.client)?;
            self.client = cloned(py, addresses.client.as_ref());
        }
        let at_home = 1 + self.holders();
        let is_at_home = |list: &Py<PyList>| {
            references(list) == at_home && self.pairs.are_in(list.bind(py), head)
        };
        if self.headers.as_ref().is_some_and(is_at_home) {
            return self.lend(py);
        }
        let headers = self.pairs.list(py, head)?;
        if head.headers().all(|(name, value)| is_worth_it(name, value)) {
            self.set(py, intern!(py, "headers"), &headers)?;
            self.headers = Some(headers.unbind());
            return self.lend(py);
        }
        let scope = self.scope.bind(py).copy()?;
        scope.set_item(intern!(py, "headers"), headers)?;
        Ok(scope)
    }

    /// Takes a scope whose request is over back, if it is the last one and as it was lent.
    pub(super) fn take_back(&mut self, py: Python<'_>, scope: Py<PyDict>) -> PyResult<()> {
        let is_last = self.seal.take().is_some_and(|seal| seal.is_whole(&scope));
        let is_changed = |state: &Lent| !state.is_unchanged(py);
        if self.state.as_ref().is_some_and(is_changed) {
            self.set(py, intern!(py, "state"), py.None())?;
            self.state = None;
        } else if is_last && is_ours_alone(&scope) {
            self.spare = Some(scope);
        }
        Ok(())
    }

    /// Replaces the values that requests may change as they like, where they did or still may.
    fn fetch_home(&mut self, py: Python<'_>) -> PyResult<()> {
        let holders = self.holders();
        if !self.versions.is_at_home(py, holders) {
            let versions = self.versions.renew(py)?.clone_ref(py);
            self.set(py, intern!(py, "asgi"), versions)?;
        }
        if !self.extensions.is_at_home(py, holders) {
            let extensions = self.extensions.renew(py)?.clone_ref(py);
            self.set(py, intern!(py, "extensions"), extensions)?;
        }
        let is_at_home = |state: &Lent| state.is_at_home(py, holders);
        if !self.state.as_ref().is_some_and(is_at_home) {
            let state = Lent::new(py, PyDict::new(py).unbind())?;
            self.set(py, intern!(py, "state"), state.dict())?;
            self.state = Some(state);
        }
        Ok(())
    }

    /// How many scopes of ours have the values that are lent.
    fn holders(&self) -> isize {
        1 + isize::from(self.spare.is_some())
    }

    fn set<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
        value: impl IntoPyObjectExt<'py>,
    ) -> PyResult<()> {
        let value = value.into_bound_py_any(py)?;
        if let Some(spare) = &self.spare {
            spare.bind(py).set_item(key, &value)?;
        }
        self.scope.bind(py).set_item(key, value)
    }

    /// The scope, for a request.
    fn lend<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let scope = match self.spare.take() {
            Some(spare) => spare.into_bound(py),
            None => self.scope.bind(py).copy()?,
        };
        self.seal = Seal::of(scope.as_unbound());
        Ok(scope)
    }

    /// The `server` of the last scope.
    pub(super) fn server(&self, py: Python<'_>) -> Option<Py<PyTuple>> {
        cloned(py, self.server.as_ref())
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.scope)?;
        visit.call(&self.spare)?;
        self.versions.traverse(visit)?;
        self.extensions.traverse(visit)?;
        self.state
            .as_ref()
            .map_or(Ok(()), |state| state.traverse(visit))?;
        visit.call(&self.client)?;
        visit.call(&self.server)?;
        visit.call(&self.headers)?;
        self.pairs.traverse(visit)
    }
}

/// Whether these are the very same, or nothing both.
fn is_same<T>(known: Option<&Py<T>>, other: Option<&Py<T>>) -> bool {
    match (known, other) {
        (Some(known), Some(other)) => known.is(other),
        (None, None) => true,
        _ => false,
    }
}

fn cloned<T>(py: Python<'_>, object: Option<&Py<T>>) -> Option<Py<T>> {
    object.map(|object| object.clone_ref(py))
}
