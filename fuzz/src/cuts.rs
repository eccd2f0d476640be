//! Cutting bytes into pieces, as a network does.

/// `bytes` in pieces whose lengths follow from `seed`: short ones for an even seed, long ones for
/// an odd one.
#[must_use]
pub fn pieces(bytes: &[u8], seed: u16) -> Vec<&[u8]> {
    let mut state = u32::from(seed).wrapping_mul(0x9e37_79b9) | 1;
    let longest = if seed.is_multiple_of(2) { 4 } else { 300 };
    let (mut rest, mut pieces) = (bytes, Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = (state >> 16) as usize % longest + 1;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Inputs up to this many bytes are fed byte by byte.
const SHORT: usize = 2048;

/// The ways in which every target feeds its input: whole, byte by byte or nearly, and cut by `seed`.
#[must_use]
pub fn ways(bytes: &[u8], seed: u16) -> [Vec<&[u8]>; 3] {
    let size = if bytes.len() > SHORT { 13 } else { 1 };
    [
        vec![bytes],
        bytes.chunks(size).collect(),
        pieces(bytes, seed),
    ]
}
