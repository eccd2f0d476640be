//! Requests on their way to the application.

use std::sync::Arc;

use bytes::Bytes;
use http1::RequestHead;
use pyo3::prelude::*;

use super::asgi::{self, Cycle};
use super::state::Next;
use super::{Connection, bury, notify};
use crate::application::{Application, Native, Route};
use crate::exchange::Exchange;
use crate::plan::{PathParams, Plan};

/// A request that waits for the rest of its body before its plan starts.
pub(super) struct Waiting {
    head: Box<RequestHead>,
    plan: Py<Plan>,
    path: PathParams,
}

impl Connection {
    /// Works through the input until it is used up or a request has to be waited for.
    pub(super) fn pump(self: &Arc<Self>, py: Python<'_>) {
        loop {
            let next = self.state(py).next(&self.shared);
            match next {
                Next::Begin {
                    head,
                    serial,
                    whole,
                } => self.begin(py, head, serial, whole),
                Next::Start {
                    waiting,
                    body,
                    serial,
                } => {
                    let Waiting { head, plan, path } = waiting;
                    let exchange = Exchange::new(Arc::clone(self), serial, head, body);
                    self.start_plan(py, plan, path, &exchange);
                }
                Next::Arrived(serial) => {
                    let cycle = self.state(py).cycle(py, serial);
                    notify(py, cycle.as_ref(), Cycle::go_on);
                }
                Next::Refuse(bad) => self.refuse(py, bad),
                Next::Decline {
                    serial,
                    status,
                    text,
                } => self.decline(py, serial, status, text),
                Next::Gone(gone) => bury(py, &gone),
                Next::Broken(violation) => self.report(py, violation),
                Next::Rest => return,
            }
        }
    }

    /// A request begins: routes it, and starts it unless its plan wants the body first.
    fn begin(
        self: &Arc<Self>,
        py: Python<'_>,
        mut head: Box<RequestHead>,
        serial: u64,
        whole: bool,
    ) {
        if let Some(observer) = &self.shared.observer {
            self.observe(py, observer, &head, serial);
        }
        if self.shared.is_overloaded() {
            return self.turn_away(py, serial);
        }
        if self.peer.is_trusted()
            && let Err(malformed) = self.hear_proxy(&mut head)
        {
            return self.refuse_forwarded(py, serial, malformed);
        }
        if head.path().is_empty() {
            return self.refuse_connect(py, serial);
        }
        if self.asks_for_websocket(&head) {
            return self.begin_websocket(py, head, serial);
        }
        if self.hides_frames(&head) {
            return self.refuse_hidden_frames(py, serial);
        }
        if self.shared.options.files.is_some() && self.serve_file(py, serial, &head) {
            return;
        }
        let native = match &self.shared.application {
            Application::Asgi(application) => {
                let exchange = Exchange::new(Arc::clone(self), serial, head, Bytes::new());
                return asgi::start(py, &self.shared, application.clone_ref(py), &exchange);
            }
            Application::Native(native) => native,
        };
        match native.route(py, &head, || self.is_secure(&head)) {
            Route::Asgi => {
                let exchange = Exchange::new(Arc::clone(self), serial, head, Bytes::new());
                asgi::start(py, &self.shared, native.asgi().clone_ref(py), &exchange);
            }
            Route::Plan {
                plan,
                path,
                template,
            } => {
                if self.shared.observer.is_some() {
                    self.note_route(py, serial, template.into());
                }
                if plan.get().reads_body() && !whole {
                    let waiting = Waiting { head, plan, path };
                    return self.state(py).wait_for_body(serial, waiting);
                }
                let exchange = Exchange::new(Arc::clone(self), serial, head, Bytes::new());
                self.start_plan(py, plan, path, &exchange);
            }
        }
    }

    fn start_plan(
        &self,
        py: Python<'_>,
        plan: Py<Plan>,
        path: PathParams,
        exchange: &Arc<Exchange>,
    ) {
        if let Application::Native(native) = &self.shared.application {
            Native::start(native, py, &self.shared.runner, plan, path, exchange);
        }
    }
}
