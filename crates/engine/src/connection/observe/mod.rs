//! Requests as an operator sees them: lines of the native access log, and metrics.
//!
//! Where nobody wants to know, a request costs one look at an empty place.

mod clock;
mod escape;
mod format;
mod id;
mod metrics;
mod page;
mod python;
mod sink;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use http1::RequestHead;
use proxy::Scheme;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use self::id::Ids;
use self::metrics::Metrics;
pub(crate) use self::page::MetricsPage;
pub(crate) use self::python::AccessLog;
use self::python::Lines;
use super::Connection;
use super::peer::host_of;
use super::shared::Shared;
use super::turn::Turn;
use crate::pool::Pool;

/// What is to be known of requests.
pub(super) struct Observer {
    lines: Option<Arc<Lines>>,
    metrics: Option<Metrics>,
    /// Answers carry their request's number.
    ids: Ids,
    sends_ids: bool,
}

impl Observer {
    /// `None` where nothing is to be known.
    pub(super) fn new(
        lines: Option<Arc<Lines>>,
        page: Option<Py<MetricsPage>>,
        pool: &Arc<Pool>,
        sends_ids: bool,
    ) -> Option<Arc<Self>> {
        (lines.is_some() || page.is_some() || sends_ids).then(|| {
            Arc::new(Self {
                lines,
                metrics: page.map(|page| Metrics::new(page, Arc::clone(pool))),
                ids: Ids::default(),
                sends_ids,
            })
        })
    }

    fn wants_ids(&self) -> bool {
        let wanted = |lines: &Arc<Lines>| lines.format.wants_request_id();
        self.sends_ids || self.lines.as_ref().is_some_and(wanted)
    }
}

/// A request under observation. When it is let go of, which is when its turn ends however that
/// comes about, it is over, and told of.
pub(super) struct Observed {
    observer: Arc<Observer>,
    begun: Instant,
    head: RequestHead,
    client: String,
    port: u16,
    scheme: &'static str,
    connection: u64,
    serial: u64,
    route: Option<String>,
    request_id: Option<String>,
    /// 0 as long as nothing was answered.
    status: u16,
    pub(super) is_websocket: bool,
    received: u64,
    head_sent: u64,
    body_sent: u64,
    sent_head: Vec<u8>,
}

impl Observed {
    /// The status, or 499 of a client that left before there was one, as nginx has it.
    fn status(&self) -> u16 {
        if self.status == 0 { 499 } else { self.status }
    }

    fn method(&self) -> &str {
        self.head.method()
    }

    fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    /// A head left, and after it so many bytes of a body.
    pub(super) fn answered(&mut self, status: u16, head: &[u8], body: u64) {
        self.status = status;
        self.head_sent += head.len() as u64;
        self.body_sent += body;
        let lines = self.observer.lines.as_ref();
        if lines.is_some_and(|lines| lines.format.wants_sent_headers()) {
            self.sent_head = head.to_vec();
        }
    }

    /// So many more bytes of a body left.
    pub(super) fn sent(&mut self, length: usize) {
        self.body_sent += length as u64;
    }

    /// So many more bytes of the request's body came.
    pub(super) fn took(&mut self, length: usize) {
        self.received += length as u64;
    }

    /// Writes the header line that tells the request's number.
    pub(super) fn write_id(&self, out: &mut Vec<u8>) {
        if self.observer.sends_ids
            && let Some(id) = &self.request_id
        {
            out.extend_from_slice(b"x-request-id: ");
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let observer = Arc::clone(&self.observer);
        let elapsed = self.begun.elapsed();
        if let Some(lines) = &observer.lines {
            lines.add(self, &self.head, elapsed);
        }
        if let Some(metrics) = &observer.metrics {
            metrics.count(self, elapsed);
        }
    }
}

impl Turn {
    /// The connection, or this part of it, speaks WebSocket from here on.
    pub(super) fn note_websocket(&mut self, status: u16) {
        self.note_status(status);
        if let Some(observed) = &mut self.observed {
            observed.is_websocket = true;
        }
    }

