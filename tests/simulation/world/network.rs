//! Everything that is on its way: to objects, to gateways, to D1, and to the Worker from the people.

use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

use cartwright::api;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use cartwright::runtime::native::{NativeRows, NativeStatement};
use cartwright::runtime::platform;
use cartwright::runtime::send::SendFailure;
use cartwright::runtime::serve::{BodyFailure, BodyResult, Incoming, OutgoingBody};
use futures_channel::oneshot::{self, Sender};

use super::platform::LOST;
use super::{Actor, Inner, World};
use crate::gateways::Lie;

/// Nobody waits longer than this for an answer.
const PATIENCE_MILLISECONDS: i64 = 60_000;

/// A request of somebody outside.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: &'static str,
    /// With the query, if there is one.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

struct Arrived(Ask);

impl Incoming for Arrived {
    fn method(&self) -> &str {
        self.0.method
    }

    fn path(&self) -> &str {
        self.0.path.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> &str {
        self.0.path.split_once('?').map_or("", |(_, query)| query)
    }

    fn header(&self, name: &str) -> Option<String> {
        let known = self.0.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.clone())
    }

    fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>> {
        let body = std::mem::take(&mut self.0.body);
        Box::pin(ready(if body.len() <= limit { Ok(body) } else { Err(BodyFailure::TooLarge) }))
    }
}

impl World {
    /// Asks the Worker. None: no answer came, and nobody knows what became of the request.
    pub async fn ask(&self, ask: Ask) -> Option<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.0.arrive(ask, sender);
        let patience = self.sleep(PATIENCE_MILLISECONDS);
        futures_util::pin_mut!(patience);
        match futures_util::future::select(receiver, patience).await {
            futures_util::future::Either::Left((answer, _)) => answer.ok(),
            futures_util::future::Either::Right(_) => None,
        }
    }
}

impl Inner {
    /// How long something takes.
    fn latency(&self) -> i64 {
        if self.strikes(|w| w.slow, "the network was slow") {
            return self.chance.borrow_mut().between(500, 12_000);
        }
        self.chance.borrow_mut().between(0, 4)
    }

    /// A request on its way to the Worker.
    pub(super) fn arrive(&self, ask: Ask, sender: Sender<Answer>) {
        if self.strikes(|w| w.request_lost, "a request was lost") {
            return;
        }
        let (me, process) = (self.me(), self.process.get());
        let arrives = move || {
            if me.process.get() == process {
                me.serve(ask, sender);
            }
        };
        self.machine.after(self.latency(), Box::new(arrives));
    }

    fn serve(&self, ask: Ask, sender: Sender<Answer>) {
        let number = self.machine.number(&Actor::Isolate);
        let me = self.me();
        let work = async move {
            let line = format!("{} {}", ask.method, ask.path);
            let here = platform::native(me.me()).unwrap();
            let outgoing = api::answer(Some(here), Box::new(Arrived(ask))).await;
            let body = match outgoing.body {
                OutgoingBody::Text(text) => text,
                OutgoingBody::Shared(text) => text.to_string(),
                OutgoingBody::Static(text) => text.to_owned(),
                OutgoingBody::Empty | OutgoingBody::Asset | OutgoingBody::Stream(_) => {
                    String::new()
                }
            };
            let headers = outgoing.headers.into_iter();
            let headers = headers.map(|(name, value)| (name, value.into_owned())).collect();
            let answer = Answer { status: outgoing.status, headers, body };
            me.tell(|| format!("{line}: {}", answer.status));
            let myself = me.me();
            me.machine.say(Box::new(move || myself.answer(answer, sender)));
        };
        self.machine.spawn(number, Box::pin(work));
    }

    fn answer(&self, answer: Answer, sender: Sender<Answer>) {
        if !self.strikes(|w| w.answer_lost, "an answer was lost") {
            self.machine.after(self.latency(), Box::new(move || drop(sender.send(answer))));
        }
    }

    /// A command on its way to an object.
    pub(super) fn call_object(
        &self,
        number: usize,
        body: Option<String>,
        sender: Sender<Result<String, String>>,
    ) {
        if self.strikes(|w| w.overloaded, "an object was overloaded") {
            drop(sender.send(Err("Durable Object is overloaded.".to_owned())));
            return;
        }
        if self.strikes(|w| w.request_lost, "a command was lost") {
            drop(sender.send(Err(LOST.to_owned())));
            return;
        }
        let (me, process) = (self.me(), self.process.get());
        let arrives = move || {
            if me.process.get() == process {
                me.obey(number, body, sender);
            }
        };
        self.machine.after(self.latency(), Box::new(arrives));
    }

