//! URLs in the form in which servers and applications write them.

use std::borrow::Cow;
use std::fmt::Write;

/// The parts of a URL, as `urllib.parse.urlsplit` names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url<'u> {
    /// `https`, in lower case.
    pub scheme: Cow<'u, str>,
    /// User, host and port.
    pub netloc: &'u str,
    /// As it is written.
    pub path: &'u str,
    /// What follows the first question mark.
    pub query: &'u str,
    /// What follows the first number sign.
    pub fragment: &'u str,
}

impl<'u> Url<'u> {
    /// Takes `text` apart as `urllib.parse.urlsplit` does.
    ///
    /// `None` where that does more than to look for separators: text that holds anything but visible
    /// ASCII, or an address in brackets, or that begins with neither a letter nor a slash.
    ///
    /// ```
    /// let url = params::Url::split("http://example.org:8000/a?b=1#c").unwrap();
    /// assert_eq!((url.netloc, url.path, url.query), ("example.org:8000", "/a", "b=1"));
    /// assert_eq!(params::Url::split("http://[::1]/"), None);
    /// ```
    #[must_use]
    pub fn split(text: &'u str) -> Option<Self> {
        let is_usual = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']');
        let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'/';
        if !text.bytes().all(is_usual) || !text.as_bytes().first().is_some_and(begins) {
            return None;
        }
        let (scheme, rest) = scheme(text);
        let (netloc, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?
            }
            None => ("", rest),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self {
            scheme,
            netloc,
            path,
            query,
            fragment,
        })
    }

    /// The URL of these parts as `urllib.parse.urlunsplit` writes it; `None` for one without a `netloc`, of
    /// which versions of Python make different things.
    #[must_use]
    pub fn join(&self) -> Option<String> {
        if self.netloc.is_empty() {
            return None;
        }
        let length = self.netloc.len() + self.path.len() + self.query.len() + self.fragment.len();
        let mut text = String::with_capacity(self.scheme.len() + length + "://".len() + 3);
        text.push_str(&self.scheme);
        text.push_str(if self.scheme.is_empty() { "//" } else { "://" });
        text.push_str(self.netloc);
        let slash = !self.path.is_empty() && !self.path.starts_with('/');
        for (before, part) in [
            (if slash { "/" } else { "" }, self.path),
            ("?", self.query),
            ("#", self.fragment),
        ] {
            if !part.is_empty() {
                text.push_str(before);
                text.push_str(part);
            }
        }
        Some(text)
    }
}

fn scheme(text: &str) -> (Cow<'_, str>, &str) {
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    match text.split_once(':') {
        Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(is_scheme) => {
            let is_lower = !scheme.bytes().any(|byte| byte.is_ascii_uppercase());
            let scheme = if is_lower {
                Cow::Borrowed(scheme)
            } else {
                Cow::Owned(scheme.to_ascii_lowercase())
            };
            (scheme, rest)
        }
        _ => (Cow::Borrowed(""), text),
    }
}

/// A decoded path with those characters escaped that would end it in a URL, or begin another part.
///
/// ```
/// assert_eq!(params::escape_path("/a?b#c\\d"), "/a%3Fb%23c%5Cd");
/// ```
#[must_use]
pub fn escape_path(path: &str) -> Cow<'_, str> {
    let ends = |found: char| matches!(found, '?' | '#' | '\\');
    if !path.contains(ends) {
        return Cow::Borrowed(path);
    }
    let mut escaped = String::with_capacity(path.len() + 8);
    for found in path.chars() {
        if ends(found) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{:02X}", u32::from(found));
        } else {
            escaped.push(found);
        }
    }
    Cow::Owned(escaped)
}
