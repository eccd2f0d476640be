//! From a request to a WebSocket.

use std::sync::Arc;

use http1::{RequestHead, Version};
use pyo3::prelude::*;
use websocket::Upgrade;

use super::super::answer::Rejected;
use super::super::state::State;
use super::super::turn::Reply;
use super::super::{Connection, asgi};
use super::{Inbox, Session};
use crate::application::Application;
use crate::exchange::Exchange;

impl Connection {
    /// A client asks for a WebSocket: the application is called if it asks rightly.
    pub(in super::super) fn begin_websocket(
        self: &Arc<Self>,
        py: Python<'_>,
        head: Box<RequestHead>,
        serial: u64,
    ) {
        let read = if head.version() == Version::Http2 {
            Upgrade::read_extended(head.headers())
        } else {
            Upgrade::read(head.method(), head.headers())
        };
        let upgrade = match read {
            Ok(upgrade) => upgrade,
            Err(refusal) => return self.refuse_websocket(py, serial, refusal),
        };
        {
            let mut state = self.state(py);
            // A length of nothing is over at once.
            let _ = state.pull_body();
            if let Some(turn) = state.turn(serial) {
                // Should it be denied, whatever the client sends next is not to be read as HTTP.
                turn.at.keep_alive = false;
            }
        }
        let application = match &self.shared.application {
            Application::Asgi(application) => application.clone_ref(py),
            Application::Native(native) => native.asgi().clone_ref(py),
        };
        let exchange = Exchange::for_websocket(Arc::clone(self), serial, head, upgrade);
        asgi::start(py, &self.shared, application, &exchange);
    }

    /// The application accepts: answers the handshake, and messages may come and go.
    ///
    /// `block` are header lines of the application's, checked.
    pub(in super::super) fn accept_websocket(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        upgrade: &Upgrade,
        inbox: &Arc<Inbox>,
        protocol: Option<&str>,
        block: &[u8],
    ) -> Result<(), Rejected> {
        let options = &self.shared.options.websocket;
        let agreement = upgrade.agreement().filter(|_| options.deflate);
        {
            let mut state = self.state(py);
            let Some(turn) = state.turn(serial) else {
                return Ok(());
            };
            if !matches!(turn.reply, Reply::Waiting) {
                return Err(Rejected::Complete);
            }
            turn.reply = Reply::Upgraded;
            turn.note_websocket(if turn.at.version == Version::Http2 {
                200
            } else {
                101
            });
            let extensions = agreement.map(|agreement| agreement.header());
            let fields = [
                ("sec-websocket-protocol", protocol),
                ("sec-websocket-extensions", extensions.as_deref()),
            ];
            let session = Box::new(Session::new(options, agreement, Arc::clone(inbox)));
            let State { http2, output, .. } = &mut *state;
            if let Some(streams) = http2 {
                let write = |out: &mut Vec<u8>| self.write_acceptance(out, 200, &fields, block);
                streams.accept(serial, session, write);
            } else {
                let accept = [
                    ("upgrade", Some("websocket")),
                    ("connection", Some("Upgrade")),
                    ("sec-websocket-accept", Some(upgrade.accept())),
                ];
                let fields = [&accept[..], &fields].concat();
                self.write_acceptance(output.tail(), 101, &fields, block);
                state.websocket = Some(session);
            }
        }
        self.shared.count_answer();
        self.resume(py);
        if self.shared.is_shutting_down() {
            self.shut_down(py);
        }
        Ok(())
    }

    /// Writes the answer that opens a WebSocket, in HTTP/1's form.
    fn write_acceptance(
        &self,
        out: &mut Vec<u8>,
        status: u16,
        fields: &[(&str, Option<&str>)],
        block: &[u8],
    ) {
        http1::write_status_line(out, status);
        self.shared
            .with_default_lines(|lines| out.extend_from_slice(lines));
        for (name, value) in fields {
            if let Some(value) = value {
                out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        out.extend_from_slice(block);
        out.extend_from_slice(b"\r\n");
    }
}
