//! Method and path to route and path parameters.
