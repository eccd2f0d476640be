//! `jebi._engine`: the compiled half of Jebi, private to the package.
//!
//! One module per stage of a request, in the order a request meets them.

mod application;
mod connection;
mod decode;
mod encode;
mod eventloop;
mod exchange;
mod fastcall;
mod layers;
mod orphan;
mod plan;
mod pool;
mod references;
mod runner;
mod web;

use pyo3::prelude::*;

/// The extension module `jebi._engine`.
#[pymodule(gil_used = true)]
mod _engine {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::application::NativeApplication;
    #[pymodule_export]
    use crate::connection::{AccessLog, HttpServer, MetricsPage, ProxySettings, TlsSettings};
    #[pymodule_export]
    use crate::encode::encode_json;
    #[pymodule_export]
    use crate::eventloop::{
        DatagramTransport, EventLoop, Handle, ReadPipeTransport, SocketTransport, TimerHandle,
        TlsProtocol, TlsTransport, WorkQueue, Worker, WritePipeTransport, own_methods, watch_child,
    };
    #[pymodule_export]
    use crate::orphan::leave_with;
    #[pymodule_export]
    use crate::plan::{Core, Plan};
    #[pymodule_export]
    use crate::pool::{PyPace, PyPool};
    #[pymodule_export]
    use crate::runner::{Aside, Pause};
    #[pymodule_export]
    use crate::web::{HeaderFields, MutableHeaderFields};
    #[pymodule_export]
    use crate::web::{MultiItems, QueryItems, UrlParts, split_host};
    #[pymodule_export]
    use crate::web::{MultipartReader, RouteTable, UrlencodedReader, parse_options_header};
    #[pymodule_export]
    use crate::web::{add_fields, edit_send, has_started, initial_headers, watch_send};
    #[pymodule_export]
    use crate::web::{find_cookies, find_header, find_headers, remove_header, set_header};
    #[pymodule_export]
    use crate::web::{is_for_host, request_cookie, request_header};

    /// How the engine was compiled.
    #[pymodule_export]
    const PROFILE: &str = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::eventloop::install_methods(module.py())
    }
}
