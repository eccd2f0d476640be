//! What is written is read as what it was.

use proptest::prelude::*;

fn encoded(text: &str) -> String {
    let mut query = String::new();
    params::encode_form(text, &mut query);
    query
}

#[test]
fn what_is_escaped() {
    assert_eq!(encoded("aZ09_.-~"), "aZ09_.-~");
    assert_eq!(encoded(" +&=%/?#"), "+%2B%26%3D%25%2F%3F%23");
    assert_eq!(encoded("\u{e9}\u{1f426}\0"), "%C3%A9%F0%9F%90%A6%00");
}

proptest! {
    #[test]
    fn any_text_comes_back(name in ".*", value in ".*") {
        let query = format!("{}={}", encoded(&name), encoded(&value));
        prop_assert!(query.is_ascii());
        let pairs: Vec<_> = params::pairs(query.as_bytes()).collect();
        prop_assert_eq!(pairs, [(name.into(), value.into())]);
    }
}
