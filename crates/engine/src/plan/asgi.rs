//! A plan as an awaitable of its response: its ASGI form, on whatever loop and server.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};

use super::encoder::{self, Encoder};
use super::execution::{Advance, Execution};
use crate::runner::{Around, Progress, Work};

/// A plan on its way to a response object, or to the bare result where it has no encoder.
pub(super) struct ToResponse {
    execution: Execution,
}

/// What an answer is made of.
pub(super) enum Made<'py> {
    /// JSON, with the status of the route and what was amended.
    Json(Bound<'py, PyBytes>),
    /// A response object, or what else is to be handed back.
    Response(Bound<'py, PyAny>),
}

impl ToResponse {
    pub(super) fn new(execution: Execution) -> Self {
        Self { execution }
    }

    fn advance(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Progress> {
        match self.execution.next_await(py, around, outcome)? {
            Next::Await(awaitable) => Ok(Progress::Await(awaitable)),
            Next::Returned(result) => {
                let response = match self.execution.make(py, around, result.bind(py))? {
                    Made::Json(content) => self.execution.json_response(py, &content)?,
                    Made::Response(response) => response,
                };
                Ok(Progress::Done(Ok(response.unbind())))
            }
        }
    }
}

impl Work for ToResponse {
    fn resume(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress {
        self.advance(py, around, outcome)
            .unwrap_or_else(|error| Progress::Done(Err(error)))
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.execution.traverse(visit)
    }
}

/// Where a turn of the steps ended, in an ASGI form.
pub(super) enum Next {
    Await(Py<PyAny>),
    Returned(Py<PyAny>),
}

impl Execution {
    /// [`advance`](Self::advance) where the awaiting task does everything.
    pub(super) fn next_await(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Next> {
        match self.advance(py, around, outcome)? {
            Advance::Await(awaitable) => Ok(Next::Await(awaitable)),
            Advance::Returned(result) => Ok(Next::Returned(result)),
            Advance::Call(_) | Advance::Invalid => Err(PyRuntimeError::new_err(
                "the pool and errors without an exception belong to the native form",
            )),
        }
    }

    /// Makes the answer of what the handler returned.
    pub(super) fn make<'py>(
        &self,
        py: Python<'py>,
        around: &Around<'_, '_>,
        result: &Bound<'py, PyAny>,
    ) -> PyResult<Made<'py>> {
        let plan = self.compiled();
        if matches!(plan.encoder, Encoder::Nothing) {
            return Ok(Made::Response(result.clone()));
        }
        if self.is_response(py, result)? {
            if let Some(tasks) = &self.background
                && result.getattr("background")?.is_none()
            {
                result.setattr("background", tasks)?;
            }
            return Ok(Made::Response(result.clone()));
        }
        Ok(Made::Json(match &plan.encoder {
            Encoder::Response { encode } => {
                let made = encode.call1(py, (result, &self.response, &self.background))?;
                return Ok(Made::Response(made.into_bound(py)));
            }
            Encoder::Model {
                validate,
                to_json,
                invalid,
                plain,
            } => match encoder::plain_model(result, plain.as_ref(), Vec::new) {
                Some(written) => PyBytes::new(py, &written),
                None => encoder::model_json(py, result, validate, to_json, invalid)?,
            },
            Encoder::Json { fallback, learned } => {
                let mut written = Vec::new();
                encoder::plain_json(py, around, result, fallback, learned, &mut written)?;
                PyBytes::new(py, &written)
            }
            Encoder::Nothing => PyBytes::new(py, b""),
        }))
    }

    /// JSON as a response object.
    pub(super) fn json_response<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let plan = self.compiled();
        let made = (content, plan.status_code, &self.response, &self.background);
        plan.hooks
            .json_response
            .call1(py, made)
            .map(|response| response.into_bound(py))
    }
}
