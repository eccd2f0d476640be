//! The `Cookie` header, read as leniently as browsers and servers do.

use std::borrow::Cow;

use crate::text;

/// All names and values of one `Cookie` header, in order.
///
/// A piece without `=` is a value without a name; a value in double quotes is unquoted. Where a
/// mapping is wanted, the last of several values with one name counts.
///
/// ```
/// let cookies: Vec<_> = params::cookies(br#"id=7; name="J \"B\"""#).collect();
/// assert_eq!(cookies, [("id".into(), "7".into()), ("name".into(), r#"J "B""#.into())]);
/// ```
#[must_use]
pub fn cookies(header: &[u8]) -> Cookies<'_> {
    Cookies { rest: Some(header) }
}

/// The value that a mapping of the header's cookies holds for this name.
#[must_use]
pub fn cookie<'h>(header: &'h [u8], name: &str) -> Option<Cow<'h, str>> {
    let mut cookies = cookies(header);
    std::iter::from_fn(|| cookies.next_raw())
        .filter(|(raw, _)| text::latin1(raw) == name)
        .last()
        .map(|(_, value)| unquote(value))
}

/// The iterator that [`cookies`] returns.
#[derive(Clone, Debug)]
pub struct Cookies<'h> {
    rest: Option<&'h [u8]>,
}

impl<'h> Cookies<'h> {
    /// The next name and value as they stand in the header, without the white space around them.
    fn next_raw(&mut self) -> Option<(&'h [u8], &'h [u8])> {
        loop {
            let rest = self.rest?;
            let end = memchr::memchr(b';', rest);
            self.rest = end.and_then(|end| rest.get(end + 1..));
            let piece = rest.get(..end.unwrap_or(rest.len()))?;
            let (name, value) = match memchr::memchr(b'=', piece) {
                Some(at) => (piece.get(..at)?, piece.get(at + 1..)?),
                None => (&b""[..], piece),
            };
            let (name, value) = (trim(name), trim(value));
            if !name.is_empty() || !value.is_empty() {
                return Some((name, value));
            }
        }
    }
}

impl<'h> Iterator for Cookies<'h> {
    type Item = (Cow<'h, str>, Cow<'h, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((text::latin1(name), unquote(value)))
    }
}

/// Removes the quotes around a value and the backslashes in it: `\"` is `"`, `\054` is a comma.
fn unquote(value: &[u8]) -> Cow<'_, str> {
    let [b'"', inner @ .., b'"'] = value else {
        return text::latin1(value);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return text::latin1(inner);
    }
    let mut unquoted = String::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        let (byte, after) = match rest {
            [] => return Cow::Owned(unquoted),
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ] => ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), after),
            // A line feed cannot be quoted this way; it keeps its backslash.
            [b'\\', byte, after @ ..] if *byte != b'\n' => (*byte, after),
            [byte, after @ ..] => (*byte, after),
        };
        unquoted.push(char::from(byte));
        rest = after;
    }
}

/// Removes what Unicode counts as white space within Latin-1 from both ends.
fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [byte, rest @ ..] = bytes
        && is_space(*byte)
    {
        bytes = rest;
    }
    while let [rest @ .., byte] = bytes
        && is_space(*byte)
    {
        bytes = rest;
    }
    bytes
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ' | 0x85 | 0xa0)
}
