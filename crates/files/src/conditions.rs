//! Conditional requests (RFC 9110 section 13), in the order of section 13.2.2.

use std::time::SystemTime;

use crate::asked::Asked;
use crate::validators::{Validators, tags};

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They hold.
    Proceed,
    /// The client has it already: 304.
    NotModified,
    /// The client wants another state of it, or none: 412.
    Failed,
}

/// Judges the conditions but for `If-Range`.
pub(crate) fn judge(asked: &Asked<'_>, file: &Validators) -> Verdict {
    if let Some(list) = &asked.if_match {
        if !is_any(list) && !tags(list).any(|(weak, tag)| !weak && tag == file.etag.as_bytes()) {
            return Verdict::Failed;
        }
    } else if let Some(since) = date(asked.if_unmodified_since.as_deref())
        && file.modified > since
    {
        return Verdict::Failed;
    }
    if let Some(list) = &asked.if_none_match {
        if is_any(list) || tags(list).any(|(_, tag)| tag == file.etag.as_bytes()) {
            return Verdict::NotModified;
        }
    } else if let Some(since) = date(asked.if_modified_since.as_deref())
        && file.modified <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a `Range` is to be honoured: without `If-Range`, or if that names this very state.
pub(crate) fn range_applies(asked: &Asked<'_>, file: &Validators) -> bool {
    let Some(validator) = asked.if_range.as_deref() else {
        return true;
    };
    if validator.starts_with(b"\"") {
        return validator == file.etag.as_bytes();
    }
    file.is_date_strong && date(Some(validator)) == Some(file.modified)
}

fn is_any(list: &[u8]) -> bool {
    list.trim_ascii() == b"*"
}

/// A date in any of the three spellings; what is none counts as absent.
fn date(value: Option<&[u8]>) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(value?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const AT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn file() -> Validators {
        Validators {
            etag: "\"now\"".to_owned(),
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
            is_date_strong: true,
        }
    }

    fn verdict(headers: &[(&str, &str)]) -> Verdict {
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        judge(&Asked::new("GET", headers), &file())
    }

    #[test]
    fn tags() {
        use Verdict::{Failed, NotModified, Proceed};
        for (name, value, expected) in [
            ("if-match", "\"now\"", Proceed),
            ("if-match", "*", Proceed),
            ("if-match", "\"old\", \"now\"", Proceed),
            ("if-match", "\"old\"", Failed),
            ("if-match", "W/\"now\"", Failed),
            ("if-match", "", Failed),
            ("if-none-match", "\"now\"", NotModified),
            ("if-none-match", "W/\"now\"", NotModified),
            ("if-none-match", "\"x\", \"now\"", NotModified),
            ("if-none-match", " * ", NotModified),
            ("if-none-match", "\"old\"", Proceed),
            ("if-none-match", "now", Proceed),
        ] {
            assert_eq!(verdict(&[(name, value)]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn dates_in_every_spelling() {
        use Verdict::{Failed, NotModified, Proceed};
        for (name, value, expected) in [
            ("if-modified-since", AT, NotModified),
            (
                "if-modified-since",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                NotModified,
            ),
            ("if-modified-since", "Sun Nov  6 08:49:37 1994", NotModified),
            ("if-modified-since", AFTER, NotModified),
            ("if-modified-since", BEFORE, Proceed),
            ("if-modified-since", "yesterday", Proceed),
            ("if-unmodified-since", AT, Proceed),
            ("if-unmodified-since", BEFORE, Failed),
            ("if-unmodified-since", "\u{e9}", Proceed),
        ] {
            assert_eq!(verdict(&[(name, value)]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn tags_come_before_dates() {
        let if_match = [("if-match", "\"now\""), ("if-unmodified-since", BEFORE)];
        assert_eq!(verdict(&if_match), Verdict::Proceed);
        let none_match = [("if-none-match", "\"old\""), ("if-modified-since", AT)];
        assert_eq!(verdict(&none_match), Verdict::Proceed);
        let both = [("if-match", "\"old\""), ("if-none-match", "\"now\"")];
        assert_eq!(verdict(&both), Verdict::Failed);
        let both = [("if-match", "\"now\""), ("if-none-match", "\"now\"")];
        assert_eq!(verdict(&both), Verdict::NotModified);
    }

    #[test]
    fn a_range_of_another_state_is_not_given() {
        let applies = |value: &str, file: &Validators| {
            range_applies(
                &Asked::new("GET", [(&b"if-range"[..], value.as_bytes())]),
                file,
            )
        };
        assert!(applies("\"now\"", &file()) && applies(AT, &file()));
        for other in ["\"old\"", "W/\"now\"", BEFORE, AFTER, "", "*"] {
            assert!(!applies(other, &file()), "{other}");
        }
        let fresh = Validators {
            is_date_strong: false,
            ..file()
        };
        assert!(!applies(AT, &fresh) && applies("\"now\"", &fresh));
        assert!(range_applies(&Asked::new("GET", []), &file()));
    }
}
