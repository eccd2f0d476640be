//! From a handler's result to an answer's bytes.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::converter::Converter;
use super::spec::{Callback, class_name};
use crate::encode::json;
use crate::encode::known::Learned;
use crate::encode::plain::Plain;
use crate::runner::Around;

/// How a route's results become answers.
pub(super) enum Encoder {
    /// Plain JSON: written here, or by Python from the first value on that is not plain.
    Json {
        fallback: Callback,
        learned: Learned,
    },
    /// Validated and written by pydantic.
    Model {
        validate: Converter,
        to_json: Converter,
        invalid: Callback,
        /// The model, if it is plain.
        plain: Option<Plain>,
    },
    /// A response object that Python makes.
    Response { encode: Callback },
    /// No answer: the result is handed back.
    Nothing,
}

impl Encoder {
    /// Whether `result` is surely no response, but something to encode.
    pub(super) fn is_meant_for(&self, result: &Bound<'_, PyAny>) -> bool {
        if result.is_exact_instance_of::<PyDict>() || result.is_exact_instance_of::<PyList>() {
            return true;
        }
        let Self::Model { plain, .. } = self else {
            return false;
        };
        (plain.as_ref()).is_some_and(|plain| plain.is_class_of(result))
    }

    pub(super) fn read(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let get = |name: &str| described.getattr(name).map(Bound::unbind);
        Ok(match class_name(described)?.as_str() {
            "JsonEncoder" => Self::Json {
                fallback: get("fallback")?,
                learned: Learned::read(described)?,
            },
            "ModelEncoder" => Self::Model {
                validate: Converter::read(&described.getattr("validate")?)?,
                to_json: Converter::read(&described.getattr("to_json")?)?,
                invalid: get("invalid")?,
                plain: match described.getattr("plain")? {
                    plain if plain.is_none() => None,
                    plain => Some(Plain::read(&plain)?),
                },
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
    learned: &Learned,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    let known = learned.known();
    if json::write(result, out, Some(&known)).is_ok() {
        return Ok(());
    }
    let missing = known.missing();
    out.clear();
    around.enter()?;
    let bytes = fallback.bind(py).call1((result,))?;
    out.extend_from_slice(bytes.cast::<PyBytes>()?.as_bytes());
    missing.map_or(Ok(()), |class| learned.learn(py, class))
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

/// Writes `result` by a plain model to a new buffer; `None` where it is pydantic's to look at.
pub(super) fn plain_model(
    result: &Bound<'_, PyAny>,
    plain: Option<&Plain>,
    new_buffer: impl FnOnce() -> Vec<u8>,
) -> Option<Vec<u8>> {
    let plain = plain?;
    let mut written = new_buffer();
    plain.write(result, &mut written).ok()?;
    Some(written)
}

/// Whether an answer with this status has a body (RFC 9110 section 6.4.1).
pub(super) fn has_body(status: u16) -> bool {
    status >= 200 && status != 204 && status != 205 && status != 304
}
