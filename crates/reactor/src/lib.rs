//! Poller, timers, wake-ups and signals: what an event loop stands on, with no Python in it.
