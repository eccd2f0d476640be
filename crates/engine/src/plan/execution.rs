//! One request on its way through a plan's steps, in either form.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::Plan;
use super::arguments::Arguments;
use super::beside::Beside;
use super::body::{self, Document};
use super::extract::{self, Extracted};
use super::origin::Origin;
use super::spec::{Compiled, Injected, Input, Kind, Node, Step};
use crate::pool::Lane;
use crate::runner::{Around, PoolCall};

/// Where a turn of the steps ended.
pub(super) enum Advance {
    /// A step awaits this.
    Await(Py<PyAny>),
    /// A step waits for the pool.
    Call(PoolCall),
    /// The path operation has returned.
    Returned(Py<PyAny>),
    /// It was not called, for parameters are invalid (in the native form).
    Invalid,
}

/// A request's state between steps.
pub(super) struct Execution {
    pub(super) plan: Py<Plan>,
    pub(super) origin: Origin,
    pub(super) document: Document,
    pub(super) slots: Vec<Option<Py<PyAny>>>,
    pub(super) errors: Vec<Py<PyAny>>,
    /// How many errors there were before each step; filled from the first error on.
    pub(super) marks: Vec<usize>,
    request: Option<Py<PyAny>>,
    pub(super) response: Option<Py<PyAny>>,
    pub(super) background: Option<Py<PyAny>>,
    pub(super) exits: Option<Py<PyAny>>,
    /// The step that comes next, or the one that is being waited for.
    pub(super) at: usize,
    /// For how many steps it waits; more than one are fused.
    waiting: usize,
    started: bool,
    pub(super) beside: Beside,
}

impl Execution {
    pub(super) fn new(plan: Py<Plan>, origin: Origin) -> Self {
        Self {
            plan,
            origin,
            document: Document::Missing,
            slots: Vec::new(),
            errors: Vec::new(),
            marks: Vec::new(),
            request: None,
            response: None,
            background: None,
            exits: None,
            at: 0,
            waiting: 0,
            started: false,
            beside: Beside::default(),
        }
    }

