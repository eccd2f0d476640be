//! `application/x-www-form-urlencoded`: query strings and the bodies of simple forms.

use std::borrow::Cow;

use crate::text;

/// All names and values in order, blank values included.
///
/// ```
/// let pairs: Vec<_> = params::pairs(b"a=1&b&&c=%3D+").collect();
/// assert_eq!(pairs, [("a".into(), "1".into()), ("b".into(), "".into()), ("c".into(), "= ".into())]);
/// ```
#[must_use]
pub fn pairs(query: &[u8]) -> Pairs<'_> {
    Pairs { rest: Some(query) }
}

/// The first value with this name.
#[must_use]
pub fn first<'q>(query: &'q [u8], name: &str) -> Option<Cow<'q, str>> {
    raw_values(query, name).next().map(text::form)
}

/// The last value with this name: the one that a dictionary of all pairs holds.
#[must_use]
pub fn last<'q>(query: &'q [u8], name: &str) -> Option<Cow<'q, str>> {
    raw_values(query, name).last().map(text::form)
}

/// All values with this name, in order.
#[must_use]
pub fn all<'q, 'n>(query: &'q [u8], name: &'n str) -> All<'q, 'n> {
    All {
        pairs: pairs(query),
        name,
    }
}

/// The iterator that [`pairs`] returns.
#[derive(Clone, Debug)]
pub struct Pairs<'q> {
    rest: Option<&'q [u8]>,
}

impl<'q> Pairs<'q> {
    /// The next name and value as they stand in the query.
    fn next_raw(&mut self) -> Option<(&'q [u8], &'q [u8])> {
        loop {
            let rest = self.rest?;
            let pair = if let Some((pair, rest)) = cut(rest, b'&') {
                self.rest = Some(rest);
                pair
            } else {
                self.rest = None;
                rest
            };
            if !pair.is_empty() {
                return Some(cut(pair, b'=').unwrap_or((pair, b"")));
            }
        }
    }
}

impl<'q> Iterator for Pairs<'q> {
    type Item = (Cow<'q, str>, Cow<'q, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((text::form(name), text::form(value)))
    }
}

/// The iterator that [`all`] returns.
#[derive(Clone, Debug)]
pub struct All<'q, 'n> {
    pairs: Pairs<'q>,
    name: &'n str,
}

impl<'q> Iterator for All<'q, '_> {
    type Item = Cow<'q, str>;

    fn next(&mut self) -> Option<Self::Item> {
        next_raw_value(&mut self.pairs, self.name).map(text::form)
    }
}

fn raw_values<'q>(query: &'q [u8], name: &str) -> impl Iterator<Item = &'q [u8]> {
    let mut pairs = pairs(query);
    std::iter::from_fn(move || next_raw_value(&mut pairs, name))
}

/// The next value with this name. Names that need no decoding are compared as they stand.
fn next_raw_value<'q>(pairs: &mut Pairs<'q>, name: &str) -> Option<&'q [u8]> {
    loop {
        let (raw, value) = pairs.next_raw()?;
        let same = if text::is_plain(raw) {
            raw == name.as_bytes()
        } else {
            text::form(raw) == name
        };
        if same {
            return Some(value);
        }
    }
}

/// What stands before and after the first `separator`.
#[inline]
fn cut(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}
