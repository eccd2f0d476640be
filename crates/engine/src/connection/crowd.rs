//! The memory that a crowd of connections leaves behind.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many connections that have left make it worth looking for what they have left.
const MANY: usize = 1000;

/// The most connections there have been since memory was last given back.
#[derive(Default)]
pub(super) struct Crowd {
    most: AtomicUsize,
}

impl Crowd {
    /// Time goes on, with so many connections. When many have left, their memory goes back to the system.
    pub(super) fn tick(&self, connections: usize) {
        let most = self.most.load(Ordering::Relaxed).max(connections);
        let have_left = most - connections >= MANY;
        if have_left {
            give_back();
        }
        let most = if have_left { connections } else { most };
        self.most.store(most, Ordering::Relaxed);
    }
}

/// Gives the system what the allocator has free.
///
/// Buffers of many connections lie between each other. The GNU allocator keeps all of them for their
/// like, up to the last that is in use, though whole pages between are free (`malloc_trim(3)`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: looks at what is free, under the allocator's own locks.
    unsafe { libc::malloc_trim(0) };
}

/// Others give it back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
