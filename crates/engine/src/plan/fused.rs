//! Steps that one coroutine awaits in their order.
//!
//! Where `async def` steps follow one another, Python goes from one to the next at half of what it costs
//! to come back here between. Python makes the coroutine ([`jebi.dependencies.fuse`]) and says which steps
//! may be fused: their arguments are results, values of the request whose conversion runs no code of the
//! application's, and what is known before. So it makes no difference that they are all looked for first.
//! Where one of them is invalid, the steps are taken one by one, and report what is wrong.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::arguments::Arguments;
use super::execution::{Advance, Execution};
use super::spec::{Callback, Compiled, Input, Node, Step};
use crate::runner::Around;

/// A coroutine function in the place of several steps.
pub(super) struct Fused {
    /// Returns the results of the steps, in their order.
    pub(super) call: Callback,
    /// How many nodes it stands for, the one that holds this among them.
    length: usize,
    /// What it is called with: nodes and which of their inputs, in their order.
    arguments: Vec<(usize, usize)>,
}

/// Reads what a `PlanSpec` has fused into the nodes that it begins at.
///
/// # Errors
/// `ValueError` where there are no such steps.
pub(super) fn read(spec: &Bound<'_, PyAny>, nodes: &mut [Node]) -> PyResult<()> {
    for described in spec.getattr("fused")?.try_iter()? {
        let described = described?;
        let first: usize = described.getattr("first")?.extract()?;
        let length: usize = described.getattr("length")?.extract()?;
        let end = first.saturating_add(length);
        let fused = nodes.get(first..end).filter(|fused| fused.len() > 1);
        let arguments = fused.map(|fused| outer_inputs(first, fused));
        let (Some(Node::Step(step)), Some(arguments)) = (nodes.get_mut(first), arguments) else {
            let text = format!("no {length} steps from step {first} on");
            return Err(PyValueError::new_err(text));
        };
        step.fused = Some(Fused {
            call: described.getattr("call")?.unbind(),
            length,
            arguments,
        });
    }
    Ok(())
}

/// The inputs of these nodes, the first of which is number `first`, but for one another's results.
fn outer_inputs(first: usize, nodes: &[Node]) -> Vec<(usize, usize)> {
    let mut inner = Vec::new();
    let mut outer = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let Node::Step(step) = node else { continue };
        for (place, input) in step.inputs.iter().enumerate() {
            if !matches!(input, Input::FromSlot(slot) if inner.contains(slot)) {
                outer.push((first + index, place));
            }
        }
        inner.extend(step.slot);
    }
    outer
}

impl Execution {
    /// Awaits the steps that are fused with this one; `None` where they have to be taken one by one.
    pub(super) fn fused(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        plan: &Compiled,
        step: &Step,
    ) -> PyResult<Option<Advance>> {
        let Some(fused) = step.fused.as_ref().filter(|_| !self.has_errors()) else {
            return Ok(None);
        };
        let mut values = Vec::with_capacity(fused.arguments.len());
        for &(node, place) in &fused.arguments {
            let Some(Node::Step(step)) = plan.nodes.get(node) else {
                return Ok(None);
            };
            let Some(input) = step.inputs.get(place) else {
                return Ok(None);
            };
            match self.input(py, around, plan, input)? {
                Ok(value) => values.push(value.unbind()),
                Err(_) => return Ok(None),
            }
        }
        self.wait_for(fused.length);
        around.enter()?;
        let awaitable = Arguments::positional(values).call(py, &fused.call)?;
        Ok(Some(Advance::Await(awaitable)))
    }

    /// Keeps the results of `length` fused steps until the end, as those of others are; the last step's is
    /// the result.
    pub(super) fn finish_fused(
        &mut self,
        plan: &Compiled,
        length: usize,
        results: &Bound<'_, PyTuple>,
    ) -> Option<Py<PyAny>> {
        let nodes = plan
            .nodes
            .get(self.at..self.at + length)
            .unwrap_or_default();
        let steps = nodes.iter().filter(|node| matches!(node, Node::Step(_)));
        let mut last = None;
        for (node, result) in steps.zip(results) {
            self.keep(Some(node), result.clone().unbind());
            last = Some(result.unbind());
        }
        self.at += length;
        last.filter(|_| self.at == plan.nodes.len())
    }
}
