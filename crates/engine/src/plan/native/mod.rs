//! A plan under this server: from a parsed request to the answer's bytes.

mod sending;

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};

use sending::{Sender, Sent};

use super::Plan;
use super::encoder::{self, Encoder, has_body};
use super::execution::{Advance, Execution};
use super::exits::{close, settle};
use super::origin::{Origin, PathParams};
use super::spec::Compiled;
use crate::application::Native;
use crate::encode::json;
use crate::eventloop::leaving;
use crate::exchange::Exchange;
use crate::runner::{Around, Progress, Work};

/// The status of an answer that says what was invalid.
const UNPROCESSABLE: u16 = 422;

/// A request that runs its plan and answers through its exchange.
pub(crate) struct NativeRun {
    application: Arc<Native>,
    exchange: Arc<Exchange>,
    execution: Execution,
    stage: Stage,
}

/// What a run waits for, in the order in which a request passes them.
enum Stage {
    /// The plan's steps.
    Steps,
    /// Exits that come before the answer, which is this.
    ExitsBefore(Answer),
    /// A response that sends itself.
    Sending,
    /// Background tasks.
    Background,
    /// Exits that come after the answer.
    ExitsAfter,
    /// The application's handlers, with an exception.
    Failing,
    /// The response they made, which sends itself; or its background tasks.
    SendingFailure,
    /// Exits that learn of an exception which no answer can tell of any more.
    ExitsFailing,
    /// The application's handler of such an exception.
    FailingLate,
}

/// An answer that is ready to be sent.
enum Answer {
    /// JSON that nobody amended.
    Json(Body),
    /// A response object.
    Response(Py<PyAny>),
}

/// Bytes of an answer, ours or Python's.
enum Body {
    Written(Vec<u8>),
    Python(Py<PyBytes>),
}

impl NativeRun {
    pub(crate) fn new(
        application: Arc<Native>,
        plan: Py<Plan>,
        path: PathParams,
        exchange: Arc<Exchange>,
    ) -> Self {
        let origin = Origin::Native {
            exchange: Arc::clone(&exchange),
            path,
        };
        Self {
            application,
            exchange,
            execution: Execution::new(plan, origin),
            stage: Stage::Steps,
        }
    }

