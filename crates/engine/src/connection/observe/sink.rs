//! Where lines go: a file or standard output, in one write an iteration of the loop.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::io::Errno;

use super::super::shared::lock;

/// Lines beyond so many bytes are written before the iteration ends.
const FULL: usize = 64 * 1024;
/// What the kernel writes to a pipe in one piece (`PIPE_BUF`).
pub(super) const ATOMIC: usize = 4096;

/// Lines on their way out.
///
/// Several processes append to one file: each write ends with a line, `O_APPEND` puts it behind the
/// others', and pipes get no more at a time than the kernel keeps together.
pub(super) struct Sink {
    path: Option<PathBuf>,
    target: Mutex<Arc<Target>>,
    waiting: Mutex<Vec<u8>>,
    has_lines: AtomicBool,
    /// Why lines were lost since somebody asked.
    failure: Mutex<Option<Failure>>,
}

/// Lines that could not be written.
pub(super) struct Failure {
    pub(super) error: io::Error,
    pub(super) lines: usize,
}

struct Target {
    /// `None` is standard output.
    file: Option<File>,
    is_pipe: bool,
}

impl Target {
    fn open(path: Option<&PathBuf>) -> io::Result<Self> {
        let file = match path {
            None => None,
            Some(path) => {
                let mut options = OpenOptions::new();
                Some(options.append(true).create(true).mode(0o640).open(path)?)
            }
        };
        let is_pipe = match &file {
            Some(file) => file.metadata()?.file_type().is_fifo(),
            None => rustix::fs::fstat(io::stdout().as_fd()).is_ok_and(|stat| {
                rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Fifo
            }),
        };
        Ok(Self { file, is_pipe })
    }

    fn write(&self, lines: &[u8]) -> Result<(), Failure> {
        let stdout = io::stdout();
        let descriptor = match &self.file {
            Some(file) => file.as_fd(),
            None => stdout.as_fd(),
        };
        let mut rest = lines;
        while !rest.is_empty() {
            let end = if self.is_pipe {
                whole_lines(rest)
            } else {
                rest.len()
            };
            let (piece, after) = rest.split_at(end);
            write_all(descriptor, piece).map_err(|error| Failure {
                error: error.into(),
                lines: memchr::memchr_iter(b'\n', rest).count(),
            })?;
            rest = after;
        }
        Ok(())
    }
}

/// How much of `lines` is whole lines that the kernel keeps together, at least one.
fn whole_lines(lines: &[u8]) -> usize {
    let within = lines.get(..ATOMIC).unwrap_or(lines);
    let end = memchr::memrchr(b'\n', within).or_else(|| memchr::memchr(b'\n', lines));
    end.map_or(lines.len(), |end| end + 1)
}

fn write_all(descriptor: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(descriptor, bytes) {
            Ok(0) => return Err(Errno::NOSPC),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Sink {
    /// Opens a file to append to, or takes standard output.
    pub(super) fn open(path: Option<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            target: Mutex::new(Arc::new(Target::open(path.as_ref())?)),
            path,
            waiting: Mutex::default(),
            has_lines: AtomicBool::new(false),
            failure: Mutex::default(),
        })
    }

    /// Whether a line beyond [`ATOMIC`] bytes could be torn by another process's.
    pub(super) fn is_pipe(&self) -> bool {
        lock(&self.target).is_pipe
    }

    /// Has `write` append a line to those that wait.
    pub(super) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let is_full = {
            let mut waiting = lock(&self.waiting);
            write(&mut waiting);
            waiting.len() >= FULL
        };
        self.has_lines.store(true, Ordering::Relaxed);
        if is_full {
            self.flush();
        }
    }

    /// Writes the lines that wait. Nothing is locked meanwhile.
    pub(super) fn flush(&self) {
        if !self.has_lines.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut lines = std::mem::take(&mut *lock(&self.waiting));
        let target = Arc::clone(&lock(&self.target));
        if let Err(failure) = target.write(&lines) {
            let mut known = lock(&self.failure);
            let before = known.take().map_or(0, |failure| failure.lines);
            *known = Some(Failure {
                lines: failure.lines + before,
                ..failure
            });
        }
        lines.clear();
        let mut waiting = lock(&self.waiting);
        if waiting.capacity() == 0 && lines.capacity() <= 2 * FULL {
            *waiting = lines;
        }
    }

    /// What went wrong since the last time.
    pub(super) fn take_failure(&self) -> Option<Failure> {
        lock(&self.failure).take()
    }

    /// Opens the path anew, after somebody moved the file away. An error leaves what was open.
    pub(super) fn reopen(&self) -> io::Result<()> {
        self.flush();
        let target = Arc::new(Target::open(self.path.as_ref())?);
        *lock(&self.target) = target;
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_get_whole_lines() {
        let line = [&[b'x'; 1499][..], b"\n"].concat();
        let lines = line.repeat(4);
        assert_eq!(whole_lines(&lines), 3000);
        let long = [&[b'x'; 5000][..], b"\nnext\n"].concat();
        assert_eq!(whole_lines(&long), 5001);
        assert_eq!(whole_lines(b"a\nb\n"), 4);
    }
}
