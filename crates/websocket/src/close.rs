//! Close codes and the frame that carries them (RFC 6455 sections 5.5.1 and 7.4).

use bytes::Bytes;

use crate::violation::Violation;

/// The longest reason that fits beside its code, in bytes.
pub(crate) const LONGEST_REASON: usize = 123;

/// How a peer ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Why; 1005 when the frame did not say.
    pub code: u16,
    /// In words, for people.
    pub reason: String,
}

impl Close {
    /// What a close frame says.
    pub(crate) fn read(payload: &Bytes) -> Result<Self, Violation> {
        let (code, reason) = match &payload[..] {
            [] => return Ok(Self::without_code()),
            [_] => return Err(Violation::protocol("close frame with half a code")),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        if !is_sendable(code) {
            return Err(Violation::protocol("invalid close code"));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::NOT_UTF8)?;
        Ok(Self {
            code,
            reason: reason.to_owned(),
        })
    }

    fn without_code() -> Self {
        Self {
            code: 1005,
            reason: String::new(),
        }
    }
}

/// Whether a close frame may carry this code: those that are registered for it, and those left to
/// libraries and applications. 1004 to 1006 and 1015 only ever stand for something else.
#[must_use]
pub const fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// As much of a reason as fits, cut between characters.
pub(crate) fn fit(reason: &str) -> &str {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{fit, is_sendable};

    #[test]
    fn codes_are_those_of_the_registry() {
        let sendable: Vec<u16> = (0..3000).filter(|&code| is_sendable(code)).collect();
        assert_eq!(
            sendable,
            [
                1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014
            ]
        );
        assert!((3000..5000).all(is_sendable));
        assert!(!(5000..=u16::MAX).any(is_sendable));
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(fit("short"), "short");
        assert_eq!(fit(&"é".repeat(100)), "é".repeat(61));
        assert_eq!(fit(&"x".repeat(200)).len(), 123);
    }
}
