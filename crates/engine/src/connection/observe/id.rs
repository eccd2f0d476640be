//! Numbers that tell requests apart, across processes and time.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest number that is taken from a proxy.
const LONGEST: usize = 128;

/// Makes numbers of 32 hexadecimal digits. They are not secret, and no two are alike.
pub(in super::super) struct Ids {
    keys: [RandomState; 2],
    made: AtomicU64,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new()],
            made: AtomicU64::new(0),
        }
    }
}

impl Ids {
    pub(super) fn next(&self) -> String {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        // Other processes have other keys, unless they are forks of this one.
        let seed = (count, std::process::id());
        let [high, low] = self.keys.each_ref().map(|key| key.hash_one(seed));
        format!("{high:016x}{low:016x}")
    }
}

/// A number that a proxy sent, if it is one that may stand anywhere.
pub(super) fn well_formed(id: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte);
    let fits = !id.is_empty() && id.len() <= LONGEST && id.iter().all(is_plain);
    std::str::from_utf8(id).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        let (one, other) = (Ids::default(), Ids::default());
        let made = [one.next(), one.next(), other.next()];
        assert!(made[0] != made[1] && made[0] != made[2] && made[0].len() == 32);
    }

    #[test]
    fn only_plain_numbers_are_taken() {
        assert_eq!(well_formed(b"a-1_B.2"), Some("a-1_B.2"));
        for id in [&b""[..], b"a b", b"a\"", b"\xe9", &[b'a'; LONGEST + 1]] {
            assert_eq!(well_formed(id), None);
        }
    }
}
