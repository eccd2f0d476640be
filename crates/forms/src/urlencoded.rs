//! `application/x-www-form-urlencoded` bodies.

use std::borrow::Cow;

use memchr::memchr;
use params::decode_form;

use crate::{FieldLimits, Violation};

/// Reads a urlencoded body in pieces.
///
/// Empty fields (`a=1&&b=2`) are passed over, a field without `=` has an empty value. `+` is a space,
/// escapes are UTF-8; bytes beyond ASCII that are not escaped are Latin-1, as in Starlette.
///
/// ```
/// use forms::{FieldLimits, Urlencoded};
///
/// let mut found = Vec::new();
/// let mut form = Urlencoded::new(FieldLimits::default());
/// for piece in [&b"a=1&caf"[..], b"%C3", b"%A9=+&"] {
///     form.feed(piece, |name, value| found.push((name.into_owned(), value.into_owned())))?;
/// }
/// form.finish(|name, value| found.push((name.into_owned(), value.into_owned())))?;
/// assert_eq!(found, [("a".into(), "1".into()), ("caf\u{e9}".into(), " ".into())]);
/// # Ok::<(), forms::Violation>(())
/// ```
#[derive(Clone, Debug)]
pub struct Urlencoded {
    limits: FieldLimits,
    fields: u64,
    /// The beginning of a field whose end has not come yet, as it stands in the body.
    partial: Vec<u8>,
    /// Where the first `=` stands in it.
    equals: Option<usize>,
}

impl Urlencoded {
    /// Reads from the beginning of a body.
    #[must_use]
    pub const fn new(limits: FieldLimits) -> Self {
        Self {
            limits,
            fields: 0,
            partial: Vec::new(),
            equals: None,
        }
    }

    /// How many fields were found, the one too many included.
    #[must_use]
    pub const fn fields(&self) -> u64 {
        self.fields
    }

    /// What is held back because the end of its field has not come.
    #[must_use]
    pub fn held(&self) -> &[u8] {
        &self.partial
    }

    /// Takes the next piece and hands out the names and values of the fields that end in it.
    ///
    /// # Errors
    ///
    /// [`Violation::TooManyFields`] and [`Violation::FieldTooLarge`]; do not feed on after one.
    pub fn feed(
        &mut self,
        piece: &[u8],
        mut field: impl FnMut(Cow<'_, str>, Cow<'_, str>),
    ) -> Result<(), Violation> {
        let mut rest = piece;
        while let Some((raw, after)) = cut(rest, b'&') {
            rest = skip_separators(after);
            if self.partial.is_empty() {
                self.emit(raw, memchr(b'=', raw), &mut field)?;
            } else {
                self.hold(raw)?;
                self.emit_partial(&mut field)?;
            }
        }
        self.hold(rest)
    }

    /// Hands out the last field at the end of the body.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub fn finish(
        &mut self,
        mut field: impl FnMut(Cow<'_, str>, Cow<'_, str>),
    ) -> Result<(), Violation> {
        self.emit_partial(&mut field)
    }

    /// Keeps `bytes` until the rest of their field comes.
    fn hold(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        if self.equals.is_none() {
            self.equals = memchr(b'=', bytes).map(|at| self.partial.len() + at);
        }
        self.check(self.partial.len() + bytes.len(), self.equals)?;
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    fn emit_partial(
        &mut self,
        field: &mut impl FnMut(Cow<'_, str>, Cow<'_, str>),
    ) -> Result<(), Violation> {
        let mut partial = std::mem::take(&mut self.partial);
        let equals = self.equals.take();
        self.emit(&partial, equals, field)?;
        partial.clear();
        self.partial = partial;
        Ok(())
    }

    fn emit(
        &mut self,
        raw: &[u8],
        equals: Option<usize>,
        field: &mut impl FnMut(Cow<'_, str>, Cow<'_, str>),
    ) -> Result<(), Violation> {
        if raw.is_empty() {
            return Ok(());
        }
        self.check(raw.len(), equals)?;
        self.fields += 1;
        if self.fields > self.limits.fields {
            return Err(Violation::TooManyFields(self.limits.fields));
        }
        let (name, value) = match equals {
            Some(at) => (raw.get(..at), raw.get(at + 1..)),
            None => (Some(raw), None),
        };
        field(
            decode_form(name.unwrap_or_default()),
            decode_form(value.unwrap_or_default()),
        );
        Ok(())
    }

    /// Whether a field of `length` bytes is small enough; its `=` does not count.
    fn check(&self, length: usize, equals: Option<usize>) -> Result<(), Violation> {
        let length = length - usize::from(equals.is_some());
        if u64::try_from(length).is_ok_and(|length| length <= self.limits.size) {
            Ok(())
        } else {
            Err(Violation::FieldTooLarge(self.limits.size))
        }
    }
}

/// What follows separators, which stand around nothing.
fn skip_separators(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| byte != b'&');
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}

/// What stands before and after the first `separator`.
fn cut(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(separator, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}
