//! The platform's doors, as the program finds them in this world.

use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use cartwright::runtime::log::Level;
use cartwright::runtime::native::{NativePlatform, NativeRows, NativeStatement};
use cartwright::runtime::send::SendFailure;
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::{Builder, Uuid};

use super::{Actor, Inner};

/// What the platform says when it does not know what became of a call.
pub const LOST: &str = "Network connection lost.";

/// A timer rings no later than this after its time.
const MOST_LATE_MILLISECONDS: i64 = 3;

impl NativePlatform for Inner {
    fn now(&self) -> Timestamp {
        let off = self.machine.with(self.machine.current(), |state| state.clock_off);
        Timestamp::from_milliseconds(self.machine.now.get() + off)
    }

    fn fresh_uuid(&self) -> Uuid {
        let mut chance = self.chance.borrow_mut();
        let random = (u128::from(chance.next()) << 64 | u128::from(chance.next())).to_le_bytes();
        let mut ten = [0; 10];
        ten.copy_from_slice(&random[..10]);
        Builder::from_unix_timestamp_millis(self.machine.now.get() as u64, &ten).into_uuid()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn spawn(&self, work: LocalBoxFuture<'static, ()>) {
        self.machine.spawn(self.machine.current(), work);
    }

    fn pause(&self, milliseconds: u64) -> LocalBoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        // No timer is exact: whatever the machine does first makes it late, and things arrive meanwhile.
        let late = self.chance.borrow_mut().between(0, MOST_LATE_MILLISECONDS);
        self.machine.after(
            milliseconds as i64 + late,
            Box::new(move || {
                // Whoever waited may have gone.
                let _ = sender.send(());
            }),
        );
        receiver.map(|_| ()).boxed_local()
    }

    fn ask_object(
        &self,
        binding: &'static str,
        name: &str,
        body: Option<&str>,
    ) -> LocalBoxFuture<'static, Result<String, String>> {
        let (sender, receiver) = oneshot::channel();
        let (me, body) = (self.me(), body.map(str::to_owned));
        let number = self.machine.number(&Actor::Object(binding, name.to_owned()));
        self.machine.say(Box::new(move || me.call_object(number, body, sender)));
        receiver.map(|answer| answer.unwrap_or_else(|_| Err(LOST.to_owned()))).boxed_local()
    }

    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpReply, SendFailure>> {
        let (sender, receiver) = oneshot::channel();
        let me = self.me();
        self.machine.say(Box::new(move || me.call_gateway(request, sender)));
        receiver.map(|answer| answer.unwrap_or(Err(SendFailure::Connection))).boxed_local()
    }

    fn enqueue(&self, messages: Vec<String>) -> LocalBoxFuture<'static, Result<(), String>> {
        let (sender, receiver) = oneshot::channel();
        let me = self.me();
        self.machine.say(Box::new(move || me.take_messages(messages, sender)));
        receiver.map(|answer| answer.unwrap_or_else(|_| Err(LOST.to_owned()))).boxed_local()
    }

    fn database(
        &self,
        statements: Vec<NativeStatement>,
    ) -> LocalBoxFuture<'static, Result<Vec<NativeRows>, String>> {
        let (sender, receiver) = oneshot::channel();
        let me = self.me();
        self.machine.say(Box::new(move || me.call_database(statements, sender)));
        receiver.map(|answer| answer.unwrap_or_else(|_| Err(LOST.to_owned()))).boxed_local()
    }

    fn is_within_limit(&self, _limiter: &'static str, _name: &str) -> bool {
        true
    }

    fn log(&self, level: Level, line: &str) {
        if level != Level::Info {
            self.tell(|| format!("    {line}"));
        }
    }
}
