//! Forms: what `jebi.web.formparsers` feeds with the pieces of a body.
//!
//! The readers keep no Python object from one piece to the next. They are taken out of their class
//! while they work, because making Python objects may run other code.

mod charset;
mod multipart;
mod options;
mod urlencoded;

use forms::{FieldLimits, Violation};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

pub(crate) use self::multipart::MultipartReader;
pub(crate) use self::options::parse_options_header;
pub(crate) use self::urlencoded::UrlencodedReader;

/// `ValueError` with what the client is told, and the reason.
fn refusal(violation: Violation) -> PyErr {
    PyValueError::new_err((violation.message(), violation.to_string()))
}

/// What a reader raises that is at work already, or for good after a refusal.
fn in_use() -> PyErr {
    PyRuntimeError::new_err("this form is being read already, or was refused")
}

/// Limits as Python says them: `None` is no limit.
fn field_limits(fields: Option<u64>, size: Option<u64>) -> FieldLimits {
    FieldLimits {
        fields: fields.unwrap_or(u64::MAX),
        size: size.unwrap_or(u64::MAX),
    }
}
