//! The router itself.

use crate::params::Params;
use crate::search::{PATIENCE, Search};
use crate::template::{self, TemplateError};
use crate::tree::Node;

/// Routes, found by method and path.
///
/// Of all routes that match the path and the method, the one inserted first counts.
#[derive(Debug)]
pub struct Router<T> {
    root: Node,
    routes: Vec<Route<T>>,
}

#[derive(Debug)]
struct Route<T> {
    /// Empty stands for any.
    methods: Box<[Box<str>]>,
    value: T,
}

impl<T> Route<T> {
    fn admits(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|other| **other == *method)
    }
}

/// What [`Router::find`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match<'r, 'p, T> {
    /// The route that matches.
    Found {
        /// What was inserted with it.
        value: &'r T,
        /// The values of the path's parameters, in the order of the template.
        params: Params<'p>,
    },
    /// The path is known, but not with this method.
    MethodNotAllowed {
        /// What was inserted with the first route that matches the path.
        value: &'r T,
        /// The values of the path's parameters there.
        params: Params<'p>,
    },
    /// No template matches the path.
    NotFound,
}

impl<T> Router<T> {
    /// A router without routes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            root: Node::new(b"", 0),
            routes: Vec::new(),
        }
    }

    /// Adds a route after all that are there. Without `methods` it admits any.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] when the template does not start with `/`, names an unknown converter, or
    /// has two parameters of one name.
    pub fn insert(
        &mut self,
        template: &str,
        methods: &[&str],
        value: T,
    ) -> Result<(), TemplateError> {
        let pieces = template::parse(template)?;
        self.root.insert(&pieces, self.routes.len());
        let methods = methods.iter().map(|method| Box::from(*method)).collect();
        self.routes.push(Route { methods, value });
        Ok(())
    }

    /// What was inserted with each route, in order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.routes.iter().map(|route| &route.value)
    }

    /// The route for a request. The path is compared as it is: decoded by the caller, without query.
    #[must_use]
    pub fn find<'r, 'p>(&'r self, method: &str, path: &'p str) -> Match<'r, 'p, T> {
        self.answer(self.search(path, |route| route.admits(method), PATIENCE))
    }

    /// The route for a path, where `admits` says of what was inserted with a route that matches
    /// whether it takes the request. It is asked in no particular order, and never of a route that
    /// does not match.
    pub fn find_admitted<'r, 'p>(
        &'r self,
        path: &'p str,
        admits: impl Fn(&T) -> bool,
    ) -> Match<'r, 'p, T> {
        self.answer(self.search(path, |route| admits(&route.value), PATIENCE))
    }

    fn answer<'r, 'p>(&'r self, search: Search<'p, impl Fn(usize) -> bool>) -> Match<'r, 'p, T> {
        let value = |route: usize| self.routes.get(route).map(|route| &route.value);
        if let Some((route, params)) = search.found {
            return value(route).map_or(Match::NotFound, |value| Match::Found { value, params });
        }
        match search.refused {
            Some((route, params)) => value(route).map_or(Match::NotFound, |value| {
                Match::MethodNotAllowed { value, params }
            }),
            None => Match::NotFound,
        }
    }

    fn search<'r, 'p>(
        &'r self,
        path: &'p str,
        admits: impl Fn(&'r Route<T>) -> bool,
        patience: usize,
    ) -> Search<'p, impl Fn(usize) -> bool> {
        let admits = move |route: usize| self.routes.get(route).is_some_and(&admits);
        let mut search = Search::new(path, admits, patience);
        search.visit(&self.root, 0);
        search
    }

    /// The number of routes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether there is no route.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A router as of an application with `resources` times five routes.
    fn application(resources: usize) -> Router<usize> {
        let mut router = Router::new();
        for resource in 0..resources {
            for (method, end) in [
                ("GET", ""),
                ("POST", ""),
                ("GET", "/{id:int}"),
                ("GET", "/{id:int}/parts/{part}"),
                ("GET", "/{id}/latest"),
            ] {
                let template = format!("/api/resource{resource:03}{end}");
                router.insert(&template, &[method], resource).unwrap();
            }
        }
        router
    }

    fn visits<T>(router: &Router<T>, path: &str) -> usize {
        router
            .search(path, |route| route.admits("GET"), PATIENCE)
            .visits
    }

    #[test]
    fn the_cost_of_a_request_does_not_grow_with_the_number_of_routes() {
        let (few, many) = (application(2), application(100));
        assert_eq!(many.len(), 500);
        for (path, most) in [
            ("/api/resource001", 5),
            ("/api/resource001/7", 8),
            ("/api/resource001/7/parts/x", 10),
            ("/api/resource001/seven/latest", 8),
            ("/api/resource001/7/nothing", 9),
            ("/nothing", 2),
        ] {
            // Digits of the name cost at most a node each.
            assert!(visits(&few, path) <= most, "{path}");
            assert!(visits(&many, path) <= most + 2, "{path}");
        }
        for resource in 0..100 {
            let visits = visits(&many, &format!("/api/resource{resource:03}/7/parts/x"));
            assert!(visits <= 12, "{visits}");
        }
    }

    #[test]
    fn values_are_not_tried_at_lengths_where_nothing_can_follow() {
        let mut router = Router::new();
        router.insert("/{a}/{b:int}/x", &[], ()).unwrap();
        router.insert("/f/{a:path}.txt", &[], ()).unwrap();
        let long = "7".repeat(5000);
        assert!(visits(&router, &format!("/{long}/{long}/y")) <= 8);
        assert!(visits(&router, &format!("/f/{long}")) <= 8);
    }

    #[test]
    fn a_path_made_to_fail_late_costs_no_more_than_its_length() {
        let mut router = Router::new();
        router.insert("/{a}-{b}-{c}-{d}", &[], ()).unwrap();
        router
            .insert("/p/{a:path}-{b:path}-{c:path}/x", &[], ())
            .unwrap();
        router
            .insert("/i/{a:int}{b:int}{c:int}{d:int}{e:int}x", &[], ())
            .unwrap();
        for (start, byte) in [("/", "-"), ("/p/", "-"), ("/i/", "1")] {
            let path = format!("{start}{}/y", byte.repeat(3000));
            assert!(
                visits(&router, &path) < 30_000,
                "{}",
                visits(&router, &path)
            );
        }
    }

    proptest! {
        #[test]
        fn remembering_changes_no_answer(
            templates in vec("(/|[a1-]|\\{[a-c]\\}|\\{[d-f]:path\\}|\\{[g-i]:int\\}){1,7}", 1..6),
            path in "/[a1/-]{0,12}",
        ) {
            let mut router = Router::new();
            for template in &templates {
                let _ = router.insert(&format!("/{template}"), &[], ());
            }
            let forgetful = router.search(&path, |route| route.admits("GET"), usize::MAX);
            let remembering = router.search(&path, |route| route.admits("GET"), 0);
            prop_assert!(remembering.visits <= forgetful.visits);
            prop_assert_eq!(remembering.found, forgetful.found);
        }
    }
}
