//! The router against a list that is tried from the top with the plainest matching that there is.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::collection::vec;
use proptest::prelude::*;
use router::{Match, Router};

/// A piece of a template: literal text or the kind of a parameter.
#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Parameter(&'static str),
}

fn is_value(kind: &str, text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match kind {
        "str" => !text.is_empty() && !text.contains('/'),
        "int" => digits(text),
        "float" => match text.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction),
            None => digits(text),
        },
        "uuid" => is_uuid(text),
        "path" => !text.contains('\n'),
        _ => unreachable!(),
    }
}

/// Thirty-two digits, with a hyphen or none at each of the four places.
fn is_uuid(text: &str) -> bool {
    let bare = text.replace('-', "");
    let with_hyphens = |places: u32| {
        let mut made = String::new();
        for (index, digit) in bare.chars().enumerate() {
            let place = [8, 12, 16, 20].iter().position(|place| *place == index);
            if place.is_some_and(|place| places & 1 << place != 0) {
                made.push('-');
            }
            made.push(digit);
        }
        made
    };
    bare.len() == 32
        && bare.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (0..16).any(|places| with_hyphens(places) == text)
}

/// The values that a greedy regular expression would capture.
fn captures<'p>(pieces: &[Piece], path: &'p str) -> Option<Vec<&'p str>> {
    match pieces {
        [] => path.is_empty().then(Vec::new),
        [Piece::Literal(text), rest @ ..] => captures(rest, path.strip_prefix(text.as_str())?),
        [Piece::Parameter(kind), rest @ ..] => (0..=path.len()).rev().find_map(|end| {
            let (value, after) = path.split_at_checked(end)?;
            let mut values = is_value(kind, value).then(|| captures(rest, after))??;
            values.insert(0, value);
            Some(values)
        }),
    }
}

#[derive(Clone, Debug)]
struct Route {
    pieces: Vec<Piece>,
    methods: Vec<&'static str>,
}

impl Route {
    fn template(&self) -> String {
        let mut template = String::from("/");
        for (index, piece) in self.pieces.iter().enumerate() {
            let text = match piece {
                Piece::Literal(text) => text.clone(),
                Piece::Parameter("str") => format!("{{p{index}}}"),
                Piece::Parameter(kind) => format!("{{p{index}:{kind}}}"),
            };
            template.push_str(&text);
        }
        template
    }
}

/// Index and values of the route that counts, or the index of the first with another method.
fn reference<'p>(
    routes: &[Route],
    method: &str,
    path: &'p str,
) -> (Option<(usize, Vec<&'p str>)>, Option<usize>) {
    let mut other = None;
    for (index, route) in routes.iter().enumerate() {
        let rest = path.strip_prefix('/');
        if let Some(values) = rest.and_then(|rest| captures(&route.pieces, rest)) {
            if route.methods.is_empty() || route.methods.contains(&method) {
                return (Some((index, values)), None);
            }
            other = other.or(Some(index));
        }
    }
    (None, other)
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("/".to_owned()),
        4 => "[ab]{1,2}",
        2 => "[ab1é.\n-]{1,3}",
        1 => Just("/ab/".to_owned()),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => literal().prop_map(Piece::Literal),
        2 => prop::sample::select(vec!["str", "int", "float", "uuid", "path"])
            .prop_map(Piece::Parameter),
    ]
}

fn route() -> impl Strategy<Value = Route> {
    let methods = prop::sample::subsequence(vec!["GET", "POST", "PUT"], 0..=2);
    (vec(piece(), 0..6), methods).prop_map(|(pieces, methods)| Route { pieces, methods })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab1é.]{1,3}",
        "[0-9]{1,3}",
        "[0-9]{1,2}\\.[0-9]{0,2}",
        "[0-9a-fA-F]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}",
        "[ab]/[ab1]?",
        literal(),
    ]
}

/// A path made after one of the routes, so that most of them match something.
fn path_like(route: &Route, values: &[String]) -> String {
    let mut values = values.iter().cycle();
    let mut path = String::from("/");
    for piece in &route.pieces {
        match piece {
            Piece::Literal(text) => path.push_str(text),
            Piece::Parameter(_) => path.extend(values.next().map(String::as_str)),
        }
    }
    path
}

fn assert_agreement(list: &[Route], path: &str) {
    let mut router = Router::new();
    for (index, route) in list.iter().enumerate() {
        router
            .insert(&route.template(), &route.methods, index)
            .unwrap();
    }
    for method in ["GET", "POST", "DELETE"] {
        let (found, other) = reference(list, method, path);
        let context = || format!("{method} {path:?} in {list:?}");
        match router.find(method, path) {
            Match::Found { value, params } => {
                assert_eq!(Some((*value, params.to_vec())), found, "{}", context());
            }
            Match::MethodNotAllowed { value, .. } => {
                assert_eq!((None, Some(*value)), (found, other), "{}", context());
            }
            Match::NotFound => assert_eq!((None, None), (found, other), "{}", context()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_router_answers_as_the_list_does(
        routes in vec(route(), 1..12),
        chosen in any::<prop::sample::Index>(),
        values in vec(value(), 1..4),
        noise in prop::option::weighted(0.2, "[/ab1.]{0,8}"),
    ) {
        let path = match noise {
            Some(noise) => format!("/{noise}"),
            None => path_like(chosen.get(&routes), &values),
        };
        assert_agreement(&routes, &path);
    }

    #[test]
    fn any_path_and_template_is_survived(
        templates in vec("/[{}a-c:/_é]{0,12}|/\\PC{0,12}", 0..8),
        path in "\\PC{0,20}",
    ) {
        let mut router = Router::new();
        for template in &templates {
            let _ = router.insert(template, &[], ());
        }
        let _ = router.find("GET", &path);
    }
}
