//! What was found to be invalid, and by which steps.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::execution::Execution;
use super::spec::{Compiled, Node};

impl Execution {
    pub(super) fn report(&mut self, errors: &Bound<'_, PyAny>) -> PyResult<()> {
        for error in errors.try_iter()? {
            self.errors.push(error?.unbind());
        }
        Ok(())
    }

    /// A dependency mentioned again reports its subtree's errors again.
    pub(super) fn repeat_errors(&mut self, py: Python<'_>, plan: &Compiled, of: usize) {
        let before = self.errors.len();
        if before == 0 {
            return;
        }
        if let Some(Node::Step(step)) = plan.nodes.get(of) {
            let again = self.marks.get(step.subtree).copied().unwrap_or(0)
                ..self.marks.get(of + 1).copied().unwrap_or(before);
            let repeated: Vec<_> = self
                .errors
                .get(again)
                .unwrap_or_default()
                .iter()
                .map(|error| error.clone_ref(py))
                .collect();
            self.errors.extend(repeated);
        }
        self.marks.resize(self.at, 0);
        self.marks.push(before);
    }

    /// Whether a step or what it needs reported errors.
    pub(super) fn has_failed(&self, plan: &Compiled, index: usize) -> bool {
        if self.errors.is_empty() {
            return false;
        }
        let from = match plan.nodes.get(index) {
            Some(Node::Step(step)) => step.subtree,
            Some(Node::Reuse { of, .. }) => return self.has_failed(plan, *of),
            None => return false,
        };
        let start = self.marks.get(from).copied().unwrap_or(0);
        let end = self
            .marks
            .get(index + 1)
            .copied()
            .unwrap_or(self.errors.len());
        end > start
    }

    /// Whether anything was found to be invalid.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What was found to be invalid.
    pub(super) fn found_errors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.errors.iter().map(|error| error.bind(py)))
    }

    /// The exception that it deserves.
    pub(super) fn invalid(&self, py: Python<'_>) -> PyResult<PyErr> {
        let plan = self.compiled();
        let errors = self.found_errors(py)?;
        let body = self.body(py, &plan)?;
        Ok(PyErr::from_value(
            plan.hooks.invalid.bind(py).call1((errors, body))?,
        ))
    }
}
