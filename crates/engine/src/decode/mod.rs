//! From a document's bytes to the models that a handler asked for.
//!
//! A body of plain models is read in one pass, by their description: no tree of it is made first, and
//! each value becomes what it is in its model at once. The first thing that is not as the description
//! has it leaves the whole document to pydantic, to convert, to look for defaults of other kinds or
//! to say what is wrong. So nothing is refused here, and no rule of conversion is known here.

mod instance;
mod plain;
mod scan;
mod text;

pub(crate) use self::plain::Plain;

/// Something that pydantic has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsure;
