//! What the fuzz targets share: ways to cut bytes, and plain records of what a decoder said.
//!
//! A target asserts properties and not only that nothing panics: however bytes are cut, the events
//! are the same; what is accepted obeys the grammar and the limits; what was encoded comes back.

pub mod cuts;
#[path = "../../crates/forms/tests/common/mod.rs"]
pub mod forms;
pub mod http1;
pub mod http2;
pub mod websocket;
