//! Answers: appending to a buffer what a client is to read.
//!
//! What an application supplies is checked here, at the last door: a name or a value that could end
//! a line and begin another is refused (response splitting).

mod chunks;
mod headers;
mod status;

pub use chunks::{write_chunk, write_last_chunk};
pub use headers::{
    InvalidHeader, PreparedHeaders, end_headers, write_content_length, write_header,
    write_known_header, write_prepared,
};
pub use status::{CONTINUE, reason, write_status_line};
