//! The routes of an ASGI router, and the search among them.

use std::cell::RefCell;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};
use router::{Match, Params, Router};

use super::entry::{Entry, Kind, needed, route_path, text};

/// What Python tells of a route: its kind, its template, and its parameters with what converts them.
type Described = (String, String, Vec<(Py<PyString>, Option<Py<PyAny>>)>);

/// The routes of a `Router`, in their order.
///
/// Those that a template describes are found by way of a radix tree, at a cost that does not grow with
/// their number. The others are asked, one after the other, as long as no earlier route was found.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct RouteTable {
    routes: Vec<Py<PyAny>>,
    entries: Vec<Entry>,
    /// Of indices into `entries`.
    http: Router<usize>,
    websocket: Router<usize>,
    /// Hosts behind a slash, as if they were paths.
    hosts: Router<usize>,
    /// Positions of the routes that no template describes.
    others: Vec<usize>,
    /// Of a scope, the host that was asked for in lower case, or none.
    host_of: Py<PyAny>,
    /// `Match.NONE` and `Match.FULL`.
    none: Py<PyAny>,
    full: Py<PyAny>,
}

/// A route that fits, and what it leaves in the scope.
struct Chosen<'py> {
    position: usize,
    child: Bound<'py, PyAny>,
    /// The method as well.
    is_full: bool,
}

/// What a connection asks for.
struct Asked<'r, 'py> {
    table: &'r Router<usize>,
    /// Of a request.
    method: Option<Bound<'py, PyAny>>,
    path: Bound<'py, PyAny>,
    root: Option<Bound<'py, PyAny>>,
}

impl Asked<'_, '_> {
    /// The part of the path that routes match; none where it is not made of characters.
    fn path(&self) -> PyResult<Option<&str>> {
        let root = self.root.as_ref().map_or(Ok(Some("")), text)?;
        let path = text(&self.path)?;
        Ok(path.zip(root).map(|(path, root)| route_path(path, root)))
    }
}

/// What the tables know of a connection: the first route that fits, and the first that fits but for
/// the method.
struct Known<'r, 'p> {
    full: Option<(&'r Entry, Params<'p>)>,
    partial: Option<(&'r Entry, Params<'p>)>,
}

#[pymethods]
impl RouteTable {
    /// A table of `routes`, each with its description or `None`.
    ///
    /// A description is the kind (`http`, `websocket`, `mount` or `host`), the template, and for each
    /// parameter its name and what makes a value of its text, or `None` where the text is the value.
    /// `host_of(scope)` is the host that was asked for; `none` and `full` are what `matches` of
    /// a route without description answers.
    ///
    /// # Errors
    /// `ValueError` for a template that no router can take.
    #[new]
    fn new(
        routes: Vec<(Py<PyAny>, Option<Described>)>,
        host_of: Py<PyAny>,
        none: Py<PyAny>,
        full: Py<PyAny>,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let mut table = Self {
            routes: Vec::with_capacity(routes.len()),
            entries: Vec::with_capacity(routes.len()),
            http: Router::new(),
            websocket: Router::new(),
            hosts: Router::new(),
            others: Vec::new(),
            host_of,
            none,
            full,
        };
        for (position, (route, described)) in routes.into_iter().enumerate() {
            match described {
                None => table.others.push(position),
                Some((kind, template, parameters)) => {
                    let kind = Kind::named(&kind)?;
                    table.insert(kind, &template)?;
                    let known = route.clone_ref(py);
                    table
                        .entries
                        .push(Entry::new(kind, position, known, parameters));
                }
            }
            table.routes.push(route);
        }
        Ok(table)
    }

    /// The route for a connection, after what it adds was put into `scope`; `None` if there is none.
    fn choose(&self, scope: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let py = scope.py();
        let Some(Chosen {
            position, child, ..
        }) = self.find(scope)?
        else {
            return Ok(None);
        };
        let Some(route) = self.routes.get(position) else {
            return Ok(None);
        };
        scope.set_item(intern!(py, "route"), route)?;
        match (scope.cast::<PyDict>(), child.cast::<PyDict>()) {
            (Ok(scope), Ok(child)) => scope.update(child.as_mapping())?,
            _ => {
                scope.call_method1(intern!(py, "update"), (child,))?;
            }
        }
        Ok(Some(route.clone_ref(py)))
    }

