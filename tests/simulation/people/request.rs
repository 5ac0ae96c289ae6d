//! A request as people send it: again and again until it is answered, within reason.

use serde_json::Value;

use super::{By, evidence};
use crate::chance::Chance;
use crate::world::{Answer, Ask, World};

const STOREFRONT_KEY: &str = "pk_dev_storefront";
const ADMIN_KEY: &str = "sk_dev_admin";

/// A request that may be sent several times.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    /// As the API's document names the route.
    pub template: &'static str,
    /// What the path names: an order, a SKU.
    pub subject: String,
    /// The `Authorization` header's bearer.
    pub bearer: Option<String>,
    pub key: Option<String>,
    pub body: Option<Value>,
    /// What the order must come to, if it is placed.
    pub expected_total: Option<i64>,
}

impl Request {
    pub fn new(by: By, method: &'static str, template: &'static str) -> Self {
        let bearer = match by {
            By::Storefront => STOREFRONT_KEY,
            By::Admin => ADMIN_KEY,
        };
        Self {
            method,
            template,
            subject: String::new(),
            bearer: Some(bearer.to_owned()),
            key: None,
            body: None,
            expected_total: None,
        }
    }

    pub fn of(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    pub fn bearer(mut self, bearer: &str) -> Self {
        self.bearer = Some(bearer.to_owned());
        self
    }

    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.body.as_ref().map_or_else(Vec::new, |body| body.to_string().into_bytes())
    }

    /// The path. A subject that has a slash stands for the rest of it.
    fn path(&self) -> String {
        let Some((before, rest)) = self.template.split_once('{') else {
            return self.template.to_owned();
        };
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        let after = if self.subject.contains('/') { "" } else { after };
        [before, &self.subject, after].concat()
    }

    /// As it travels.
    pub fn ask(&self) -> Ask {
        let mut headers = Vec::new();
        if let Some(bearer) = &self.bearer {
            headers.push(("authorization".to_owned(), format!("Bearer {bearer}")));
        }
        if let Some(key) = &self.key {
            headers.push(("idempotency-key".to_owned(), key.clone()));
        }
        if self.body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Ask { method: self.method, path: self.path(), headers, body: self.bytes() }
    }

    /// Sends it once.
    pub async fn send(&self, world: &World) -> Option<Answer> {
        let sent = evidence::sent(world, self);
        let answer = world.ask(self.ask()).await;
        match &answer {
            Some(answer) => evidence::saw(world, self, &sent, answer),
            None => world.note(format!("no answer: {} {}", self.method, self.template)),
        }
        answer
    }

    /// Sends it until it is answered for good, some times, and sometimes twice at once.
    pub async fn insist(&self, world: &World, chance: &mut Chance) -> Option<Answer> {
        let tries = if chance.one_in(8) { 1 } else { chance.between(2, 6) };
        if chance.one_in(6) {
            world.note("a request was sent twice at once");
            let (world, other) = (world.clone(), self.clone());
            // By two clicks, or by a proxy that did not wait.
            let wait = if chance.one_in(2) { 0 } else { chance.between(0, 400) };
            world.clone().begin(async move {
                world.sleep(wait).await;
                other.send(&world).await;
            });
        }
        let mut last = None;
        for again in 0..tries {
            if again > 0 {
                world.note("a request was sent again");
                world.sleep(chance.between(1_000, 30_000)).await;
            }
            last = self.send(world).await;
            if last.as_ref().is_some_and(|answer| !is_worth_another(answer)) {
                break;
            }
        }
        if last.is_none() {
            world.note("somebody gave up without an answer");
        }
        last
    }
}

/// A key of its own, in letters: a long number in a key may be taken for a card's.
pub fn fresh_key(chance: &mut Chance, what: &str) -> String {
    let letters = (0..16).map(|_| char::from(b'a' + chance.below(26) as u8));
    [what, "-", &letters.collect::<String>()].concat()
}

/// Whether the same request may come to more in a while.
fn is_worth_another(answer: &Answer) -> bool {
    let in_the_way = ["movement_in_progress", "outcome_unknown"];
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    answer.status == 503 || in_the_way.contains(&code.as_str())
}
