//! Media types by extension.

use std::borrow::Cow;

/// The type where nothing is known.
const UNKNOWN: &str = "application/octet-stream";

/// Where Python's `mimetypes` says something else than the table we use, and users would notice.
const OURS: [(&str, &str); 16] = [
    ("aif", "audio/x-aiff"),
    ("aiff", "audio/x-aiff"),
    ("br", "application/x-brotli"),
    ("cjs", "text/javascript"),
    ("ico", "image/vnd.microsoft.icon"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("map", "application/json"),
    ("mjs", "text/javascript"),
    ("opus", "audio/opus"),
    ("py", "text/x-python"),
    ("rst", "text/x-rst"),
    ("rtf", "text/rtf"),
    ("srt", "text/plain"),
    ("wav", "audio/x-wav"),
    ("xsl", "application/xml"),
    ("zst", "application/zstd"),
];

/// The value of `Content-Type` for a file of this name.
///
/// Text is taken to be UTF-8, as Starlette says it. Python's `mimetypes` without the system's files
/// gives the same types for what web applications are made of, and no type at all for archives in a
/// coding of their own, which are called what they are here.
#[must_use]
pub fn media_type(name: &str) -> Cow<'static, str> {
    let file = name.rsplit('/').next().unwrap_or_default();
    // A name that only begins with a dot has no extension.
    let stem = file.trim_start_matches('.');
    let Some((_, extension)) = stem.rsplit_once('.') else {
        return Cow::Borrowed(UNKNOWN);
    };
    let ours = OURS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(extension));
    let media = match ours {
        Some((_, media)) => *media,
        None => mime_guess::from_ext(extension)
            .first_raw()
            .unwrap_or(UNKNOWN),
    };
    if media.starts_with("text/") {
        return Cow::Owned(format!("{media}; charset=utf-8"));
    }
    Cow::Borrowed(media)
}

/// Whether files of this type are worth compressing, so that a variant may lie beside them.
#[must_use]
pub fn is_compressible(media: &str) -> bool {
    let (kind, rest) = media.split_once('/').unwrap_or_default();
    match kind {
        "audio" | "video" => false,
        "image" => rest.starts_with("svg") || rest.starts_with("bmp") || rest.contains("icon"),
        "font" => !rest.starts_with("woff"),
        "application" => ![
            "zip",
            "gzip",
            "x-bzip2",
            "x-brotli",
            "zstd",
            "x-7z-compressed",
            "vnd.rar",
        ]
        .contains(&rest),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_extension() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/b/site.CSS", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.min.mjs", "text/javascript; charset=utf-8"),
            ("data.json", "application/json"),
            ("x.wasm", "application/wasm"),
            ("x.svg", "image/svg+xml"),
            ("x.png", "image/png"),
            ("favicon.ico", "image/vnd.microsoft.icon"),
            ("x.woff2", "font/woff2"),
            ("x.pdf", "application/pdf"),
            ("x.tar.gz", "application/gzip"),
            ("README", UNKNOWN),
            (".gitignore", UNKNOWN),
            ("..png", UNKNOWN),
            ("a.js/b", UNKNOWN),
            ("x.nothing-known", UNKNOWN),
            ("x.", UNKNOWN),
        ] {
            assert_eq!(media_type(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_dense_already_has_no_variants() {
        for dense in ["image/png", "video/mp4", "font/woff2", "application/zip"] {
            assert!(!is_compressible(dense), "{dense}");
        }
        for sparse in [
            "text/html; charset=utf-8",
            "image/svg+xml",
            "application/json",
            "font/ttf",
        ] {
            assert!(is_compressible(sparse), "{sparse}");
        }
    }
}
