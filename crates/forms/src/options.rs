//! Headers like `form-data; name="a"; filename="b.txt"`.

use std::borrow::Cow;

use memchr::{memchr, memrchr};

/// A header with its parameters, as [`options`] reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What stands before the first semicolon, in lower case.
    pub value: Vec<u8>,
    /// The parameters in order, names in lower case, values without their quotes.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Options {
    /// The parameter with this name; of several the last.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.parameters.iter().rfind(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }
}

/// Reads a `Content-Type` or a `Content-Disposition`.
///
/// A semicolon between quotes does not separate, and a backslash before a quote or a backslash
/// stands for it. Parameters in the extended form of RFC 8187 (`filename*=`) are left out, as RFC
/// 7578 section 4.2 forbids them in forms; the plain one counts. Of a `filename` that is a path of
/// Windows the last component is taken.
///
/// ```
/// let options = forms::options(br#"Form-Data; name="a;b"; filename="say \"hi\".txt""#);
/// assert_eq!(options.value, b"form-data");
/// assert_eq!(options.get(b"name"), Some(&b"a;b"[..]));
/// assert_eq!(options.get(b"filename"), Some(&br#"say "hi".txt"#[..]));
/// ```
#[must_use]
pub fn options(header: &[u8]) -> Options {
    let (value, parameters) = split(header);
    Options {
        value: trim(value).to_ascii_lowercase(),
        parameters: parameters
            .map(|(name, value)| (name.to_ascii_lowercase(), unquote(name, value).into_owned()))
            .collect(),
    }
}

/// The `name` and the `filename` of a disposition; of several the last.
pub(crate) fn disposition(header: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let (mut name, mut filename) = (None, None);
    for parameter in split(header).1 {
        if parameter.0.eq_ignore_ascii_case(b"name") {
            name = Some(parameter);
        } else if parameter.0.eq_ignore_ascii_case(b"filename") {
            filename = Some(parameter);
        }
    }
    let text = |(name, value)| unquote(name, value).into_owned();
    (name.map(text), filename.map(text))
}

/// The value of a header, and its parameters as they stand there.
fn split(header: &[u8]) -> (&[u8], impl Iterator<Item = (&[u8], &[u8])>) {
    let (value, mut rest) = segment(header);
    let parameters = std::iter::from_fn(move || {
        let (parameter, next) = segment(rest?);
        rest = next;
        let equals = memchr(b'=', parameter).unwrap_or(parameter.len());
        let (name, value) = parameter.split_at(equals);
        Some((trim(name), trim(value.get(1..).unwrap_or_default())))
    });
    (
        value,
        parameters.filter(|(name, _)| memchr(b'*', name).is_none()),
    )
}

/// What stands before the next semicolon that separates, and what after it.
fn segment(header: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (mut quoted, mut before) = (false, 0);
    for (at, &byte) in header.iter().enumerate() {
        match byte {
            b'"' if before != b'\\' => quoted = !quoted,
            b';' if !quoted => return (header.get(..at).unwrap_or_default(), header.get(at + 1..)),
            _ => {}
        }
        before = byte;
    }
    // The quote is never closed: no semicolon behind it separates.
    (header, None)
}

pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(is_text)
        .map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// The value of a parameter without its quotes.
fn unquote<'v>(name: &[u8], value: &'v [u8]) -> Cow<'v, [u8]> {
    let value = match value {
        [b'"', inner @ .., b'"'] if memchr(b'\\', inner).is_none() => Cow::Borrowed(inner),
        // One after the other, as python-multipart does it: three backslashes and a quote are a quote.
        [b'"', inner @ .., b'"'] => Cow::Owned(shorten(&shorten(inner, b'\\'), b'"')),
        _ => Cow::Borrowed(value),
    };
    if !name.eq_ignore_ascii_case(b"filename") {
        return value;
    }
    match value {
        Cow::Borrowed(path) => Cow::Borrowed(base_name(path)),
        Cow::Owned(path) => Cow::Owned(base_name(&path).to_vec()),
    }
}

/// `value` without the backslash before each `escaped`.
fn shorten(value: &[u8], escaped: u8) -> Vec<u8> {
    let (mut short, mut rest) = (Vec::with_capacity(value.len()), value);
    while let [byte, after @ ..] = rest {
        rest = match after {
            [next, after @ ..] if *byte == b'\\' && *next == escaped => {
                short.push(escaped);
                after
            }
            _ => {
                short.push(*byte);
                after
            }
        };
    }
    short
}

/// The file's name alone: an old browser sends the whole path.
fn base_name(filename: &[u8]) -> &[u8] {
    match filename {
        [_, b':', b'\\', ..] | [b'\\', b'\\', ..] => memrchr(b'\\', filename)
            .and_then(|last| filename.get(last + 1..))
            .unwrap_or_default(),
        _ => filename,
    }
}
