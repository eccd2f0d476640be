//! Formats of the access log: text with variables, as nginx has them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http1::RequestHead;

use super::Observed;
use super::clock::Clock;
use super::escape::Escape;
use crate::exchange::Exchange;

/// What the formats with names stand for.
const NAMED: [(&str, &str); 4] = [
    (
        "uvicorn",
        r#"INFO:     $remote_addr:$remote_port - "$request" $status $reason"#,
    ),
    (
        "common",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent"#,
    ),
    (
        "combined",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
    ),
    (
        "json",
        concat!(
            r#"{"time":"$time_iso8601","remote_addr":"$remote_addr","method":"$request_method","#,
            r#""uri":"$request_uri","route":"$route","protocol":"$server_protocol","scheme":"$scheme","#,
            r#""host":"$host","status":$status,"request_bytes":$request_length,"#,
            r#""body_bytes":$body_bytes_sent,"duration_ms":$duration_ms,"referer":"$http_referer","#,
            r#""user_agent":"$http_user_agent","request_id":"$request_id"}"#,
        ),
    ),
];

/// A compiled format.
pub(super) struct Format {
    pieces: Vec<Piece>,
    escape: Escape,
}

enum Piece {
    Literal(String),
    Variable(Variable),
    /// A header field of the request, in lower case.
    Header(String),
    /// One of the answer.
    SentHeader(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    RemoteAddr,
    RemotePort,
    RemoteUser,
    TimeLocal,
    TimeIso8601,
    Msec,
    Request,
    RequestMethod,
    RequestUri,
    Uri,
    Args,
    ServerProtocol,
    Scheme,
    Host,
    Status,
    Reason,
    BodyBytesSent,
    BytesSent,
    RequestLength,
    RequestTime,
    DurationMs,
    Route,
    RequestId,
    Connection,
    ConnectionRequests,
    Pid,
}

impl Variable {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "remote_addr" => Self::RemoteAddr,
            "remote_port" => Self::RemotePort,
            "remote_user" => Self::RemoteUser,
            "time_local" => Self::TimeLocal,
            "time_iso8601" => Self::TimeIso8601,
            "msec" => Self::Msec,
            "request" => Self::Request,
            "request_method" => Self::RequestMethod,
            "request_uri" => Self::RequestUri,
            "uri" => Self::Uri,
            "args" | "query_string" => Self::Args,
            "server_protocol" => Self::ServerProtocol,
            "scheme" => Self::Scheme,
            "host" => Self::Host,
            "status" => Self::Status,
            "reason" => Self::Reason,
            "body_bytes_sent" => Self::BodyBytesSent,
            "bytes_sent" => Self::BytesSent,
            "request_length" => Self::RequestLength,
            "request_time" => Self::RequestTime,
            "duration_ms" => Self::DurationMs,
            "route" => Self::Route,
            "request_id" => Self::RequestId,
            "connection" => Self::Connection,
            "connection_requests" => Self::ConnectionRequests,
            "pid" => Self::Pid,
            _ => return None,
        })
    }
}

