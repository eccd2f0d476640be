//! The asyncio event loop.
//!
//! One iteration goes: wait for descriptors, queue what they are ready for, queue the timers that
//! are due, run exactly the callbacks that are queued by then, run the hooks. Callbacks that are
//! scheduled meanwhile belong to the next iteration. This is asyncio's order to the letter, native
//! sources included, because programs depend on it without knowing.
//!
//! The GIL is given up only while the loop sleeps. See [`run`] for the one exception.

mod attached;
mod call;
mod child;
mod closing;
mod context;
mod datagram;
mod descriptors;
mod errno;
mod event_loop;
mod flow;
mod futures;
mod handle;
mod held;
mod holders;
mod hooks;
mod life;
mod methods;
mod open;
mod outgoing;
mod pipe;
mod queue;
mod receive;
mod receiver;
mod reused;
mod run;
mod source;
mod spares;
mod speaking;
mod streams;
mod tasks;
mod timer_handle;
mod tls;
mod transport;
mod watches;
mod workers;
mod written;

pub(crate) use self::attached::{Attached, Guard};
pub(crate) use self::{
    child::watch_child,
    datagram::DatagramTransport,
    errno::os_error,
    event_loop::EventLoop,
    futures::{block_on, complete, is_done, leaving, wake},
    handle::{Handle, is_exit},
    methods::{install_methods, own_methods},
    pipe::{ReadPipeTransport, WritePipeTransport},
    source::{HookId, Source, TickId},
    tasks::new_future,
    timer_handle::TimerHandle,
    tls::{TlsProtocol, TlsTransport},
    transport::SocketTransport,
    workers::{WorkQueue, Worker},
};

use pyo3::prelude::*;

/// Logs where asyncio logs: a template and its arguments.
fn log<'py>(
    py: Python<'py>,
    level: &str,
    message: impl pyo3::call::PyCallArgs<'py>,
) -> PyResult<()> {
    py.import("jebi.loop.log")?
        .getattr("logger")?
        .call_method1(level, message)?;
    Ok(())
}

fn log_warning<'py>(py: Python<'py>, message: impl pyo3::call::PyCallArgs<'py>) -> PyResult<()> {
    log(py, "warning", message)
}
