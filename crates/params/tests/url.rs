//! URLs taken apart, and put together.

use params::Url;
use proptest::prelude::*;

fn parts(text: &str) -> Option<[String; 5]> {
    let url = Url::split(text)?;
    Some([&*url.scheme, url.netloc, url.path, url.query, url.fragment].map(str::to_owned))
}

#[test]
fn parts_are_those_of_urllib() {
    for (text, expected) in [
        (
            "https://a:b@h:1/p/q?x=1?#f#g",
            ["https", "a:b@h:1", "/p/q", "x=1?", "f#g"],
        ),
        ("HTTP://H", ["http", "H", "", "", ""]),
        ("//h/p", ["", "h", "/p", "", ""]),
        ("/p:q?r", ["", "", "/p:q", "r", ""]),
        ("mailto:a@b", ["mailto", "", "a@b", "", ""]),
        ("a/b:c", ["", "", "a/b:c", "", ""]),
        ("a_b:c", ["", "", "a_b:c", "", ""]),
        ("http://h?q", ["http", "h", "", "q", ""]),
        ("http://h#f?q", ["http", "h", "", "", "f?q"]),
        ("http:///p", ["http", "", "/p", "", ""]),
        ("http://h//p", ["http", "h", "//p", "", ""]),
        ("http://h/p?", ["http", "h", "/p", "", ""]),
    ] {
        assert_eq!(parts(text), Some(expected.map(str::to_owned)), "{text}");
    }
}

#[test]
fn what_is_left_to_urllib() {
    for text in [
        "",
        " http://h",
        "http://h/\n",
        "http://[::1]/",
        "http://h/caf\u{e9}",
        "1a:b",
        "?q",
        "#f",
        ":a",
        "http://h/a b",
        "\u{7f}",
    ] {
        assert_eq!(Url::split(text), None, "{text}");
    }
}

#[test]
fn parts_become_a_url() {
    let url = |scheme: &'static str, netloc, path, query, fragment| {
        let scheme = scheme.into();
        let url = Url {
            scheme,
            netloc,
            path,
            query,
            fragment,
        };
        url.join()
    };
    assert_eq!(
        url("http", "h", "p", "q", "f").as_deref(),
        Some("http://h/p?q#f")
    );
    assert_eq!(url("", "h", "", "", "").as_deref(), Some("//h"));
    assert_eq!(url("x", "h", "//p", "", "").as_deref(), Some("x://h//p"));
    assert_eq!(url("http", "", "/p", "", ""), None);
}

proptest! {
    #[test]
    fn what_was_taken_apart_is_put_together(text in "[a-zA-Z/][ -~]{0,40}") {
        if let Some(url) = Url::split(&text)
            && let Some(joined) = url.join()
        {
            let again = Url::split(&joined);
            prop_assert_eq!(again.as_ref(), Some(&url));
        }
    }
}
