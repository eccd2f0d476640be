//! What a compiled route holds, for the garbage collector.
//!
//! A plan holds its application's functions, and these, by way of modules and closures, hold the
//! application and its routes. Without this, an application that is given up stays for good.

use pyo3::{PyTraverseError, PyVisit};

use super::encoder::Encoder;
use super::spec::{Compiled, Field, Hooks, Input, Node};

type Visited = Result<(), PyTraverseError>;

impl Compiled {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Visited {
        for node in &self.nodes {
            let Node::Step(step) = node else { continue };
            visit.call(&step.call)?;
            visit.call(step.fused.as_ref().map(|fused| &fused.call))?;
            step.inputs
                .iter()
                .try_for_each(|input| input.traverse(visit))?;
        }
        if let Some(direct) = &self.direct {
            visit.call(&direct.validate)?;
        }
        self.encoder.traverse(visit)?;
        self.hooks.traverse(visit)
    }
}

impl Input {
    fn traverse(&self, visit: &PyVisit<'_>) -> Visited {
        match self {
            Self::Param(param) => param.field.traverse(visit),
            Self::BodyField(body) => {
                visit.call(&body.validate_json)?;
                body.plain
                    .iter()
                    .try_for_each(|plain| plain.traverse(visit))?;
                body.field.traverse(visit)
            }
            Self::Gather(object) | Self::Constant(object) => visit.call(object),
            Self::FromSlot(_) | Self::Inject(_) => Ok(()),
        }
    }
}

impl Field {
    fn traverse(&self, visit: &PyVisit<'_>) -> Visited {
        visit.call(&self.default)?;
        self.validate.traverse(visit)?;
        visit.call(&self.explain)
    }
}

impl Encoder {
    fn traverse(&self, visit: &PyVisit<'_>) -> Visited {
        match self {
            Self::Json { fallback, learned } => {
                visit.call(fallback)?;
                learned.traverse(visit)
            }
            Self::Model {
                validate,
                to_json,
                invalid,
                plain,
            } => {
                validate.traverse(visit)?;
                to_json.traverse(visit)?;
                plain.iter().try_for_each(|plain| plain.traverse(visit))?;
                visit.call(invalid)
            }
            Self::Response { encode } => visit.call(encode),
            Self::Nothing => Ok(()),
        }
    }
}

impl Hooks {
    fn traverse(&self, visit: &PyVisit<'_>) -> Visited {
        let all = [
            &self.parse_body,
            &self.invalid,
            &self.new_request,
            &self.new_response,
            &self.new_background_tasks,
            &self.new_exits,
            &self.enter,
            &self.begin,
            &self.join,
            &self.run_in_thread,
            &self.background,
            &self.is_response,
            &self.json_response,
        ];
        all.into_iter().try_for_each(|hook| visit.call(hook))
    }
}
