//! Reads a `PlanSpec` (python/jebi/_plan.py) into what requests run.
//!
//! This is the only place that knows the description's attribute names; a mistake in it is found
//! here, when the route is declared.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::converter::Converter;
use super::encoder::Encoder;
use super::fused::{self, Fused};
use super::scalar::Scalar;
use crate::decode::Plain;
use crate::pool::Pace;

/// Something that has to be called with a value.
pub(super) type Callback = Py<PyAny>;

/// Where in a request a parameter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Location {
    Path,
    Query,
    Header,
    Cookie,
}

/// What is done with a value that was found, and what if it was not.
pub(super) struct Field {
    pub(super) required: bool,
    pub(super) default: Callback,
    pub(super) validates_default: bool,
    pub(super) validate: Converter,
    pub(super) explain: Callback,
}

/// One path, query, header or cookie parameter.
pub(super) struct Param {
    pub(super) location: Location,
    /// `location` as the first part of an error's `loc`.
    pub(super) location_name: Py<PyAny>,
    pub(super) aliases: Vec<String>,
    pub(super) sequence: bool,
    pub(super) scalar: Option<Scalar>,
    pub(super) field: Field,
}

/// One field of a JSON body.
pub(super) struct BodyField {
    /// The member to take; `None` for the whole document.
    pub(super) key: Option<Py<PyAny>>,
    /// Validates the document's bytes, where that comes to the same.
    pub(super) validate_json: Option<Py<PyAny>>,
    /// What such a document is made of, if it is plain.
    pub(super) plain: Option<Arc<Plain>>,
    pub(super) location: Py<PyAny>,
    pub(super) field: Field,
}

/// Something of the request itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Injected {
    Request,
    Response,
    BackgroundTasks,
}

/// Where an argument comes from.
pub(super) enum Input {
    Param(Param),
    BodyField(BodyField),
    Gather(Callback),
    FromSlot(usize),
    Inject(Injected),
    Constant(Py<PyAny>),
}

/// How a step's call is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Coroutine,
    Function,
    /// Entered through the spec's `enter`, whichever generator it is.
    Generator,
    Inline,
}

/// One call of a plan.
pub(super) struct Step {
    pub(super) call: Callback,
    pub(super) kind: Kind,
    /// An asynchronous generator is entered before it in the same task, and its cancel scopes are open.
    pub(super) is_below_scopes: bool,
    /// `kind` and `scope` as the description has them, for `enter`.
    pub(super) kind_name: Py<PyAny>,
    pub(super) scope_name: Py<PyAny>,
    pub(super) inputs: Vec<Input>,
    /// The keywords of the inputs, in their order; a `Gather` has none.
    pub(super) keywords: Py<PyTuple>,
    pub(super) slot: Option<usize>,
    pub(super) after: Vec<usize>,
    /// The first step of this one's subtree, which ends here.
    pub(super) subtree: usize,
    /// Set on steps that are begun and not waited for: what of those under way they need, for
    /// `begin`.
    pub(super) together: Option<Py<PyAny>>,
    /// Steps under way that must be over before this one, in their order.
    pub(super) joins: Vec<usize>,
    /// Set where a dependency was looked up before this step: by what name it asks about that.
    pub(super) asks: Option<usize>,
    /// Set where a coroutine may take this and the steps behind it at once.
    pub(super) fused: Option<Fused>,
    pub(super) pace: Arc<Pace>,
}

/// A step, or another mention of one.
pub(super) enum Node {
    Step(Step),
    Reuse { of: usize, asks: Option<usize> },
}

impl Node {
    /// Set where a dependency was looked up before this.
    pub(super) fn asks(&self) -> Option<usize> {
        match self {
            Self::Step(step) => step.asks,
            Self::Reuse { asks, .. } => *asks,
        }
    }
}

/// The callbacks of a spec.
pub(super) struct Hooks {
    pub(super) parse_body: Callback,
    pub(super) invalid: Callback,
    pub(super) new_request: Callback,
    pub(super) new_response: Callback,
    pub(super) new_background_tasks: Callback,
    pub(super) new_exits: Callback,
    pub(super) enter: Callback,
    pub(super) begin: Callback,
    pub(super) join: Callback,
    pub(super) run_in_thread: Callback,
    pub(super) background: Callback,
    pub(super) is_response: Callback,
    pub(super) json_response: Callback,
}

/// What makes of a body's bytes what the path operation gets.
pub(super) struct Direct {
    pub(super) validate: Py<PyAny>,
    /// Asked before, if the body is plain.
    pub(super) plain: Option<Arc<Plain>>,
}

