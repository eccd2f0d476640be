//! One request that a core answers.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use pyo3::{PyTraverseError, PyVisit};

use super::Core;
use crate::eventloop::leaving;
use crate::plan::Plan;
use crate::plan::asgi::{Made, Next};
use crate::plan::encoder::has_body;
use crate::plan::execution::Execution;
use crate::plan::exits::{close, settle};
use crate::plan::origin::Origin;
use crate::plan::scope::Scope;
use crate::runner::{Around, Progress, Work};

/// A plan on its way to an answer that is sent as ASGI has it.
pub(super) struct CoreRun {
    core: Py<Core>,
    execution: Execution,
    channels: Channels,
    stage: Stage,
}

/// What an ASGI application is called with, and the handlers of exceptions.
pub(super) struct Channels {
    pub(super) scope: Py<PyDict>,
    pub(super) receive: Py<PyAny>,
    pub(super) send: Py<PyAny>,
    pub(super) handlers: Py<PyAny>,
}

/// What a run waits for, in the order in which a request passes them.
enum Stage {
    Ready,
    /// The request's body.
    Reading,
    /// The plan's steps.
    Steps,
    /// Exits that come before the answer, which is this.
    ExitsBefore(Answer),
    /// The head of an answer with this body.
    SendingHead(Py<PyBytes>),
    /// The body; or a response that sends itself.
    Sending,
    /// Exits that come after the answer.
    ExitsAfter,
    /// What Python does about an exception.
    Failing,
}

/// An answer that is ready to be sent.
enum Answer {
    /// JSON that nobody amended.
    Json(Py<PyBytes>),
    /// A response object.
    Response(Py<PyAny>),
}

impl CoreRun {
    pub(super) fn new(
        py: Python<'_>,
        core: Py<Core>,
        plan: Py<Plan>,
        channels: Channels,
    ) -> PyResult<Self> {
        let (receive, send) = (channels.receive.clone_ref(py), channels.send.clone_ref(py));
        let read = Scope::with_channels(channels.scope.bind(py), receive, send)?;
        Ok(Self {
            core,
            execution: Execution::new(plan, Origin::Asgi(read)),
            channels,
            stage: Stage::Ready,
        })
    }

