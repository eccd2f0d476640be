//! Text that arrives in pieces, which may end within a character.

use crate::violation::Violation;

/// How much of a growing text is known to be UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    checked: usize,
}

impl Utf8 {
    /// Checks what came since the last call. Nothing but the bytes of an unfinished character, three
    /// at most, is looked at twice.
    ///
    /// # Errors
    ///
    /// As soon as no further byte could make it UTF-8.
    pub(crate) fn check(&mut self, text: &[u8]) -> Result<(), Violation> {
        match std::str::from_utf8(text.get(self.checked..).unwrap_or_default()) {
            Ok(_) => self.checked = text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Violation::NOT_UTF8),
        }
        Ok(())
    }

    /// Whether a text of this length, checked to its end, ends with a whole character.
    pub(crate) fn is_whole(self, length: usize) -> bool {
        self.checked == length
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;

    #[test]
    fn a_character_may_be_cut_but_not_missing() {
        let text = "κόσμε 𝄞".as_bytes();
        let mut utf8 = Utf8::default();
        for end in 0..=text.len() {
            assert!(utf8.check(&text[..end]).is_ok());
            let whole = std::str::from_utf8(&text[..end]).is_ok();
            assert_eq!(utf8.is_whole(end), whole, "{end}");
        }
    }

    #[test]
    fn what_cannot_become_a_character_is_refused_at_once() {
        // A surrogate, and the first byte that is out of Unicode's range.
        for bad in [&b"ab\xed\xa0"[..], b"ab\xf4\x90", b"\xc0", b"ab\xf0\x80"] {
            assert!(Utf8::default().check(bad).is_err(), "{bad:?}");
        }
        let mut utf8 = Utf8::default();
        assert!(utf8.check(b"ab\xe2\x82").is_ok());
        assert!(utf8.check(b"ab\xe2\x82a").is_err());
    }
}