    fn obey(&self, number: usize, body: Option<String>, sender: Sender<Result<String, String>>) {
        let Some(open) = self.open(number) else { return };
        let me = self.me();
        let work = async move {
            let answer = open.answer(body).await.map_err(|error| error.to_string());
            let myself = me.me();
            me.machine.say(Box::new(move || {
                if myself.strikes(|w| w.answer_lost, "an object's answer was lost") {
                    drop(sender.send(Err(LOST.to_owned())));
                } else {
                    let wait = myself.latency();
                    myself.machine.after(wait, Box::new(move || drop(sender.send(answer))));
                }
            }));
        };
        self.machine.spawn(number, Box::pin(work));
    }

    /// Statements on their way to D1.
    pub(super) fn call_database(
        &self,
        statements: Vec<NativeStatement>,
        sender: Sender<Result<Vec<NativeRows>, String>>,
    ) {
        if self.strikes(|w| w.database_down, "D1 was down") {
            drop(sender.send(Err("D1_ERROR: Network connection lost.".to_owned())));
            return;
        }
        let mut wait = self.chance.borrow_mut().between(0, 6);
        if self.strikes(|w| w.database_slow, "D1 was slow") {
            wait = self.chance.borrow_mut().between(1_000, 30_000);
        }
        let me = self.me();
        let arrives = move || {
            let mut outcome = me.database.run(&statements);
            if let Err(error) = &outcome {
                panic!("D1 refuses a statement: {error}");
            }
            if me.strikes(|w| w.database_written_and_failed, "D1 wrote and said that it failed") {
                outcome = Err("D1_ERROR: Network connection lost.".to_owned());
            }
            drop(sender.send(outcome));
        };
        self.machine.after(wait, Box::new(arrives));
    }

    /// A request on its way to a gateway.
    pub(super) fn call_gateway(
        &self,
        request: HttpRequest,
        sender: Sender<Result<HttpReply, SendFailure>>,
    ) {
        let addressed = |(_, gateway): &(usize, &_)| {
            let gateway: &crate::gateways::SimulatedGateway = gateway;
            gateway.is_addressed_by(&request.url)
        };
        let which = self.gateways.borrow().iter().enumerate().find(addressed).map(|(at, _)| at);
        let Some(which) = which else { panic!("nobody is at {}", request.url) };
        if self.strikes(|w| w.gateway_lost, "a gateway was not reached") {
            drop(sender.send(Err(SendFailure::Connection)));
            return;
        }
        let mut wait = self.chance.borrow_mut().between(20, 400);
        if self.strikes(|w| w.gateway_slow, "a request reached a gateway late") {
            wait = self.chance.borrow_mut().between(2_000, 60_000);
        }
        let me = self.me();
        self.machine.after(wait, Box::new(move || me.handle_at_gateway(which, &request, sender)));
    }

    fn handle_at_gateway(
        self: &Rc<Self>,
        which: usize,
        request: &HttpRequest,
        sender: Sender<Result<HttpReply, SendFailure>>,
    ) {
        let now = Timestamp::from_milliseconds(self.machine.now.get());
        if self.strikes(|w| w.gateway_lies, "a gateway answered something wrong") {
            let lies = [
                Lie::Amount,
                Lie::Currency,
                Lie::Malformed,
                Lie::ServerErrorAfterEffect,
                Lie::ServerErrorBeforeEffect,
                Lie::RateLimited,
            ];
            let lie = *self.chance.borrow_mut().of(&lies);
            self.note(format!("a gateway lied: {lie:?}"));
            self.gateways.borrow_mut()[which].misreport_next(lie);
        }
        let reply = self.gateways.borrow_mut()[which].handle(request, now);
        self.tell(|| format!("  {} {}: {}", request.method.name(), request.url, reply.status));
        self.deliver_events(which);
        if self.strikes(|w| w.gateway_silent, "a gateway did it and did not answer") {
            if self.chance.borrow_mut().one_in(2) {
                drop(sender.send(Err(SendFailure::Connection)));
            } else {
                // The sender is kept, so that whoever waits learns nothing until he gives up.
                self.machine.after(3_600_000, Box::new(move || drop(sender)));
            }
            return;
        }
        let wait = self.chance.borrow_mut().between(0, 200);
        self.machine.after(wait, Box::new(move || drop(sender.send(Ok(reply)))));
    }

    /// What the schedule calls for, begun at the Worker.
    pub(super) fn run_schedule(&self) {
        let number = self.machine.number(&Actor::Isolate);
        let me = self.me();
        let work = async move {
            cartwright::jobs::by_schedule(&platform::native(me).unwrap()).await;
        };
        self.machine.spawn(number, Box::pin(work));
    }
}
