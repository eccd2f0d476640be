//! Native callbacks that come again: at the end of every iteration, and every so often.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use reactor::{Registry, monotonic};

use super::EventLoop;
use super::queue::Timer;
use super::source::{Hook, HookId, TickId};

/// A callback and its period in seconds.
struct Tick {
    period: f64,
    call: Hook,
}

/// The native callbacks that come again.
#[derive(Default)]
pub(super) struct Hooks {
    at_end: Vec<(HookId, Hook)>,
    ticks: Registry<Tick>,
    added: u64,
}

impl EventLoop {
    /// Calls `hook` at the end of every iteration, before the loop polls.
    ///
    /// What it schedules runs in the next iteration. A [`Waker`](reactor::Waker) makes the loop
    /// pass through an iteration, so a hook is also where other threads' results are collected.
    pub(crate) fn at_iteration_end(&self, py: Python<'_>, hook: Hook) -> HookId {
        self.hooks.with(py, |hooks| {
            hooks.added += 1;
            let id = HookId(hooks.added);
            hooks.at_end.push((id, hook));
            id
        })
    }

    /// Ends [`at_iteration_end`](Self::at_iteration_end).
    pub(crate) fn remove_hook(&self, py: Python<'_>, id: HookId) {
        let hook = self.hooks.with(py, |hooks| {
            let place = hooks.at_end.iter().position(|(known, _)| *known == id)?;
            Some(hooks.at_end.remove(place))
        });
        drop(hook);
    }

    /// Calls `tick` once a period, as long as the loop runs; `None` if the loop holds too many.
    pub(crate) fn every(&self, py: Python<'_>, period: Duration, tick: Hook) -> Option<TickId> {
        let period = period.as_secs_f64();
        let tick = Tick { period, call: tick };
        let id = TickId(self.hooks.with(py, |hooks| hooks.ticks.insert(tick))?);
        self.arm_tick(py, id, period);
        Some(id)
    }

    /// Ends [`every`](Self::every).
    pub(crate) fn remove_tick(&self, py: Python<'_>, id: TickId) {
        drop(self.hooks.with(py, |hooks| hooks.ticks.remove(id.0)));
    }

    fn arm_tick(&self, py: Python<'_>, id: TickId, period: f64) {
        let due = monotonic() + period;
        self.timers
            .with(py, |timers| timers.0.push(due, Timer::Tick(id)));
    }

    /// Runs a tick that is due, unless it was removed, and sets its next time.
    pub(super) fn run_tick(&self, py: Python<'_>, id: TickId) {
        let found = self.hooks.with(py, |hooks| {
            hooks
                .ticks
                .get(id.0)
                .map(|tick| (tick.period, Arc::clone(&tick.call)))
        });
        if let Some((period, call)) = found {
            self.arm_tick(py, id, period);
            call(py);
        }
    }

    /// Runs what waits for the end of the iteration.
    pub(super) fn run_hooks(&self, py: Python<'_>) {
        let mut place = 0;
        while let Some(hook) = self.hooks.with(py, |hooks| {
            hooks.at_end.get(place).map(|(_, hook)| Arc::clone(hook))
        }) {
            hook(py);
            place += 1;
        }
    }
}
