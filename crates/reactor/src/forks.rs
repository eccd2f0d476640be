//! Noticing that the process is a copy.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between the first process and this one. A fork's child counts one more than
/// its parent; nothing else changes it.
static FORKS: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    // Of the C library, as in POSIX.
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> std::ffi::c_int;
}

/// The process in which something was made.
///
/// An epoll list is shared with the children of a fork: what a child takes out of it is gone for its
/// parent too. So whoever has one asks before it speaks to the kernel. Asking costs one load.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Birthplace(u64);

impl Birthplace {
    /// This process.
    #[must_use]
    pub fn here() -> Self {
        static WATCHING: Once = Once::new();
        WATCHING.call_once(|| {
            // SAFETY: the handler does nothing that a process just forked may not do, and stays
            // loaded, because extension modules are never unloaded.
            let outcome = unsafe { pthread_atfork(None, None, Some(count)) };
            debug_assert_eq!(outcome, 0, "there is room for one more handler");
        });
        Self(FORKS.load(Ordering::Relaxed))
    }

    /// Whether this is still that process.
    #[must_use]
    pub fn is_here(self) -> bool {
        self.0 == FORKS.load(Ordering::Relaxed)
    }
}

unsafe extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::{Birthplace, count};

    #[test]
    fn a_child_is_elsewhere() {
        let place = Birthplace::here();
        assert!(place.is_here());
        // What the C library does in a child; the tests of the loop fork in earnest.
        // SAFETY: it only counts.
        unsafe { count() };
        assert!(!place.is_here());
        assert!(Birthplace::here().is_here());
    }
}
