//! The masking of RFC 6455 section 5.3.

/// A client's mask, and how far into a payload it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    key: [u8; 4],
}

impl Mask {
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self { key }
    }

    /// Takes the mask off `bytes` in place; the next bytes of the payload go on where these end.
    pub(crate) fn remove(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, tail) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in tail.iter_mut().zip([a, b, c, d, a, b, c]) {
            *byte ^= key;
        }
        self.key.rotate_left(tail.len() % 4);
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn payloads_in_pieces_are_the_same_as_whole() {
        let key = [1, 2, 3, 4];
        let plain: Vec<u8> = (0..100).collect();
        let masked: Vec<u8> = plain
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        for size in 1..=100 {
            let mut bytes = masked.clone();
            let mut mask = Mask::new(key);
            for piece in bytes.chunks_mut(size) {
                mask.remove(piece);
            }
            assert_eq!(bytes, plain, "in pieces of {size}");
        }
    }
}
