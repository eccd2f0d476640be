//! Requests: bytes in, events out.

mod assembly;
mod body;
mod decoder;
mod error;
mod extension;
mod fields;
mod head;
mod host;
mod line;
mod meaning;
mod parser;
mod spans;
mod target;

pub use assembly::HeadAssembly;
pub use decoder::{Event, RequestDecoder};
pub use error::BadRequest;
pub use head::{Headers, RequestHead};
pub use line::Version;
pub use meaning::Framing;
pub use target::TargetForm;
