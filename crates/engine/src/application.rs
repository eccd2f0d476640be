//! What a server serves: an application whose plans the engine runs, or any ASGI application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http1::RequestHead;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{PyTraverseError, PyVisit};
use router::{Match, Router};

use crate::exchange::Exchange;
use crate::layers::Layers;
use crate::plan::{NativeRun, PathParams, Plan, has_overrides};
use crate::runner::Runner;

/// An application as the server sees it.
#[derive(Clone)]
pub(crate) enum Application {
    /// Jebi's own, by its plans.
    Native(Arc<Native>),
    /// A callable of `(scope, receive, send)`.
    Asgi(Arc<Py<PyAny>>),
}

/// Where a request goes.
pub(crate) enum Route<'a> {
    /// To a plan of this application.
    Plan {
        plan: Py<Plan>,
        path: PathParams,
        template: &'a str,
    },
    /// To the application's ASGI form, which knows everything else.
    Asgi,
}

/// One entry of the routing table.
struct Entry {
    /// Compiled when the first request comes; `None` goes the ASGI way.
    plan: OnceLock<Option<Py<Plan>>>,
    /// Makes the plan, where there may be one.
    compile: Option<Py<PyAny>>,
    template: String,
    names: Arc<[String]>,
}

impl Entry {
    fn plan(&self, py: Python<'_>) -> Option<&Py<Plan>> {
        if self.plan.get().is_none() {
            // Python code runs meanwhile, and may answer another request: what is there first counts.
            let made = self.compiled(py);
            let _ = self.plan.set(made);
        }
        self.plan.get().and_then(Option::as_ref)
    }

    /// The plan as Python makes it. A route that cannot have one fails in its ASGI form likewise, and
    /// that says why where the application looks for it.
    #[cold]
    fn compiled(&self, py: Python<'_>) -> Option<Py<Plan>> {
        let compile = self.compile.as_ref()?.bind(py);
        compile
            .call0()
            .and_then(|plan| Ok(plan.extract::<Option<Py<Plan>>>()?))
            .unwrap_or_default()
    }
}

/// The native face of a Jebi application: its routing table over its plans.
pub(crate) struct Native {
    routes: Router<Entry>,
    application: Py<PyAny>,
    /// The application is one whose dependencies may be overridden.
    can_override: bool,
    /// The routes are no longer what they were.
    is_retired: AtomicBool,
    /// What stands between the server and the routes.
    layers: Layers,
    exception_handler: Py<PyAny>,
    /// Called with what comes after an answer has begun.
    late_handler: Option<Py<PyAny>>,
    /// `Response.__call__`: a response that kept it is no more than its bytes.
    plain_call: Py<PyAny>,
    /// Response classes that were looked at.
    known_responses: Mutex<Vec<(Py<PyType>, bool)>>,
    /// The buffer that answers are written in, between answers.
    scratch: Mutex<Vec<u8>>,
}

/// The largest buffer worth keeping between answers, in bytes.
const SCRATCH: usize = 1 << 20;

/// Longer values may be numbers with more digits than Python takes, and the ASGI form knows what then.
const LONGEST_NUMBER: usize = 4000;

/// How many response classes are remembered.
const KNOWN_RESPONSES: usize = 64;

