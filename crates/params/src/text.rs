//! Bytes of a request as text, the way Python's toolkits read them.

use std::borrow::Cow;

use crate::percent::{into_text, push_escaped};

/// Latin-1: each byte is the code point of the same number.
pub(crate) fn latin1(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if raw.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(raw.iter().copied().map(char::from).collect()),
    }
}

/// A name or a value of a form: `+` is a space, escapes are UTF-8, other bytes beyond ASCII Latin-1.
///
/// ```
/// assert_eq!(params::decode_form(b"caf%C3%A9+au+lait"), "caf\u{e9} au lait");
/// ```
#[must_use]
pub fn form(raw: &[u8]) -> Cow<'_, str> {
    if is_plain(raw)
        && let Ok(text) = std::str::from_utf8(raw)
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(decode(raw))
}

/// Runs of ASCII are decoded on their own: an escape sequence does not reach over an unescaped byte
/// beyond ASCII.
fn decode(raw: &[u8]) -> String {
    let mut text = String::new();
    let mut run = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let plain = rest
            .iter()
            .position(|byte| !byte.is_ascii() || matches!(byte, b'%' | b'+'))
            .unwrap_or(rest.len());
        let (copied, special) = rest.split_at(plain);
        run.extend_from_slice(copied);
        rest = match special {
            [] => break,
            [b'+', after @ ..] => {
                run.push(b' ');
                after
            }
            [b'%', after @ ..] => push_escaped(after, &mut run),
            [byte, after @ ..] => {
                text.push_str(&String::from_utf8_lossy(&run));
                text.push(char::from(*byte));
                run.clear();
                after
            }
        };
    }
    if text.is_empty() {
        return into_text(run);
    }
    text.push_str(&String::from_utf8_lossy(&run));
    text
}

/// Whether [`form`] would give back the same bytes as text.
#[inline]
pub(crate) fn is_plain(raw: &[u8]) -> bool {
    raw.iter()
        .all(|byte| byte.is_ascii() && !matches!(byte, b'%' | b'+'))
}
