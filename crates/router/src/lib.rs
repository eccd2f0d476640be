//! Method and path to route and path parameters.
//!
//! A [`Router`] is filled at start-up with templates such as `/items/{id:int}` and asked once a
//! request. It answers as a list that is tried from the top would, but by way of a radix tree, so
//! the cost of a request does not grow with the number of routes.
//!
//! ```
//! use router::{Match, Router};
//!
//! let mut router = Router::new();
//! router.insert("/items/latest", &["GET"], "latest")?;
//! router.insert("/items/{id:int}", &["GET"], "item")?;
//!
//! let Match::Found { value, params } = router.find("GET", "/items/7") else {
//!     unreachable!("7 is an int");
//! };
//! assert_eq!((*value, params.as_slice()), ("item", &["7"][..]));
//! assert!(matches!(router.find("POST", "/items/7"), Match::MethodNotAllowed { .. }));
//! assert!(matches!(router.find("GET", "/items/x"), Match::NotFound));
//! # Ok::<(), router::TemplateError>(())
//! ```
#![forbid(unsafe_code)]

mod converter;
mod params;
mod router;
mod search;
mod template;
mod tree;

pub use params::Params;
pub use router::{Match, Router};
pub use template::{TemplateError, parameter_names};
