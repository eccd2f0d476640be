//! `int` and `float` to JSON, in Python's spelling.

use core::ffi::c_int;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

use super::{Unsupported, text};

/// Below this, Python's `repr` of a float uses an exponent; `zmij` begins a factor of ten later.
const FIXED_FROM: f64 = 1e-4;

/// Appends an exact `int` of any size.
pub(super) fn write_integer(
    integer: &Bound<'_, PyInt>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    let mut overflow: c_int = 0;
    // SAFETY: `integer` is an `int`, for which the call neither runs Python code nor fails.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(integer.as_ptr(), &raw mut overflow) };
    if overflow == 0 {
        out.extend_from_slice(itoa::Buffer::new().format(small).as_bytes());
        return Ok(());
    }
    // Python refuses to print beyond its limit of digits; json would raise that too.
    let digits = integer.str().map_err(|_| Unsupported)?;
    write_bare(&digits, out)
}

/// Appends text that needs no escape, without the quotes.
fn write_bare(digits: &Bound<'_, PyString>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    let start = out.len();
    text::write(digits, out)?;
    out.pop();
    out.remove(start);
    Ok(())
}

/// Appends `repr(value)`: the shortest digits that read back as the same number. NaN and the
/// infinities are unsupported, as JSON has no word for them.
pub(super) fn write_float(value: f64, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    if !value.is_finite() {
        return Err(Unsupported);
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let magnitude = value.abs();
    if magnitude >= FIXED_FROM || value == 0.0 {
        // The same spelling here: fixed below 1e16, `1e+16` and two digits of exponent from there.
        out.extend_from_slice(shortest.as_bytes());
    } else if let Some((mantissa, exponent)) = shortest.split_once("e-") {
        write_exponent(mantissa, exponent, out);
    } else {
        write_hundred_thousandths(shortest, out);
    }
    Ok(())
}

/// Python writes at least two digits of exponent: `1e-7` is `1e-07`.
fn write_exponent(mantissa: &str, exponent: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(mantissa.as_bytes());
    out.extend_from_slice(if exponent.len() < 2 { b"e-0" } else { b"e-" });
    out.extend_from_slice(exponent.as_bytes());
}

/// From `0.0000123` to `1.23e-05`.
fn write_hundred_thousandths(fixed: &str, out: &mut Vec<u8>) {
    if fixed.starts_with('-') {
        out.push(b'-');
    }
    let digits = fixed.trim_start_matches(['-', '0', '.']);
    let (first, rest) = digits.split_at(digits.len().min(1));
    out.extend_from_slice(first.as_bytes());
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest.as_bytes());
    }
    out.extend_from_slice(b"e-05");
}

#[cfg(test)]
mod tests {
    use super::write_float;

    fn repr(value: f64) -> String {
        let mut out = Vec::new();
        write_float(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_spelled_as_python_does() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.000_123, "0.000123"),
            (0.000_099_999_999_999_999_99, "9.999999999999999e-05"),
            (0.00001, "1e-05"),
            (-0.000_012_34, "-1.234e-05"),
            (1e-6, "1e-06"),
            (-1.5e-7, "-1.5e-07"),
            (1e-10, "1e-10"),
            (5e-324, "5e-324"),
            (2.225_073_858_507_201_4e-308, "2.2250738585072014e-308"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e22, "1e+22"),
            (f64::MAX, "1.7976931348623157e+308"),
        ];
        for (value, expected) in cases {
            assert_eq!(repr(value), expected);
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(write_float(value, &mut Vec::new()).is_err());
        }
    }
}
