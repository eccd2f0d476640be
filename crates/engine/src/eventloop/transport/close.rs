//! The end of a connection.

use pyo3::intern;
use pyo3::prelude::*;

use super::SocketTransport;
use crate::eventloop::held::without_passing_error;
use crate::eventloop::life::Living;
use crate::eventloop::speaking::Speaking;

impl SocketTransport {
    /// Tells the protocol, then gives everything up.
    pub(super) fn end(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        let error = error.map(|error| error.into_value(py));
        let outcome = this.call_protocol(py, intern!(py, "connection_lost"), (error,));
        this.receiver.clear(py);
        let closed = this.socket.close(py);
        let detached = this.server.take(py).map_or(Ok(()), |server| {
            server
                .call_method1(py, intern!(py, "_detach"), (slf,))
                .map(drop)
        });
        for failure in [outcome.map(drop), closed, detached]
            .into_iter()
            .filter_map(Result::err)
        {
            Self::report_or_raise(slf, failure, "Exception in connection_lost()");
        }
    }

    /// Nobody refers to the connection any more, though it was never closed: the loop was before.
    pub(super) fn abandon(&self, py: Python<'_>) {
        self.receiver.clear(py);
        self.socket.abandon(py, || self.describe(py));
        drop(self.server.take(py));
    }
}

impl Drop for SocketTransport {
    fn drop(&mut self) {
        without_passing_error(|py| self.abandon(py));
    }
}
