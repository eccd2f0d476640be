//! Percent-encoding, query strings and cookies against slow and simple readings of the same rules.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// So many names of an input are looked up, as each costs a walk over all of it.
const NAMES: usize = 16;

fn hexadecimal(bytes: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = bytes.len() == 2 && bytes.iter().all(u8::is_ascii_hexdigit);
    plain.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

/// One byte after the other.
fn percent_decode(raw: &[u8]) -> Vec<u8> {
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < raw.len() {
        let escape = raw.get(at + 1..at + 3).and_then(hexadecimal);
        match (raw[at], escape) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// A name or a value in ASCII.
fn form(raw: &[u8]) -> String {
    let spaced: Vec<u8> = raw
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    String::from_utf8_lossy(&percent_decode(&spaced)).into_owned()
}

fn assert_percent(raw: &[u8]) {
    let decoded = params::percent_decode(raw);
    assert_eq!(*decoded, *percent_decode(raw));
    assert!(decoded.len() <= raw.len());
    assert_eq!(
        params::decode_path(raw),
        String::from_utf8_lossy(&percent_decode(raw))
    );
}

fn assert_query(raw: &[u8]) {
    let pairs: Vec<_> = params::pairs(raw).collect();
    if raw.is_ascii() {
        let slow: Vec<_> = raw
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let mut parts = pair.splitn(2, |&byte| byte == b'=');
                let mut part = || form(parts.next().unwrap_or_default());
                (part(), part())
            })
            .collect();
        assert!(
            pairs
                .iter()
                .map(|(n, v)| (&**n, &**v))
                .eq(slow.iter().map(|(n, v)| (&**n, &**v)))
        );
    }
    for (name, _) in pairs.iter().take(NAMES) {
        let values: Vec<_> = pairs
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .collect();
        assert_eq!(params::first(raw, name).as_ref(), values.first());
        assert_eq!(params::last(raw, name).as_ref(), values.last());
        assert_eq!(params::all(raw, name).collect::<Vec<_>>(), values);
    }
}

fn assert_cookies(raw: &[u8]) {
    let cookies: Vec<_> = params::cookies(raw).collect();
    assert!(cookies.len() <= raw.split(|&byte| byte == b';').count());
    for (name, value) in cookies.iter().take(NAMES) {
        assert!(!name.contains(['=', ';']) && !name.starts_with(' ') && !name.ends_with(' '));
        let last = cookies.iter().rfind(|(known, _)| known == name);
        assert_eq!(params::cookie(raw, name).as_ref(), last.map(|(_, v)| v));
        let plain = !raw.contains(&b'"');
        assert!(!(plain && value.contains(';')));
    }
}

fuzz_target!(|raw: &[u8]| {
    assert_percent(raw);
    assert_query(raw);
    assert_cookies(raw);
});
