//! Urlencoded bodies: fields, limits, pieces.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::read_fields;
use forms::{FieldLimits, Urlencoded, Violation};
use proptest::prelude::*;

fn limits(fields: u64, size: u64) -> FieldLimits {
    FieldLimits { fields, size }
}

#[test]
fn fields_are_found() {
    for (body, fields) in [
        ("", vec![]),
        ("&&", vec![]),
        ("a=1&b=2", vec![("a", "1"), ("b", "2")]),
        ("&a=1&&b=2&", vec![("a", "1"), ("b", "2")]),
        ("a", vec![("a", "")]),
        ("=", vec![("", "")]),
        ("a=b=c", vec![("a", "b=c")]),
        ("a+b=%C3%A9+%2B", vec![("a b", "\u{e9} +")]),
        ("a=%zz%&b=%FF", vec![("a", "%zz%"), ("b", "\u{fffd}")]),
    ] {
        let found = read_fields(&[body.as_bytes()], FieldLimits::default()).unwrap();
        let found: Vec<_> = found.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(found, fields, "{body}");
    }
}

#[test]
fn bytes_that_are_not_escaped_are_latin_1() {
    let found = read_fields(&[b"a=\xc3\xa9"], FieldLimits::default()).unwrap();
    assert_eq!(found, [("a".into(), "\u{c3}\u{a9}".into())]);
}

#[test]
fn a_field_too_many_is_refused_at_once() {
    let mut form = Urlencoded::new(limits(1, 9));
    assert_eq!(
        form.feed(b"a=1&b=2&c=3&", |_, _| {}),
        Err(Violation::TooManyFields(1))
    );
    assert_eq!(form.fields(), 2);
}

#[test]
fn name_and_value_count_together() {
    assert!(read_fields(&[b"ab=cd"], limits(9, 4)).is_ok());
    for body in [
        &b"ab=cde"[..],
        b"abcde",
        b"=abcde",
        b"abcde=",
        b"x=1&ab=cde&",
    ] {
        for pieces in [vec![body], body.chunks(1).collect()] {
            assert_eq!(
                read_fields(&pieces, limits(9, 4)),
                Err(Violation::FieldTooLarge(4))
            );
        }
    }
}

#[test]
fn nothing_of_a_field_that_is_too_large_is_kept() {
    let mut form = Urlencoded::new(limits(9, 1024));
    let body = [b"a=".to_vec(), vec![b'x'; 1 << 20]].concat();
    assert_eq!(
        form.feed(&body, |_, _| {}),
        Err(Violation::FieldTooLarge(1024))
    );
    assert!(form.held().len() <= 1024);
}

proptest! {
    #[test]
    fn cuts_make_no_difference(
        body in "[ab=&+%C3é]{0,60}",
        cuts in prop::collection::vec(0usize..60, 0..6),
        fields in 0u64..8,
        size in 0u64..20,
    ) {
        let body = body.as_bytes();
        let whole = read_fields(&[body], limits(fields, size));
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
        let cut = read_fields(&pieces, limits(fields, size));
        prop_assert_eq!(cut.is_ok(), whole.is_ok());
        if whole.is_ok() {
            prop_assert_eq!(&cut, &whole);
            let pairs: Vec<_> = params::pairs(body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
            prop_assert_eq!(whole.unwrap(), pairs);
        }
    }
}
