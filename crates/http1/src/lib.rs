//! HTTP/1.1 as bytes in and events out, without sockets, clocks or Python.
