//! Makes the interpreter's `cfg` flags (`Py_3_12`, `Py_GIL_DISABLED`, …) known to this crate.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
