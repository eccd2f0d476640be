//! Which directory a path belongs to.

use std::fmt;

use crate::name::FileName;

/// The paths under which directories are served, the longest first.
#[derive(Clone, Debug, Default)]
pub struct Mounts {
    /// Without slashes at the ends, and the position it was given at.
    prefixes: Vec<(String, usize)>,
}

/// A path that nothing can be mounted at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidMount {
    /// It does not begin with a slash, or it is no plain path.
    Path(String),
    /// It was given before.
    Twice(String),
}

impl fmt::Display for InvalidMount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(
                formatter,
                "files cannot be served at {path:?}: a mount is a plain path such as /assets"
            ),
            Self::Twice(path) => write!(formatter, "two directories are to be served at {path:?}"),
        }
    }
}

impl std::error::Error for InvalidMount {}

impl Mounts {
    /// Mounts at these paths, each of which begins with `/`, is not escaped, and is known by its
    /// position from then on.
    ///
    /// # Errors
    ///
    /// [`InvalidMount`] for a path that is none, or that comes twice.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<Self, InvalidMount> {
        let mut prefixes: Vec<(String, usize)> = Vec::new();
        for (position, path) in paths.into_iter().enumerate() {
            let escaped = path.replace('%', "%25");
            let name = FileName::parse(escaped.as_bytes())
                .ok_or_else(|| InvalidMount::Path(path.to_owned()))?;
            if prefixes.iter().any(|(known, _)| known == name.as_str()) {
                return Err(InvalidMount::Twice(path.to_owned()));
            }
            prefixes.push((name.as_str().to_owned(), position));
        }
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self { prefixes })
    }

    /// The mount that the path of a request target lies under, and the name of the file below it.
    ///
    /// `None` if there is no mount for it, or if it is no plain name (see [`FileName`]).
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<(usize, FileName)> {
        // Most requests are for the application: those are told apart without an allocation.
        if !path.contains(&b'%') && !self.prefixes.iter().any(|(prefix, _)| begins(path, prefix)) {
            return None;
        }
        let name = FileName::parse(path)?;
        self.prefixes
            .iter()
            .find_map(|(prefix, position)| Some((*position, name.clone().below(prefix)?)))
    }
}

fn begins(path: &[u8], prefix: &str) -> bool {
    path.get(1..)
        .is_some_and(|rest| rest.starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(mounts: &Mounts, path: &str) -> Option<(usize, String)> {
        let (position, name) = mounts.find(path.as_bytes())?;
        Some((position, name.as_str().to_owned()))
    }

    #[test]
    fn the_longest_mount_wins() {
        let mounts = Mounts::new(["/", "/assets/", "/assets/img"]).unwrap();
        for (path, expected) in [
            ("/assets/img/a.png", (2, "a.png")),
            ("/assets/a.css", (1, "a.css")),
            ("/assets", (1, "")),
            ("/%61ssets/a.css", (1, "a.css")),
            ("/assetsx", (0, "assetsx")),
            ("/", (0, "")),
        ] {
            let expected = Some((expected.0, expected.1.to_owned()));
            assert_eq!(find(&mounts, path), expected, "{path}");
        }
    }

    #[test]
    fn other_paths_are_nobodys() {
        let mounts = Mounts::new(["/assets"]).unwrap();
        for path in [
            "/",
            "/api",
            "/assetsx/a",
            "/assets/../x",
            "/%2e%2e/assets/a",
            "*",
            "",
        ] {
            assert_eq!(find(&mounts, path), None, "{path}");
        }
        assert!(find(&Mounts::default(), "/a").is_none());
    }

    #[test]
    fn mounts_are_plain_paths_and_different() {
        for path in ["assets", "", "/a/../b", "//", "/a\\b", "/nul"] {
            let invalid = Mounts::new([path]).unwrap_err();
            assert_eq!(invalid, InvalidMount::Path(path.to_owned()));
        }
        let twice = Mounts::new(["/a", "/a/"]).unwrap_err();
        assert_eq!(twice, InvalidMount::Twice("/a/".to_owned()));
        assert!(
            Mounts::new(["/100%/a"])
                .unwrap()
                .find(b"/100%25/a/b")
                .is_some()
        );
    }
}
