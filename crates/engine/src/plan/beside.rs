//! Steps that are under way beside one another: `Depends(parallel=True)`.
//!
//! Such a step is begun where its turn comes, in a task of its own, and the plan goes on; the steps
//! that have to wait for it name it. The tasks are Python's affair (jebi.dependencies.together).

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::arguments::Arguments;
use super::execution::{Advance, Execution};
use super::spec::{Compiled, Node, Step};
use crate::runner::Around;

/// What an execution knows of the steps that it began and did not wait for.
#[derive(Default)]
pub(super) struct Beside {
    begun: bool,
    joining: bool,
    /// One more than the step whose wait is over.
    joined: usize,
}

impl Beside {
    /// Whether the execution waits for such steps, and not for a call of its own.
    pub(super) fn is_joining(&self) -> bool {
        self.joining
    }

    /// Another plan goes on, and its step may have to wait for others.
    pub(super) fn wait_again(&mut self) {
        self.joined = 0;
    }
}

impl Execution {
    /// Begins a step in a task of its own.
    pub(super) fn begin(
        &mut self,
        py: Python<'_>,
        plan: &Compiled,
        step: &Step,
        waits: &Py<PyAny>,
        arguments: &Arguments,
    ) -> PyResult<()> {
        let exits = self.exits(py, plan)?;
        let (scope, kind, call) = (&step.scope_name, &step.kind_name, &step.call);
        let values = arguments.to_dict(py)?;
        let beginning = (exits, self.at, scope, kind, call, values, waits);
        plan.hooks.begin.call1(py, beginning)?;
        self.beside.begun = true;
        Ok(())
    }

    /// The wait for those that `step` waits for, unless it is over or there are none.
    pub(super) fn join(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        plan: &Compiled,
        step: &Step,
    ) -> PyResult<Option<Advance>> {
        if !self.beside.begun || self.beside.joined > self.at {
            return Ok(None);
        }
        around.enter()?;
        let exits = self.exits(py, plan)?;
        let indices = PyTuple::new(py, &step.joins)?;
        let joining = plan.hooks.join.call1(py, (exits, indices))?;
        self.beside.joining = true;
        Ok(Some(Advance::Await(joining)))
    }

    /// Keeps what those came to that the next step waited for.
    pub(super) fn keep_joined(
        &mut self,
        py: Python<'_>,
        plan: &Compiled,
        values: &Py<PyAny>,
    ) -> PyResult<()> {
        self.beside.joining = false;
        self.beside.joined = self.at + 1;
        if let Some(Node::Step(step)) = plan.nodes.get(self.at) {
            for (&index, value) in step.joins.iter().zip(values.bind(py).try_iter()?) {
                self.keep(plan.nodes.get(index), value?.unbind());
            }
        }
        Ok(())
    }
}