    fn steps(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Progress> {
        match self.execution.advance(py, around, outcome)? {
            Advance::Await(awaitable) => Ok(Progress::Await(awaitable)),
            Advance::Call(call) => Ok(Progress::Call(call)),
            Advance::Invalid => self.invalid(py, around),
            Advance::Returned(result) => {
                let answer = self.encode(py, around, result.bind(py))?;
                if !matches!(answer, Answer::Json(_)) || self.execution.has_more_to_do() {
                    around.enter()?;
                }
                match &self.execution.exits {
                    None => self.send(py, around, answer),
                    Some(exits) => {
                        let closing = close(py, exits, intern!(py, "function").as_any(), None)?;
                        self.stage = Stage::ExitsBefore(answer);
                        Ok(Progress::Await(closing))
                    }
                }
            }
        }
    }

    /// Answers that parameters are invalid: with the list of errors, unless that is the affair of
    /// handlers of the application's own, or of dependencies that have to learn of it.
    fn invalid(&mut self, py: Python<'_>, around: &Around<'_, '_>) -> PyResult<Progress> {
        around.enter()?;
        let compiled = self.execution.compiled();
        if compiled.answers_invalid && self.execution.exits.is_none() {
            let mut body = b"{\"detail\":".to_vec();
            let errors = self.execution.found_errors(py)?;
            if json::write(errors.as_any(), &mut body, None).is_ok() {
                body.push(b'}');
                if self.answer_json(py, UNPROCESSABLE, &body)? {
                    return Ok(Progress::Done(Ok(py.None())));
                }
            }
        }
        Err(self.execution.invalid(py)?)
    }

    /// Makes the answer of what the handler returned.
    fn encode(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        result: &Bound<'_, PyAny>,
    ) -> PyResult<Answer> {
        let plan = self.execution.compiled();
        if self.execution.is_response(py, result)? {
            let background = intern!(py, "background");
            if let Some(tasks) = &self.execution.background
                && result.getattr(background)?.is_none()
            {
                result.setattr(background, tasks)?;
            }
            return Ok(Answer::Response(result.clone().unbind()));
        }
        let body = match &plan.encoder {
            Encoder::Json { fallback, learned } => {
                let mut written = self.application.take_scratch();
                encoder::plain_json(py, around, result, fallback, learned, &mut written)?;
                Body::Written(written)
            }
            Encoder::Model {
                validate,
                to_json,
                invalid,
                plain,
            } => {
                let scratch = || self.application.take_scratch();
                if let Some(written) = encoder::plain_model(result, plain.as_ref(), scratch) {
                    Body::Written(written)
                } else {
                    around.enter()?;
                    let made = encoder::model_json(py, result, validate, to_json, invalid)?;
                    Body::Python(made.unbind())
                }
            }
            Encoder::Response { encode } => {
                around.enter()?;
                let Execution {
                    response,
                    background,
                    ..
                } = &self.execution;
                return encode
                    .call1(py, (result, response, background))
                    .map(Answer::Response);
            }
            Encoder::Nothing => Body::Written(Vec::new()),
        };
        let is_plain = self.execution.response.is_none() && plan.status_code.is_none_or(has_body);
        if is_plain {
            Ok(Answer::Json(body))
        } else {
            around.enter()?;
            self.json_response(py, &plan, &body).map(Answer::Response)
        }
    }

    /// JSON whose status or headers are to be amended, as a response object.
    fn json_response(&self, py: Python<'_>, plan: &Compiled, body: &Body) -> PyResult<Py<PyAny>> {
        let content = match body {
            Body::Written(bytes) => PyBytes::new(py, bytes),
            Body::Python(bytes) => bytes.bind(py).clone(),
        };
        let Execution {
            response,
            background,
            ..
        } = &self.execution;
        let made = (content, plan.status_code, response, background);
        plan.hooks.json_response.call1(py, made)
    }

    /// Sends the answer; what comes after it is awaited from here.
    fn send(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        answer: Answer,
    ) -> PyResult<Progress> {
        let response = match answer {
            Answer::Response(response) => response,
            Answer::Json(body) => {
                let plan = self.execution.compiled();
                let bytes = match &body {
                    Body::Written(written) => written.as_slice(),
                    Body::Python(bytes) => bytes.as_bytes(py),
                };
                if self.answer_json(py, plan.status_code.unwrap_or(200), bytes)? {
                    if let Body::Written(written) = body {
                        self.application.give_back_scratch(written);
                    }
                    let tasks = self.execution.background.as_ref();
                    return self.after_answer(py, tasks.map(|tasks| tasks.clone_ref(py)));
                }
                around.enter()?;
                self.json_response(py, &plan, &body)?
            }
        };
        match self.send_response(py, response.bind(py), Sender::Layers)? {
            Sent::Whole { background } => self.after_answer(py, background),
            Sent::BySelf(sending) => {
                self.stage = Stage::Sending;
                Ok(Progress::Await(sending))
            }
        }
    }

    fn after_answer(
        &mut self,
        py: Python<'_>,
        background: Option<Py<PyAny>>,
    ) -> PyResult<Progress> {
        if let Some(tasks) = background {
            let running = self
                .execution
                .compiled()
                .hooks
                .background
                .call1(py, (tasks,))?;
            self.stage = Stage::Background;
            return Ok(Progress::Await(running));
        }
        self.exits_after(py)
    }

    fn exits_after(&mut self, py: Python<'_>) -> PyResult<Progress> {
        let Some(exits) = &self.execution.exits else {
            return Ok(Progress::Done(Ok(py.None())));
        };
        let closing = close(py, exits, intern!(py, "request").as_any(), None)?;
        self.stage = Stage::ExitsAfter;
        Ok(Progress::Await(closing))
    }

    /// Goes on from `outcome` in whatever stage this is; errors are failures of the request.
    fn advance(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Progress> {
        if !matches!(self.stage, Stage::Steps) {
            around.enter()?;
        }
        match std::mem::replace(&mut self.stage, Stage::Steps) {
            Stage::Steps => self.steps(py, around, outcome),
            Stage::ExitsBefore(answer) => {
                settle(py, outcome)?;
                self.send(py, around, answer)
            }
            Stage::Sending | Stage::Background => {
                settle(py, outcome)?;
                self.exits_after(py)
            }
            Stage::ExitsAfter | Stage::ExitsFailing => {
                settle(py, outcome)?;
                Ok(Progress::Done(Ok(py.None())))
            }
            Stage::FailingLate => {
                self.stage = Stage::FailingLate;
                let error = outcome.unwrap_or_else(|| Ok(py.None()))?;
                Err(PyErr::from_value(error.into_bound(py)))
            }
            Stage::Failing => {
                let made = outcome.unwrap_or_else(|| Ok(py.None()))?;
                self.stage = Stage::SendingFailure;
                let (response, is_handled) = made.extract::<(Bound<'_, PyAny>, bool)>(py)?;
                let sender = if is_handled {
                    Sender::Layers
                } else {
                    Sender::Server
                };
                self.send_failure(py, &response, sender)
            }
            Stage::SendingFailure => {
                self.stage = Stage::SendingFailure;
                outcome.unwrap_or_else(|| Ok(py.None()))?;
                Ok(Progress::Done(Ok(py.None())))
            }
        }
    }

    fn send_failure(
        &mut self,
        py: Python<'_>,
        response: &Bound<'_, PyAny>,
        sender: Sender,
    ) -> PyResult<Progress> {
        match self.send_response(py, response, sender)? {
            Sent::BySelf(sending) => Ok(Progress::Await(sending)),
            Sent::Whole { background: None } => Ok(Progress::Done(Ok(py.None()))),
            Sent::Whole {
                background: Some(tasks),
            } => {
                let hooks = &self.execution.compiled().hooks;
                hooks.background.call1(py, (tasks,)).map(Progress::Await)
            }
        }
    }

    /// Hands an exception to the application's handlers, or to the server when they raise too.
    fn fail(&mut self, py: Python<'_>, around: &Around<'_, '_>, error: PyErr) -> Progress {
        if self.exchange.has_begun(py) {
            return self.fail_late(py, around, error);
        }
        let error_value = error.clone_ref(py).into_value(py);
        let request = around.enter().and_then(|()| self.execution.request(py));
        let handling = request.and_then(|request| {
            self.application.handle_exception(
                py,
                request,
                error_value,
                self.execution.exits.as_ref(),
            )
        });
        if let Ok(handling) = handling {
            self.stage = Stage::Failing;
            return Progress::Await(handling);
        }
        self.exchange.fail(py, error);
        Progress::Done(Ok(py.None()))
    }

    /// An exception after the answer began: the exits learn of it, the application's handler of what is
    /// no other's, and the log.
    fn fail_late(&mut self, py: Python<'_>, around: &Around<'_, '_>, error: PyErr) -> Progress {
        let closing = self.execution.exits.as_ref().map(|exits| {
            around.enter()?;
            let raised = error.clone_ref(py).into_value(py).into_any();
            close(py, exits, intern!(py, "request").as_any(), Some(raised))
        });
        if let Some(Ok(closing)) = closing {
            self.stage = Stage::ExitsFailing;
            return Progress::Await(closing);
        }
        self.report_late(py, around, error)
    }

    fn report_late(&mut self, py: Python<'_>, around: &Around<'_, '_>, error: PyErr) -> Progress {
        if self.application.handles_late()
            && around.enter().is_ok()
            && let Ok(request) = self.execution.request(py)
            && let Some(Ok(handling)) = self.application.handle_late(py, request, &error)
        {
            self.stage = Stage::FailingLate;
            return Progress::Await(handling);
        }
        self.exchange.fail(py, error);
        Progress::Done(Ok(py.None()))
    }
}

impl Work for NativeRun {
    fn resume(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress {
        let is_failing = matches!(
            self.stage,
            Stage::Failing | Stage::SendingFailure | Stage::FailingLate
        );
        let are_exits = matches!(self.stage, Stage::ExitsFailing);
        match self.advance(py, around, outcome) {
            Ok(progress) => progress,
            Err(error) if are_exits => self.report_late(py, around, error),
            Err(error) if is_failing => {
                self.exchange.fail(py, error);
                Progress::Done(Ok(py.None()))
            }
            Err(error) => self.fail(py, around, leaving(py, error)),
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Stage::ExitsBefore(answer) = &self.stage {
            answer.traverse(visit)?;
        }
        self.execution.traverse(visit)
    }
}

impl Answer {
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Json(Body::Python(bytes)) => visit.call(bytes),
            Self::Json(Body::Written(_)) => Ok(()),
            Self::Response(response) => visit.call(response),
        }
    }
}
