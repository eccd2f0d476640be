//! Transports for the ends of pipes: FIFOs, sockets and character devices, one direction each.
//!
//! The Python file belongs to the application, which may close it whenever it likes. So a transport
//! works on a duplicate of its descriptor: nobody can pull the number from under it, and one
//! terminal can have a transport for each direction. Both are closed at the end.
//!
//! Callbacks of the protocol run in the context in which the transport was opened.

mod end;
mod read;
mod write;

pub(crate) use self::{read::ReadPipeTransport, write::WritePipeTransport};
