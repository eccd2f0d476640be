//! What an event loop stands on: a poller, timers, a waker, signals and a clock. No Python here.
//!
//! The pieces are independent of one another and each has one file; the loop that joins them lives
//! in the engine, because asyncio decides the order in which they are asked.

mod clock;
mod forks;
mod interest;
mod poller;
mod registry;
mod signals;
mod timers;
mod waker;

pub use clock::{CLOCK_RESOLUTION, monotonic};
pub use forks::Birthplace;
pub use interest::{Interest, Readiness};
pub use poller::{Events, Poller};
pub use registry::{Registry, Token};
pub use signals::SignalPipe;
pub use timers::TimerHeap;
pub use waker::Waker;
