//! The values of a path's parameters.

use std::ops::Deref;

/// So many values take no allocation.
const INLINE: usize = 8;

/// The values of a path's parameters, in the order of the template, as slices of the path.
#[derive(Clone, Debug, Default)]
pub struct Params<'p> {
    inline: [&'p str; INLINE],
    count: usize,
    /// All of them, once there are more than fit inline.
    spilled: Vec<&'p str>,
}

impl<'p> Params<'p> {
    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[&'p str] {
        if self.count > INLINE {
            &self.spilled
        } else {
            self.inline.get(..self.count).unwrap_or_default()
        }
    }

    pub(crate) fn push(&mut self, value: &'p str) {
        if let Some(place) = self.inline.get_mut(self.count) {
            *place = value;
        } else {
            if self.count == INLINE {
                self.spilled.clear();
                self.spilled.extend_from_slice(&self.inline);
            }
            self.spilled.push(value);
        }
        self.count += 1;
    }

    pub(crate) fn pop(&mut self) {
        if self.count > INLINE {
            self.spilled.pop();
        }
        self.count = self.count.saturating_sub(1);
    }
}

impl<'p> Deref for Params<'p> {
    type Target = [&'p str];

    fn deref(&self) -> &Self::Target {
        self.as_slice()
    }
}

impl PartialEq for Params<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Params<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_inline_ones_spill_and_come_back() {
        let texts: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let mut params = Params::default();
        for _ in 0..2 {
            for (index, text) in texts.iter().enumerate() {
                params.push(text);
                assert_eq!(params.as_slice(), &texts[..=index]);
            }
            for index in (5..texts.len()).rev() {
                params.pop();
                assert_eq!(params.as_slice(), &texts[..index]);
            }
            for _ in 0..5 {
                params.pop();
            }
            params.pop();
            assert!(params.is_empty());
        }
    }
}