/// A route, compiled.
pub(crate) struct Compiled {
    pub(super) nodes: Vec<Node>,
    pub(super) slots: usize,
    /// What validates a body from its bytes, when nothing else looks at the document.
    pub(super) direct: Option<Direct>,
    pub(super) reads_json: bool,
    pub(super) form_slot: Option<usize>,
    pub(super) strict_content_type: bool,
    pub(super) encoder: Encoder,
    pub(super) status_code: Option<u16>,
    /// Invalid parameters are answered without an exception where no Python has to know.
    pub(super) answers_invalid: bool,
    pub(super) hooks: Hooks,
}

impl Compiled {
    /// Reads a description.
    ///
    /// # Errors
    /// `AttributeError`, `TypeError` or `ValueError` when it is not one.
    pub(super) fn read(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        let slots: usize = spec.getattr("slots")?.extract()?;
        let mut nodes = Vec::new();
        for step in spec.getattr("steps")?.try_iter()? {
            nodes.push(node(&step?, &nodes, slots)?);
        }
        fused::read(spec, &mut nodes)?;
        let direct = direct_body(&nodes, spec.py());
        if !matches!(nodes.last(), Some(Node::Step(_))) {
            return Err(PyValueError::new_err(
                "the last step of a plan is its path operation",
            ));
        }
        Ok(Self {
            nodes,
            slots,
            direct,
            reads_json: spec.getattr("reads")?.extract::<String>()? == "json",
            form_slot: checked_slot(&spec.getattr("form_slot")?, slots)?,
            strict_content_type: spec.getattr("strict_content_type")?.extract()?,
            encoder: Encoder::read(&spec.getattr("encoder")?)?,
            status_code: spec.getattr("status_code")?.extract()?,
            answers_invalid: spec.getattr("answers_invalid")?.extract()?,
            hooks: Hooks::read(spec)?,
        })
    }
}

impl Hooks {
    fn read(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        let get = |name: &str| spec.getattr(name).map(Bound::unbind);
        Ok(Self {
            parse_body: get("parse_body")?,
            invalid: get("invalid")?,
            new_request: get("new_request")?,
            new_response: get("new_response")?,
            new_background_tasks: get("new_background_tasks")?,
            new_exits: get("new_exits")?,
            enter: get("enter")?,
            begin: get("begin")?,
            join: get("join")?,
            run_in_thread: get("run_in_thread")?,
            background: get("background")?,
            is_response: get("is_response")?,
            json_response: get("json_response")?,
        })
    }
}

/// What validates the body from its bytes: of the only input that sees the body, if it can.
fn direct_body(nodes: &[Node], py: Python<'_>) -> Option<Direct> {
    let steps = nodes.iter().filter_map(|node| match node {
        Node::Step(step) => Some(step),
        Node::Reuse { .. } => None,
    });
    let mut seeing = steps
        .flat_map(|step| &step.inputs)
        .filter(|input| matches!(input, Input::BodyField(_) | Input::Gather(_)));
    match (seeing.next(), seeing.next()) {
        (Some(Input::BodyField(field)), None) => {
            let validate = field.validate_json.as_ref()?;
            Some(Direct {
                validate: validate.clone_ref(py),
                plain: field.plain.clone(),
            })
        }
        _ => None,
    }
}

/// The name of a description's class, which tells what it describes.
pub(super) fn class_name(described: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(described.get_type().name()?.to_string())
}

fn node(described: &Bound<'_, PyAny>, before: &[Node], slots: usize) -> PyResult<Node> {
    if class_name(described)? == "Reuse" {
        let of = earlier(described.getattr("of")?.extract()?, before)?;
        let asks = described.getattr("asks")?.extract()?;
        return Ok(Node::Reuse { of, asks });
    }
    let py = described.py();
    let kind = described.getattr("kind")?;
    let after = described.getattr("after")?.extract::<Vec<usize>>()?;
    let mut subtree = before.len();
    for &index in &after {
        earlier(index, before)?;
        if let Some(Node::Step(step)) = before.get(index) {
            subtree = subtree.min(step.subtree);
        }
    }
    let mut inputs = Vec::new();
    let mut keywords = Vec::new();
    for described in described.getattr("inputs")?.try_iter()? {
        let described = described?;
        let input = input(&described, slots)?;
        if !matches!(input, Input::Gather(_)) {
            keywords.push(described.getattr("name")?);
        }
        inputs.push(input);
    }
    Ok(Node::Step(Step {
        call: described.getattr("call")?.unbind(),
        kind: read_kind(&kind)?,
        is_below_scopes: opens_scopes(py, before)?,
        kind_name: kind.unbind(),
        scope_name: described.getattr("scope")?.unbind(),
        inputs,
        keywords: PyTuple::new(py, keywords)?.unbind(),
        slot: checked_slot(&described.getattr("slot")?, slots)?,
        after,
        subtree,
        together: together(described)?,
        joins: joined(described, before)?,
        asks: described.getattr("asks")?.extract()?,
        fused: None,
        pace: Arc::new(Pace::default()),
    }))
}

