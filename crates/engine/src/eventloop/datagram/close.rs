//! The end of a datagram transport.

use pyo3::intern;
use pyo3::prelude::*;

use super::DatagramTransport;
use crate::eventloop::held::without_passing_error;
use crate::eventloop::life::Living;
use crate::eventloop::speaking::Speaking;

impl DatagramTransport {
    /// Tells the protocol, then gives everything up.
    pub(super) fn end(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        let error = error.map(|error| error.into_value(py));
        Self::tell(slf, intern!(py, "connection_lost"), (error,));
        drop(this.protocol.take(py));
        drop(this.last.take(py));
        if let Err(failure) = this.socket.close(py) {
            Self::report_or_raise(slf, failure, "Exception in socket.close()");
        }
    }

    /// Nobody refers to the transport any more, though it was never closed: the loop was before.
    pub(super) fn abandon(&self, py: Python<'_>) {
        drop(self.protocol.take(py));
        drop(self.last.take(py));
        self.socket.abandon(py, || self.describe(py));
    }
}

impl Drop for DatagramTransport {
    fn drop(&mut self) {
        without_passing_error(|py| self.abandon(py));
    }
}
