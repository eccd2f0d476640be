//! JSON's pieces (RFC 8259), as far as they are spelled plainly.
//!
//! Strings have no escapes and numbers no exponents, or it is pydantic that reads them.

use std::ops::Range;

use super::Unsure;

/// How many digits an integer may have that surely fits 64 bits.
const SAFE_DIGITS: usize = 18;

/// A number as it is spelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A document, and how far it was read.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte that is no white space, which stays the next.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Takes the next byte if it is this one; says whether it was.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes a byte that has to come now.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Unsure> {
        self.take(byte).then_some(()).ok_or(Unsure)
    }

    /// Takes a word that has to come now: `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), Unsure> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Unsure);
        }
        self.at += word.len();
        Ok(())
    }

    /// The bytes of a string without its quotes. They are not known to be UTF-8.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Unsure> {
        self.expect(b'"')?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            .ok_or(Unsure)?;
        if rest.get(end) != Some(&b'"') {
            return Err(Unsure);
        }
        self.at += end + 1;
        rest.get(..end).ok_or(Unsure)
    }

    /// A number without an exponent. Zero with a minus is left alone: it depends on the type what it is.
    pub(super) fn number(&mut self) -> Result<Number, Unsure> {
        self.peek();
        let start = self.at;
        let is_negative = self.bytes.get(self.at) == Some(&b'-');
        self.at += usize::from(is_negative);
        let whole = self.digits();
        if whole.is_empty() || (whole.len() > 1 && self.bytes.get(whole.start) == Some(&b'0')) {
            return Err(Unsure);
        }
        let mut is_float = false;
        if self.bytes.get(self.at) == Some(&b'.') {
            is_float = true;
            self.at += 1;
            if self.digits().is_empty() {
                return Err(Unsure);
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            return Err(Unsure);
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| Unsure)?;
        if is_float {
            return text.parse().map(Number::Float).map_err(|_| Unsure);
        }
        if whole.len() > SAFE_DIGITS || text == "-0" {
            return Err(Unsure);
        }
        text.parse().map(Number::Integer).map_err(|_| Unsure)
    }

    fn digits(&mut self) -> Range<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let other = rest.iter().position(|byte| !byte.is_ascii_digit());
        let start = self.at;
        self.at += other.unwrap_or(rest.len());
        start..self.at
    }

    /// Whether nothing is left but white space.
    pub(super) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, Scanner, Unsure};

    fn number(text: &str) -> Result<Number, Unsure> {
        let mut scanner = Scanner::new(text.as_bytes());
        let found = scanner.number()?;
        if scanner.is_over() {
            Ok(found)
        } else {
            Err(Unsure)
        }
    }

    #[test]
    fn plain_numbers_are_what_they_say() {
        for (text, expected) in [
            ("0", Number::Integer(0)),
            (" 42 ", Number::Integer(42)),
            ("-7", Number::Integer(-7)),
            (
                "999999999999999999",
                Number::Integer(999_999_999_999_999_999),
            ),
            ("9.5", Number::Float(9.5)),
            ("-0.0", Number::Float(-0.0)),
            ("0.1", Number::Float(0.1)),
        ] {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_pydantics() {
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-01",
            "-0",
            "1.",
            ".5",
            "1e3",
            "1E3",
            "1.5e3",
            "0x1",
            "1_0",
            "NaN",
            "Infinity",
            "-Infinity",
            "9999999999999999999",
            "1 2",
            "٣",
        ] {
            assert_eq!(number(text), Err(Unsure), "{text}");
        }
    }

    #[test]
    fn plain_strings_end_at_their_quote() {
        let mut scanner = Scanner::new(b" \"a b\" , \"\xff\"");
        assert_eq!(scanner.string(), Ok(&b"a b"[..]));
        assert!(scanner.take(b','));
        assert_eq!(scanner.string(), Ok(&b"\xff"[..]));
        assert!(scanner.is_over());
    }

    #[test]
    fn other_strings_are_pydantics() {
        for text in [&b"\"a"[..], b"\"a\\n\"", b"\"a\nb\"", b"'a'", b"a", b""] {
            assert_eq!(Scanner::new(text).string(), Err(Unsure));
        }
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(Scanner::new(b"true").word(b"true"), Ok(()));
        assert_eq!(Scanner::new(b"tru").word(b"true"), Err(Unsure));
        let mut scanner = Scanner::new(b"nullx");
        assert!(scanner.word(b"null").is_ok() && !scanner.is_over());
    }
}