impl Format {
    /// Compiles a template, or one of the formats with a name. One that begins with `{` is JSON:
    /// its values are escaped so that they fit between quotes.
    ///
    /// # Errors
    /// A variable that there is not, or a `$` that names none, as a line for the operator.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let known = NAMED.iter().find(|(name, _)| *name == text);
        let template = known.map_or(text, |(_, template)| template);
        if !template.contains('$') {
            let names = NAMED.map(|(name, _)| name).join(", ");
            return Err(format!(
                "{text:?} is none of {names}, and no format: it has no $variable"
            ));
        }
        if template.chars().any(char::is_control) {
            return Err(format!("{text:?} has a control character in it"));
        }
        let mut pieces = Vec::new();
        let mut parts = template.split('$');
        push_literal(&mut pieces, parts.next().unwrap_or_default());
        for part in parts {
            let (name, rest) = split_name(part)
                .ok_or_else(|| format!("the $ before {part:?} names no variable"))?;
            pieces.push(Piece::named(name)?);
            push_literal(&mut pieces, rest);
        }
        let escape = if template.starts_with('{') {
            Escape::Json
        } else {
            Escape::Text
        };
        Ok(Self { pieces, escape })
    }

    /// Whether lines say something of the answer's header fields.
    pub(super) fn wants_sent_headers(&self) -> bool {
        let wants = |piece: &Piece| matches!(piece, Piece::SentHeader(_));
        self.pieces.iter().any(wants)
    }

    /// Whether lines have a request's number.
    pub(super) fn wants_request_id(&self) -> bool {
        let wants = |piece: &Piece| matches!(piece, Piece::Variable(Variable::RequestId));
        self.pieces.iter().any(wants)
    }

    /// Appends a line. No value becomes longer than `limit` bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>, line: &Line<'_>, limit: usize) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Header(name) => self.value(out, line.head.header(name.as_bytes()), limit),
                Piece::SentHeader(name) => {
                    self.value(out, sent_header(&line.observed.sent_head, name), limit);
                }
                Piece::Variable(variable) => self.variable(out, *variable, line, limit),
            }
        }
        out.push(b'\n');
    }

    fn value(&self, out: &mut Vec<u8>, value: Option<&[u8]>, limit: usize) {
        match value {
            Some(value) if !value.is_empty() => self.escape.write(out, value, limit),
            _ => out.extend_from_slice(self.escape.nothing()),
        }
    }

    fn variable(&self, out: &mut Vec<u8>, variable: Variable, line: &Line<'_>, limit: usize) {
        let Line { observed, head, .. } = line;
        let text = |out: &mut Vec<u8>, value: &[u8]| self.value(out, Some(value), limit);
        match variable {
            Variable::RemoteAddr => text(out, observed.client.as_bytes()),
            Variable::RemoteUser => {
                self.value(out, user(head).as_deref(), limit);
            }
            Variable::TimeLocal => out.extend_from_slice(line.clock.local.as_bytes()),
            Variable::TimeIso8601 => out.extend_from_slice(line.clock.iso.as_bytes()),
            Variable::Request => {
                let version = Exchange::version(head).as_bytes();
                let method = head.method().as_bytes();
                let parts: [&[u8]; 5] = [method, b" ", head.target(), b" HTTP/", version];
                text(out, &parts.concat());
            }
            Variable::RequestMethod => text(out, head.method().as_bytes()),
            Variable::RequestUri => text(out, head.target()),
            Variable::Uri => text(out, params::decode_path(head.path()).as_bytes()),
            Variable::Args => text(out, head.query()),
            Variable::ServerProtocol => {
                out.extend_from_slice(b"HTTP/");
                out.extend_from_slice(Exchange::version(head).as_bytes());
            }
            Variable::Scheme => out.extend_from_slice(observed.scheme.as_bytes()),
            Variable::Host => self.value(out, head.header(b"host"), limit),
            Variable::Reason => {
                out.extend_from_slice(http1::reason(observed.status()).as_bytes());
            }
            Variable::Route => self.value(out, observed.route().map(str::as_bytes), limit),
            Variable::RequestId => {
                self.value(
                    out,
                    observed.request_id.as_deref().map(str::as_bytes),
                    limit,
                );
            }
            Variable::RequestTime => thousandths(out, line.elapsed.as_millis()),
            Variable::DurationMs => thousandths(out, line.elapsed.as_micros()),
            Variable::Msec => {
                number(out, u64::try_from(line.now.0).unwrap_or(0));
                out.push(b'.');
                let millis = format!("{:03}", line.now.1);
                out.extend_from_slice(millis.as_bytes());
            }
            Variable::RemotePort => number(out, observed.port.into()),
            Variable::Status => number(out, observed.status().into()),
            Variable::BodyBytesSent => number(out, observed.body_sent),
            Variable::BytesSent => number(out, observed.head_sent + observed.body_sent),
            Variable::RequestLength => number(out, observed.received),
            Variable::Connection => number(out, observed.connection),
            Variable::ConnectionRequests => number(out, observed.serial),
            Variable::Pid => number(out, std::process::id().into()),
        }
    }
}

impl Piece {
    fn named(name: &str) -> Result<Self, String> {
        let field = |name: &str| name.replace('_', "-");
        if let Some(variable) = Variable::named(name) {
            return Ok(Self::Variable(variable));
        }
        match (name.strip_prefix("http_"), name.strip_prefix("sent_http_")) {
            (_, Some(name)) if !name.is_empty() => Ok(Self::SentHeader(field(name))),
            (Some(name), _) if !name.is_empty() => Ok(Self::Header(field(name))),
            _ => Err(format!("there is no variable ${name}")),
        }
    }
}

/// One answered request at the time of its line.
pub(super) struct Line<'a> {
    pub(super) observed: &'a Observed,
    pub(super) head: &'a RequestHead,
    pub(super) elapsed: Duration,
    pub(super) clock: &'a Clock,
    pub(super) now: (i64, i64),
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
}

/// The name at the front, in braces or not, and what follows it.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = if let Some(braced) = text.strip_prefix('{') {
        braced.split_once('}')?
    } else {
        let end = text.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
        text.split_at(end.unwrap_or(text.len()))
    };
    (!name.is_empty()).then_some((name, rest))
}

/// A field of an answer's head, as it was written there.
fn sent_header<'h>(head: &'h [u8], name: &str) -> Option<&'h [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b": ")?;
        Some(value.strip_suffix(b"\r").unwrap_or(value))
    })
}

/// Who the request says it is from, by the Basic scheme (RFC 7617).
fn user(head: &RequestHead) -> Option<Vec<u8>> {
    let value = head.header(b"authorization")?;
    let (scheme, credentials) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let mut decoded = STANDARD.decode(credentials.trim_ascii()).ok()?;
    let end = decoded.iter().position(|byte| *byte == b':')?;
    decoded.truncate(end);
    Some(decoded)
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn thousandths(out: &mut Vec<u8>, number: u128) {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_format_says_why() {
        for (text, why) in [
            ("jsn", "is none of uvicorn, common, combined, json"),
            ("$remote_adr", "there is no variable $remote_adr"),
            ("$http_", "there is no variable $http_"),
            ("$status $", "names no variable"),
            ("${status", "names no variable"),
            ("$status\n", "control character"),
        ] {
            let error = Format::parse(text).err().unwrap();
            assert!(error.contains(why), "{text}: {error}");
        }
        for text in [
            "${status}ms",
            "a$http_x_forwarded_for",
            "$sent_http_etag",
            "combined",
        ] {
            assert!(Format::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Format::parse("json").ok().unwrap().escape, Escape::Json);
    }

    #[test]
    fn fields_of_an_answer() {
        let head = b"HTTP/1.1 200 OK\r\ndate: now\r\netag: \"x\"\r\n\r\n";
        assert_eq!(sent_header(head, "etag"), Some(&b"\"x\""[..]));
        assert_eq!(sent_header(head, "dat"), None);
    }
}
