//! What the kernel holds of a connection's output.

use std::ffi::c_int;
use std::os::fd::BorrowedFd;

use rustix::ioctl::{Getter, Opcode, ioctl};

/// Asks how much of what was written to a socket is not acknowledged (`TIOCOUTQ`, tcp(7)).
const TIOCOUTQ: Opcode = 0x5411;
/// How many bytes of a file wait in the kernel, beyond what is on its way.
#[cfg(target_os = "linux")]
const UNSENT: c_int = 128 * 1024;

/// How many bytes wait in the kernel to be sent or acknowledged.
pub(super) fn queued(socket: BorrowedFd<'_>) -> Option<u64> {
    // SAFETY: the call writes a number of this type, whatever the descriptor.
    let queued = unsafe { ioctl(socket, Getter::<TIOCOUTQ, c_int>::new()) };
    queued.ok().and_then(|queued| u64::try_from(queued).ok())
}

/// Lets the kernel take no more than [`UNSENT`] bytes that it cannot send at once
/// (`TCP_NOTSENT_LOWAT`, tcp(7)). What is on its way does not count, so a long way costs nothing.
///
/// Otherwise it takes megabytes of a file, which a slow client leaves there, and of which a fast one
/// sends the rest by its acknowledgements: a client on this machine does it in its own time, and
/// that took it as long as everything else it did.
#[cfg(target_os = "linux")]
pub(super) fn keep_shallow(socket: BorrowedFd<'_>) {
    use std::os::fd::AsRawFd;

    const LENGTH: libc::socklen_t = c_int::BITS / 8;
    let unsent = UNSENT;
    // What is no TCP socket refuses this, and has no such queue.
    // SAFETY: the descriptor is borrowed, and the value is a number of the length that is said.
    let _ = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const unsent).cast(),
            LENGTH,
        )
    };
}

/// Elsewhere the kernel takes what it likes.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep_shallow(_socket: BorrowedFd<'_>) {}
