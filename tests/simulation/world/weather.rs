//! What goes wrong, and how often: in 1,000.

use crate::chance::Chance;

/// Every fault by its name.
pub const FAULTS: &[&str] = &[
    "D1 was down",
    "D1 was slow",
    "D1 wrote and said that it failed",
    "a command was lost",
    "a gateway answered something wrong",
    "a gateway did it and did not answer",
    "a gateway was not reached",
    "a message came twice",
    "a message was given up",
    "a message was late",
    "a request reached a gateway late",
    "a request was lost",
    "a statement was refused",
    "a webhook came twice",
    "a webhook was forged",
    "a webhook was late",
    "a webhook was lost",
    "a write was kept, its word lost",
    "a write was lost",
    "an alarm rang twice",
    "an alarm was early",
    "an alarm was late",
    "an answer was lost",
    "an object was evicted",
    "an object was overloaded",
    "an object's answer was lost",
    "killed",
    "killed between two words",
    "the network was slow",
    "the queue refused",
    "the queue took and said it failed",
];

#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Between the Worker, its objects and their callers.
    pub request_lost: u64,
    pub answer_lost: u64,
    pub slow: u64,
    pub overloaded: u64,
    /// Of the gateways.
    pub gateway_lost: u64,
    pub gateway_silent: u64,
    pub gateway_slow: u64,
    pub gateway_lies: u64,
    pub webhook_lost: u64,
    pub webhook_twice: u64,
    pub webhook_late: u64,
    pub webhook_forged: u64,
    /// Of storage, at each turn that wrote.
    pub lost_before_write: u64,
    pub lost_after_write: u64,
    pub statement_refused: u64,
    /// Of D1.
    pub database_down: u64,
    pub database_slow: u64,
    pub database_written_and_failed: u64,
    /// Of the queue.
    pub queue_refuses: u64,
    pub queue_taken_and_failed: u64,
    pub message_twice: u64,
    pub message_late: u64,
    pub message_given_up: u64,
    /// Of the machine, at each turn.
    pub killed: u64,
    pub killed_between: u64,
    pub evicted: u64,
    /// Of alarms.
    pub alarm_late: u64,
    pub alarm_early: u64,
    pub alarm_twice: u64,
}

impl Weather {
    /// Everything works.
    pub const CALM: Self = Self {
        request_lost: 0,
        answer_lost: 0,
        slow: 0,
        overloaded: 0,
        gateway_lost: 0,
        gateway_silent: 0,
        gateway_slow: 0,
        gateway_lies: 0,
        webhook_lost: 0,
        webhook_twice: 0,
        webhook_late: 0,
        webhook_forged: 0,
        lost_before_write: 0,
        lost_after_write: 0,
        statement_refused: 0,
        database_down: 0,
        database_slow: 0,
        database_written_and_failed: 0,
        queue_refuses: 0,
        queue_taken_and_failed: 0,
        message_twice: 0,
        message_late: 0,
        message_given_up: 0,
        killed: 0,
        killed_between: 0,
        evicted: 0,
        alarm_late: 0,
        alarm_early: 0,
        alarm_twice: 0,
    };

    /// The weather of a world: some faults are common in it, others rare or absent, so that each is met
    /// alone as well as together with others.
    pub fn of(chance: &mut Chance) -> Self {
        let mut draw = |most: u64| if chance.one_in(3) { 0 } else { chance.below(most) };
        Self {
            request_lost: draw(40),
            answer_lost: draw(40),
            slow: draw(60),
            overloaded: draw(15),
            gateway_lost: draw(80),
            gateway_silent: draw(120),
            gateway_slow: draw(100),
            gateway_lies: draw(60),
            webhook_lost: draw(250),
            webhook_twice: draw(300),
            webhook_late: draw(300),
            webhook_forged: draw(150),
            lost_before_write: draw(15),
            lost_after_write: draw(15),
            statement_refused: draw(10),
            database_down: draw(150),
            database_slow: draw(80),
            database_written_and_failed: draw(80),
            queue_refuses: draw(150),
            queue_taken_and_failed: draw(100),
            message_twice: draw(200),
            message_late: draw(300),
            message_given_up: draw(60),
            killed: draw(6),
            killed_between: draw(6),
            evicted: draw(15),
            alarm_late: draw(300),
            alarm_early: draw(60),
            alarm_twice: draw(100),
        }
    }
}
