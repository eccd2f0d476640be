//! Percent-encoding.

use std::borrow::Cow;

/// `raw` with each `%` and two hexadecimal digits replaced by the byte they stand for.
///
/// A `%` that is followed by anything else stays as it is.
///
/// ```
/// assert_eq!(&*params::percent_decode(b"a%2Fb%zz"), b"a/b%zz");
/// ```
#[must_use]
pub fn percent_decode(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(escape) = memchr::memchr(b'%', raw) else {
        return Cow::Borrowed(raw);
    };
    let (plain, rest) = raw.split_at(escape);
    let mut decoded = Vec::with_capacity(raw.len());
    decoded.extend_from_slice(plain);
    append_decoded(rest, &mut decoded);
    Cow::Owned(decoded)
}

/// The path of a request target as text: escapes decoded, what is not UTF-8 replaced by U+FFFD.
#[must_use]
pub fn decode_path(raw: &[u8]) -> Cow<'_, str> {
    match percent_decode(raw) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(into_text(bytes)),
    }
}

/// Appends `raw` with its escapes decoded.
fn append_decoded(raw: &[u8], decoded: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(escape) = memchr::memchr(b'%', rest) {
        let (plain, escaped) = rest.split_at(escape);
        decoded.extend_from_slice(plain);
        rest = push_escaped(escaped.get(1..).unwrap_or_default(), decoded);
    }
    decoded.extend_from_slice(rest);
}

/// Appends what a `%` and the two digits in `after` stand for, or the `%`; what is left.
pub(crate) fn push_escaped<'r>(after: &'r [u8], decoded: &mut Vec<u8>) -> &'r [u8] {
    if let [high, low, rest @ ..] = after
        && let (Some(high), Some(low)) = (digit(*high), digit(*low))
    {
        decoded.push(high << 4 | low);
        rest
    } else {
        decoded.push(b'%');
        after
    }
}

/// UTF-8 as text, without a copy when it is valid.
pub(crate) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
