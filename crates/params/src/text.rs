//! Bytes of a request as text, the way Python's toolkits read them.

use std::borrow::Cow;

use crate::percent::{append_decoded, into_text};

/// Latin-1: each byte is the code point of the same number.
pub(crate) fn latin1(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if raw.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(raw.iter().copied().map(char::from).collect()),
    }
}

/// A name or a value of a form: `+` is a space, escapes are UTF-8.
pub(crate) fn form(raw: &[u8]) -> Cow<'_, str> {
    if is_plain(raw)
        && let Ok(text) = std::str::from_utf8(raw)
    {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    if raw.is_ascii() {
        append_ascii(raw, &mut bytes);
        return Cow::Owned(into_text(bytes));
    }
    // An escape sequence does not reach over an unescaped byte beyond ASCII, so each run is decoded
    // on its own.
    let mut text = String::with_capacity(raw.len());
    for run in raw.chunk_by(|left, right| left.is_ascii() == right.is_ascii()) {
        if run.is_ascii() {
            bytes.clear();
            append_ascii(run, &mut bytes);
            text.push_str(&String::from_utf8_lossy(&bytes));
        } else {
            text.extend(run.iter().copied().map(char::from));
        }
    }
    Cow::Owned(text)
}

/// Whether [`form`] would give back the same bytes as text.
#[inline]
pub(crate) fn is_plain(raw: &[u8]) -> bool {
    raw.iter()
        .all(|byte| byte.is_ascii() && !matches!(byte, b'%' | b'+'))
}

fn append_ascii(raw: &[u8], bytes: &mut Vec<u8>) {
    for (index, word) in raw.split(|&byte| byte == b'+').enumerate() {
        if index > 0 {
            bytes.push(b' ');
        }
        append_decoded(word, bytes);
    }
}
