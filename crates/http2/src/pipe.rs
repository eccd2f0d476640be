//! Where the `h2` crate reads and writes: memory.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What waits on both sides.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// From the client, checked.
    pub(crate) incoming: BytesMut,
    /// To the client.
    pub(crate) outgoing: Vec<u8>,
    /// The crate is not let write more than this at a time, in bytes.
    pub(crate) room: usize,
}

/// Both ends of it. There is nobody to wake: whoever changes the buffers asks the crate to go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipe(Arc<Mutex<Buffers>>);

impl Pipe {
    pub(crate) fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffers = self.buffers();
        let length = buffers.incoming.len().min(room.remaining());
        if length == 0 {
            return Poll::Pending;
        }
        room.put_slice(buffers.incoming.get(..length).unwrap_or_default());
        buffers.incoming.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffers = self.buffers();
        if buffers.outgoing.len() >= buffers.room {
            return Poll::Pending;
        }
        buffers.outgoing.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
