//! The first thing that a protocol hears of its transport.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::EventLoop;

/// Schedules `protocol.connection_made(transport)` in `context`, the connection's own: what is set
/// there is seen by whatever comes later.
pub(super) fn announce(
    event_loop: &Bound<'_, EventLoop>,
    protocol: &Bound<'_, PyAny>,
    transport: &Bound<'_, PyAny>,
    context: &Py<PyAny>,
) -> PyResult<()> {
    let py = event_loop.py();
    let made = protocol.getattr(intern!(py, "connection_made"))?;
    let options = PyDict::new(py);
    options.set_item(intern!(py, "context"), context)?;
    event_loop.call_method(intern!(py, "call_soon"), (made, transport), Some(&options))?;
    Ok(())
}