    /// Goes on from `outcome` in whatever stage this is; errors are failures of the request.
    fn advance(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Progress> {
        match std::mem::replace(&mut self.stage, Stage::Steps) {
            Stage::Ready if self.execution.compiled().reads_json => {
                self.stage = Stage::Reading;
                let request = self.execution.request(py)?;
                let reading = self.core.get().hooks.read.call1(py, (request,))?;
                Ok(Progress::Await(reading))
            }
            Stage::Reading => {
                let body = done(py, outcome)?;
                self.execution.origin.set_body(body.bind(py).extract()?);
                self.steps(py, around, None)
            }
            Stage::Ready | Stage::Steps => self.steps(py, around, outcome),
            Stage::ExitsBefore(answer) => {
                settle(py, outcome)?;
                self.send(py, answer)
            }
            Stage::SendingHead(body) => {
                done(py, outcome)?;
                self.send_body(py, &body)
            }
            Stage::Sending => {
                done(py, outcome)?;
                self.exits_after(py)
            }
            Stage::ExitsAfter => {
                settle(py, outcome)?;
                Ok(Progress::Done(Ok(py.None())))
            }
            Stage::Failing => {
                self.stage = Stage::Failing;
                done(py, outcome)?;
                Ok(Progress::Done(Ok(py.None())))
            }
        }
    }

    fn steps(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> PyResult<Progress> {
        let result = match self.execution.next_await(py, around, outcome)? {
            Next::Await(awaitable) => return Ok(Progress::Await(awaitable)),
            Next::Returned(result) => result,
        };
        let answer = match self.execution.make(py, around, result.bind(py))? {
            Made::Json(content) if self.is_plain() => Answer::Json(content.unbind()),
            Made::Json(content) => {
                Answer::Response(self.execution.json_response(py, &content)?.unbind())
            }
            Made::Response(response) => Answer::Response(response.unbind()),
        };
        match &self.execution.exits {
            None => self.send(py, answer),
            Some(exits) => {
                let closing = close(py, exits, intern!(py, "function").as_any(), None)?;
                self.stage = Stage::ExitsBefore(answer);
                Ok(Progress::Await(closing))
            }
        }
    }

    /// Whether JSON is sent with the headers of JSON and nothing comes after it.
    fn is_plain(&self) -> bool {
        let Execution {
            response,
            background,
            ..
        } = &self.execution;
        response.is_none() && background.is_none() && has_body(self.status())
    }

    /// Of JSON that nobody amended.
    fn status(&self) -> u16 {
        self.execution.compiled().status_code.unwrap_or(200)
    }

    fn send(&mut self, py: Python<'_>, answer: Answer) -> PyResult<Progress> {
        match answer {
            Answer::Response(response) => {
                self.stage = Stage::Sending;
                let channels = &self.channels;
                let arguments = (&channels.scope, &channels.receive, &channels.send);
                response.call1(py, arguments).map(Progress::Await)
            }
            Answer::Json(body) => {
                let head = json_head(py, self.status(), body.as_bytes(py).len())?;
                self.stage = Stage::SendingHead(body);
                self.channels.send.call1(py, (head,)).map(Progress::Await)
            }
        }
    }

    fn send_body(&mut self, py: Python<'_>, body: &Py<PyBytes>) -> PyResult<Progress> {
        let message = PyDict::new(py);
        message.set_item(intern!(py, "type"), intern!(py, "http.response.body"))?;
        message.set_item(intern!(py, "body"), body)?;
        self.stage = Stage::Sending;
        self.channels
            .send
            .call1(py, (message,))
            .map(Progress::Await)
    }

    fn exits_after(&mut self, py: Python<'_>) -> PyResult<Progress> {
        let Some(exits) = &self.execution.exits else {
            return Ok(Progress::Done(Ok(py.None())));
        };
        let closing = close(py, exits, intern!(py, "request").as_any(), None)?;
        self.stage = Stage::ExitsAfter;
        Ok(Progress::Await(closing))
    }

    /// Leaves an exception to Python: what is still to be left, and the handlers.
    fn fail(&mut self, py: Python<'_>, error: PyErr) -> Progress {
        self.stage = Stage::Failing;
        let handling = self.execution.request(py).and_then(|request| {
            let raised = error.clone_ref(py).into_value(py);
            let Channels { send, handlers, .. } = &self.channels;
            let arguments = (request, send, handlers, raised, &self.execution.exits);
            self.core.get().hooks.fail.call1(py, arguments)
        });
        handling.map_or_else(|_| Progress::Done(Err(error)), Progress::Await)
    }
}

impl Work for CoreRun {
    fn resume(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress {
        let is_failing = matches!(self.stage, Stage::Failing);
        match self.advance(py, around, outcome) {
            Ok(progress) => progress,
            Err(error) if is_failing => Progress::Done(Err(error)),
            Err(error) => self.fail(py, leaving(py, error)),
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.core)?;
        let channels = &self.channels;
        visit.call(&channels.scope)?;
        visit.call(&channels.receive)?;
        visit.call(&channels.send)?;
        visit.call(&channels.handlers)?;
        if let Stage::ExitsBefore(Answer::Response(response)) = &self.stage {
            visit.call(response)?;
        }
        self.execution.traverse(visit)
    }
}

/// What a wait came to.
fn done(py: Python<'_>, outcome: Option<PyResult<Py<PyAny>>>) -> PyResult<Py<PyAny>> {
    outcome.unwrap_or_else(|| Ok(py.None()))
}

/// The message that begins an answer of JSON, with the headers of a `JSONResponse`.
fn json_head(py: Python<'_>, status: u16, length: usize) -> PyResult<Bound<'_, PyDict>> {
    let mut digits = itoa::Buffer::new();
    let headers = PyList::new(
        py,
        [
            (
                PyBytes::new(py, b"content-length"),
                PyBytes::new(py, digits.format(length).as_bytes()),
            ),
            (
                PyBytes::new(py, b"content-type"),
                PyBytes::new(py, b"application/json"),
            ),
        ],
    )?;
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.response.start"))?;
    message.set_item(intern!(py, "status"), status)?;
    message.set_item(intern!(py, "headers"), headers)?;
    Ok(message)
}
