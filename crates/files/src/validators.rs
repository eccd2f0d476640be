//! What tells one state of a file from another.

use std::time::{Duration, SystemTime};

use crate::codings::Coding;

/// A file's entity tag and date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators {
    /// A strong entity tag, with its quotes.
    pub(crate) etag: String,
    /// In whole seconds, as HTTP counts them, and never in the future.
    pub(crate) modified: SystemTime,
    /// Whether the date is old enough to stand for one state alone.
    pub(crate) is_date_strong: bool,
}

impl Validators {
    /// Made of size and time in full resolution, so that a file written twice in a second has two;
    /// and of the coding, because variants of one file are different bytes.
    pub(crate) fn new(
        size: u64,
        modified: SystemTime,
        coding: Option<Coding>,
        now: SystemTime,
    ) -> Self {
        let since = modified
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let suffix = coding.map_or("", |coding| coding.etag_suffix());
        // RFC 9110 section 8.8.2.1: not later than the answer itself.
        let shown = since.min(
            now.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
        );
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(shown.as_secs());
        Self {
            etag: format!("\"{:x}-{size:x}{suffix}\"", since.as_nanos()),
            modified,
            // Section 8.8.2.2: at least a second older than the answer.
            is_date_strong: modified + Duration::from_secs(1) <= now,
        }
    }
}

/// The entity tags of a list: whether each is weak, and its text with the quotes.
///
/// A list that is broken ends where it breaks. Nothing is looked at twice.
pub(crate) fn tags(list: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let mut rest = list;
    std::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        let is_weak = rest.starts_with(b"W/");
        let opaque = if is_weak { rest.get(2..)? } else { rest };
        let inside = opaque.strip_prefix(b"\"")?;
        let length = inside.iter().position(|byte| *byte == b'"')? + 2;
        rest = opaque.get(length..)?;
        Some((is_weak, opaque.get(..length)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_follows_time_size_and_coding() {
        let time = |nanos| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
        let now = time(10_000_000_000);
        let of = |nanos, size, coding| Validators::new(size, time(nanos), coding, now).etag;
        let all = [
            of(1, 1, None),
            of(2, 1, None),
            of(1, 2, None),
            of(1, 1, Some(Coding::Gzip)),
            of(1, 1, Some(Coding::Brotli)),
        ];
        for (index, tag) in all.iter().enumerate() {
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            assert!(!all.iter().skip(index + 1).any(|other| other == tag));
        }
    }

    #[test]
    fn a_date_is_in_whole_seconds_and_not_ahead() {
        let time = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let of = |modified, now| Validators::new(1, time(modified), None, time(now));
        assert_eq!(of(2_500, 9_000).modified, time(2_000));
        assert_eq!(of(99_000, 9_000).modified, time(9_000));
        assert!(of(2_500, 3_000).is_date_strong);
        assert!(!of(2_500, 2_900).is_date_strong);
        assert!(!of(99_000, 9_000).is_date_strong);
    }

    #[test]
    fn lists_of_tags() {
        let all = |list: &'static str| -> Vec<(bool, &[u8])> { tags(list.as_bytes()).collect() };
        assert_eq!(all("\"a\""), [(false, &b"\"a\""[..])]);
        assert_eq!(
            all(" W/\"a,b\" ,, \"\"\t,\"c\""),
            [(true, &b"\"a,b\""[..]), (false, b"\"\""), (false, b"\"c\"")]
        );
        for broken in ["", "a", "\"a", "W/", "w/\"a\"", "*"] {
            assert!(all(broken).is_empty(), "{broken}");
        }
        assert_eq!(all("\"a\", b, \"c\"").len(), 1);
    }
}
