//! From a handler's result to an answer's bytes.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::converter::Converter;
use super::spec::{Callback, class_name};
use crate::encode::json;
use crate::runner::Around;

/// How a route's results become answers.
pub(super) enum Encoder {
    /// Plain JSON: written here, or by Python from the first value on that is not plain.
    Json { fallback: Callback },
    /// Validated and written by pydantic.
    Model {
        validate: Converter,
        to_json: Converter,
        invalid: Callback,
    },
    /// A response object that Python makes.
    Response { encode: Callback },
    /// No answer: the result is handed back.
    Nothing,
}

impl Encoder {
    pub(super) fn read(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let get = |name: &str| described.getattr(name).map(Bound::unbind);
        Ok(match class_name(described)?.as_str() {
            "JsonEncoder" => Self::Json {
                fallback: get("fallback")?,
            },
            "ModelEncoder" => Self::Model {
                validate: Converter::read(&described.getattr("validate")?)?,
                to_json: Converter::read(&described.getattr("to_json")?)?,
                invalid: get("invalid")?,
            },
            "ResponseEncoder" => Self::Response {
                encode: get("encode")?,
            },
            "NoEncoder" => Self::Nothing,
            other => return Err(PyTypeError::new_err(format!("unknown encoder: {other}"))),
        })
    }
}

/// Writes `result` as plain JSON to `out`.
pub(super) fn plain_json(
    py: Python<'_>,
    around: &Around<'_, '_>,
    result: &Bound<'_, PyAny>,
    fallback: &Callback,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    if json::write(py, result, out).is_ok() {
        return Ok(());
    }
    out.clear();
    around.enter()?;
    let bytes = fallback.bind(py).call1((result,))?;
    out.extend_from_slice(bytes.cast::<PyBytes>()?.as_bytes());
    Ok(())
}

/// Validates `result` by the response model and gives pydantic's JSON of it.
pub(super) fn model_json<'py>(
    py: Python<'py>,
    result: &Bound<'py, PyAny>,
    validate: &Converter,
    to_json: &Converter,
    invalid: &Callback,
) -> PyResult<Bound<'py, PyBytes>> {
    let valid = match validate.call(py, result) {
        Ok(valid) => valid,
        Err(error) => {
            let raised = invalid.bind(py).call1((error.into_value(py), result))?;
            return Err(PyErr::from_value(raised));
        }
    };
    Ok(to_json.call(py, &valid)?.cast_into::<PyBytes>()?)
}
