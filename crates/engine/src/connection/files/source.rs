//! A body that comes from a file, on its way to the client.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use files::Part;
use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, pread};

use super::directory::Opened;

/// Pieces of a file from this size on are sent by the kernel; shorter ones are cheaper to read.
const DIRECT: u64 = 32 * 1024;
/// Files from this size on are worth telling the kernel that they are read from front to back.
const LONG: u64 = 1024 * 1024;

/// What is left of a body, in order, with the file it comes from.
pub(in super::super) struct Source {
    file: OwnedFd,
    parts: VecDeque<Part>,
}

/// How far a [`Source`] went on.
pub(in super::super) struct Step {
    /// How many bytes left it.
    pub(in super::super) bytes: usize,
    /// They are the kernel's already, not in the buffer.
    pub(in super::super) sent: bool,
    /// The socket took less than it was offered.
    pub(in super::super) blocked: bool,
}

impl Source {
    /// The parts of a body that are cut out of `opened`.
    pub(in super::super) fn new(opened: Opened, parts: Vec<Part>) -> Self {
        if opened.size >= LONG {
            // Advice: nothing is lost if it is not taken.
            let _ = fadvise(&opened.file, 0, None, Advice::Sequential);
        }
        Self {
            file: opened.file,
            parts: parts.into(),
        }
    }

    /// The whole of a file.
    pub(in super::super) fn whole(opened: Opened) -> Self {
        let length = opened.size;
        let all = (length > 0).then_some(Part::File { start: 0, length });
        Self::new(opened, all.into_iter().collect())
    }

    /// How many bytes it has still to give.
    pub(in super::super) fn left(&self) -> u64 {
        self.parts.iter().map(Part::length).sum()
    }

    /// Goes on by about `most` bytes: by the kernel alone where that pays, otherwise through
    /// `buffer`.
    ///
    /// # Errors
    ///
    /// When the client is gone, or the file is shorter than it was: what was promised cannot be
    /// kept then, and the connection must not go on.
    pub(in super::super) fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<Step> {
        match self.parts.front_mut() {
            Some(Part::File { start, length }) if *length >= DIRECT => {
                let most = usize::try_from(*length).unwrap_or(usize::MAX).min(most);
                let sent = send_file(socket, &self.file, *start, most)?;
                *start += sent as u64;
                *length -= sent as u64;
                if *length == 0 {
                    self.parts.pop_front();
                }
                Ok(Step {
                    bytes: sent,
                    sent: true,
                    blocked: sent < most,
                })
            }
            _ => Ok(Step {
                bytes: self.fill(buffer, most)?,
                sent: false,
                blocked: false,
            }),
        }
    }

