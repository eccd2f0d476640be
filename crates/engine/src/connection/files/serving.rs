//! Requests that a file answers, without the application.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use files::{Asked, Coding, FileName, Mounts, Representation, answer, is_compressible, media_type};
use http1::{PreparedHeaders, RequestHead};
use pyo3::prelude::*;

use super::super::Connection;
use super::super::answer::Content;
use super::super::head::Headers;
use super::directory::{Directory, Found, Opened};
use super::source::Source;

/// What is sent for a directory.
const INDEX: &str = "index.html";

/// The directories that a server serves.
pub(in super::super) struct StaticFiles {
    mounts: Mounts,
    directories: Vec<Directory>,
    cache_control: Option<String>,
    /// Makes boundaries that nobody can foresee, so that no file contains one on purpose.
    hasher: RandomState,
    boundaries: AtomicU64,
}

/// What there is for a request.
enum Reply {
    File {
        opened: Opened,
        name: FileName,
        coding: Option<Coding>,
        varies: bool,
    },
    /// A directory that was asked for without the slash at its end, so that links in its index
    /// would lead elsewhere.
    AddSlash,
    /// There is a file, and it can only be read.
    NotAllowed,
}

impl StaticFiles {
    /// Serves each directory under its path.
    ///
    /// # Errors
    ///
    /// What is wrong with a path or a directory, as a line for the operator.
    pub(in super::super) fn new(
        mounted: &[(String, PathBuf)],
        cache_control: Option<String>,
    ) -> Result<Self, String> {
        if let Some(value) = &cache_control {
            PreparedHeaders::new([(&b"cache-control"[..], value.as_bytes())])
                .map_err(|error| format!("{error}: {value:?}"))?;
        }
        let mounts = Mounts::new(mounted.iter().map(|(path, _)| path.as_str()))
            .map_err(|error| error.to_string())?;
        let open = |(_, path): &(String, PathBuf)| {
            Directory::new(path)
                .map_err(|error| format!("files cannot be served from {}: {error}", path.display()))
        };
        Ok(Self {
            mounts,
            directories: mounted.iter().map(open).collect::<Result<_, _>>()?,
            cache_control,
            hasher: RandomState::new(),
            boundaries: AtomicU64::new(0),
        })
    }

    /// What there is for this request; `None` leaves it to the application.
    fn look_up(&self, head: &RequestHead, asked: &Asked<'_>) -> io::Result<Option<Reply>> {
        let Some((mount, name)) = self.mounts.find(head.path()) else {
            return Ok(None);
        };
        let Some(directory) = self.directories.get(mount) else {
            return Ok(None);
        };
        let (name, is_index, opened) = match directory.find(&name, "")? {
            Found::File(opened) if !name.is_folder() => (name, false, opened),
            Found::Folder => {
                let index = name.child(INDEX);
                match directory.find(&index, "")? {
                    Found::File(opened) => (index, !name.is_folder(), opened),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        if !matches!(head.method(), "GET" | "HEAD") {
            return Ok(Some(Reply::NotAllowed));
        }
        if is_index {
            return Ok(Some(Reply::AddSlash));
        }
        let variant = if is_compressible(&media_type(name.as_str())) {
            variant(directory, &name, asked)?
        } else {
            Variant::None
        };
        let (opened, coding, varies) = match variant {
            Variant::Chosen(coding, opened) => (opened, Some(coding), true),
            Variant::Other => (opened, None, true),
            Variant::None => (opened, None, false),
        };
        Ok(Some(Reply::File {
            opened,
            name,
            coding,
            varies,
        }))
    }

    fn boundary(&self) -> String {
        let number = self.boundaries.fetch_add(1, Ordering::Relaxed);
        let (first, second) = (number * 2, number * 2 + 1);
        format!(
            "{:016x}{:016x}",
            self.hasher.hash_one(first),
            self.hasher.hash_one(second)
        )
    }
}

/// What lies beside a file.
enum Variant {
    None,
    /// Some, but none that the client prefers.
    Other,
    Chosen(Coding, Opened),
}

fn variant(directory: &Directory, name: &FileName, asked: &Asked<'_>) -> io::Result<Variant> {
    let mut tried = Vec::with_capacity(Coding::ALL.len());
    for coding in asked.codings() {
        if let Found::File(opened) = directory.find(name, coding.extension())? {
            return Ok(Variant::Chosen(coding, opened));
        }
        tried.push(coding);
    }
    for coding in Coding::ALL {
        if !tried.contains(&coding)
            && let Found::File(_) = directory.find(name, coding.extension())?
        {
            return Ok(Variant::Other);
        }
    }
    Ok(Variant::None)
}

impl Connection {
    /// Answers a request that a file lies under the path of. Says whether it did; otherwise the
    /// application is to be asked.
    pub(in super::super) fn serve_file(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        head: &RequestHead,
    ) -> bool {
        let Some(files) = &self.shared.options.files else {
            return false;
        };
        let asked = Asked::new(head.method(), head.headers());
        match files.look_up(head, &asked) {
            Ok(None) => false,
            Ok(Some(reply)) => {
                self.reply(py, serial, head, files, &asked, reply);
                true
            }
            Err(error) => {
                let path = params::decode_path(head.path());
                let text = format!("The file for {path:?} cannot be opened: {error}");
                self.shared.logs.error(py, &text);
                self.fail_turn(py, serial);
                true
            }
        }
    }

    fn reply(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        head: &RequestHead,
        files: &StaticFiles,
        asked: &Asked<'_>,
        reply: Reply,
    ) {
        match reply {
            Reply::File {
                opened,
                name,
                coding,
                varies,
            } => {
                let file = Representation {
                    media: media_type(name.as_str()),
                    size: opened.size,
                    modified: opened.modified,
                    coding,
                    varies,
                    cache_control: files.cache_control.as_deref(),
                };
                let answer = answer(asked, &file, SystemTime::now(), || files.boundary());
                let headers: Vec<(&[u8], &[u8])> = answer
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                    .collect();
                let content = Content::File(Source::new(opened, answer.body));
                self.reply_with(py, serial, head, answer.status, &headers, content);
            }
            Reply::AddSlash => {
                let location = with_slash(head);
                let headers: [(&[u8], &[u8]); 1] = [(b"location", &location)];
                self.reply_with(py, serial, head, 307, &headers, Content::Bytes(b""));
            }
            Reply::NotAllowed => {
                let headers: [(&[u8], &[u8]); 2] = [
                    (b"allow", b"GET, HEAD"),
                    (b"content-type", b"text/plain; charset=utf-8"),
                ];
                let content = Content::Bytes(b"Method Not Allowed");
                self.reply_with(py, serial, head, 405, &headers, content);
            }
        }
    }

    fn reply_with(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        head: &RequestHead,
        status: u16,
        headers: &[(&[u8], &[u8])],
        content: Content<'_>,
    ) {
        let sent = self.answer_with(py, serial, status, Headers::Said(headers), content);
        if sent && self.has_access_log() {
            self.log_native(py, head, status);
        }
    }
}

/// The same path with a slash at its end, relative to where it was asked for: a proxy may have
/// taken a prefix away, and nothing of it names a host.
fn with_slash(head: &RequestHead) -> Vec<u8> {
    let last = head.path().rsplit(|byte| *byte == b'/').next();
    let mut location = b"./".to_vec();
    location.extend_from_slice(last.unwrap_or_default());
    location.push(b'/');
    if !head.query().is_empty() {
        location.push(b'?');
        location.extend_from_slice(head.query());
    }
    location
}