    /// Shows the garbage collector what this holds.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.plan)?;
        self.origin.traverse(visit)?;
        self.document.traverse(visit)?;
        self.slots.iter().try_for_each(|value| visit.call(value))?;
        self.errors.iter().try_for_each(|error| visit.call(error))?;
        visit.call(&self.request)?;
        visit.call(&self.response)?;
        visit.call(&self.background)?;
        visit.call(&self.exits)
    }

    /// The plan that is run.
    pub(super) fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.plan.get().compiled)
    }

    /// Goes on from a wait that ended with `outcome`, to the next one or to the end.
    ///
    /// # Errors
    /// What a step raised, or the exception that invalid parameters deserve.
    pub(super) fn advance(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Advance> {
        let mut plan = self.compiled();
        if let Some(outcome) = outcome {
            let value = outcome?;
            if self.beside.is_joining() {
                self.keep_joined(py, &plan, &value)?;
            } else if self.waiting > 0
                && let Some(returned) = self.finish(py, &plan, value)?
            {
                return Ok(Advance::Returned(returned));
            }
        }
        if !self.started {
            self.started = true;
            self.slots.resize_with(plan.slots, || None);
            if plan.reads_json {
                self.document = self.plan.get().json.read(py, &plan, &self.origin)?;
            }
        }
        let mut is_new = false;
        while let Some(node) = plan.nodes.get(self.at) {
            // One that has just taken over is right, whatever its provider says if asked again.
            let takes_over = std::mem::take(&mut is_new);
            if !takes_over
                && let Some(asks) = node.asks()
                && self.look_again(py, around, asks)?
            {
                plan = self.compiled();
                is_new = true;
                continue;
            }
            match node {
                Node::Reuse { of, .. } => {
                    self.repeat_errors(py, &plan, *of);
                    self.at += 1;
                }
                Node::Step(step) => {
                    let fused = self.fused(py, around, &plan, step)?;
                    let advance = match fused {
                        None => self.step(py, around, &plan, step)?,
                        fused => fused,
                    };
                    if let Some(advance) = advance {
                        return Ok(advance);
                    }
                }
            }
        }
        Err(PyRuntimeError::new_err(
            "the plan ended without its path operation",
        ))
    }

    /// Prepares and makes one call; `None` when it is over already.
    fn step(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        plan: &Compiled,
        step: &Step,
    ) -> PyResult<Option<Advance>> {
        if !step.joins.is_empty()
            && let Some(joining) = self.join(py, around, plan, step)?
        {
            return Ok(Some(joining));
        }
        let before = self.errors.len();
        if before > 0 {
            self.marks.resize(self.at, 0);
            self.marks.push(before);
        }
        let arguments = self.arguments(py, around, plan, step)?;
        let is_last = self.at + 1 == plan.nodes.len();
        if is_last && !self.errors.is_empty() {
            if matches!(self.origin, Origin::Native { .. }) {
                return Ok(Some(Advance::Invalid));
            }
            return Err(self.invalid(py)?);
        }
        let blocked = self.errors.len() > before
            || step
                .after
                .iter()
                .any(|&needed| self.has_failed(plan, needed));
        if blocked {
            self.marks.resize(self.at, 0);
            self.marks.push(before);
            self.at += 1;
            return Ok(None);
        }
        if let Some(waits) = &step.together {
            around.enter()?;
            self.begin(py, plan, step, waits, &arguments)?;
            self.at += 1;
            return Ok(None);
        }
        self.wait_for(1);
        let is_parked = step.kind == Kind::Function && !self.waits_in_task(step);
        if !is_parked {
            around.enter()?;
        }
        match step.kind {
            Kind::Coroutine => arguments.call(py, &step.call).map(Advance::Await).map(Some),
            Kind::Inline => {
                let value = arguments.call(py, &step.call)?;
                Ok(self.finish_step(plan, value).map(Advance::Returned))
            }
            Kind::Function => self.function(py, plan, step, arguments).map(Some),
            Kind::Generator => self.generator(py, plan, step, &arguments).map(Some),
        }
    }

    pub(super) fn wait_for(&mut self, steps: usize) {
        self.waiting = steps;
    }

    /// A wait is over: keeps what came of it, which is the result if nothing is left to do.
    fn finish(
        &mut self,
        py: Python<'_>,
        plan: &Compiled,
        value: Py<PyAny>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let steps = std::mem::take(&mut self.waiting);
        if steps == 1 {
            return Ok(self.finish_step(plan, value));
        }
        let results = value.into_bound(py).cast_into::<PyTuple>()?;
        Ok(self.finish_fused(plan, steps, &results))
    }

    /// Keeps a step's value; the last step's is the result.
    fn finish_step(&mut self, plan: &Compiled, value: Py<PyAny>) -> Option<Py<PyAny>> {
        self.waiting = 0;
        let node = plan.nodes.get(self.at);
        self.at += 1;
        if self.at == plan.nodes.len() {
            return Some(value);
        }
        self.keep(node, value);
        None
    }

    /// Leaves the value of a step in its slot.
    pub(super) fn keep(&mut self, node: Option<&Node>, value: Py<PyAny>) {
        if let Some(Node::Step(Step {
            slot: Some(slot), ..
        })) = node
            && let Some(kept) = self.slots.get_mut(*slot)
        {
            *kept = Some(value);
        }
    }

    /// Whether a `def` function is awaited by the task, because cancel scopes may be about it.
    fn waits_in_task(&self, step: &Step) -> bool {
        step.is_below_scopes || matches!(self.origin, Origin::Asgi(_))
    }

    fn function(
        &mut self,
        py: Python<'_>,
        plan: &Compiled,
        step: &Step,
        arguments: Arguments,
    ) -> PyResult<Advance> {
        if self.waits_in_task(step) {
            let values = arguments.to_dict(py)?;
            return plan
                .hooks
                .run_in_thread
                .call1(py, (&step.call, values))
                .map(Advance::Await);
        }
        let function = step.call.clone_ref(py);
        Ok(Advance::Call(PoolCall {
            call: Box::new(move |py| arguments.call(py, &function)),
            lane: Lane::Normal,
            pace: Arc::clone(&step.pace),
        }))
    }

    fn generator(
        &mut self,
        py: Python<'_>,
        plan: &Compiled,
        step: &Step,
        arguments: &Arguments,
    ) -> PyResult<Advance> {
        let exits = self.exits(py, plan)?;
        let values = arguments.to_dict(py)?;
        let entering = (exits, &step.scope_name, &step.kind_name, &step.call, values);
        plan.hooks.enter.call1(py, entering).map(Advance::Await)
    }

    /// The holder of what has to be left at the end.
    pub(super) fn exits(&mut self, py: Python<'_>, plan: &Compiled) -> PyResult<Py<PyAny>> {
        if let Some(exits) = &self.exits {
            return Ok(exits.clone_ref(py));
        }
        let exits = plan.hooks.new_exits.call0(py)?;
        self.exits = Some(exits.clone_ref(py));
        Ok(exits)
    }

    /// Everything the step is called with; errors found on the way are kept.
    fn arguments(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        plan: &Compiled,
        step: &Step,
    ) -> PyResult<Arguments> {
        let mut values = Vec::with_capacity(step.inputs.len());
        let mut gathered: Option<Bound<'_, PyDict>> = None;
        for input in &step.inputs {
            if let Input::Gather(extract) = input {
                around.enter()?;
                let more = self.gather(py, plan, extract)?;
                match &gathered {
                    Some(known) => known.update(more.as_mapping())?,
                    None => gathered = Some(more),
                }
                continue;
            }
            match self.input(py, around, plan, input)? {
                Ok(value) => values.push(value.unbind()),
                Err(errors) => {
                    self.report(&errors)?;
                    values.push(py.None());
                }
            }
        }
        let keywords = step.keywords.clone_ref(py);
        Ok(Arguments::new(
            values,
            keywords,
            gathered.map(Bound::unbind),
        ))
    }

    /// The value of one input, or its errors.
    pub(super) fn input<'py>(
        &mut self,
        py: Python<'py>,
        around: &Around<'_, '_>,
        plan: &Compiled,
        input: &Input,
    ) -> PyResult<Extracted<'py>> {
        Ok(match input {
            Input::Param(param) => extract::param(py, around, &self.origin, param)?,
            Input::BodyField(field) => body::field(py, around, &self.document, field)?,
            Input::FromSlot(slot) => Ok(self.slot(py, *slot)),
            Input::Inject(what) => Ok(self.injected(py, plan, *what)?.into_bound(py)),
            Input::Constant(value) => Ok(value.bind(py).clone()),
            Input::Gather(_) => {
                return Err(PyRuntimeError::new_err("what is gathered is no one input"));
            }
        })
    }

    fn gather<'py>(
        &mut self,
        py: Python<'py>,
        plan: &Compiled,
        extract: &Py<PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let request = self.injected(py, plan, Injected::Request)?;
        let body = match self.body(py, plan)? {
            Some(body) => body,
            None => self.plan.get().undefined(py)?.clone(),
        };
        let found = extract.bind(py).call1((request, body))?;
        let (values, errors): (Bound<'_, PyDict>, Bound<'_, PyAny>) = found.extract()?;
        self.report(&errors)?;
        Ok(values)
    }

    /// The form or the document, as those see it who are shown the whole body.
    pub(super) fn body<'py>(
        &self,
        py: Python<'py>,
        plan: &Compiled,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(slot) = plan.form_slot {
            return Ok(Some(self.slot(py, slot)));
        }
        Ok(match &self.document {
            Document::Missing => None,
            Document::Parsed(document) => Some(document.bind(py).clone()),
            Document::Validated(_) => {
                let json = &self.plan.get().json;
                Some(json.reread(py, plan, &self.origin)?.into_bound(py))
            }
        })
    }

    fn slot<'py>(&self, py: Python<'py>, slot: usize) -> Bound<'py, PyAny> {
        let value = self.slots.get(slot).and_then(Option::as_ref);
        value.map_or_else(|| py.None().into_bound(py), |value| value.bind(py).clone())
    }

    fn injected(&mut self, py: Python<'_>, plan: &Compiled, what: Injected) -> PyResult<Py<PyAny>> {
        let known = match what {
            Injected::Request => &mut self.request,
            Injected::Response => &mut self.response,
            Injected::BackgroundTasks => &mut self.background,
        };
        if let Some(object) = known {
            return Ok(object.clone_ref(py));
        }
        let made = match what {
            Injected::Request => self.origin.request(py, &plan.hooks.new_request)?,
            Injected::Response => plan.hooks.new_response.call0(py)?,
            Injected::BackgroundTasks => plan.hooks.new_background_tasks.call0(py)?,
        };
        *known = Some(made.clone_ref(py));
        Ok(made)
    }

    /// The request object, for those who handle a failure.
    pub(super) fn request(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let plan = self.compiled();
        self.injected(py, &plan, Injected::Request)
    }

    /// Whether Python runs after the answer, or before it beside the plan's steps.
    pub(super) fn has_more_to_do(&self) -> bool {
        self.exits.is_some() || self.background.is_some()
    }

    /// Whether a handler's result is a response already.
    pub(super) fn is_response(&self, py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<bool> {
        let compiled = &self.plan.get().compiled;
        // The common results are none, and cost no look-up.
        if compiled.encoder.is_meant_for(result) {
            return Ok(false);
        }
        result.is_instance(compiled.hooks.is_response.bind(py))
    }
}
