//! Urlencoded bodies: the same however they are cut, and the same as a query with these bytes.
#![no_main]

use forms::FieldLimits;
use jebi_fuzz::cuts::ways;
use jebi_fuzz::forms::read_fields;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, u8, u8, &[u8])| {
    let (seed, most, size, body) = input;
    let [whole, single, cut] = ways(body, seed);
    let limits = FieldLimits {
        fields: most.into(),
        size: size.into(),
    };
    let found = read_fields(&whole, limits);
    assert_eq!(read_fields(&single, limits).is_ok(), found.is_ok());
    assert_eq!(read_fields(&cut, limits).is_ok(), found.is_ok());
    let unlimited = FieldLimits {
        fields: u64::MAX,
        size: u64::MAX,
    };
    let all = read_fields(&whole, unlimited).expect("nothing exceeds no limit");
    assert_eq!(read_fields(&single, unlimited).as_ref(), Ok(&all));
    assert_eq!(read_fields(&cut, unlimited).as_ref(), Ok(&all));
    let pairs: Vec<_> = params::pairs(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    assert_eq!(all, pairs);
    let fits = body
        .split(|&byte| byte == b'&')
        .all(|field| field.len() - usize::from(field.contains(&b'=')) <= usize::from(size));
    assert_eq!(found.is_ok(), fits && pairs.len() <= usize::from(most));
});
