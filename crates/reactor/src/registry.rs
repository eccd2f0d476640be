//! Tokens that are never mistaken for an older one.

/// Names one entry of a [`Registry`]: its place and how often that place was taken before.
///
/// The kernel hands a token back with every event. When the entry was removed meanwhile, even if
/// its place and its descriptor's number were given to somebody else, the generation differs and
/// the event reaches nobody.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Token {
    index: u32,
    generation: u32,
}

impl Token {
    /// Tokens above every index that a registry hands out, for the loop's own descriptors.
    #[must_use]
    pub const fn reserved(number: u32) -> Self {
        Self {
            index: u32::MAX,
            generation: number,
        }
    }

    /// The token as the 64 bits that epoll carries.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        ((self.generation as u64) << 32) | self.index as u64
    }

    /// The token that [`to_bits`](Self::to_bits) packed.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves are taken apart on purpose"
    )]
    pub const fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// A slab whose keys carry a generation.
#[derive(Debug)]
pub struct Registry<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Registry<T> {
    /// Keeps `value` and names it; `None` when four billion places are taken.
    pub fn insert(&mut self, value: T) -> Option<Token> {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.value = Some(value);
            return Some(Token {
                index,
                generation: slot.generation,
            });
        }
        let index = u32::try_from(self.slots.len())
            .ok()
            .filter(|&index| index != u32::MAX)?;
        self.slots.push(Slot {
            generation: 0,
            value: Some(value),
        });
        Some(Token {
            index,
            generation: 0,
        })
    }

    /// The entry, unless it was removed.
    #[must_use]
    pub fn get(&self, token: Token) -> Option<&T> {
        let slot = self.slots.get(token.index as usize)?;
        slot.value
            .as_ref()
            .filter(|_| slot.generation == token.generation)
    }

    /// The entry to change, unless it was removed.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        let slot = self.slots.get_mut(token.index as usize)?;
        slot.value
            .as_mut()
            .filter(|_| slot.generation == token.generation)
    }

    /// Takes the entry out; its token means nothing from now on.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        let slot = self.slots.get_mut(token.index as usize)?;
        if slot.generation != token.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(token.index);
        Some(value)
    }

    /// Every entry, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    /// Every entry to change, with its token, in no particular order.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = (Token, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(index, slot)| {
            let generation = slot.generation;
            let token = Token { index, generation };
            slot.value.as_mut().map(|value| (token, value))
        })
    }

    /// Takes every entry out.
    pub fn drain(&mut self) -> Vec<T> {
        let mut values = Vec::new();
        for (index, slot) in (0..).zip(&mut self.slots) {
            if let Some(value) = slot.value.take() {
                slot.generation = slot.generation.wrapping_add(1);
                self.free.push(index);
                values.push(value);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::{Registry, Token};

    #[test]
    fn a_reused_place_has_another_token() {
        let mut registry = Registry::default();
        let first = registry.insert("first").expect("room");
        assert_eq!(registry.remove(first), Some("first"));
        let second = registry.insert("second").expect("room");
        assert_ne!(first, second);
        assert_eq!(registry.get(first), None);
        assert_eq!(registry.remove(first), None);
        assert_eq!(registry.get(second), Some(&"second"));
    }

    #[test]
    fn tokens_survive_the_kernel() {
        let mut registry = Registry::default();
        for _ in 0..3 {
            let token = registry.insert(()).expect("room");
            assert_eq!(Token::from_bits(token.to_bits()), token);
            registry.remove(token);
        }
        let reserved = Token::reserved(7);
        assert_eq!(Token::from_bits(reserved.to_bits()), reserved);
        assert_eq!(registry.get(reserved), None);
    }

    #[test]
    fn drained_entries_are_gone() {
        let mut registry = Registry::default();
        let one = registry.insert(1).expect("room");
        registry.insert(2).expect("room");
        assert_eq!(registry.drain(), vec![1, 2]);
        assert_eq!(registry.get(one), None);
        assert_eq!(registry.values().count(), 0);
    }
}
