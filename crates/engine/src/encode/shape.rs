//! How instances of one class are written: dates, numbers, identifiers, enums, dataclasses.
//!
//! Nothing in here runs Python code: methods that are called are C functions, attributes that are read
//! are slots or members of the instance's dictionary. Python has made sure of that when it described
//! the class.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString, PyTuple};

use super::json::{self, below};
use super::known::Known;
use super::{Unsupported, number, text};

/// Whole decimals with larger exponents are Python's: their digits are more than it prints.
const LARGEST_EXPONENT: i64 = 4300;

/// What instances of a class are written as.
pub(super) enum Shape {
    /// The text of `isoformat()`.
    Isoformat,
    /// The number of `total_seconds()`.
    TotalSeconds,
    /// An integer if its exponent is none or positive, otherwise a float.
    Decimal,
    /// Five groups of hexadecimal digits.
    Uuid,
    /// The plain value of a member.
    Enum,
    /// An object with these attributes: their names, and the same as keys of JSON.
    Fields(Vec<(Py<PyString>, Vec<u8>)>),
}

impl Shape {
    /// Reads what `json_shape` returned: a kind and names, or `None`.
    pub(super) fn read(described: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if described.is_none() {
            return Ok(None);
        }
        let described = described.cast::<PyTuple>()?;
        let kind = described.get_item(0)?;
        Ok(Some(match kind.extract::<&str>()? {
            "isoformat" => Self::Isoformat,
            "total_seconds" => Self::TotalSeconds,
            "decimal" => Self::Decimal,
            "uuid" => Self::Uuid,
            "enum" => Self::Enum,
            "fields" => Self::Fields(
                described
                    .iter()
                    .skip(1)
                    .map(|name| field(&name))
                    .collect::<PyResult<_>>()?,
            ),
            other => return Err(PyValueError::new_err(format!("unknown shape: {other}"))),
        }))
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Isoformat => Self::Isoformat,
            Self::TotalSeconds => Self::TotalSeconds,
            Self::Decimal => Self::Decimal,
            Self::Uuid => Self::Uuid,
            Self::Enum => Self::Enum,
            Self::Fields(fields) => Self::Fields(
                fields
                    .iter()
                    .map(|(name, key)| (name.clone_ref(py), key.clone()))
                    .collect(),
            ),
        }
    }

    /// Whether applications may put another encoder for the class into the table.
    pub(super) fn is_in_table(&self) -> bool {
        !matches!(self, Self::Enum | Self::Fields(_))
    }

    pub(super) fn write(
        &self,
        value: &Bound<'_, PyAny>,
        out: &mut Vec<u8>,
        depth: usize,
        known: &Known,
    ) -> Result<(), Unsupported> {
        match self {
            Self::Isoformat => write_isoformat(value, out, known),
            Self::TotalSeconds => {
                let name = intern!(value.py(), "total_seconds");
                let seconds = value.call_method0(name).map_err(|_| Unsupported)?;
                let seconds = seconds.cast_exact::<PyFloat>().map_err(|_| Unsupported)?;
                number::write_float(seconds.value(), out)
            }
            Self::Decimal => write_decimal(value, out),
            Self::Uuid => write_uuid(value, out),
            Self::Enum => json::write_value(&member_value(value)?, out, depth, None),
            Self::Fields(fields) => write_fields(fields, value, out, below(depth)?, known),
        }
    }

    /// Appends a key of an object, if keys of one class cannot turn out to be the same there.
    pub(super) fn write_key(
        &self,
        key: &Bound<'_, PyAny>,
        out: &mut Vec<u8>,
        known: &Known,
    ) -> Result<(), Unsupported> {
        match self {
            Self::Isoformat => write_isoformat(key, out, known),
            Self::Uuid => write_uuid(key, out),
            Self::Enum => {
                let value = member_value(key)?;
                let value = value.cast_exact::<PyString>().map_err(|_| Unsupported)?;
                text::write(value, out)
            }
            Self::TotalSeconds | Self::Decimal | Self::Fields(_) => Err(Unsupported),
        }
    }
}

