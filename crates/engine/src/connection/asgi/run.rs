//! An ASGI application at work on one request.

use std::sync::Arc;

use pyo3::prelude::*;

use super::super::shared::Shared;
use crate::exchange::Exchange;
use crate::runner::{Around, Progress, Waiter, Work};

/// Calls `application` for a request, in this call stack.
pub(in super::super) fn start(
    py: Python<'_>,
    shared: &Shared,
    application: Py<PyAny>,
    exchange: &Arc<Exchange>,
) {
    let run = AsgiRun {
        application: Some(application),
        exchange: Arc::clone(exchange),
    };
    if let Err(error) = shared.runner.start(py, Box::new(run)) {
        exchange.fail(py, error);
    }
}

struct AsgiRun {
    /// Until it is called, which happens in the request's own context.
    application: Option<Py<PyAny>>,
    exchange: Arc<Exchange>,
}

impl AsgiRun {
    fn call(&self, py: Python<'_>, application: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        let arguments = self.exchange.asgi(py)?;
        application.call1(py, arguments)
    }
}

impl Work for AsgiRun {
    fn waits(&self, py: Python<'_>, waiter: &dyn Fn() -> Waiter) {
        self.exchange.take_waiter(py, waiter);
    }

    fn resume(
        &mut self,
        py: Python<'_>,
        around: &Around<'_, '_>,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Progress {
        let outcome = match around.enter() {
            Ok(()) => outcome,
            Err(error) => Some(Err(error)),
        };
        let outcome = match (self.application.take(), outcome) {
            (Some(application), None) => match self.call(py, &application) {
                Ok(awaitable) => return Progress::Await(awaitable),
                Err(error) => Err(error),
            },
            (_, Some(outcome)) => outcome,
            (None, None) => Ok(py.None()),
        };
        // What the application raised is reported and answered here, and ends with it.
        self.exchange.finish(py, outcome);
        Progress::Done(Ok(py.None()))
    }
}
