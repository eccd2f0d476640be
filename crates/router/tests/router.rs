//! Routes as applications write them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use router::{Match, Router};

fn router(templates: &[&'static str]) -> Router<&'static str> {
    let mut router = Router::new();
    for template in templates {
        router.insert(template, &["GET"], *template).unwrap();
    }
    router
}

/// The template that was found and its values, joined.
fn found(router: &Router<&'static str>, path: &str) -> String {
    match router.find("GET", path) {
        Match::Found { value, params } => format!("{value} {}", params.join(",")),
        Match::MethodNotAllowed { .. } => "other method".to_owned(),
        Match::NotFound => "none".to_owned(),
    }
}

#[test]
fn the_first_route_that_matches_counts() {
    let first = router(&["/users/me", "/users/{id}"]);
    assert_eq!(found(&first, "/users/me"), "/users/me ");
    assert_eq!(found(&first, "/users/you"), "/users/{id} you");
    let second = router(&["/users/{id}", "/users/me"]);
    assert_eq!(found(&second, "/users/me"), "/users/{id} me");
    let kinds = router(&["/{a:path}", "/{a:int}", "/x"]);
    assert_eq!(found(&kinds, "/1"), "/{a:path} 1");
    let kinds = router(&["/x/{a:int}", "/x/{a:float}", "/x/{a}", "/{a:path}"]);
    assert_eq!(found(&kinds, "/x/1"), "/x/{a:int} 1");
    assert_eq!(found(&kinds, "/x/1.5"), "/x/{a:float} 1.5");
    assert_eq!(found(&kinds, "/x/1."), "/x/{a} 1.");
    assert_eq!(found(&kinds, "/x/"), "/{a:path} x/");
}

#[test]
fn methods() {
    let mut router = Router::new();
    router.insert("/items", &["GET"], 1).unwrap();
    router.insert("/items", &["POST", "PUT"], 2).unwrap();
    router.insert("/{any}", &["DELETE"], 3).unwrap();
    router.insert("/mount/{rest:path}", &[], 4).unwrap();
    let find = |method: &str, path| match router.find(method, path) {
        Match::Found { value, .. } => (200, *value),
        Match::MethodNotAllowed { value, .. } => (405, *value),
        Match::NotFound => (404, 0),
    };
    assert_eq!(find("GET", "/items"), (200, 1));
    assert_eq!(find("PUT", "/items"), (200, 2));
    assert_eq!(find("DELETE", "/items"), (200, 3));
    assert_eq!(find("PATCH", "/items"), (405, 1));
    assert_eq!(find("get", "/items"), (405, 1));
    assert_eq!(find("GET", "/other"), (405, 3));
    assert_eq!(find("BREW", "/mount/"), (200, 4));
    assert_eq!(find("BREW", "/mount"), (405, 3));
    assert_eq!(find("GET", "/items/"), (404, 0));
}

#[test]
fn values_are_taken_greedily() {
    let router = router(&[
        "/{a}-{b}",
        "/{name}.{ext}",
        "/f/{p:path}/edit",
        "/v/{major:int}.{minor:int}",
        "/n/{a:float}{b:int}",
    ]);
    assert_eq!(found(&router, "/x-y-z"), "/{a}-{b} x-y,z");
    assert_eq!(found(&router, "/a.tar.gz"), "/{name}.{ext} a.tar,gz");
    assert_eq!(found(&router, "/f/a/edit/edit"), "/f/{p:path}/edit a/edit");
    assert_eq!(found(&router, "/f//edit"), "/f/{p:path}/edit ");
    assert_eq!(found(&router, "/f/edit"), "none");
    assert_eq!(found(&router, "/v/1.2"), "/v/{major:int}.{minor:int} 1,2");
    assert_eq!(found(&router, "/n/12.34"), "/n/{a:float}{b:int} 12.3,4");
    assert_eq!(found(&router, "/n/12.3"), "none");
    assert_eq!(found(&router, "/n/12"), "/n/{a:float}{b:int} 1,2");
}

#[test]
fn uuids_with_and_without_hyphens() {
    let router = router(&["/{id:uuid}"]);
    for good in [
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567E89B12D3A456426614174000",
        "123e4567-e89b12d3a456-426614174000",
    ] {
        assert_eq!(
            found(&router, &format!("/{good}")),
            format!("/{{id:uuid}} {good}")
        );
    }
    for bad in [
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567--e89b12d3a456-426614174000",
        "123g4567-e89b-12d3-a456-426614174000",
        "",
    ] {
        assert_eq!(found(&router, &format!("/{bad}")), "none");
    }
}

#[test]
fn text_beyond_ascii() {
    // The two letters share their first byte, so the tree splits within a character.
    let router = router(&["/é", "/è/{x}", "/{a}ü"]);
    assert_eq!(found(&router, "/é"), "/é ");
    assert_eq!(found(&router, "/è/ö"), "/è/{x} ö");
    assert_eq!(found(&router, "/öüü"), "/{a}ü öü");
    assert_eq!(found(&router, "/ê"), "none");
}

#[test]
fn only_ascii_digits_are_digits() {
    let router = router(&["/{n:int}"]);
    for bad in ["/-1", "/+1", "/1_0", "/١", "/1\n", "/ 1", "/"] {
        assert_eq!(found(&router, bad), "none", "{bad}");
    }
    assert_eq!(found(&router, "/007"), "/{n:int} 007");
}

#[test]
fn more_parameters_than_fit_inline() {
    let router = router(&["/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}"]);
    let values = "1/2/3/4/5/6/7/8/9/10";
    assert!(found(&router, &format!("/{values}")).ends_with(" 1,2,3,4,5,6,7,8,9,10"));
}

#[test]
fn an_empty_router_finds_nothing() {
    let router: Router<()> = Router::default();
    assert!(router.is_empty());
    assert_eq!(router.find("GET", "/"), Match::NotFound);
    assert_eq!(router.find("", ""), Match::NotFound);
}

#[test]
fn a_refused_template_leaves_the_router_as_it_was() {
    let mut router = router(&["/a"]);
    assert!(router.insert("/{b}/{b}", &[], "b").is_err());
    assert_eq!(router.len(), 1);
    assert_eq!(found(&router, "/x/x"), "none");
}