fn field(name: &Bound<'_, PyAny>) -> PyResult<(Py<PyString>, Vec<u8>)> {
    let name = name.cast::<PyString>()?;
    let mut key = Vec::new();
    text::write(name, &mut key)
        .map_err(|_| PyValueError::new_err("the name of a field has no UTF-8"))?;
    key.push(b':');
    Ok((name.clone().unbind(), key))
}

fn write_isoformat(
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    known: &Known,
) -> Result<(), Unsupported> {
    let py = value.py();
    // Dates have no zone.
    if let Ok(zone) = value.getattr(intern!(py, "tzinfo"))
        && !known.learned().is_native_zone(&zone)
    {
        return Err(Unsupported);
    }
    let written = value
        .call_method0(intern!(py, "isoformat"))
        .map_err(|_| Unsupported)?;
    text::write(
        written.cast_exact::<PyString>().map_err(|_| Unsupported)?,
        out,
    )
}

fn write_decimal(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    let written = value.str().map_err(|_| Unsupported)?;
    let exponent = exponent_of(written.to_str().map_err(|_| Unsupported)?)?;
    if exponent < 0 {
        let float = value
            .py()
            .get_type::<PyFloat>()
            .call1((value,))
            .map_err(|_| Unsupported)?;
        let float = float.cast_exact::<PyFloat>().map_err(|_| Unsupported)?;
        return number::write_float(float.value(), out);
    }
    if exponent > LARGEST_EXPONENT {
        return Err(Unsupported);
    }
    let whole = value
        .py()
        .get_type::<PyInt>()
        .call1((value,))
        .map_err(|_| Unsupported)?;
    number::write_integer(whole.cast_exact::<PyInt>().map_err(|_| Unsupported)?, out)
}

/// The exponent of a decimal that is written like this; NaN and infinities have none.
fn exponent_of(written: &str) -> Result<i64, Unsupported> {
    let (digits, exponent) = written.split_once('E').unwrap_or((written, "0"));
    let digits = digits.trim_start_matches('-');
    let (_, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !digits
        .bytes()
        .all(|one| one.is_ascii_digit() || one == b'.')
    {
        return Err(Unsupported);
    }
    let exponent: i64 = exponent.parse().map_err(|_| Unsupported)?;
    let places = i64::try_from(fraction.len()).map_err(|_| Unsupported)?;
    exponent.checked_sub(places).ok_or(Unsupported)
}

fn write_uuid(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    const GROUPS: [usize; 5] = [4, 2, 2, 2, 6];
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let integer = value
        .getattr(intern!(value.py(), "int"))
        .map_err(|_| Unsupported)?;
    let integer: u128 = integer.extract().map_err(|_| Unsupported)?;
    let mut bytes = integer.to_be_bytes().into_iter();
    out.push(b'"');
    for (index, length) in GROUPS.into_iter().enumerate() {
        if index > 0 {
            out.push(b'-');
        }
        for byte in bytes.by_ref().take(length) {
            for digit in [byte >> 4, byte & 0xF] {
                out.extend(HEX.get(usize::from(digit)));
            }
        }
    }
    out.push(b'"');
    Ok(())
}

/// What a member of an enum stands for; only plain values are written.
fn member_value<'py>(member: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Unsupported> {
    member
        .getattr(intern!(member.py(), "_value_"))
        .map_err(|_| Unsupported)
}

fn write_fields(
    fields: &[(Py<PyString>, Vec<u8>)],
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    depth: usize,
    known: &Known,
) -> Result<(), Unsupported> {
    out.push(b'{');
    for (index, (name, key)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(key);
        let member = value
            .getattr(name.bind(value.py()))
            .map_err(|_| Unsupported)?;
        json::write_value(&member, out, depth, Some(known))?;
    }
    out.push(b'}');
    Ok(())
}
