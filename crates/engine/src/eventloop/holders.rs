//! Who may speak to the kernel about a descriptor's number.

use std::collections::HashMap;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use reactor::{Interest, Poller, Token};
use rustix::io::Errno;

/// A descriptor in the eyes of the kernel.
pub(super) struct Spot {
    pub(super) fd: RawFd,
    pub(super) interest: Interest,
}

/// Who has claimed a number last.
///
/// A descriptor may be closed without a word to the loop and its number given to another one, which
/// is then watched on behalf of somebody else. The kernel goes by the number, so what the first
/// owner had to say about it would now hit the second: its claim is over.
#[derive(Default)]
pub(super) struct Holders(HashMap<RawFd, Token>);

impl Holders {
    /// Claims a number; hands out the claim that this ends.
    pub(super) fn claim(&mut self, fd: RawFd, token: Token) -> Option<Token> {
        self.0.insert(fd, token)
    }

    /// Takes a claim back that came to nothing.
    pub(super) fn restore(&mut self, fd: RawFd, before: Option<Token>) {
        match before {
            Some(token) => self.0.insert(fd, token),
            None => self.0.remove(&fd),
        };
    }

    /// Ends a claim, and what the kernel was told on its behalf.
    pub(super) fn release(&mut self, poller: Option<&Poller>, spot: &mut Spot, token: Token) {
        if !self.holds(spot.fd, token) {
            return;
        }
        if let Some(poller) = poller {
            // A failure means that the kernel does not watch it any more, which is the wish.
            let _ = self.apply(poller, spot, token, Interest::NONE);
        }
        self.0.remove(&spot.fd);
    }

    /// Tells the kernel about a new interest, if it is new.
    pub(super) fn apply(
        &self,
        poller: &Poller,
        spot: &mut Spot,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        if interest == spot.interest {
            return Ok(());
        }
        self.tell(poller, spot, token, interest)
    }

    /// Tells the kernel about an interest even if it did not change, on behalf of whoever has the
    /// number now: it may have been closed and opened anew without a word to the loop.
    pub(super) fn refresh(
        &self,
        poller: &Poller,
        spot: &mut Spot,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self.tell(poller, spot, token, interest) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                spot.interest = Interest::NONE;
                self.tell(poller, spot, token, interest)
            }
            outcome => outcome,
        }
    }

    /// # Errors
    /// `EBADF` when the number was claimed by another one since, `ENOENT` when it was closed.
    fn tell(
        &self,
        poller: &Poller,
        spot: &mut Spot,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        if !self.holds(spot.fd, token) {
            spot.interest = Interest::NONE;
            return if interest.is_none() {
                Ok(())
            } else {
                Err(Errno::BADF.into())
            };
        }
        // SAFETY: the owner keeps the descriptor open until it deregisters. A number that was
        // closed nevertheless makes the kernel answer EBADF or ENOENT; no memory hangs on it.
        let fd = unsafe { BorrowedFd::borrow_raw(spot.fd) };
        if interest.is_none() {
            spot.interest = interest;
            return poller.remove(fd);
        }
        if spot.interest.is_none() {
            poller.add(fd, token, interest)?;
        } else {
            poller.modify(fd, token, interest)?;
        }
        spot.interest = interest;
        Ok(())
    }

    /// Tells a new poller what the one before was told.
    pub(super) fn repeat(&self, poller: &Poller, spot: &mut Spot, token: Token) {
        let interest = std::mem::replace(&mut spot.interest, Interest::NONE);
        if !interest.is_none() {
            // What cannot be watched any more was closed, and would not be reported before either.
            let _ = self.tell(poller, spot, token, interest);
        }
    }

    fn holds(&self, fd: RawFd, token: Token) -> bool {
        self.0.get(&fd) == Some(&token)
    }
}
