//! Path templates: literal text and parameters.

use std::fmt;

use crate::converter::Converter;

/// A template that no router can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    template: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    NoSlash,
    UnknownConverter(String),
    RepeatedParameter(String),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "path template {:?}: ", self.template)?;
        match &self.problem {
            Problem::NoSlash => write!(formatter, "does not start with '/'"),
            Problem::UnknownConverter(name) => write!(formatter, "unknown converter '{name}'"),
            Problem::RepeatedParameter(name) => {
                write!(formatter, "parameter '{name}' stands more than once")
            }
        }
    }
}

impl std::error::Error for TemplateError {}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Literal(&'t str),
    Parameter { name: &'t str, converter: Converter },
}

/// The names of a template's parameters, in their order.
///
/// # Errors
/// When no router can take the template.
pub fn parameter_names(template: &str) -> Result<Vec<String>, TemplateError> {
    let pieces = parse(template)?;
    let names = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Parameter { name, .. } => Some(name.to_owned()),
    });
    Ok(names.collect())
}

/// Takes a template apart. Braces around anything but a parameter are literal text.
pub(crate) fn parse(template: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let error = |problem| TemplateError {
        template: template.to_owned(),
        problem,
    };
    if !template.starts_with('/') {
        return Err(error(Problem::NoSlash));
    }
    let mut pieces = Vec::new();
    let (mut literal, mut rest) = (template, template);
    while let Some(open) = rest.find('{') {
        let after = rest.get(open..).unwrap_or_default();
        let Some((name, converter, following)) = parameter(after) else {
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        let converter = Converter::named(converter)
            .ok_or_else(|| error(Problem::UnknownConverter(converter.to_owned())))?;
        let repeated = |piece: &Piece<'_>| matches!(piece, Piece::Parameter { name: other, .. } if *other == name);
        if pieces.iter().any(repeated) {
            return Err(error(Problem::RepeatedParameter(name.to_owned())));
        }
        push_literal(&mut pieces, literal, after);
        pieces.push(Piece::Parameter { name, converter });
        (literal, rest) = (following, following);
    }
    push_literal(&mut pieces, literal, "");
    Ok(pieces)
}

/// Adds what of `text` stands before `rest`, its end.
fn push_literal<'t>(pieces: &mut Vec<Piece<'t>>, text: &'t str, rest: &str) {
    let literal = text
        .get(..text.len().saturating_sub(rest.len()))
        .unwrap_or_default();
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
}

/// Name, converter and what follows, if `text` begins with a parameter.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, after) = identifier(text.strip_prefix('{')?)?;
    let (converter, after) = match after.strip_prefix(':') {
        Some(after) => identifier(after)?,
        None => ("str", after),
    };
    Some((name, converter, after.strip_prefix('}')?))
}

/// An ASCII identifier and what follows.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let length = text
        .bytes()
        .position(|byte| !belongs(byte))
        .unwrap_or(text.len());
    if text.bytes().next()?.is_ascii_digit() {
        return None;
    }
    text.split_at_checked(length)
        .filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(template: &str) -> String {
        match parse(template) {
            Ok(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => format!("[{text}]"),
                    Piece::Parameter { name, converter } => format!("<{name} {converter:?}>"),
                })
                .collect(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn templates() {
        for (template, expected) in [
            ("/", "[/]"),
            ("/a/{b}", "[/a/]<b Str>"),
            ("/{a:int}.{b:path}/c", "[/]<a Int>[.]<b Path>[/c]"),
            ("/{a:float}{b:uuid}", "[/]<a Float><b Uuid>"),
            ("/{1a}/{}/{a:}/{a-b}/{a", "[/{1a}/{}/{a:}/{a-b}/{a]"),
            ("/{{a}}", "[/{]<a Str>[}]"),
            ("/é/{ö}", "[/é/{ö}]"),
            ("a", "path template \"a\": does not start with '/'"),
            ("", "path template \"\": does not start with '/'"),
            (
                "/{a:hex}",
                "path template \"/{a:hex}\": unknown converter 'hex'",
            ),
            (
                "/{a}/{a:int}",
                "path template \"/{a}/{a:int}\": parameter 'a' stands more than once",
            ),
        ] {
            assert_eq!(shown(template), expected);
        }
    }

    #[test]
    fn names_stand_in_the_order_of_the_template() {
        assert_eq!(parameter_names("/{b}/x/{a:path}").unwrap(), ["b", "a"]);
        assert_eq!(parameter_names("/x/{1}").unwrap(), [""; 0]);
        assert!(parameter_names("/{a}{a}").is_err());
    }
}
