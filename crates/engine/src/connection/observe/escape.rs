//! What a client says, in a form that cannot leave its place in a line of a log.

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As nginx does: quotes, backslashes and everything but printable ASCII as `\xHH`.
    Text,
    /// Inside of a JSON string.
    Json,
}

impl Escape {
    /// Appends `value`, cut off where it becomes longer than `limit` bytes.
    pub(super) fn write(self, out: &mut Vec<u8>, value: &[u8], limit: usize) {
        let end = out.len().saturating_add(limit);
        match self {
            Self::Text => write_text(out, value, end),
            Self::Json => write_json(out, value, end),
        }
    }

    /// What stands for a value that there is not.
    pub(super) fn nothing(self) -> &'static [u8] {
        match self {
            Self::Text => b"-",
            Self::Json => b"",
        }
    }
}

const CUT: &[u8] = b"...";

fn write_text(out: &mut Vec<u8>, value: &[u8], end: usize) {
    for byte in value {
        if out.len() >= end {
            return out.extend_from_slice(CUT);
        }
        match byte {
            b'"' | b'\\' => push_hex(out, b"\\x", u32::from(*byte), 2),
            b' '..=b'~' => out.push(*byte),
            _ => push_hex(out, b"\\x", u32::from(*byte), 2),
        }
    }
}

/// UTF-8 stays what it is but for control characters and line ends; what is none becomes U+FFFD.
fn write_json(out: &mut Vec<u8>, value: &[u8], end: usize) {
    let mut room = [0; 4];
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            if out.len() >= end {
                return out.extend_from_slice(CUT);
            }
            match u32::from(character) {
                0x22 | 0x5c => {
                    out.push(b'\\');
                    out.extend_from_slice(character.encode_utf8(&mut room).as_bytes());
                }
                code @ (0..0x20 | 0x7f..0xa0 | 0x2028 | 0x2029) => push_hex(out, b"\\u", code, 4),
                _ => out.extend_from_slice(character.encode_utf8(&mut room).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn push_hex(out: &mut Vec<u8>, mark: &[u8], code: u32, digits: u32) {
    out.extend_from_slice(mark);
    for place in (0..digits).rev() {
        let digit = char::from_digit((code >> (4 * place)) & 15, 16).unwrap_or('0');
        out.extend_from_slice(
            digit
                .to_ascii_uppercase()
                .encode_utf8(&mut [0; 4])
                .as_bytes(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(escape: Escape, value: &[u8], limit: usize) -> String {
        let mut out = Vec::new();
        escape.write(&mut out, value, limit);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_ends_a_line_or_a_quote() {
        let every: Vec<u8> = (0..=255).collect();
        let text = written(Escape::Text, &every, 9999);
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert!(!text.contains('"'));
        assert_eq!(
            written(Escape::Text, b"a\"\\\x1b\xc3", 99),
            r"a\x22\x5C\x1B\xC3"
        );
        let json = written(Escape::Json, &every, 9999);
        assert!(!json.chars().any(char::is_control));
    }

    #[test]
    fn json_keeps_text_and_marks_what_is_none() {
        let value = "\"제비\"\\\r\n\u{85}\u{2028}".as_bytes();
        assert_eq!(
            written(Escape::Json, value, 99),
            r#"\"제비\"\\\u000D\u000A\u0085\u2028"#
        );
        assert_eq!(
            written(Escape::Json, b"a\xff\xc3(", 99),
            "a\u{fffd}\u{fffd}("
        );
    }

    #[test]
    fn a_long_value_is_cut_at_a_whole_character() {
        assert_eq!(written(Escape::Text, b"abcdef", 3), "abc...");
        assert_eq!(written(Escape::Text, b"abc", 3), "abc");
        assert_eq!(written(Escape::Json, "é".repeat(9).as_bytes(), 3), "éé...");
    }
}
