//! Overrides of dependencies that change while a request is on its way.
//!
//! Which plan a request takes is decided once, by the overrides that are in force then. A plan knows
//! before which of its steps dependencies were looked up, and asks there again: the plan that takes
//! over has the same steps up to there (jebi.dependencies.overrides).

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::Plan;
use super::body::Document;
use super::execution::Execution;
use crate::runner::Around;

/// Whose overrides a plan was made under.
pub(super) struct Overrides {
    provider: Py<PyAny>,
    /// There were none.
    is_plain: bool,
    /// Of a step, the plan to go on with in the place of this one, or `None`.
    instead: Py<PyAny>,
}

impl Overrides {
    /// Reads an `InForce`; `None` where nobody can override anything.
    pub(super) fn read(in_force: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let provider = in_force.getattr("provider")?;
        if provider.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            provider: provider.unbind(),
            is_plain: in_force.getattr("is_plain")?.extract()?,
            instead: in_force.getattr("instead")?.unbind(),
        }))
    }

    /// Who has the overrides.
    pub(super) fn provider<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.provider.bind(py)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.provider)?;
        visit.call(&self.instead)
    }
}

/// Whether `provider` overrides any dependency now.
pub(crate) fn has_overrides(provider: &Bound<'_, PyAny>) -> bool {
    let overrides = provider.getattr(intern!(provider.py(), "dependency_overrides"));
    overrides.is_ok_and(|overrides| {
        overrides
            .cast::<PyDict>()
            .map_or(true, |known| !known.is_empty())
    })
}

impl Execution {
    /// Takes over the plan that is right before the step at which this one `asks`; says whether that
    /// is another one.
    ///
    /// # Errors
    /// What is raised when the plan cannot be made.
    pub(super) fn look_again(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        asks: usize,
    ) -> PyResult<bool> {
        let Some(overrides) = &self.plan.get().overrides else {
            return Ok(false);
        };
        if overrides.is_plain && !has_overrides(overrides.provider.bind(py)) {
            return Ok(false);
        }
        around.enter()?;
        let instead: Option<Py<Plan>> = overrides.instead.call1(py, (asks,))?.extract(py)?;
        let Some(plan) = instead else {
            return Ok(false);
        };
        if matches!(self.document, Document::Validated(_)) {
            // It may have to show to others now, as it came.
            let before = self.plan.get();
            let parsed = before.json.reread(py, &before.compiled, &self.origin)?;
            self.document = Document::Parsed(parsed);
        }
        self.slots.resize_with(plan.get().compiled.slots, || None);
        self.beside.wait_again();
        self.plan = plan;
        Ok(true)
    }
}
