//! Connections that are worked off together, where several became ready at once.
//!
//! Their input is read first, then their requests are served, then their answers leave: what the
//! kernel, the engine and the application do for one after the other is cheaper than the same in
//! turns, because its code stays in the caches, and a client that serves many connections is woken
//! once. None of it is put off beyond the loop's iteration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::Connection;
use crate::eventloop::Attached;

/// How many connections are worked off together at most: the first of them waits for all the others' requests.
const MANY: usize = 64;
/// How long the first answer waits, but for the request that is being served then.
const PATIENCE: Duration = Duration::from_millis(1);

/// The connections that wait for others.
#[derive(Default)]
pub(super) struct Together {
    read: Attached<Vec<Arc<Connection>>>,
    served: Attached<Served>,
}

/// Those whose answers wait, and since when.
#[derive(Default)]
struct Served {
    since: Option<Instant>,
    connections: Vec<Arc<Connection>>,
}

impl Together {
    /// Takes a connection whose input was read, and serves all of them when they are many.
    pub(super) fn was_read(&self, py: Python<'_>, connection: Arc<Connection>) {
        let are_many = self.read.with(py, |read| {
            read.push(connection);
            read.len() >= MANY
        });
        if are_many {
            self.serve(py);
        }
    }

    /// Takes a connection that was served, and settles all of them when they are many or have waited for long.
    pub(super) fn was_served(&self, py: Python<'_>, connection: Arc<Connection>) {
        let now = Instant::now();
        let is_time = self.served.with(py, |served| {
            served.connections.push(connection);
            let since = *served.since.get_or_insert(now);
            served.connections.len() >= MANY || now.duration_since(since) >= PATIENCE
        });
        if is_time {
            self.settle(py);
        }
    }

    /// Serves whoever has been read.
    pub(super) fn serve(&self, py: Python<'_>) {
        for connection in self.read.take(py) {
            connection.serve_in_turn(py);
        }
    }

    /// Ends the iteration for whoever waits.
    pub(super) fn finish(&self, py: Python<'_>) {
        self.serve(py);
        self.settle(py);
    }

    fn settle(&self, py: Python<'_>) {
        for connection in self.served.take(py).connections {
            connection.settle_now(py);
        }
    }
}
