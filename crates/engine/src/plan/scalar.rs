//! The plain spellings of scalars, converted without asking pydantic.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A bare `str`, `int`, `float` or `bool`, declared without constraints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scalar {
    Str,
    Int,
    Float,
    Bool,
}

/// How many digits always fit an `i64`, and an exact `f64` division is not at stake.
const SAFE_DIGITS: usize = 18;

impl Scalar {
    /// The scalar of this name in a description.
    pub(super) fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            other => return Err(PyValueError::new_err(format!("unknown scalar: {other}"))),
        })
    }

    /// The value of `text` when it is spelled plainly; `None` leaves it to pydantic.
    ///
    /// Plain is what pydantic's lax mode takes and nobody spells otherwise: `-7`, `2.50`, `true`.
    /// Signs other than a minus, underscores, blanks, exponents and long numbers are not plain.
    pub(super) fn convert<'py>(
        self,
        py: Python<'py>,
        text: &str,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Str => Ok(Some(PyString::new(py, text).into_any())),
            Self::Int => plain_integer(text)
                .map(|value| value.into_bound_py_any(py))
                .transpose(),
            Self::Float => plain_float(text)
                .map(|value| value.into_bound_py_any(py))
                .transpose(),
            Self::Bool => match text {
                "true" => true.into_bound_py_any(py).map(Some),
                "false" => false.into_bound_py_any(py).map(Some),
                _ => Ok(None),
            },
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > SAFE_DIGITS || !is_digits(digits) {
        return None;
    }
    text.parse().ok()
}

fn plain_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if digits.len() > SAFE_DIGITS || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{plain_float, plain_integer};

    #[test]
    fn plain_integers_are_digits_with_a_minus_at_most() {
        assert_eq!(plain_integer("42"), Some(42));
        assert_eq!(plain_integer("-7"), Some(-7));
        assert_eq!(plain_integer("007"), Some(7));
        for odd in [
            "",
            "-",
            "+1",
            "1_000",
            " 1",
            "1.0",
            "٣",
            "1234567890123456789",
            "0x1",
        ] {
            assert_eq!(plain_integer(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn plain_floats_are_decimals_without_exponents() {
        assert_eq!(plain_float("2.50"), Some(2.5));
        assert_eq!(plain_float("-3"), Some(-3.0));
        for odd in ["", ".5", "5.", "1e3", "nan", "inf", "-", "1.2.3", "+1.0"] {
            assert_eq!(plain_float(odd), None, "{odd:?}");
        }
    }
}