impl Native {
    /// Where the request goes. `is_secure` tells whether the client speaks TLS.
    pub(crate) fn route(
        &self,
        py: Python<'_>,
        head: &RequestHead,
        is_secure: impl Fn() -> bool,
    ) -> Route<'_> {
        if self.is_retired.load(Ordering::Relaxed)
            || self.has_overrides(py)
            || !self.layers.admit(head, is_secure)
        {
            return Route::Asgi;
        }
        let path = params::decode_path(head.path());
        let Match::Found {
            value: entry,
            params,
        } = self.routes.find(head.method(), &path)
        else {
            return Route::Asgi;
        };
        match entry.plan(py) {
            Some(plan) if params.iter().all(|value| value.len() <= LONGEST_NUMBER) => Route::Plan {
                plan: plan.clone_ref(py),
                path: PathParams {
                    names: Arc::clone(&entry.names),
                    values: params.iter().map(|&value| value.to_owned()).collect(),
                },
                template: &entry.template,
            },
            _ => Route::Asgi,
        }
    }

    /// Starts a request on its plan; everything that becomes of it goes through the exchange.
    pub(crate) fn start(
        self: &Arc<Self>,
        py: Python<'_>,
        runner: &Arc<Runner>,
        plan: Py<Plan>,
        path: PathParams,
        exchange: &Arc<Exchange>,
    ) {
        let run = NativeRun::new(Arc::clone(self), plan, path, Arc::clone(exchange));
        if let Err(error) = runner.start(py, Box::new(run)) {
            exchange.fail(py, error);
        }
    }

    /// The application as an ASGI callable.
    pub(crate) fn asgi(&self) -> &Py<PyAny> {
        &self.application
    }

    /// Dependencies that are overridden take the ASGI form, which compiles plans for them.
    fn has_overrides(&self, py: Python<'_>) -> bool {
        self.can_override && has_overrides(self.application.bind(py))
    }

    /// What stands between the server and the routes.
    pub(crate) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// An awaitable of the response that the application's handlers make of `error`, and of whether it was
    /// made within the layers.
    pub(crate) fn handle_exception(
        &self,
        py: Python<'_>,
        request: Py<PyAny>,
        error: impl Into<Py<PyAny>>,
        exits: Option<&Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.exception_handler
            .call1(py, (request, error.into(), exits))
    }

    /// An awaitable of the exception to report where `error` came after an answer had begun, if the
    /// application wants to hear of those.
    pub(crate) fn handle_late(
        &self,
        py: Python<'_>,
        request: Py<PyAny>,
        error: &PyErr,
    ) -> Option<PyResult<Py<PyAny>>> {
        let handler = self.late_handler.as_ref()?;
        Some(handler.call1(py, (request, error.value(py))))
    }

    /// Whether the application wants to hear of exceptions that no answer can tell of.
    pub(crate) fn handles_late(&self) -> bool {
        self.late_handler.is_some()
    }

    /// Whether a response is no more than its bytes, or sends itself.
    pub(crate) fn is_plain_response(&self, response: &Bound<'_, PyAny>) -> PyResult<bool> {
        let kind = response.get_type();
        let known = self
            .known_responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plain)) = known
            .iter()
            .find(|(known, _)| known.as_ptr() == kind.as_ptr())
        {
            return Ok(*plain);
        }
        drop(known);
        let plain = kind
            .getattr(intern!(kind.py(), "__call__"))?
            .is(&self.plain_call);
        let kind = kind.unbind();
        let mut known = self
            .known_responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Classes that are made for one answer each are not worth keeping.
        if known.len() < KNOWN_RESPONSES {
            known.push((kind, plain));
        }
        Ok(plain)
    }

    /// An empty buffer to write an answer in.
    pub(crate) fn take_scratch(&self) -> Vec<u8> {
        std::mem::take(&mut *self.scratch.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the buffer for the next answer.
    pub(crate) fn give_back_scratch(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        if buffer.capacity() <= SCRATCH {
            *self.scratch.lock().unwrap_or_else(PoisonError::into_inner) = buffer;
        }
    }
}

impl Native {
    /// Shows the garbage collector what this holds; only right for whoever holds it alone.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        for entry in self.routes.values() {
            visit.call(entry.plan.get().and_then(Option::as_ref))?;
            visit.call(&entry.compile)?;
        }
        visit.call(&self.application)?;
        self.layers.traverse(visit)?;
        visit.call(&self.exception_handler)?;
        visit.call(&self.late_handler)?;
        visit.call(&self.plain_call)?;
        // In use means that somebody is here, so it is no garbage.
        self.known_responses.try_lock().map_or(Ok(()), |known| {
            known.iter().try_for_each(|(kind, _)| visit.call(kind))
        })
    }
}

/// The native face of an application, as Python hands it to a server.
#[pyclass(frozen, module = "jebi._engine", name = "Native")]
pub(crate) struct NativeApplication {
    pub(crate) native: Arc<Native>,
}

#[pymethods]
impl NativeApplication {
    /// Compiles a routing table.
    ///
    /// `routes` are `(template, methods, compile or None)` in the application's order; `compile()` is
    /// called when the first request comes for its route, and makes the plan. What has none, or gets
    /// `None`, is handed to `application`, which is also asked for `dependency_overrides` if it knows of
    /// them.
    /// `handle_exception(request, exception, exits or None)` is awaited for the response to a
    /// failure, and for whether the middleware sees that. `response` is the base class of responses.
    /// `handle_late(request, exception)` is awaited for what to report of one that comes after an answer has
    /// begun. `layers` describe the middleware, the outermost first, and `around(response)` is the
    /// application that sends a response through it.
    #[new]
    #[pyo3(signature = (routes, application, handle_exception, response, handle_late = None, layers = None, around = None))]
    fn new(
        routes: &Bound<'_, PyAny>,
        application: Py<PyAny>,
        handle_exception: Py<PyAny>,
        response: &Bound<'_, PyType>,
        handle_late: Option<Py<PyAny>>,
        layers: Option<&Bound<'_, PyAny>>,
        around: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let mut table = Router::new();
        for route in routes.try_iter()? {
            let (template, methods, compile): (String, Vec<String>, Option<Py<PyAny>>) =
                route?.extract()?;
            let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
            let names = router::parameter_names(&template)
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
            table
                .insert(
                    &template,
                    &methods,
                    Entry {
                        plan: OnceLock::new(),
                        compile,
                        template: template.clone(),
                        names: names.into(),
                    },
                )
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
        }
        let can_override = application
            .bind(response.py())
            .hasattr("dependency_overrides")?;
        Ok(Self {
            native: Arc::new(Native {
                routes: table,
                application,
                can_override,
                is_retired: AtomicBool::new(false),
                layers: match layers {
                    Some(layers) => Layers::read(layers, around)?,
                    None => Layers::default(),
                },
                exception_handler: handle_exception,
                late_handler: handle_late,
                plain_call: response.getattr("__call__")?.unbind(),
                known_responses: Mutex::default(),
                scratch: Mutex::default(),
            }),
        })
    }

    /// Has every request from now on take the ASGI form: the application has other routes.
    fn retire(&self) {
        self.native.is_retired.store(true, Ordering::Relaxed);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A server shares it while it lives; then it is no garbage.
        if Arc::strong_count(&self.native) == 1 {
            self.native.traverse(&visit)
        } else {
            Ok(())
        }
    }
}
