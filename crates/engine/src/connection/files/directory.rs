//! A directory whose files are served, and nothing above or beside it.

use std::borrow::Cow;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use files::FileName;
use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

use super::super::shared::lock;

/// How a file is opened: never to wait for the other end of a pipe, never to become a terminal.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A directory that is served, known by its path: when another takes its place, as deployments do,
/// that one is served within a second.
pub(in super::super) struct Directory {
    path: PathBuf,
    root: Mutex<Root>,
    /// The kernel resolves names beneath a directory itself (Linux 5.6 and later).
    resolves: bool,
}

/// The open directory, and the second in which it was looked up.
struct Root {
    opened: Arc<OwnedFd>,
    second: i64,
}

/// What is there under a name.
pub(in super::super) enum Found {
    File(Opened),
    /// Something of its own names, to be asked for them.
    Folder,
    /// Nothing that could be sent.
    Nothing,
}

/// A regular file, open for reading.
pub(in super::super) struct Opened {
    pub(in super::super) file: OwnedFd,
    pub(in super::super) size: u64,
    pub(in super::super) modified: SystemTime,
}

impl Directory {
    /// Opens the directory at `path`, which is made absolute.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub(in super::super) fn new(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let opened = open_root(&path)?;
        let resolves = !matches!(
            open_beneath(opened.as_fd(), "."),
            Err(Errno::NOSYS | Errno::PERM)
        );
        Ok(Self {
            root: Mutex::new(Root {
                opened: Arc::new(opened),
                second: now(),
            }),
            path,
            resolves,
        })
    }

    /// Looks up a file, or the variant of it with this extension.
    ///
    /// # Errors
    ///
    /// When the system is at its limits or the disk is broken. Whatever a name can be the cause of is
    /// [`Found::Nothing`].
    pub(in super::super) fn find(&self, name: &FileName, extension: &str) -> io::Result<Found> {
        let name = match (name.as_str(), extension) {
            ("", _) => ".".into(),
            (name, "") => Cow::Borrowed(name),
            (name, extension) => format!("{name}{extension}").into(),
        };
        match self.open(&name) {
            Ok(file) => look_at(file),
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::IO)) => {
                Err(error.into())
            }
            Err(_) => Ok(Found::Nothing),
        }
    }

    fn open(&self, name: &str) -> Result<OwnedFd, Errno> {
        let root = self.root()?;
        if self.resolves {
            // A rename at the same time makes the kernel ask to try again.
            for _ in 0..4 {
                match open_beneath(root.as_fd(), name) {
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    outcome => return outcome,
                }
            }
        }
        open_by_steps(root.as_fd(), name)
    }

    /// The directory as it is in this second.
    fn root(&self) -> Result<Arc<OwnedFd>, Errno> {
        let mut root = lock(&self.root);
        let second = now();
        if root.second != second {
            root.opened = Arc::new(open_root(&self.path)?);
            root.second = second;
        }
        Ok(Arc::clone(&root.opened))
    }
}

impl Opened {
    /// Opens the file that an application names.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is no regular file.
    pub(in super::super) fn at(path: &Path) -> io::Result<Self> {
        match look_at(open(path, READ, Mode::empty())?)? {
            Found::File(opened) => Ok(opened),
            Found::Folder => Err(Errno::ISDIR.into()),
            Found::Nothing => Err(Errno::INVAL.into()),
        }
    }
}

fn open_root(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty())
}

