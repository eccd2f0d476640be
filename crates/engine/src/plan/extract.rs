//! Parameters of a request: found, converted, validated.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::origin::{Origin, PathValue};
use super::spec::{Field, Location, Param};
use crate::runner::Around;

/// A parameter's value, or the errors to report.
pub(super) type Extracted<'py> = Result<Bound<'py, PyAny>, Bound<'py, PyAny>>;

/// Finds `param` in the request and validates it.
pub(super) fn param<'py>(
    py: Python<'py>,
    around: &Around<'_, '_>,
    origin: &Origin,
    param: &Param,
) -> PyResult<Extracted<'py>> {
    // A bare scalar meets no code but pydantic's.
    if param.scalar.is_none() {
        around.enter()?;
    }
    for alias in &param.aliases {
        let found = if param.sequence {
            every(py, origin, param.location, alias)?.map(Bound::into_any)
        } else {
            match one(py, origin, param.location, alias)? {
                None => None,
                Some(PathValue::Object(value)) => Some(value),
                Some(PathValue::Text(text)) => {
                    if let Some(scalar) = param.scalar
                        && let Some(value) = scalar.convert(py, &text)?
                    {
                        return Ok(Ok(value));
                    }
                    Some(PyString::new(py, &text).into_any())
                }
            }
        };
        if let Some(value) = found {
            return validated(py, &param.field, &value, || at(py, param, alias));
        }
    }
    if !param.field.required {
        around.enter()?;
    }
    let first = param.aliases.first().map_or("", String::as_str);
    absent(py, &param.field, || at(py, param, first))
}

/// Validates `value`; its errors are reported at `location`.
pub(super) fn validated<'py>(
    py: Python<'py>,
    field: &Field,
    value: &Bound<'py, PyAny>,
    location: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Extracted<'py>> {
    match field.validate.call(py, value) {
        Ok(valid) => Ok(Ok(valid)),
        Err(error) => {
            let explained = field
                .explain
                .bind(py)
                .call1((error.into_value(py), location()?))?;
            Ok(Err(explained))
        }
    }
}

/// The default of a field that the request does not have, or that it is missing.
pub(super) fn absent<'py>(
    py: Python<'py>,
    field: &Field,
    location: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Extracted<'py>> {
    if field.required {
        return Ok(Err(field
            .explain
            .bind(py)
            .call1((py.None(), location()?))?));
    }
    let default = field.default.bind(py).call0()?;
    if field.validates_default {
        return validated(py, field, &default, location);
    }
    Ok(Ok(default))
}

/// `(location, name)`, an error's `loc`.
fn at<'py>(py: Python<'py>, param: &Param, alias: &str) -> PyResult<Bound<'py, PyAny>> {
    let name = PyString::new(py, alias);
    Ok(PyTuple::new(py, [param.location_name.bind(py), name.as_any()])?.into_any())
}

/// One value, as Starlette's mappings choose among several: the first header, the last of the rest.
fn one<'a, 'py>(
    py: Python<'py>,
    origin: &'a Origin,
    location: Location,
    name: &str,
) -> PyResult<Option<PathValue<'a, 'py>>> {
    let text = match location {
        Location::Path => return origin.path_param(py, name),
        Location::Query => params::pairs(origin.query())
            .filter(|(known, _)| known == name)
            .last()
            .map(|(_, value)| value),
        Location::Header => origin.header(py, name)?.map(latin1),
        Location::Cookie => {
            let mut last = None;
            origin.each_header(py, "cookie", |header| {
                for (known, value) in params::cookies(header) {
                    if known == name {
                        last = Some(value);
                    }
                }
            })?;
            last
        }
    };
    Ok(text.map(PathValue::Text))
}

/// Every value, or `None` when there is none.
fn every<'py>(
    py: Python<'py>,
    origin: &Origin,
    location: Location,
    name: &str,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let list = PyList::empty(py);
    match location {
        Location::Query => {
            for (_, value) in params::pairs(origin.query()).filter(|(known, _)| known == name) {
                list.append(value)?;
            }
        }
        Location::Header => {
            let mut values = Vec::new();
            origin.each_header(py, name, |value| values.push(latin1(value)))?;
            for value in values {
                list.append(value)?;
            }
        }
        Location::Path | Location::Cookie => {
            if let Some(value) = one(py, origin, location, name)? {
                match value {
                    PathValue::Text(text) => list.append(text)?,
                    PathValue::Object(value) => list.append(value)?,
                }
            }
        }
    }
    Ok((!list.is_empty()).then_some(list))
}

/// A header's value as text (RFC 9110 section 5.5: octets beyond ASCII are opaque; ISO-8859-1).
fn latin1(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if value.is_ascii() => Cow::Borrowed(text),
        _ => value.iter().copied().map(char::from).collect(),
    }
}
