//! Models that are plain, read from a document's bytes.
//!
//! Python says which are ([`jebi.dependencies.plain_bodies`]): models of strings, numbers within bounds,
//! lists and each other, whose defaults are immutable.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::Unsure;
use super::instance::Maker;
use super::scan::{Number, Scanner};
use super::text;
use crate::encode;

/// What a plain schema takes.
pub(crate) enum Plain {
    Str,
    Int(Bounds<i64>),
    Float(Bounds<f64>),
    Bool,
    Nullable(Box<Plain>),
    List(Box<Plain>),
    Model(Model),
}

/// Which numbers are taken: `gt`, `ge`, `lt`, `le`.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<T> {
    above: Option<T>,
    from: Option<T>,
    below: Option<T>,
    to: Option<T>,
}

/// A model and how its instances are made.
pub(crate) struct Model {
    maker: Maker,
    fields: Vec<Field>,
    /// What an instance holds when nothing is given, in the order of the fields; what has no default is
    /// `None` there.
    blank: Py<PyDict>,
    /// The fields that may be left out.
    optional: Fields,
}

struct Field {
    name: Py<PyString>,
    /// The name as it stands in a document, with its quotes.
    key: Vec<u8>,
    value: Plain,
}

/// Some of a model's fields, by their indices.
#[derive(Clone, Copy, Default)]
struct Fields(u64);

impl Fields {
    const MOST: usize = 64;

    fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// Adds one; `false` if it is there already.
    fn add(&mut self, index: usize) -> bool {
        let is_new = !self.has(index);
        self.0 |= 1 << index;
        is_new
    }
}

impl<T: PartialOrd + for<'a, 'py> FromPyObject<'a, 'py>> Bounds<T> {
    fn read(described: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let bound = |index: usize| {
            described
                .get_item(index)?
                .extract::<Option<T>>()
                .map_err(Into::into)
        };
        Ok(Self {
            above: bound(1)?,
            from: bound(2)?,
            below: bound(3)?,
            to: bound(4)?,
        })
    }
}

impl<T: PartialOrd> Bounds<T> {
    fn check(&self, value: T) -> Result<T, Unsure> {
        let holds = self.above.as_ref().is_none_or(|bound| value > *bound)
            && self.from.as_ref().is_none_or(|bound| value >= *bound)
            && self.below.as_ref().is_none_or(|bound| value < *bound)
            && self.to.as_ref().is_none_or(|bound| value <= *bound);
        holds.then_some(value).ok_or(Unsure)
    }
}

impl Plain {
    /// Reads what `plain_body` returned: a kind and what belongs to it.
    pub(crate) fn describe(described: &Bound<'_, PyAny>) -> PyResult<Self> {
        let described = described.cast::<PyTuple>()?;
        let kind = described.get_item(0)?;
        let inner = || Self::describe(&described.get_item(1)?).map(Box::new);
        Ok(match kind.extract::<&str>()? {
            "str" => Self::Str,
            "int" => Self::Int(Bounds::read(described)?),
            "float" => Self::Float(Bounds::read(described)?),
            "bool" => Self::Bool,
            "nullable" => Self::Nullable(inner()?),
            "list" => Self::List(inner()?),
            "model" => Self::Model(Model::describe(described)?),
            other => return Err(PyValueError::new_err(format!("not plain: {other}"))),
        })
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Str | Self::Int(_) | Self::Float(_) | Self::Bool => Ok(()),
            Self::Nullable(inner) | Self::List(inner) => inner.traverse(visit),
            Self::Model(model) => {
                model.maker.traverse(visit)?;
                (model.fields.iter()).try_for_each(|field| field.value.traverse(visit))
            }
        }
    }

    /// The value of a whole document, as pydantic's validator would return it.
    pub(crate) fn read<'py>(
        &self,
        py: Python<'py>,
        document: &[u8],
    ) -> Result<Bound<'py, PyAny>, Unsure> {
        let mut scanner = Scanner::new(document);
        let value = self.value(py, &mut scanner)?;
        scanner.is_over().then_some(value).ok_or(Unsure)
    }

    fn value<'py>(
        &self,
        py: Python<'py>,
        scanner: &mut Scanner<'_>,
    ) -> Result<Bound<'py, PyAny>, Unsure> {
        match self {
            Self::Str => text::read(py, scanner.string()?).map(Bound::into_any),
            Self::Int(bounds) => match scanner.number()? {
                Number::Integer(value) => Ok(PyInt::new(py, bounds.check(value)?).into_any()),
                Number::Float(_) => Err(Unsure),
            },
            Self::Float(bounds) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "the nearest one, as pydantic has it"
                )]
                let value = match scanner.number()? {
                    Number::Integer(value) => value as f64,
                    Number::Float(value) => value,
                };
                Ok(PyFloat::new(py, bounds.check(value)?).into_any())
            }
            Self::Bool => {
                let value = scanner.peek() == Some(b't');
                scanner.word(if value { b"true" } else { b"false" })?;
                Ok(PyBool::new(py, value).to_owned().into_any())
            }
            Self::Nullable(_) if scanner.peek() == Some(b'n') => {
                scanner.word(b"null")?;
                Ok(py.None().into_bound(py))
            }
            Self::Nullable(inner) => inner.value(py, scanner),
            Self::List(inner) => inner.list(py, scanner),
            Self::Model(model) => model.read(py, scanner),
        }
    }

    fn list<'py>(
        &self,
        py: Python<'py>,
        scanner: &mut Scanner<'_>,
    ) -> Result<Bound<'py, PyAny>, Unsure> {
        scanner.expect(b'[')?;
        let list = PyList::empty(py);
        if scanner.take(b']') {
            return Ok(list.into_any());
        }
        loop {
            list.append(self.value(py, scanner)?).map_err(|_| Unsure)?;
            if !scanner.take(b',') {
                scanner.expect(b']')?;
                return Ok(list.into_any());
            }
        }
    }
}

