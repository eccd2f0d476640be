//! Names of files that cannot leave their directory.

use params::percent_decode;

/// A file or directory below a mount: UTF-8 segments with `/` between them and none around.
///
/// Every segment is a plain name. It is neither empty, `.` nor `..`; it contains no `/`, no
/// backslash and no control byte; and it means nothing on other platforms either: no drive, no
/// stream, no device. So the same directory is served alike wherever it is copied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    text: String,
    is_folder: bool,
}

impl FileName {
    /// Reads a path as it stands in a request target, escapes and all: `/`, then segments.
    ///
    /// `None` for whatever is no plain name. A path is decoded once, segment by segment, so that an
    /// escaped slash joins nothing and an escape within an escape stays one.
    #[must_use]
    pub fn parse(path: &[u8]) -> Option<Self> {
        let rest = path.strip_prefix(b"/")?;
        let inner = rest.strip_suffix(b"/");
        let mut text = String::with_capacity(rest.len());
        if !rest.is_empty() {
            for segment in inner.unwrap_or(rest).split(|byte| *byte == b'/') {
                let decoded = percent_decode(segment);
                let name = std::str::from_utf8(&decoded).ok()?;
                if !is_plain(name) || has_broken_escape(segment) {
                    return None;
                }
                if !text.is_empty() {
                    text.push('/');
                }
                text.push_str(name);
            }
        }
        let is_folder = rest.is_empty() || inner.is_some();
        Some(Self { text, is_folder })
    }

    /// The segments with `/` between them; empty for the directory itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path ended with a slash, so that only a directory can be meant.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// What is called `name` in this directory; `name` is a plain one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let slash = if self.text.is_empty() { "" } else { "/" };
        Self {
            text: format!("{}{slash}{name}", self.text),
            is_folder: false,
        }
    }

    /// The rest below `prefix`, which has no slash at its ends; `None` if this is not below it.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Option<Self> {
        if prefix.is_empty() {
            return Some(self);
        }
        let rest = self.text.strip_prefix(prefix)?;
        if !rest.is_empty() {
            let start = self.text.len() - rest.strip_prefix('/')?.len();
            self.text.drain(..start);
            return Some(self);
        }
        self.text.clear();
        Some(self)
    }
}

/// Whether a `%` is followed by anything but two hexadecimal digits.
fn has_broken_escape(segment: &[u8]) -> bool {
    let mut rest = segment;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
            _ => return true,
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    false
}

/// Whether a decoded segment is a file's own name on every platform.
fn is_plain(name: &str) -> bool {
    if name.is_empty() || name == "." || name == ".." {
        return false;
    }
    let is_special = |byte: u8| byte == b'/' || byte == b'\\' || byte.is_ascii_control();
    if name.bytes().any(is_special) {
        return false;
    }
    !is_drive(name) && !name.contains("::") && !is_device(name)
}

/// `C:` and what may follow.
fn is_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// The names that Windows keeps for devices, in whatever directory and with whatever extension.
fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
        .into_iter()
        .any(is)
    {
        return true;
    }
    let Some((port, number)) = stem.split_at_checked(3) else {
        return false;
    };
    let is_port = port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt");
    is_port
        && matches!(
            number,
            "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(path: &str) -> Option<String> {
        FileName::parse(path.as_bytes()).map(|name| name.text)
    }

    #[test]
    fn plain_paths_name_files() {
        for (path, expected) in [
            ("/", ""),
            ("/a.js", "a.js"),
            ("/css/site.css", "css/site.css"),
            ("/css/", "css"),
            ("/a%20b/%EC%A0%9C%EB%B9%84.txt", "a b/제비.txt"),
            ("/.well-known/x", ".well-known/x"),
            ("/...", "..."),
            ("/..a/b..", "..a/b.."),
            // Decoded once, so this is a name with percent signs in it.
            ("/%252e%252e", "%2e%2e"),
            ("/console.js", "console.js"),
            ("/com10.txt", "com10.txt"),
            ("/12:30.png", "12:30.png"),
        ] {
            assert_eq!(text(path).as_deref(), Some(expected), "{path}");
        }
        assert!(FileName::parse(b"/css/").unwrap().is_folder());
        assert!(FileName::parse(b"/").unwrap().is_folder());
        assert!(!FileName::parse(b"/css").unwrap().is_folder());
    }

    #[test]
    fn whatever_could_lead_elsewhere_names_nothing() {
        for path in [
            "",
            "a",
            "*",
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/.",
            "/./a",
            "/a/./b",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e/a",
            "/a%2f..%2fb",
            "/a%2Fb",
            "/%2f",
            "/a%5cb",
            "/..%5c..%5ca",
            "/a\\b",
            "/%00",
            "/a%00.js",
            "/a%0ab",
            "/a%7f",
            "/c:/x",
            "/C%3a/x",
            "/c:",
            "/a::$DATA",
            "/nul",
            "/NUL.txt",
            "/con",
            "/aux.js",
            "/com1",
            "/LPT9.log",
            "/com%C2%B9",
            "/a/prn",
            "/nul:",
            "/%",
            "/%2",
            "/%zz",
            "/a%",
            "/%c0%ae%c0%ae/a",
            "/%ff",
            "/%e0%80%ae",
        ] {
            assert_eq!(text(path), None, "{path}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_segment_does() {
        let below = |path: &str, prefix| {
            let name = FileName::parse(path.as_bytes())?.below(prefix)?;
            Some(name.text)
        };
        assert_eq!(below("/assets/a", "assets").as_deref(), Some("a"));
        assert_eq!(below("/assets", "assets").as_deref(), Some(""));
        assert_eq!(below("/%61ssets/a", "assets").as_deref(), Some("a"));
        assert_eq!(below("/a/b/c", "a/b").as_deref(), Some("c"));
        assert_eq!(below("/x", "").as_deref(), Some("x"));
        for path in ["/assets2/a", "/asset", "/", "/assetsa"] {
            assert_eq!(below(path, "assets"), None, "{path}");
        }
    }

    #[test]
    fn children_lie_in_their_folder() {
        let child = |path: &[u8]| FileName::parse(path).unwrap().child("index.html").text;
        assert_eq!(child(b"/"), "index.html");
        assert_eq!(child(b"/a/b/"), "a/b/index.html");
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_directory(path in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut target = b"/".to_vec();
            target.extend(path);
            if let Some(name) = FileName::parse(&target) {
                for segment in name.text.split('/').filter(|_| !name.text.is_empty()) {
                    prop_assert!(is_plain(segment), "{segment:?}");
                }
            }
        }

        #[test]
        fn pieces_of_attacks_never_escape(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "/", "..", ".", "%2e", "%2f", "%5c", "\\", "%00", "a", "%25", "2e", "%c0%af",
                ]),
                0..12,
            )
        ) {
            let target = format!("/{}", pieces.concat());
            if let Some(name) = FileName::parse(target.as_bytes()) {
                prop_assert!(name.text.is_empty() || name.text.split('/').all(is_plain));
            }
        }
    }
}
