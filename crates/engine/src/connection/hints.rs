//! Early hints: what an application says before it answers (RFC 8297).

use std::sync::Arc;

use http1::Version;
use pyo3::prelude::*;

use super::Connection;
use super::state::State;

impl Connection {
    /// Sends `103 Early Hints` with these header lines, which are checked, ahead of an answer whose
    /// head has not left. Where it has, where nobody waits, or where the client could take the hints
    /// for the answer, they are dropped: hints are nothing that anybody may rely on.
    pub(super) fn send_hints(self: &Arc<Self>, py: Python<'_>, serial: u64, lines: &[u8]) {
        if self.state(py).send_hints(serial, lines) {
            self.resume(py);
        }
    }
}

impl State {
    /// Says whether there is something to be sent.
    fn send_hints(&mut self, serial: u64, lines: &[u8]) -> bool {
        let Some(turn) = self.turn(serial) else {
            return false;
        };
        // HTTP/1.0 knows no interim answers (RFC 9110, section 15.2).
        if !turn.is_unanswered() || turn.at.version == Version::Http10 || lines.is_empty() {
            return false;
        }
        if let Some(session) = &mut self.http2 {
            session.send_hints(serial, lines);
            return true;
        }
        let out = self.output.tail();
        http1::write_status_line(out, 103);
        out.extend_from_slice(lines);
        out.extend_from_slice(b"\r\n");
        true
    }
}
