//! Header blocks: RFC 7541, the decoding half.
//!
//! The `h2` crate encodes ours. What clients send is decoded here, so that each way to break the
//! rules gets its own answer, and nothing is stored of a block that is too large.

mod decoder;
mod huffman;
mod table;

pub(crate) use self::decoder::Decoder;
pub(crate) use self::table::OVERHEAD;

/// A header block that cannot be decoded. The connection is beyond repair: what its tables hold is
/// not known any more (RFC 9113 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CompressionError;