/// The kernel follows links that stay beneath `root`, and no others.
#[cfg(target_os = "linux")]
fn open_beneath(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};

    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(root, name, READ, Mode::empty(), within)
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(_root: BorrowedFd<'_>, _name: &str) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// One segment after the other, and no link at all.
fn open_by_steps(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut inner: Option<OwnedFd> = None;
    let mut rest = name;
    while let Some((segment, after)) = rest.split_once('/') {
        let outer = inner.as_ref().map_or(root, AsFd::as_fd);
        inner = Some(openat(outer, segment, folder, Mode::empty())?);
        rest = after;
    }
    let outer = inner.as_ref().map_or(root, AsFd::as_fd);
    openat(outer, rest, READ | OFlags::NOFOLLOW, Mode::empty())
}

fn look_at(file: OwnedFd) -> io::Result<Found> {
    let facts = fstat(&file)?;
    Ok(match FileType::from_raw_mode(facts.st_mode) {
        FileType::Directory => Found::Folder,
        FileType::RegularFile => Found::File(Opened {
            file,
            size: u64::try_from(facts.st_size).unwrap_or(0),
            modified: time(facts.st_mtime, facts.st_mtime_nsec),
        }),
        _ => Found::Nothing,
    })
}

/// A point in time; one before 1970 is 1970.
fn time(seconds: impl TryInto<u64>, nanoseconds: impl TryInto<u32>) -> SystemTime {
    let since = Duration::new(
        seconds.try_into().unwrap_or(0),
        nanoseconds.try_into().unwrap_or(0),
    );
    SystemTime::UNIX_EPOCH + since
}

/// The coarse clock, which costs no system call.
fn now() -> i64 {
    clock_gettime(ClockId::RealtimeCoarse).tv_sec
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory of the test's own, with what could tempt somebody out of it.
    fn tree(name: &str) -> PathBuf {
        let base = std::env::temp_dir().join(format!("jebi-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        let root = base.join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(base.join("secret"), "secret").unwrap();
        fs::write(root.join("a/b/c.txt"), "hello").unwrap();
        symlink("a/b/c.txt", root.join("inside")).unwrap();
        symlink("../secret", root.join("outside")).unwrap();
        symlink("/etc/passwd", root.join("absolute")).unwrap();
        symlink("..", root.join("a/up")).unwrap();
        symlink("../..", root.join("a/out")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        root
    }

    fn read(directory: &Directory, path: &str) -> Option<String> {
        let name = FileName::parse(path.as_bytes())?;
        let Found::File(opened) = directory.find(&name, "").unwrap() else {
            return None;
        };
        let mut text = String::new();
        fs::File::from(opened.file)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text.len() as u64, opened.size);
        Some(text)
    }

    #[test]
    fn links_lead_nowhere_else() {
        let root = tree("links");
        let mut directory = Directory::new(&root).unwrap();
        for resolves in [directory.resolves, false] {
            directory.resolves = resolves;
            assert_eq!(read(&directory, "/a/b/c.txt").as_deref(), Some("hello"));
            let linked = resolves.then(|| "hello".to_owned());
            assert_eq!(read(&directory, "/inside"), linked);
            assert_eq!(read(&directory, "/a/up/a/b/c.txt"), linked);
            for path in [
                "/outside",
                "/absolute",
                "/a/out/secret",
                "/loop",
                "/a/b",
                "/a",
                "/",
                "/none",
                "/a/b/c.txt/d",
                "/none/x",
            ] {
                assert_eq!(read(&directory, path), None, "{path}, {resolves}");
            }
        }
        fs::remove_dir_all(root.parent().unwrap()).unwrap();
    }

    #[test]
    fn only_files_are_sent() {
        let root = tree("kinds");
        let directory = Directory::new(&root).unwrap();
        let pipe = root.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let found = |path: &str| {
            let name = FileName::parse(path.as_bytes()).unwrap();
            directory.find(&name, "").unwrap()
        };
        assert!(matches!(found("/pipe"), Found::Nothing));
        assert!(matches!(found("/a"), Found::Folder));
        assert!(matches!(found("/"), Found::Folder));
        let long = format!("/{}", "x".repeat(5_000));
        assert!(matches!(found(&long), Found::Nothing));
        assert!(Opened::at(&root).is_err() && Opened::at(&pipe).is_err());
        assert!(Opened::at(&root.join("inside")).is_ok());
        fs::remove_dir_all(root.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_takes_the_directorys_place_is_served() {
        let root = tree("place");
        let directory = Directory::new(&root).unwrap();
        fs::rename(&root, root.with_extension("old")).unwrap();
        fs::create_dir(&root).unwrap();
        fs::write(root.join("new"), "new").unwrap();
        lock(&directory.root).second -= 1;
        assert_eq!(read(&directory, "/new").as_deref(), Some("new"));
        assert!(Directory::new(&root.join("none")).is_err());
        fs::remove_dir_all(root.parent().unwrap()).unwrap();
    }
}
