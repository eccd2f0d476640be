//! How many connections there may be, and what happens when there are as many.
//!
//! At the limit, and where descriptors run out before it, nobody is turned away: whoever comes waits
//! in the kernel's queue. Connections on which nothing is going on, those that wait longest for
//! their next request first, make room for them; if there are none, accepting goes on when one
//! closes, or with the next tick.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use pyo3::prelude::*;

use super::Connection;
use super::deadlines::Awaited;
use super::listener::Listener;
use super::shared::{Shared, lock};

/// For how many ticks the log is spared the same complaint.
const QUIET: u64 = 60;

/// The limit of connections, and the listeners that wait because of it.
pub(super) struct Gate {
    /// The most connections at a time.
    limit: usize,
    waiting: Mutex<Vec<Weak<Listener>>>,
    has_waiting: AtomicBool,
    /// In which tick connections were last looked through, and which seemed to be spare then; the
    /// one that is idle longest is the last.
    spare: Mutex<(u64, Vec<Weak<Connection>>)>,
    /// The tick from which on there may be a complaint.
    quiet_until: AtomicU64,
}

impl Gate {
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self {
            limit: limit.unwrap_or(usize::MAX),
            waiting: Mutex::default(),
            has_waiting: AtomicBool::new(false),
            spare: Mutex::default(),
            quiet_until: AtomicU64::new(0),
        }
    }

    /// Notes a listener that does not accept for the time being.
    pub(super) fn wait(&self, listener: Weak<Listener>) {
        lock(&self.waiting).push(listener);
        self.has_waiting.store(true, Ordering::Relaxed);
    }

    /// There may be room: all who wait may try again.
    pub(super) fn open(&self, py: Python<'_>) {
        if !self.has_waiting.swap(false, Ordering::Relaxed) {
            return;
        }
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for listener in waiting.iter().filter_map(Weak::upgrade) {
            listener.go_on(py);
        }
    }

    /// Whether the log can bear another complaint.
    pub(super) fn may_complain(&self, now: u64) -> bool {
        let may = now >= self.quiet_until.load(Ordering::Relaxed);
        if may {
            self.quiet_until.store(now + QUIET, Ordering::Relaxed);
        }
        may
    }
}

impl Shared {
    /// Whether there are as many connections as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.connections() >= self.gate.limit
    }

    /// Closes a connection on which nothing is going on, if there is one.
    pub(super) fn make_room(self: &Arc<Self>, py: Python<'_>) -> bool {
        while let Some(candidate) = self.next_spare(py) {
            let Some(connection) = candidate.upgrade() else {
                continue;
            };
            let (is_spare, speaks_http2) = {
                let state = connection.state(py);
                let is_spare = state.is_spare(self) && !state.has_unread();
                (is_spare, state.http2.is_some())
            };
            if is_spare {
                if speaks_http2 {
                    // Its client is told, and it closes when that has left.
                    connection.on_tick_http2(py, Some(Awaited::Request));
                } else {
                    connection.lose(py);
                }
                return true;
            }
        }
        false
    }

    /// The next connection that seemed to be spare; all are looked through once a tick at most.
    fn next_spare(&self, py: Python<'_>) -> Option<Weak<Connection>> {
        let mut spare = lock(&self.gate.spare);
        let now = self.now();
        // Nobody is idle before the first tick.
        if spare.1.is_empty() && spare.0 < now {
            let mut found: Vec<_> = self
                .all()
                .into_iter()
                .filter_map(|connection| {
                    let state = connection.state(py);
                    state.is_spare(self).then(|| {
                        (
                            state.deadline.at,
                            connection.id(),
                            Arc::downgrade(&connection),
                        )
                    })
                })
                .collect();
            found.sort_unstable_by_key(|(at, id, _)| Reverse((*at, *id)));
            *spare = (now, found.into_iter().map(|(_, _, one)| one).collect());
        }
        spare.1.pop()
    }
}