    /// The answer to this request is the server's own.
    pub(super) fn note_status(&mut self, status: u16) {
        if let Some(observed) = &mut self.observed {
            observed.status = status;
        }
    }
}

impl Connection {
    /// Observes the request with this serial from now on.
    #[cold]
    pub(super) fn observe(
        &self,
        py: Python<'_>,
        observer: &Arc<Observer>,
        head: &RequestHead,
        serial: u64,
    ) {
        let told = self.told(head).unwrap_or_default();
        let (client, port) = match told.client {
            Some(node) => (host_of(node).into_owned(), node.port),
            None => self.peer.host_and_port(),
        };
        let scheme = match self.told_scheme(&told) {
            Some(Scheme::Https) => "https",
            None if self.shared.options.tls.is_some() => "https",
            Some(Scheme::Http) | None => "http",
        };
        let wants_id = observer.wants_ids();
        let given = || {
            // A number of somebody's who is not trusted could be another request's.
            let id = head.header(b"x-request-id")?;
            self.peer.is_trusted().then(|| id::well_formed(id))?
        };
        let request_id =
            wants_id.then(|| given().map_or_else(|| observer.ids.next(), str::to_owned));
        let started = Observed {
            observer: Arc::clone(observer),
            begun: Instant::now(),
            head: head.clone(),
            client,
            port,
            scheme,
            connection: self.id(),
            serial,
            route: None,
            request_id,
            status: 0,
            is_websocket: false,
            received: head.size() as u64,
            head_sent: 0,
            body_sent: 0,
            sent_head: Vec::new(),
        };
        if let Some(turn) = self.state(py).turn(serial) {
            turn.observed = Some(Box::new(started));
        }
    }

    /// The request with this serial is one of `template`'s.
    #[cold]
    pub(super) fn note_route(&self, py: Python<'_>, serial: u64, template: Cow<'_, str>) {
        if let Some(turn) = self.state(py).turn(serial)
            && let Some(observed) = &mut turn.observed
        {
            observed.route = Some(template.into_owned());
        }
    }

    /// The same, by what the application left in its scope: `route.path` under the `root_path` of the
    /// application that it was mounted in.
    #[cold]
    pub(super) fn note_scope(&self, py: Python<'_>, serial: u64, scope: &Bound<'_, PyDict>) {
        if let Some(template) = self.template(scope) {
            self.note_route(py, serial, Cow::Owned(template));
        }
    }

    fn template(&self, scope: &Bound<'_, PyDict>) -> Option<String> {
        let py = scope.py();
        let route = scope.get_item(intern!(py, "route")).ok()??;
        let path: String = route.getattr(intern!(py, "path")).ok()?.extract().ok()?;
        let root = scope.get_item(intern!(py, "root_path")).ok()??;
        let root: String = root.extract().ok()?;
        let root = root.strip_prefix(&self.shared.options.root_path)?;
        Some(if path.starts_with(root) {
            path
        } else {
            format!("{root}{path}")
        })
    }

    /// Tells the application the number of its request.
    pub(crate) fn add_request_id(
        &self,
        py: Python<'_>,
        serial: u64,
        scope: &Py<PyDict>,
    ) -> PyResult<()> {
        let Some(observer) = &self.shared.observer else {
            return Ok(());
        };
        if !observer.sends_ids {
            return Ok(());
        }
        let id = self
            .state(py)
            .turn(serial)
            .and_then(|turn| turn.observed.as_ref()?.request_id.clone());
        let state = scope.bind(py).get_item(intern!(py, "state"))?;
        if let (Some(id), Some(state)) = (id, state) {
            state.set_item(intern!(py, "request_id"), id)?;
        }
        Ok(())
    }
}

impl Shared {
    /// Writes the lines of the iteration that ends.
    pub(super) fn write_lines(&self, py: Python<'_>) {
        let lines = self.observer.as_ref().and_then(|o| o.lines.as_ref());
        if let Some(lines) = lines
            && let Some(failure) = lines.flush(py)
        {
            let text = format!(
                "{} line(s) of the access log could not be written: {}",
                failure.lines, failure.error
            );
            self.logs.error(py, &text);
        }
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.observer.as_ref()?.metrics.as_ref()
    }

    /// A tick passed.
    pub(super) fn measure(&self) {
        if let Some(metrics) = self.metrics() {
            let period = self.options.timeouts.tick();
            metrics.tick(period, self.in_flight(), self.connections());
        }
    }

    /// A connection was accepted.
    pub(super) fn count_connection(&self) {
        if let Some(metrics) = self.metrics() {
            metrics.accepted();
        }
    }

    /// What arrived was no request, or not in time.
    pub(super) fn count_refusal(&self) {
        if let Some(metrics) = self.metrics() {
            metrics.refused();
        }
    }

    /// Opens the access log's file anew.
    pub(super) fn reopen_log(&self) -> std::io::Result<()> {
        let lines = self.observer.as_ref().and_then(|o| o.lines.as_ref());
        lines.map_or(Ok(()), |lines| lines.reopen())
    }
}
