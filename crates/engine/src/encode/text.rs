//! `str` to a JSON string, with `ensure_ascii=False`'s escapes: the quote, the backslash and the
//! control characters below a space.
//!
//! Strings are read where Python keeps them, in one, two or four bytes a character. Asking Python
//! for UTF-8 would leave a second copy of every string that is not ASCII inside that string.

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::types::string::PyStringData;

use super::Unsupported;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` in quotes. Lone surrogates, which have no UTF-8, are unsupported.
pub(crate) fn write(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    // SAFETY: the string is immutable and, read by the thread that is attached, canonical; its
    // buffer lives as long as the borrow of `text`.
    let data = unsafe { text.data() }.map_err(|_| Unsupported)?;
    out.push(b'"');
    match data {
        PyStringData::Ucs1(units) => write_latin1(units, out),
        PyStringData::Ucs2(units) => write_wide(units.iter().copied().map(u32::from), out)?,
        PyStringData::Ucs4(units) => write_wide(units.iter().copied(), out)?,
    }
    out.push(b'"');
    Ok(())
}

/// ASCII and Latin-1: runs that need no care are copied as they are.
fn write_latin1(mut units: &[u8], out: &mut Vec<u8>) {
    out.reserve(units.len() + 1);
    loop {
        let (plain, rest) = units.split_at(plain_prefix(units));
        out.extend_from_slice(plain);
        let Some((&unit, rest)) = rest.split_first() else {
            return;
        };
        if unit < 0x80 {
            write_escape(unit, out);
        } else {
            out.extend_from_slice(&[0xC0 | (unit >> 6), 0x80 | (unit & 0x3F)]);
        }
        units = rest;
    }
}

/// How many bytes from the front stand for themselves, looked at eight at a time.
fn plain_prefix(units: &[u8]) -> usize {
    let mut rest = units;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return units.len() - rest.len() + special.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let tail = rest.iter().position(|&unit| is_special(unit));
    units.len() - rest.len() + tail.unwrap_or(rest.len())
}

fn is_special(unit: u8) -> bool {
    !(b' '..0x80).contains(&unit) || unit == b'"' || unit == b'\\'
}

/// The top bit of each byte that [`is_special`]; only the lowest one set is exact, because a
/// borrow out of a special byte may mark the one above it.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const TOPS: u64 = ONES << 7;
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero_in(word ^ (ONES * 0x22));
    let backslash = zero_in(word ^ (ONES * 0x5C));
    (word | below_space | quote | backslash) & TOPS
}

/// Strings with a character beyond Latin-1.
fn write_wide(
    units: impl ExactSizeIterator<Item = u32>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    out.reserve(units.len() * 3 + 1);
    for unit in units {
        match u8::try_from(unit) {
            Ok(byte) if byte < 0x80 => {
                if is_special(byte) {
                    write_escape(byte, out);
                } else {
                    out.push(byte);
                }
            }
            _ => {
                let character = char::from_u32(unit).ok_or(Unsupported)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Ok(())
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0C => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::{is_special, plain_prefix, write_escape, write_latin1, write_wide};

    fn latin1(units: &[u8]) -> String {
        let mut out = Vec::new();
        write_latin1(units, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn prefix_ends_at_the_first_special_byte_wherever_it_stands() {
        for length in 0..40 {
            let plain = vec![b'a'; length];
            assert_eq!(plain_prefix(&plain), length);
            for at in 0..length {
                for unit in 0..=255_u8 {
                    let mut units = plain.clone();
                    units[at] = unit;
                    let expected = if is_special(unit) { at } else { length };
                    assert_eq!(
                        plain_prefix(&units),
                        expected,
                        "{unit:#x} at {at} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn escapes_are_those_of_python() {
        assert_eq!(
            latin1(b"a\"b\\c\x08\x0c\n\r\t"),
            "a\\\"b\\\\c\\b\\f\\n\\r\\t"
        );
        assert_eq!(latin1(b"\x00\x1f\x7f"), "\\u0000\\u001f\x7f");
        let mut out = Vec::new();
        write_escape(0x0B, &mut out);
        assert_eq!(out, b"\\u000b");
    }

    #[test]
    fn latin1_and_wide_become_utf8() {
        assert_eq!(latin1(b"caf\xe9 \x80\xff"), "caf\u{e9} \u{80}\u{ff}");
        let mut out = Vec::new();
        write_wide(
            "é\n제비🐦"
                .chars()
                .map(u32::from)
                .collect::<Vec<_>>()
                .into_iter(),
            &mut out,
        )
        .unwrap();
        assert_eq!(out, "é\\n제비🐦".as_bytes());
    }

    #[test]
    fn lone_surrogates_are_refused() {
        assert!(write_wide([0xD800_u32].into_iter(), &mut Vec::new()).is_err());
    }
}
