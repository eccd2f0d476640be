//! Plans: routes compiled once, run for every request.
//!
//! `spec` reads the description; `execution` runs its steps, with `origin`, `extract`, `scalar` and
//! `body` finding their arguments, `converter` validating and `arguments` making the calls, `fused`
//! awaiting several as one, `beside` beginning those that are awaited together, `overrides` seeing to it that they are those which are
//! in force; `encoder` writes results. The forms share all of that: `native` answers through an exchange of this server, `asgi` is
//! awaited by Python under any server (`awaited`), for a response that Python sends, and `core` sends it as well.

mod arguments;
mod asgi;
mod awaited;
mod beside;
mod body;
mod converter;
mod core;
mod encoder;
mod errors;
mod execution;
mod exits;
mod extract;
mod fused;
mod held;
mod native;
mod origin;
mod overrides;
mod scalar;
mod scope;
mod spec;

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{PyTraverseError, PyVisit};

use self::asgi::ToResponse;
pub(crate) use self::awaited::PlanRun;
use self::body::JsonReader;
pub(crate) use self::core::Core;
use self::execution::Execution;
pub(crate) use self::native::NativeRun;
use self::origin::Origin;
pub(crate) use self::origin::PathParams;
use self::overrides::Overrides;
pub(crate) use self::overrides::has_overrides;
use self::scope::Scope;
use self::spec::Compiled;

/// A compiled route.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct Plan {
    compiled: Arc<Compiled>,
    overrides: Option<Overrides>,
    json: JsonReader,
    /// What `Gather` is shown in the place of a body that is not there.
    undefined: PyOnceLock<Py<PyAny>>,
}

#[pymethods]
impl Plan {
    /// Compiles a `PlanSpec` (python/jebi/_plan.py), made under `overrides` (an `InForce` of
    /// python/jebi/dependencies/overrides.py).
    #[new]
    #[pyo3(signature = (spec, overrides = None))]
    fn new(spec: &Bound<'_, PyAny>, overrides: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(Self {
            compiled: Arc::new(Compiled::read(spec)?),
            overrides: overrides.map(Overrides::read).transpose()?.flatten(),
            json: JsonReader::new(),
            undefined: PyOnceLock::new(),
        })
    }

    /// Runs the plan for a request that an ASGI server handed over.
    ///
    /// Returns an awaitable of the response, or of the bare result for a plan without encoder.
    #[pyo3(signature = (request, body, exits))]
    fn run(
        this: Py<Self>,
        request: &Bound<'_, PyAny>,
        body: Option<&[u8]>,
        exits: Option<Py<PyAny>>,
    ) -> PyResult<PlanRun> {
        let mut execution = Execution::new(this, Origin::Asgi(Scope::of(request, body)?));
        execution.exits = exits;
        Ok(PlanRun::new(ToResponse::new(execution)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Runs share what is compiled, but they hold the plan too: while there is one, it is alive.
        self.compiled.traverse(&visit)?;
        self.overrides
            .iter()
            .try_for_each(|overrides| overrides.traverse(&visit))
    }
}

impl Plan {
    /// Whether the body must be there, whole, before the first step.
    pub(crate) fn reads_body(&self) -> bool {
        self.compiled.reads_json
    }

    /// What stands for a body that is not there.
    fn undefined<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let found = self.undefined.get_or_try_init(py, || {
            let undefined = py.import("pydantic_core")?.getattr("PydanticUndefined")?;
            PyResult::Ok(undefined.unbind())
        })?;
        Ok(found.bind(py))
    }
}
