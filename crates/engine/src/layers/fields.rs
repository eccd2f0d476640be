//! The header fields of an answer while layers add to them.

use std::borrow::Cow;

/// A name in lower case, and a value.
type Field<'f> = (Cow<'f, [u8]>, Cow<'f, [u8]>);

/// All fields, in order.
#[derive(Default)]
pub(crate) struct Fields<'f>(Vec<Field<'f>>);

impl<'f> Fields<'f> {
    /// The fields that an answer has already.
    pub(crate) fn of(fields: &[(&'f [u8], &'f [u8])]) -> Self {
        let owned = |&(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value));
        Self(fields.iter().map(owned).collect())
    }

    /// The fields as they are sent.
    pub(crate) fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect()
    }

    /// Sets a field where it first stands, or at the end; any further ones of its name go.
    pub(super) fn set(&mut self, name: &'f [u8], value: impl Into<Cow<'f, [u8]>>) {
        let mut value = Some(value.into());
        self.0.retain_mut(|field| {
            if *field.0 != *name {
                return true;
            }
            match value.take() {
                Some(value) => {
                    field.1 = value;
                    true
                }
                None => false,
            }
        });
        if let Some(value) = value {
            self.0.push((Cow::Borrowed(name), value));
        }
    }

    /// Names one more header of requests that the answer depends on.
    pub(super) fn add_vary(&mut self, name: &'f [u8]) {
        let mut present = self.0.iter().filter(|field| *field.0 == *b"vary");
        let Some((_, first)) = present.next() else {
            return self.0.push((Cow::Borrowed(b"vary"), Cow::Borrowed(name)));
        };
        let mut all = first.to_vec();
        for (_, further) in present {
            all.extend_from_slice(b", ");
            all.extend_from_slice(further);
        }
        all.extend_from_slice(b", ");
        all.extend_from_slice(name);
        self.set(b"vary", all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fields: &Fields<'_>) -> String {
        let lines = fields.pairs().into_iter().map(|(name, value)| {
            let (name, value) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value),
            );
            format!("{name}={value}")
        });
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_set_stands_once() {
        let mut fields = Fields::of(&[(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4")]);
        fields.set(b"a", &b"5"[..]);
        fields.set(b"d", &b"6"[..]);
        assert_eq!(text(&fields), "a=5 b=2 c=4 d=6");
    }

    #[test]
    fn an_answer_depends_on_one_header_more() {
        let mut fields = Fields::default();
        fields.add_vary(b"Origin");
        assert_eq!(text(&fields), "vary=Origin");
        let mut fields = Fields::of(&[(b"vary", b"A"), (b"x", b"1"), (b"vary", b"B, C")]);
        fields.add_vary(b"Origin");
        assert_eq!(text(&fields), "vary=A, B, C, Origin x=1");
    }
}
