//! Walking the tree with a path.

use std::collections::HashMap;
use std::ptr;

use crate::converter::Converter;
use crate::params::Params;
use crate::tree::Node;

/// The state of one search.
///
/// The route that counts is the first in order of insertion, not the first that is met, so the walk
/// goes on after a match, but only to where an earlier route is.
pub(crate) struct Search<'p, A> {
    path: &'p str,
    /// Whether a route that matches the path takes the request: by its method, as a rule.
    admits: A,
    /// The values on the way to the current node.
    current: Params<'p>,
    /// The first route that matches, and the values on the way to it.
    pub(crate) found: Option<(usize, Params<'p>)>,
    /// The first route whose template matches but that is not admitted, and the values on the way.
    pub(crate) refused: Option<(usize, Params<'p>)>,
    /// Nodes visited so far, and how many may be before repetition is looked for.
    pub(crate) visits: usize,
    patience: usize,
    /// For a parameter's node and the end of its longest value, the first position from which all
    /// its values were tried.
    covered: HashMap<(*const Node, usize), usize>,
}

/// Visits that a search makes before it begins to remember. Only templates with several parameters
/// in one segment get there, and only for paths made to fail late.
pub(crate) const PATIENCE: usize = 128;

impl<'p, A: Fn(usize) -> bool> Search<'p, A> {
    pub(crate) fn new(path: &'p str, admits: A, patience: usize) -> Self {
        Self {
            path,
            admits,
            current: Params::default(),
            found: None,
            refused: None,
            visits: 0,
            patience,
            covered: HashMap::new(),
        }
    }

    /// Visits a node whose own prefix is behind; `at` is the position after it.
    pub(crate) fn visit(&mut self, node: &Node, at: usize) {
        self.visits += 1;
        let next = self.path.as_bytes().get(at).copied();
        if next.is_none() {
            self.arrive(node);
        }
        let mut literal = next.and_then(|byte| node.literal_at(byte));
        for (converter, child) in &node.parameters {
            if let Some(earlier) =
                literal.take_if(|literal| literal.first_route < child.first_route)
            {
                self.follow_literal(earlier, at);
            }
            self.follow_parameter(*converter, child, at);
        }
        if let Some(last) = literal {
            self.follow_literal(last, at);
        }
    }

    /// Whether nothing below this node can come before what was found.
    fn is_too_late(&self, node: &Node) -> bool {
        matches!(self.found, Some((route, _)) if route < node.first_route)
    }

    /// The path ends at this node.
    fn arrive(&mut self, node: &Node) {
        for &route in &node.routes {
            if matches!(self.found, Some((found, _)) if found <= route) {
                return;
            }
            if (self.admits)(route) {
                self.found = Some((route, self.current.clone()));
                return;
            }
            if !matches!(self.refused, Some((refused, _)) if refused <= route) {
                self.refused = Some((route, self.current.clone()));
            }
        }
    }

    fn follow_literal(&mut self, child: &Node, at: usize) {
        let rest = self.path.as_bytes().get(at..).unwrap_or_default();
        if !self.is_too_late(child) && rest.starts_with(&child.prefix) {
            self.visit(child, at + child.prefix.len());
        }
    }

    /// Tries the values that the parameter can take, the longest first: what a template's values are
    /// is decided the way a greedy regular expression decides it.
    fn follow_parameter(&mut self, converter: Converter, child: &Node, at: usize) {
        let path = self.path;
        let rest = path.get(at..).unwrap_or_default();
        let mut length = self.first_untried(converter, child, rest, at);
        let mut only_longest = true;
        while let Some(tried) = length {
            if self.is_too_late(child) {
                return;
            }
            let next = rest.as_bytes().get(tried).copied();
            if can_go_on(child, next) {
                self.current.push(rest.get(..tried).unwrap_or_default());
                self.visit(child, at + tried);
                self.current.pop();
            }
            if std::mem::take(&mut only_longest) && !has_shorter(converter, child) {
                return;
            }
            length = converter.shorter(rest, tried);
        }
    }

    /// Length of the longest value that was not tried before.
    ///
    /// Whatever is below a node is the same for all values that end at the same place, and those met
    /// first count, so a second visit finds nothing new. Without this the cost would grow with the
    /// path's length to the power of the parameters in a segment.
    fn first_untried(
        &mut self,
        converter: Converter,
        child: &Node,
        rest: &str,
        at: usize,
    ) -> Option<usize> {
        let longest = converter.longest(rest)?;
        if self.visits < self.patience || !converter.has_values_of_any_length() {
            return Some(longest);
        }
        match self
            .covered
            .insert((ptr::from_ref(child), at + longest), at)
        {
            None => Some(longest),
            Some(covered) if covered > at => Some(covered - at),
            Some(covered) => {
                self.covered
                    .insert((ptr::from_ref(child), at + longest), covered);
                None
            }
        }
    }
}

/// Whether a path that goes on with `next` can be followed from `node`.
fn can_go_on(node: &Node, next: Option<u8>) -> bool {
    match next {
        None => !node.routes.is_empty() || !node.parameters.is_empty(),
        Some(byte) => !node.parameters.is_empty() || node.literal_at(byte).is_some(),
    }
}

/// Whether what follows in the templates could begin within the longest value.
fn has_shorter(converter: Converter, node: &Node) -> bool {
    !node.parameters.is_empty()
        || node
            .literals
            .iter()
            .filter_map(|child| child.prefix.first())
            .any(|&byte| converter.is_ambiguous_before(byte))
}
