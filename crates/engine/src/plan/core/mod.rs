//! The core of an application: what lies below all of its middleware, router and routes, as one callable.
//!
//! An application whose middleware the engine does not know is served by its ASGI form. Below the middleware nothing
//! of that form needs Python but the application's own functions: a core finds the route by the scope, leaves there what
//! routers leave, runs the route's plan and sends its answer. What has no plan is the application's own affair.

mod run;

use std::sync::OnceLock;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use self::run::{Channels, CoreRun};
use super::Plan;
use super::awaited::PlanRun;
use super::overrides::has_overrides;
use crate::web::RouteTable;

/// The plans of a router behind the table of its routes.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct Core {
    table: Py<RouteTable>,
    router: Py<PyAny>,
    /// Of a route, its plan or `None`; asked when the first request comes for it.
    plan_of: Py<PyAny>,
    /// By the position of the route.
    plans: Vec<OnceLock<Option<Py<Plan>>>>,
    hooks: CoreHooks,
}

/// What a core leaves to Python.
struct CoreHooks {
    /// `read(request)` is awaited for the body.
    read: Py<PyAny>,
    /// `fail(request, send, handlers, error, exits)` is awaited after a failure.
    fail: Py<PyAny>,
}

#[pymethods]
impl Core {
    /// The core of `router`, whose routes `table` knows.
    ///
    /// `plan_of(route)` is its plan, or `None` where the route itself has to answer. `read(request)` is awaited for
    /// the body where a plan wants it, and `fail(request, send, handlers, error, exits or None)` after a failure: it
    /// answers, or raises what goes on up.
    #[new]
    fn new(
        table: Py<RouteTable>,
        router: Py<PyAny>,
        plan_of: Py<PyAny>,
        read: Py<PyAny>,
        fail: Py<PyAny>,
    ) -> Self {
        let mut plans = Vec::new();
        plans.resize_with(table.get().len(), OnceLock::new);
        Self {
            table,
            router,
            plan_of,
            plans,
            hooks: CoreHooks { read, fail },
        }
    }

    /// An awaitable that answers a request; `None` where that is the affair of the routes themselves.
    ///
    /// `handlers` are those of exceptions, and go to `fail`.
    #[pyo3(signature = (scope, receive, send, handlers, /))]
    fn begin(
        this: &Bound<'_, Self>,
        scope: &Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
        handlers: Py<PyAny>,
    ) -> PyResult<Option<PlanRun>> {
        let (py, core) = (this.py(), this.get());
        let Ok(scope) = scope.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        // Somebody wants to be told what the routers do.
        if scope.contains(intern!(py, "fastapi.telemetry"))? {
            return Ok(None);
        }
        let plan = core.table.get().lead(scope, |position| {
            let plan = core.plan(py, position)?;
            (!plan.get().is_overridden(py)).then(|| plan.clone_ref(py))
        })?;
        let Some(plan) = plan else {
            return Ok(None);
        };
        let router = intern!(py, "router");
        if !scope.contains(router)? {
            scope.set_item(router, &core.router)?;
        }
        let channels = Channels {
            scope: scope.clone().unbind(),
            receive,
            send,
            handlers,
        };
        let run = CoreRun::new(py, this.clone().unbind(), plan, channels)?;
        Ok(Some(PlanRun::new(run)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.table)?;
        visit.call(&self.router)?;
        visit.call(&self.plan_of)?;
        for plan in &self.plans {
            visit.call(plan.get().and_then(Option::as_ref))?;
        }
        visit.call(&self.hooks.read)?;
        visit.call(&self.hooks.fail)
    }
}

impl Core {
    fn plan(&self, py: Python<'_>, position: usize) -> Option<&Py<Plan>> {
        let plan = self.plans.get(position)?;
        if plan.get().is_none() {
            // Python code runs meanwhile, and may answer another request: what is there first counts.
            let made = self.compiled(py, position);
            let _ = plan.set(made);
        }
        plan.get().and_then(Option::as_ref)
    }

    /// The plan as Python makes it. A route that cannot have one fails by itself likewise, and that says why.
    #[cold]
    fn compiled(&self, py: Python<'_>, position: usize) -> Option<Py<Plan>> {
        let route = self.table.get().route(py, position)?;
        let plan = self.plan_of.bind(py).call1((route,));
        plan.and_then(|plan| Ok(plan.extract::<Option<Py<Plan>>>()?))
            .unwrap_or_default()
    }
}

impl Plan {
    /// Whether other dependencies than those that it was made of are in force.
    fn is_overridden(&self, py: Python<'_>) -> bool {
        (self.overrides.as_ref()).is_some_and(|overrides| has_overrides(overrides.provider(py)))
    }
}
