//! Response models that are plain, validated and written in one pass.
//!
//! Python says which are ([`jebi.routing.plain_models`]): models of strings, numbers and each other,
//! without validators, serialisers, aliases or settings. What has the exact type of such a field passes
//! its validation unchanged, and pydantic's JSON of it is known. At the first value of which that is
//! not sure the whole result is pydantic's, to validate, to convert or to refuse.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit, ffi};

use super::{Unsupported, number, text};

/// Between these, pydantic and `repr` spell numbers alike: without an exponent.
const FIXED: std::ops::Range<f64> = 1e-4..1e15;

/// What a plain schema allows.
pub(crate) enum Plain {
    Str,
    Int,
    Float,
    Bool,
    Nullable(Box<Plain>),
    List(Box<Plain>),
    Model {
        class: Py<PyType>,
        fields: Vec<Field>,
    },
}

/// A field of a model.
pub(crate) struct Field {
    name: Py<PyString>,
    /// The name as a key of JSON, with its colon.
    key: Vec<u8>,
    value: Plain,
}

impl Plain {
    /// Reads what `plain_schema` returned: a kind and what belongs to it.
    pub(crate) fn read(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let described = described.cast::<PyTuple>()?;
        let kind = described.get_item(0)?;
        let inner = || Self::read(&described.get_item(1)?).map(Box::new);
        Ok(match kind.extract::<&str>()? {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "nullable" => Self::Nullable(inner()?),
            "list" => Self::List(inner()?),
            "model" => Self::Model {
                class: described.get_item(1)?.cast_into::<PyType>()?.unbind(),
                fields: described
                    .iter()
                    .skip(2)
                    .map(|field| Field::read(&field))
                    .collect::<PyResult<_>>()?,
            },
            other => return Err(PyValueError::new_err(format!("not plain: {other}"))),
        })
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Str | Self::Int | Self::Float | Self::Bool => Ok(()),
            Self::Nullable(inner) | Self::List(inner) => inner.traverse(visit),
            Self::Model { class, fields } => {
                visit.call(class)?;
                fields
                    .iter()
                    .try_for_each(|field| field.value.traverse(visit))
            }
        }
    }

    /// Whether `value` is an instance of the model itself, and not of a subclass.
    pub(crate) fn is_class_of(&self, value: &Bound<'_, PyAny>) -> bool {
        matches!(self, Self::Model { class, .. } if value.get_type().is(class))
    }

    /// Appends the JSON of a value that is sure to be valid, or something that is to be thrown away.
    pub(crate) fn write(
        &self,
        value: &Bound<'_, PyAny>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unsupported> {
        match self {
            Self::Str => text::write(value.cast_exact::<PyString>().map_err(unsure)?, out),
            Self::Int => number::write_integer(value.cast_exact::<PyInt>().map_err(unsure)?, out),
            Self::Float => write_float(value.cast_exact::<PyFloat>().map_err(unsure)?.value(), out),
            Self::Bool => {
                let boolean = value.cast_exact::<PyBool>().map_err(unsure)?;
                out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
                Ok(())
            }
            Self::Nullable(_) if value.is_none() => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            Self::Nullable(inner) => inner.write(value, out),
            Self::List(inner) => {
                let list = value.cast_exact::<PyList>().map_err(unsure)?;
                write_list(inner, list, out)
            }
            Self::Model { class, fields } => {
                if let Ok(members) = value.cast_exact::<PyDict>() {
                    return write_dict(fields, members, out);
                }
                if !value.get_type().is(class) {
                    return Err(Unsupported);
                }
                write_instance(fields, &members_of(value)?, out)
            }
        }
    }
}

impl Field {
    fn read(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (name, value): (Bound<'_, PyString>, Bound<'_, PyAny>) = described.extract()?;
        let mut key = Vec::new();
        text::write(&name, &mut key)
            .map_err(|_| PyValueError::new_err("the name of a field has no UTF-8"))?;
        key.push(b':');
        Ok(Self {
            name: name.unbind(),
            key,
            value: Plain::read(&value)?,
        })
    }
}

/// A class that is not the exact one: a subclass, or something to convert or to refuse.
fn unsure<E>(_: E) -> Unsupported {
    Unsupported
}

fn write_float(value: f64, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    if value != 0.0 && !FIXED.contains(&value.abs()) {
        return Err(Unsupported);
    }
    number::write_float(value, out)
}

fn write_list(
    inner: &Plain,
    list: &Bound<'_, PyList>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    out.push(b'[');
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        inner.write(&item, out)?;
    }
    out.push(b']');
    Ok(())
}

/// A dictionary to be validated: what is no field is ignored, what is missing has a default or is an
/// error.
fn write_dict(
    fields: &[Field],
    members: &Bound<'_, PyDict>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    out.push(b'{');
    for (index, field) in fields.iter().enumerate() {
        let found = members.get_item(field.name.bind(members.py()));
        let value = found.map_err(unsure)?.ok_or(Unsupported)?;
        write_field(index, field, &value, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// An instance is valid as it is, and written in the order of its own dictionary.
fn write_instance(
    fields: &[Field],
    members: &Bound<'_, PyDict>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    if members.len() != fields.len() {
        return Err(Unsupported);
    }
    out.push(b'{');
    for (index, (field, (name, value))) in fields.iter().zip(members.iter()).enumerate() {
        // Pydantic sets attributes by the interned names that it made the fields of.
        if !name.is(&field.name) && !name.eq(&field.name).map_err(unsure)? {
            return Err(Unsupported);
        }
        write_field(index, field, &value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_field(
    index: usize,
    field: &Field,
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    if index > 0 {
        out.push(b',');
    }
    out.extend_from_slice(&field.key);
    field.value.write(value, out)
}

/// The dictionary of an instance.
fn members_of<'py>(instance: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>, Unsupported> {
    // SAFETY: attached, and `instance` is alive; a new reference, or null with an exception set.
    let found = unsafe {
        let found = ffi::PyObject_GenericGetDict(instance.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(instance.py(), found)
    };
    found.map_err(unsure)?.cast_into::<PyDict>().map_err(unsure)
}
