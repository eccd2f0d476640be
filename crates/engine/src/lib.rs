//! `jebi._engine`: the compiled half of Jebi, private to the package.
//!
//! One module per stage of a request, in the order a request meets them.

mod encode;
mod eventloop;
mod pool;

use pyo3::prelude::*;

/// The extension module `jebi._engine`.
#[pymodule(gil_used = true)]
mod _engine {
    #[pymodule_export]
    use crate::encode::encode_json;
    #[pymodule_export]
    use crate::eventloop::{EventLoop, Handle, TimerHandle};
    #[pymodule_export]
    use crate::pool::{PyPace, PyPool};
}
