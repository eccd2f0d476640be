//! TLS between a connection and its socket.
//!
//! The connection reads and writes plain bytes; a [`Seal`] stands where the socket is. Python's
//! `ssl` has no part in it: that is for transports of the event loop, to which applications hand a
//! context.

mod describe;
mod files;
mod name;
mod seal;
mod settings;

pub(super) use self::describe::Description;
pub(super) use self::seal::Seal;
pub(crate) use self::settings::TlsSettings;
