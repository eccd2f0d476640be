//! The threads behind `loop.run_in_executor`.
//!
//! asyncio hands a call to `concurrent.futures`, whose future it chains to one of its own: a lock
//! and a condition for every call, and five Python functions on the way back. Here the thread that
//! made the call puts the result into the loop's ready queue itself, in the place where
//! `call_soon_threadsafe` would have put it.
//!
//! What costs most is waking threads that then wait for the GIL. So a thread is called only if no
//! other is on its way ([`crew`]), and a thread that runs out of work wakes the loop after it gave
//! the GIL up. A call begins at once all the same, and not only when the loop is done with its
//! iteration: a callback may wait for what it started.
//!
//! The threads themselves are started, named and joined in Python (`jebi/loop/threads.py`), where
//! the whole is a `ThreadPoolExecutor`.

mod crew;
mod job;
mod python;

pub(crate) use self::python::{WorkQueue, Worker};
