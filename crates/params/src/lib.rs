//! Query strings, cookies and percent-encoding: text of a request to names and values.
