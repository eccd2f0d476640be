//! What an application is called with, from one request of a connection to the next.

use std::sync::Arc;

use ::websocket::Upgrade;
use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::super::Connection;
use super::Cycle;
use super::functions::{Receive, Send};
use crate::exchange::AsgiArguments;
use crate::fastcall::bind;
use crate::references::{is_ours_alone, references};

/// A cycle with its two functions.
///
/// When an answer is complete and the application kept none of them, nobody can tell them from new
/// ones, and the next request of the connection is served with the same.
pub(crate) struct Callables {
    pub(crate) cycle: Py<Cycle>,
    receive: Py<PyAny>,
    send: Py<PyAny>,
}

impl Callables {
    /// What an application is called with.
    pub(crate) fn arguments(&self, py: Python<'_>, scope: Py<PyDict>) -> AsgiArguments {
        (scope, self.receive.clone_ref(py), self.send.clone_ref(py))
    }

    /// Lets go of the request, and says whether another may have these.
    fn are_free(&self, py: Python<'_>) -> bool {
        self.cycle.get().rest(py)
            && is_ours_alone(&self.receive)
            && is_ours_alone(&self.send)
            // Both functions hold it as well.
            && references(&self.cycle) == 3
    }
}

impl Connection {
    /// Cycle and functions for a request.
    pub(crate) fn callables(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        scope: Py<PyDict>,
        head: &RequestHead,
        upgrade: Option<&Upgrade>,
    ) -> PyResult<Callables> {
        let spare = match upgrade {
            None => self.state(py).spare.take(),
            Some(_) => None,
        };
        if let Some(spare) = spare {
            spare.cycle.get().begin(py, serial, scope, head);
            return Ok(spare);
        }
        let cycle = Cycle::new(py, Arc::clone(self), serial, scope, head, upgrade.cloned())?;
        Ok(Callables {
            receive: bind::<Receive>(cycle.bind(py))?.unbind(),
            send: bind::<Send>(cycle.bind(py))?.unbind(),
            cycle,
        })
    }

    /// Takes back what a request was served with, if the application kept nothing of it.
    pub(crate) fn take_back(&self, py: Python<'_>, callables: Callables) {
        if !callables.are_free(py) {
            return;
        }
        let spare = {
            let mut state = self.state(py);
            // A connection that is closed would never let go of it.
            if state.socket.is_none() {
                Some(callables)
            } else {
                state.spare.replace(callables)
            }
        };
        drop(spare);
    }
}