/// Whether one of these steps is an asynchronous generator that the request's own task enters.
fn opens_scopes(py: Python<'_>, nodes: &[Node]) -> PyResult<bool> {
    for node in nodes {
        if let Node::Step(step) = node
            && step.together.is_none()
            && step.kind_name.bind(py).eq("async_generator")?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a step that is not waited for needs of those under way; `None` for any other step.
fn together(described: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let is_together: bool = described.getattr("together")?.extract()?;
    let waits = described.getattr("waits")?;
    Ok(is_together.then(|| waits.unbind()))
}

/// The steps under way that a step waits for.
fn joined(described: &Bound<'_, PyAny>, before: &[Node]) -> PyResult<Vec<usize>> {
    let joins = described.getattr("joins")?.extract::<Vec<usize>>()?;
    for &index in &joins {
        match before.get(index) {
            Some(Node::Step(step)) if step.together.is_some() => {}
            _ => {
                return Err(PyValueError::new_err(format!(
                    "step {} waits for step {index}, which is not under way",
                    before.len()
                )));
            }
        }
    }
    Ok(joins)
}

fn earlier(index: usize, before: &[Node]) -> PyResult<usize> {
    if index < before.len() {
        return Ok(index);
    }
    Err(PyValueError::new_err(format!(
        "step {} needs step {index}, which comes later",
        before.len()
    )))
}

fn checked_slot(slot: &Bound<'_, PyAny>, slots: usize) -> PyResult<Option<usize>> {
    match slot.extract::<Option<usize>>()? {
        Some(slot) if slot >= slots => Err(PyValueError::new_err(format!(
            "slot {slot} of a plan with {slots} slots"
        ))),
        slot => Ok(slot),
    }
}

fn read_kind(kind: &Bound<'_, PyAny>) -> PyResult<Kind> {
    Ok(match kind.extract::<&str>()? {
        "coroutine" => Kind::Coroutine,
        "function" => Kind::Function,
        "generator" | "async_generator" => Kind::Generator,
        "inline" => Kind::Inline,
        other => {
            return Err(PyValueError::new_err(format!(
                "unknown kind of step: {other}"
            )));
        }
    })
}

fn input(described: &Bound<'_, PyAny>, slots: usize) -> PyResult<Input> {
    Ok(match class_name(described)?.as_str() {
        "Param" => Input::Param(param(described)?),
        "BodyField" => Input::BodyField(BodyField {
            key: described.getattr("key")?.extract()?,
            validate_json: described.getattr("validate_json")?.extract()?,
            plain: match described.getattr("plain")? {
                plain if plain.is_none() => None,
                plain => Some(Arc::new(Plain::describe(&plain)?)),
            },
            location: described.getattr("location")?.unbind(),
            field: field(described)?,
        }),
        "Gather" => Input::Gather(described.getattr("extract")?.unbind()),
        "FromSlot" => Input::FromSlot(
            checked_slot(&described.getattr("slot")?, slots)?
                .ok_or_else(|| PyTypeError::new_err("FromSlot without a slot"))?,
        ),
        "Inject" => Input::Inject(match described.getattr("what")?.extract::<&str>()? {
            "request" => Injected::Request,
            "response" => Injected::Response,
            "background_tasks" => Injected::BackgroundTasks,
            other => return Err(PyValueError::new_err(format!("cannot inject {other}"))),
        }),
        "Constant" => Input::Constant(described.getattr("value")?.unbind()),
        other => {
            return Err(PyTypeError::new_err(format!(
                "unknown input of a step: {other}"
            )));
        }
    })
}

fn param(described: &Bound<'_, PyAny>) -> PyResult<Param> {
    let location = described.getattr("location")?;
    let aliases: Vec<String> = described.getattr("aliases")?.extract()?;
    if aliases.is_empty() {
        return Err(PyValueError::new_err(
            "a parameter has at least one name in the request",
        ));
    }
    Ok(Param {
        location: match location.extract::<&str>()? {
            "path" => Location::Path,
            "query" => Location::Query,
            "header" => Location::Header,
            "cookie" => Location::Cookie,
            other => return Err(PyValueError::new_err(format!("unknown location: {other}"))),
        },
        location_name: location.unbind(),
        aliases,
        sequence: described.getattr("sequence")?.extract()?,
        scalar: match described.getattr("scalar")?.extract::<Option<&str>>()? {
            None => None,
            Some(name) => Some(Scalar::named(name)?),
        },
        field: field(described)?,
    })
}

fn field(described: &Bound<'_, PyAny>) -> PyResult<Field> {
    Ok(Field {
        required: described.getattr("required")?.extract()?,
        default: described.getattr("default")?.unbind(),
        validates_default: described.getattr("validates_default")?.extract()?,
        validate: Converter::read(&described.getattr("validate")?)?,
        explain: described.getattr("explain")?.unbind(),
    })
}