impl Model {
    fn describe(described: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let class = described.get_item(1)?.cast_into::<PyType>()?;
        let blank = PyDict::new(described.py());
        let (mut fields, mut optional) = (Vec::new(), Fields::default());
        for (index, described) in described.iter().skip(2).enumerate() {
            if index == Fields::MOST {
                return Err(PyValueError::new_err("a plain model has 64 fields at most"));
            }
            let described = described.cast_into::<PyTuple>()?;
            let field = Field::describe(&described)?;
            if described.get_item(2)?.extract()? {
                optional.add(index);
            }
            blank.set_item(&field.name, described.get_item(3)?)?;
            fields.push(field);
        }
        Ok(Self {
            maker: Maker::new(&class, fields.iter().map(|field| &field.name))?,
            fields,
            blank: blank.unbind(),
            optional,
        })
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        scanner: &mut Scanner<'_>,
    ) -> Result<Bound<'py, PyAny>, Unsure> {
        // A copy costs less than to put in one after the other, and keeps the order of the fields.
        let members = self.blank.bind(py).copy().map_err(|_| Unsure)?;
        let mut given = Fields::default();
        scanner.expect(b'{')?;
        let mut next = 0;
        if !scanner.take(b'}') {
            loop {
                let (index, field) = self.find(scanner, next)?;
                scanner.expect(b':')?;
                let value = field.value.value(py, scanner)?;
                members.set_item(&field.name, value).map_err(|_| Unsure)?;
                if !given.add(index) {
                    // Said twice.
                    return Err(Unsure);
                }
                next = index + 1;
                if !scanner.take(b',') {
                    scanner.expect(b'}')?;
                    break;
                }
            }
        }
        let missing = || {
            let fields = self.fields.iter().enumerate();
            fields.filter(move |(index, _)| !given.has(*index))
        };
        if missing().any(|(index, _)| !self.optional.has(index)) {
            return Err(Unsure);
        }
        let missing = missing().map(|(_, field)| &field.name);
        self.maker.make(py, &members, missing).map_err(|_| Unsure)
    }

    /// The field whose key comes now, which mostly is the one after the last.
    fn find(&self, scanner: &mut Scanner<'_>, next: usize) -> Result<(usize, &Field), Unsure> {
        scanner.peek();
        if let Some(field) = self.fields.get(next)
            && scanner.word(&field.key).is_ok()
        {
            return Ok((next, field));
        }
        let mut fields = self.fields.iter().enumerate();
        let known = fields.find(|(_, field)| scanner.word(&field.key).is_ok());
        known.ok_or(Unsure)
    }
}

impl Field {
    fn describe(described: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let name = described.get_item(0)?.cast_into::<PyString>()?;
        let mut key = Vec::new();
        encode::text::write(&name, &mut key)
            .map_err(|_| PyValueError::new_err("the name of a field has no UTF-8"))?;
        Ok(Self {
            key,
            name: name.unbind(),
            value: Plain::describe(&described.get_item(1)?)?,
        })
    }
}