    /// Appends about `most` bytes to `buffer`, and says how many; none at its end.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is shorter than it was.
    pub(in super::super) fn fill(
        &mut self,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<usize> {
        let mut filled = 0;
        while filled < most {
            let taken = match self.parts.front_mut() {
                None => break,
                Some(Part::Bytes(bytes)) => {
                    buffer.extend_from_slice(bytes);
                    let taken = bytes.len();
                    self.parts.pop_front();
                    taken
                }
                Some(Part::File { start, length }) => {
                    let most = usize::try_from(*length)
                        .unwrap_or(usize::MAX)
                        .min(most - filled);
                    let taken = read_at(&self.file, *start, most, buffer)?;
                    *start += taken as u64;
                    *length -= taken as u64;
                    if *length == 0 {
                        self.parts.pop_front();
                    }
                    taken
                }
            };
            filled += taken;
        }
        Ok(filled)
    }
}

/// Appends up to `most` bytes of the file from `start` on, at least one.
fn read_at(file: &OwnedFd, start: u64, most: usize, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.reserve(most);
    let before = buffer.len();
    let taken = loop {
        let room = buffer.spare_capacity_mut();
        let room = room.get_mut(..most).unwrap_or_default();
        match pread(file, room, start) {
            Ok((filled, _)) => break filled.len(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    };
    // SAFETY: the kernel initialised the first `taken` bytes of the spare capacity.
    unsafe { buffer.set_len(before + taken) };
    if taken == 0 {
        return Err(truncated());
    }
    Ok(taken)
}

/// Lets the kernel send up to `most` bytes from `start` on; none if the socket is full.
#[cfg(target_os = "linux")]
fn send_file(socket: BorrowedFd<'_>, file: &OwnedFd, start: u64, most: usize) -> io::Result<usize> {
    let mut offset = start;
    loop {
        match rustix::fs::sendfile(socket, file, Some(&mut offset), most) {
            Ok(0) => return Err(truncated()),
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Elsewhere bytes go through a buffer of ours.
#[cfg(not(target_os = "linux"))]
fn send_file(socket: BorrowedFd<'_>, file: &OwnedFd, start: u64, most: usize) -> io::Result<usize> {
    use rustix::net::{SendFlags, send};

    let mut buffer = Vec::new();
    read_at(file, start, most.min(64 * 1024), &mut buffer)?;
    loop {
        match send(socket, &buffer, SendFlags::NOSIGNAL) {
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}

fn truncated() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "a file became shorter while it was sent",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::SystemTime;

    use super::*;

    /// A file with these bytes that has no name any more, and a handle to write to it.
    fn file(name: &str, content: &[u8]) -> (Opened, fs::File) {
        let path = std::env::temp_dir().join(format!("jebi-{name}-{}", std::process::id()));
        fs::write(&path, content).unwrap();
        let file = fs::File::open(&path).unwrap();
        let writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let opened = Opened {
            file: file.into(),
            size: content.len() as u64,
            modified: SystemTime::now(),
        };
        (opened, writer)
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|n| n.to_le_bytes()[0]).collect()
    }

    #[test]
    fn parts_come_in_order_either_way() {
        let content = bytes(200_000);
        let parts = || {
            vec![
                Part::Bytes(b"head".to_vec()),
                Part::File {
                    start: 100_000,
                    length: 100_000,
                },
                Part::Bytes(b"between".to_vec()),
                Part::File {
                    start: 3,
                    length: 5,
                },
                Part::Bytes(b"end".to_vec()),
            ]
        };
        let expected = [
            b"head",
            &content[100_000..],
            b"between",
            &content[3..8],
            b"end",
        ]
        .concat();

        let mut source = Source::new(file("fill", &content).0, parts());
        assert_eq!(source.left(), expected.len() as u64);
        let mut filled = Vec::new();
        while source.fill(&mut filled, 1_000).unwrap() > 0 {}
        assert!(filled == expected && source.left() == 0);

        let (near, mut far) = UnixStream::pair().unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            all
        });
        let mut source = Source::new(file("send", &content).0, parts());
        while source.left() > 0 {
            let mut buffer = Vec::new();
            let step = source.send(near.as_fd(), &mut buffer, 10_000).unwrap();
            assert_eq!(buffer.len(), if step.sent { 0 } else { step.bytes });
            (&near).write_all(&buffer).unwrap();
        }
        drop(near);
        assert!(reader.join().unwrap() == expected);
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let (near, _far) = UnixStream::pair().unwrap();
        for direct in [false, true] {
            let (opened, writer) = file("shrink", &bytes(100_000));
            let mut source = Source::whole(opened);
            let mut buffer = Vec::new();
            let mut go_on = || {
                if direct {
                    let step = source.send(near.as_fd(), &mut buffer, 10);
                    step.map(|step| step.bytes)
                } else {
                    source.fill(&mut buffer, 10)
                }
            };
            assert!(go_on().is_ok());
            writer.set_len(10).unwrap();
            let Err(error) = go_on() else {
                panic!("it has nothing more to give");
            };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_full_socket_takes_nothing() {
        let (near, _far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut source = Source::whole(file("full", &bytes(4_000_000)).0);
        let mut total = 0;
        loop {
            let step = source.send(near.as_fd(), &mut Vec::new(), 1 << 20).unwrap();
            total += step.bytes as u64;
            if step.blocked {
                break;
            }
        }
        assert_eq!(source.left(), 4_000_000 - total);
    }
}
