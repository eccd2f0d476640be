//! What is counted of requests, of the loop and of the pool.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use rustix::time::{ClockId, clock_gettime};

use super::super::shared::lock;
use super::Observed;
use super::page::{self, Figure, MetricsPage};
use crate::pool::{Pool, PoolFigures};

/// The upper bounds of a histogram's buckets, in microseconds; beyond the last is one more bucket.
const BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Counts into a page.
pub(super) struct Metrics {
    page: Py<MetricsPage>,
    /// Where the series of a method and a route is.
    series: Mutex<HashMap<&'static str, HashMap<String, usize>>>,
    ticked_at: AtomicI64,
    pool: Arc<Pool>,
}

/// The route of requests that match none.
const UNMATCHED: &str = "unmatched";

impl Metrics {
    pub(super) fn new(page: Py<MetricsPage>, pool: Arc<Pool>) -> Self {
        pool.time_waits();
        Self {
            page,
            series: Mutex::default(),
            ticked_at: AtomicI64::new(0),
            pool,
        }
    }

    /// A connection was accepted.
    pub(super) fn accepted(&self) {
        self.page.get().increment(Figure::Accepted);
    }

    /// What arrived was no request, or not in time.
    pub(super) fn refused(&self) {
        self.page.get().increment(Figure::Refused);
    }

    /// A request is over.
    pub(super) fn count(&self, observed: &Observed, elapsed: Duration) {
        let page = self.page.get();
        let method = known_method(observed.method());
        let series = self.series(method, observed.route().unwrap_or(UNMATCHED));
        let add = |which, value| page.add(MetricsPage::at(series, which), value);
        let class = usize::from(observed.status() / 100).min(5);
        add(page::STATUS + class, 1);
        add(page::RECEIVED, observed.received);
        add(page::SENT, observed.head_sent + observed.body_sent);
        // A WebSocket takes as long as it is open, which says nothing of answers.
        if !observed.is_websocket {
            let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
            add(page::NANOSECONDS, nanoseconds);
            add(page::BUCKETS + bucket(nanoseconds), 1);
        }
    }

    fn series(&self, method: &'static str, route: &str) -> usize {
        let mut known = lock(&self.series);
        let routes = known.entry(method).or_default();
        if let Some(series) = routes.get(route) {
            return *series;
        }
        let made = self.page.get().new_series(method, route);
        if let Some(series) = made {
            routes.insert(route.to_owned(), series);
        }
        // The first series is for what has no room.
        made.unwrap_or(0)
    }

    /// A tick of the server passed, `period` after the one before if the loop is not behind.
    pub(super) fn tick(&self, period: Duration, in_flight: usize, connections: usize) {
        let page = self.page.get();
        let now = clock_gettime(ClockId::Monotonic);
        let now = now.tv_sec * 1_000_000_000 + now.tv_nsec;
        let period = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX);
        let before = self.ticked_at.swap(now, Ordering::Relaxed);
        if before != 0 {
            let lag = u64::try_from(now - before - period).unwrap_or(0);
            page.add(page::LAG, lag);
            page.add(page::LAG + 1 + bucket(lag), 1);
        }
        let PoolFigures {
            queued,
            threads,
            idle,
            jobs,
            waited,
        } = self.pool.figures();
        for (figure, value) in [
            (Figure::TickedAt, u64::try_from(now).unwrap_or(0)),
            (Figure::Period, u64::try_from(period).unwrap_or(0)),
            (Figure::InFlight, in_flight as u64),
            (Figure::Connections, connections as u64),
            (Figure::PoolQueued, queued as u64),
            (Figure::PoolThreads, threads as u64),
            (Figure::PoolIdle, idle as u64),
            (Figure::PoolJobs, jobs),
            (Figure::PoolWaited, waited),
        ] {
            page.set(figure, value);
        }
    }
}

/// The bucket of a histogram that a time belongs to.
fn bucket(nanoseconds: u64) -> usize {
    BOUNDS.partition_point(|bound| bound * 1_000 < nanoseconds)
}

/// Methods are the client's to choose, labels are not.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    ];
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(500_000), 0);
        assert_eq!(bucket(500_001), 1);
        assert_eq!(bucket(10_000_000_000), 13);
        assert_eq!(bucket(10_000_000_001), 14);
    }
}