    /// Whether a route fits a connection, the method apart.
    fn knows(&self, scope: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.find(scope)?.is_some())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.routes.iter().try_for_each(|route| visit.call(route))?;
        self.entries
            .iter()
            .try_for_each(|entry| entry.traverse(&visit))?;
        visit.call(&self.host_of)?;
        visit.call(&self.none)?;
        visit.call(&self.full)
    }
}

impl RouteTable {
    /// How many routes there are.
    pub(crate) fn len(&self) -> usize {
        self.routes.len()
    }

    /// The route at a position.
    pub(crate) fn route(&self, py: Python<'_>, position: usize) -> Option<Py<PyAny>> {
        self.routes.get(position).map(|route| route.clone_ref(py))
    }

    /// Leads a connection to its route, if that is one that templates alone decide on, whose methods are
    /// right, and for whose position `takes` has something. Whatever routers leave in the scope is there then.
    pub(crate) fn lead<T>(
        &self,
        scope: &Bound<'_, PyDict>,
        takes: impl FnOnce(usize) -> Option<T>,
    ) -> PyResult<Option<T>> {
        let py = scope.py();
        let Some(asked) = self.asked(scope)? else {
            return Ok(None);
        };
        let Some(path) = asked.path()? else {
            return Ok(None);
        };
        let host = self.host(scope)?;
        let known = self.known(&asked, path, host.as_deref())?;
        let Some((entry, values)) = known.full else {
            return Ok(None);
        };
        if self.others.iter().any(|&other| other < entry.position) {
            return Ok(None);
        }
        let (Some(found), Some(route)) = (takes(entry.position), self.routes.get(entry.position))
        else {
            return Ok(None);
        };
        if !entry.enter(scope, path, &values, scope)? {
            return Ok(None);
        }
        scope.set_item(intern!(py, "route"), route)?;
        Ok(Some(found))
    }

    fn insert(&mut self, kind: Kind, template: &str) -> PyResult<()> {
        let index = self.entries.len();
        let insert = |table: &mut Router<usize>| {
            table
                .insert(template, &[], index)
                .map_err(|error| PyValueError::new_err(error.to_string()))
        };
        match kind {
            Kind::Http => insert(&mut self.http),
            Kind::WebSocket => insert(&mut self.websocket),
            Kind::Host => insert(&mut self.hosts),
            Kind::Mount => {
                insert(&mut self.http)?;
                insert(&mut self.websocket)
            }
        }
    }

