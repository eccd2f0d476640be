//! The radix tree: templates with a common beginning share its nodes.

use crate::converter::Converter;
use crate::template::Piece;

/// A place in the tree.
///
/// Children are made in the order of the routes that need them, so each list is sorted by
/// [`first_route`](Self::first_route).
#[derive(Debug)]
pub(crate) struct Node {
    /// The literal text that leads here; empty after a parameter and at the root.
    pub(crate) prefix: Box<[u8]>,
    /// Children that literal text leads to; no two begin with the same byte.
    pub(crate) literals: Vec<Node>,
    /// Children that a parameter leads to; no two have the same converter.
    pub(crate) parameters: Vec<(Converter, Node)>,
    /// The routes whose templates end here, in order.
    pub(crate) routes: Vec<usize>,
    /// The least of all routes here and below.
    pub(crate) first_route: usize,
}

impl Node {
    pub(crate) fn new(prefix: &[u8], route: usize) -> Self {
        Self {
            prefix: prefix.into(),
            literals: Vec::new(),
            parameters: Vec::new(),
            routes: Vec::new(),
            first_route: route,
        }
    }

    /// Adds a route, which must be greater than all before it.
    pub(crate) fn insert(&mut self, pieces: &[Piece<'_>], route: usize) {
        match pieces {
            [] => self.routes.push(route),
            [Piece::Literal(text), rest @ ..] => {
                self.literal(text.as_bytes(), route).insert(rest, route);
            }
            [Piece::Parameter { converter, .. }, rest @ ..] => {
                self.parameter(*converter, route).insert(rest, route);
            }
        }
    }

    /// The child that a literal byte leads to.
    pub(crate) fn literal_at(&self, byte: u8) -> Option<&Self> {
        self.literals
            .iter()
            .find(|child| child.prefix.first() == Some(&byte))
    }

    /// The node behind `text`, made if there is none.
    fn literal(&mut self, text: &[u8], route: usize) -> &mut Self {
        let Some(first) = text.first() else {
            return self;
        };
        let known = self
            .literals
            .iter()
            .position(|child| child.prefix.first() == Some(first));
        let index = known.unwrap_or_else(|| {
            self.literals.push(Self::new(text, route));
            self.literals.len() - 1
        });
        let child = existing(&mut self.literals, index);
        let common = child
            .prefix
            .iter()
            .zip(text)
            .take_while(|(left, right)| left == right)
            .count();
        if common < child.prefix.len() {
            child.split(common);
        }
        child.literal(text.get(common..).unwrap_or_default(), route)
    }

    /// The node behind a parameter, made if there is none.
    fn parameter(&mut self, converter: Converter, route: usize) -> &mut Self {
        let known = self
            .parameters
            .iter()
            .position(|(other, _)| *other == converter);
        let index = known.unwrap_or_else(|| {
            self.parameters.push((converter, Self::new(b"", route)));
            self.parameters.len() - 1
        });
        &mut existing(&mut self.parameters, index).1
    }

    /// Makes of this node two: one for the first `at` bytes of its text, below it the rest.
    fn split(&mut self, at: usize) {
        let (front, back) = self
            .prefix
            .split_at_checked(at)
            .unwrap_or((&self.prefix, b""));
        let (front, back) = (Self::new(front, self.first_route), Box::from(back));
        let mut rest = std::mem::replace(self, front);
        rest.prefix = back;
        self.literals.push(rest);
    }
}

/// The element at an index that was just found or made.
fn existing<C>(children: &mut [C], index: usize) -> &mut C {
    match children.get_mut(index) {
        Some(child) => child,
        None => unreachable!("the index was just found or made"),
    }
}
