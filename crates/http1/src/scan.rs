//! Byte classes of the grammar and the loops that run over them.
//!
//! Every loop over a client's bytes stands here, takes the position it stopped at and returns the
//! next one, so nothing is looked at twice however the bytes arrive.

/// For each byte of a token its lower-case form, and 0 for what no token contains.
#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
static TOKEN_LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        if is_token_byte(byte) {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// The lower-case form of a byte that a token may contain.
#[inline]
fn token_lower(byte: u8) -> Option<u8> {
    TOKEN_LOWER
        .get(usize::from(byte))
        .copied()
        .filter(|&lower| lower != 0)
}

/// Whether `name` is a token: not empty and nothing but token bytes.
#[inline]
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| token_lower(byte).is_some())
}

/// Whether a request target may contain the byte: visible ASCII, and no fragment.
///
/// Wider than the grammar of URIs: browsers and command-line clients send `|`, `[`, `"` and the like
/// as they are, and no reader of a request takes them for anything else.
#[inline]
fn is_target_byte(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte) && byte != b'#'
}

/// Position of the first byte at or after `from` that is not part of a token.
#[inline]
pub(crate) fn token_end(bytes: &[u8], from: usize) -> usize {
    position(bytes, from, |byte| token_lower(byte).is_none())
}

/// Position of the first byte at or after `from` that no target contains.
#[inline]
pub(crate) fn target_end(bytes: &[u8], from: usize) -> usize {
    position(bytes, from, |byte| !is_target_byte(byte))
}

#[inline]
fn position(bytes: &[u8], from: usize, stop: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|&byte| stop(byte))
        .unwrap_or(rest.len());
    work::count(length + 1);
    from + length
}

/// Lower-cases a token in place and returns the position of the first byte after it.
#[inline]
pub(crate) fn lower_token_end(bytes: &mut [u8], from: usize) -> usize {
    let mut end = from;
    for byte in bytes.get_mut(from..).unwrap_or_default() {
        let Some(lower) = token_lower(*byte) else {
            break;
        };
        *byte = lower;
        end += 1;
    }
    work::count(end - from + 1);
    end
}

/// Position of the first byte at or after `from` that a field value cannot contain: a control byte
/// other than the tab.
#[inline]
pub(crate) fn value_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = control(bytes, at);
        if bytes.get(at) != Some(&b'\t') {
            work::count(at - from + 1);
            return at;
        }
        at += 1;
    }
}

/// Position of the first control byte at or after `from`, eight bytes at a time.
#[inline]
fn control(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let rest = bytes.get(from..).unwrap_or_default();
    let mut at = from;
    let mut words = rest.chunks_exact(8);
    for word in words.by_ref() {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        let word = u64::from_le_bytes(eight);
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        let delete = word ^ (ONES * 0x7f);
        let delete = delete.wrapping_sub(ONES) & !delete;
        // A borrow can only mark bytes above one that is marked rightly: the lowest mark is exact.
        let marks = (below_space | delete) & HIGH;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = words.remainder();
    at + tail
        .iter()
        .position(u8::is_ascii_control)
        .unwrap_or(tail.len())
}

/// `bytes` without the spaces and tabs around it.
#[inline]
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The elements of a comma-separated list, trimmed; empty ones included.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim)
}

/// Counts looked-at bytes in tests, to show that work is linear however bytes arrive.
pub(crate) mod work {
    #[cfg(test)]
    std::thread_local! {
        static COUNT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[inline]
    pub(crate) fn count(bytes: usize) {
        #[cfg(test)]
        COUNT.with(|count| count.set(count.get() + bytes));
        #[cfg(not(test))]
        let _ = bytes;
    }

    #[cfg(test)]
    pub(crate) fn take() -> usize {
        COUNT.with(std::cell::Cell::take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_at_its_first_control_byte_wherever_that_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                for length in at + 1..24 {
                    let mut value = vec![b'a'; length];
                    value[at] = byte;
                    let stops = byte.is_ascii_control() && byte != b'\t';
                    assert_eq!(
                        value_end(&value, 0),
                        if stops { at } else { length },
                        "{byte} {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn bytes_beside_a_control_byte_do_not_hide_or_fake_it() {
        for (left, right) in (0..=u8::MAX).flat_map(|l| (0..=u8::MAX).map(move |r| (l, r))) {
            let value = [b'x', left, right, b'x', b'x', b'x', b'x', b'x'];
            let expected = value
                .iter()
                .position(|b| b.is_ascii_control() && *b != b'\t');
            assert_eq!(value_end(&value, 0), expected.unwrap_or(8));
        }
    }

    #[test]
    fn trimming_takes_spaces_and_tabs_only() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b"\x0ba"), b"\x0ba");
    }
}
