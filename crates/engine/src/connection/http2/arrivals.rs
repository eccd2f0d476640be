//! What arrives, on its way to the requests.

use ::http2::Event;
use bytes::Bytes;

use super::super::deadlines::Awaited;
use super::super::shared::Shared;
use super::super::state::{Ending, Next, State};
use super::session::Session;

impl State {
    /// Works through what arrived until there is something to do outside of the lock.
    pub(in super::super) fn next_http2(&mut self, shared: &Shared) -> Next {
        let Self {
            http2,
            input,
            serial,
            ending,
            deadline,
            ..
        } = self;
        let Some(session) = http2 else {
            return Next::Rest;
        };
        loop {
            if let Some(next) = session.next_roomy(shared) {
                return next;
            }
            let Some(event) = session.codec.next_event() else {
                session.is_stalled = false;
                if !input.is_empty() && !session.is_over() {
                    let before = input.len();
                    session.codec.receive(input);
                    session.is_behind = true;
                    if input.len() < before {
                        continue;
                    }
                    session.is_stalled = session.codec.is_full();
                }
                return session.rest(ending, shared);
            };
            if let Event::Request { stream, .. } = event {
                *serial = u64::from(stream);
                session.is_shared = session.is_shared || session.is_answering();
                // What is waited for next is waited for from then on.
                deadline.awaited = Awaited::Application;
            }
            if let Some(next) = session.take(event, shared) {
                return next;
            }
        }
    }
}

impl Session {
    /// Whether there is something to do that needs no more input.
    pub(in super::super) fn has_work(&self) -> bool {
        let can_go_on = self.is_stalled && !self.codec.is_full();
        self.codec.has_events() || !self.roomy.is_empty() || can_go_on
    }

    /// There is nothing to do, unless it is to end.
    fn rest(&mut self, ending: &mut Ending, shared: &Shared) -> Next {
        if let Some(violation) = self.codec.violation()
            && !std::mem::replace(&mut self.is_reported, true)
        {
            return Next::Broken(violation);
        }
        if !self.is_over() {
            return Next::Rest;
        }
        if !self.streams.is_empty() {
            return Next::Gone(self.forget_all(shared));
        }
        *ending = self.last();
        Next::Rest
    }

    fn take(&mut self, event: Event, shared: &Shared) -> Option<Next> {
        match event {
            Event::Request { stream, head, ends } => {
                let serial = u64::from(stream);
                Some(match head {
                    Ok(head) => {
                        self.open(serial, &head, ends);
                        shared.request_begins();
                        Next::Begin {
                            head,
                            serial,
                            whole: ends,
                        }
                    }
                    Err(refusal) => Next::Decline {
                        serial,
                        status: refusal.status,
                        text: refusal.message,
                    },
                })
            }
            Event::Data { stream, data } => self.take_data(u64::from(stream), data, shared),
            Event::End { stream } => self.end_body(u64::from(stream), shared),
            Event::Reset { stream } => Some(Next::Gone(self.forget(u64::from(stream), shared))),
        }
    }

    fn take_data(&mut self, serial: u64, data: Bytes, shared: &Shared) -> Option<Next> {
        let stream = self.streams.get_mut(&serial)?;
        if stream.websocket.is_some() {
            stream.input.extend_from_slice(&data);
            return self.next_frames(serial, shared);
        }
        let length = data.len();
        stream.received = stream.received.saturating_add(length as u64);
        if stream.received > shared.options.limits.body {
            return Some(Next::Decline {
                serial,
                status: 413,
                text: "body too large",
            });
        }
        stream.turn.take_in(data);
        if stream.waiting.is_some() {
            // What is gathered is bounded by the limit, not by who takes it.
            self.took(serial, length);
            return None;
        }
        Some(Next::Arrived(serial))
    }

    fn end_body(&mut self, serial: u64, shared: &Shared) -> Option<Next> {
        let stream = self.streams.get_mut(&serial)?;
        stream.turn.body_done = true;
        if stream.websocket.is_some() {
            return self.next_frames(serial, shared);
        }
        Some(match stream.waiting.take() {
            Some(waiting) => Next::Start {
                waiting,
                body: stream.turn.body.take(),
                serial,
            },
            None => Next::Arrived(serial),
        })
    }

    /// Holds a request back until its body is whole.
    pub(in super::super) fn wait_for_body(
        &mut self,
        serial: u64,
        waiting: super::super::requests::Waiting,
    ) {
        let Some(stream) = self.streams.get_mut(&serial) else {
            return;
        };
        stream.waiting = Some(waiting);
        if std::mem::take(&mut stream.turn.expects_continue) {
            self.say_continue(serial);
        }
    }
}