    fn find<'py>(&self, scope: &Bound<'py, PyAny>) -> PyResult<Option<Chosen<'py>>> {
        let Ok(scope) = scope.cast::<PyDict>() else {
            return self.ask_all(scope);
        };
        let Some(asked) = self.asked(scope)? else {
            return self.ask_all(scope);
        };
        let Some(path) = asked.path()? else {
            return self.ask_all(scope);
        };
        let host = self.host(scope)?;
        let known = self.known(&asked, path, host.as_deref())?;
        self.decide(scope, path, known)
    }

    /// What is asked for; `None` where the tables do not know such connections.
    fn asked<'py>(&self, scope: &Bound<'py, PyDict>) -> PyResult<Option<Asked<'_, 'py>>> {
        let py = scope.py();
        let kind = needed(scope, intern!(py, "type"))?;
        let (table, method) = match text(&kind)? {
            Some("http") => (&self.http, Some(needed(scope, intern!(py, "method"))?)),
            Some("websocket") => (&self.websocket, None),
            _ => return Ok(None),
        };
        Ok(Some(Asked {
            table,
            method,
            path: needed(scope, intern!(py, "path"))?,
            root: scope.get_item(intern!(py, "root_path"))?,
        }))
    }

    fn known<'r, 'p>(
        &'r self,
        asked: &Asked<'r, '_>,
        path: &'p str,
        host: Option<&'p str>,
    ) -> PyResult<Known<'r, 'p>> {
        let mut known = self.search(asked.table, path, asked.method.as_ref())?;
        if let Some(host) = host {
            self.search_host(host, &mut known);
        }
        Ok(known)
    }

    /// The host that was asked for, behind a slash; none where no route asks for one.
    fn host(&self, scope: &Bound<'_, PyDict>) -> PyResult<Option<String>> {
        if self.hosts.is_empty() {
            return Ok(None);
        }
        let host: Option<String> = self.host_of.bind(scope.py()).call1((scope,))?.extract()?;
        Ok(host.map(|host| format!("/{host}")))
    }

    fn search<'r, 'p>(
        &'r self,
        table: &'r Router<usize>,
        path: &'p str,
        method: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Known<'r, 'p>> {
        let failure = RefCell::new(None);
        let found = table.find_admitted(path, |&index| {
            let admitted = self.entries.get(index).map(|entry| entry.admits(method));
            admitted.unwrap_or(Ok(false)).unwrap_or_else(|error| {
                failure.replace(Some(error));
                false
            })
        });
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        let entry = |index: &usize| self.entries.get(*index);
        let (full, partial) = match found {
            Match::Found { value, params } => (entry(value).map(|entry| (entry, params)), None),
            Match::MethodNotAllowed { value, params } => {
                (None, entry(value).map(|entry| (entry, params)))
            }
            Match::NotFound => (None, None),
        };
        Ok(Known { full, partial })
    }

    /// Puts the route for a host before one for the path that comes later.
    fn search_host<'r, 'p>(&'r self, host: &'p str, known: &mut Known<'r, 'p>) {
        let Match::Found { value, params } = self.hosts.find("", host) else {
            return;
        };
        let later = |known: &(&Entry, Params<'_>), entry: &Entry| known.0.position > entry.position;
        if let Some(entry) = self.entries.get(*value)
            && known.full.as_ref().is_none_or(|known| later(known, entry))
        {
            known.full = Some((entry, params));
        }
    }

    /// Asks the routes that no template describes where they come first, and makes the choice.
    fn decide<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        path: &str,
        known: Known<'_, '_>,
    ) -> PyResult<Option<Chosen<'py>>> {
        let Known { full, partial } = known;
        let end = full
            .as_ref()
            .map_or(usize::MAX, |(entry, _)| entry.position);
        let before = self.others.iter().take_while(|&&other| other < end);
        let other = match self.ask(scope.as_any(), before.copied())? {
            Some(chosen) if chosen.is_full => return Ok(Some(chosen)),
            other => other,
        };
        let is_full = full.is_some();
        let Some((entry, params)) = full.or(partial) else {
            return Ok(other);
        };
        if let Some(other) = other
            && !is_full
            && other.position < entry.position
        {
            return Ok(Some(other));
        }
        let child = PyDict::new(scope.py());
        if !entry.enter(scope, path, &params, &child)? {
            // The next best is found the long way.
            return self.ask_all(scope);
        }
        Ok(Some(Chosen {
            position: entry.position,
            child: child.into_any(),
            is_full,
        }))
    }

    fn ask_all<'py>(&self, scope: &Bound<'py, PyAny>) -> PyResult<Option<Chosen<'py>>> {
        self.ask(scope, 0..self.routes.len())
    }

    /// The first of these routes that says it fits in full; else the first that fits but for the method.
    fn ask<'py>(
        &self,
        scope: &Bound<'py, PyAny>,
        positions: impl Iterator<Item = usize>,
    ) -> PyResult<Option<Chosen<'py>>> {
        let py = scope.py();
        let mut partial = None;
        for position in positions {
            let Some(route) = self.routes.get(position) else {
                break;
            };
            let answer = route
                .bind(py)
                .call_method1(intern!(py, "matches"), (scope,))?;
            let (fit, child): (Bound<'_, PyAny>, Bound<'_, PyAny>) = answer.extract()?;
            if fit.is(&self.full) {
                let chosen = Chosen {
                    position,
                    child,
                    is_full: true,
                };
                return Ok(Some(chosen));
            }
            if !fit.is(&self.none) && partial.is_none() {
                partial = Some(Chosen {
                    position,
                    child,
                    is_full: false,
                });
            }
        }
        Ok(partial)
    }
}
