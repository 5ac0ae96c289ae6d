//! `OrderShard`: owns every order whose id carries its number, from checkout to closed.
//!
//! Why an object: an order's state, its payment ledger, its webhook inbox, its timers and its outbox
//! must change together and one after the other, and everybody who knows the order's id must meet in
//! one place. Why a shard and not an object per order: creating a database file per order more than
//! halves throughput, and a shard gives the projection something to batch.
//!
//! Each event loads, asks the pure flows, stores in one transaction, arms the alarm, and only then
//! performs what the order owes. Nothing is awaited between reading an order and writing it.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod alarm;
mod channel_order;
mod checkout;
mod commit;
mod drive;
mod gateway;
mod movement;
mod numbering;
mod outbox;
mod remind;
mod stock_line;
mod store;
mod take_back;
mod unsent;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use worker::Result;

use self::commit::{CommitQueue, Step};
use self::drive::Driven;
use self::movement::Asked;
use self::stock_line::StockLine;
use self::store::Store;
use self::unsent::Unsent;
use super::commands::{ShardAnswer, ShardCommand, Spoken, WebhookNews};
use super::hosting::{Hosted, durable_object_class};
use crate::domain::id::OrderId;
use crate::domain::order::{CloseReason, Order, Resolution};
use crate::domain::payment::Gateway;
use crate::domain::time::Timestamp;
use crate::flows::advance::Input;
use crate::runtime::clock::now;
use crate::runtime::place::Place;
use crate::runtime::platform::Platform;
use crate::runtime::sqlite::Sqlite;
use crate::runtime::task;

const SCHEMA: &str = include_str!("../../../schema/objects/order_shard.sql");

durable_object_class!(OrderShard, Shard);

/// The shard behind the class. What is in memory only saves work: who is working on an order now,
/// and who waits for that.
struct Shard {
    number: u8,
    platform: Platform,
    store: Store,
    stock: Rc<StockLine>,
    commits: Rc<CommitQueue>,
    driven: RefCell<HashMap<OrderId, Driven>>,
    unsent: Unsent,
    purged_at: Cell<Timestamp>,
}

impl Hosted for Shard {
    fn open(place: &Place) -> Result<Self> {
        let platform = place.platform();
        Ok(Self {
            number: place.named("a shard", |name| u8::from_str_radix(name, 16).ok())?,
            stock: Rc::new(StockLine::new(platform.clone())),
            platform,
            store: Store::new(Sqlite::open(place, SCHEMA)?),
            commits: Rc::default(),
            driven: RefCell::new(HashMap::new()),
            unsent: Unsent::default(),
            purged_at: Cell::new(Timestamp::default()),
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command = ShardCommand::read(&command.unwrap_or_default())?;
        Ok(serde_json::to_string(&self.handle(command).await?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        self.ring().await;
    }
}

impl Shard {
    async fn handle(self: &Rc<Self>, command: ShardCommand) -> Result<ShardAnswer> {
        let _request = self.commits.count_request();
        match command {
            ShardCommand::Checkout { key, fingerprint, draft } => {
                self.checkout(&key, &fingerprint, *draft).await
            }
            ShardCommand::ChannelOrder { key, sold, draft } => {
                self.channel_order(&key, sold, *draft).await
            }
            ShardCommand::Replay { key, fingerprint } => self.replay(&key, &fingerprint),
            ShardCommand::Read { id } => Ok(found(self.store.order(id)?)),
            ShardCommand::Sync { id } => self.sync(id).await,
            ShardCommand::Cancel { id, reason } => self.cancel(id, reason).await,
            ShardCommand::Webhook { gateway, event_id, id, news } => {
                self.webhook(gateway, event_id, id, news).await
            }
            ShardCommand::Doubted { gateway, id } => self.doubted(gateway, id),
            ShardCommand::Returned { id, parameters } => self.returned(id, &parameters).await,
            ShardCommand::Move { key, fingerprint, id, ask } => {
                self.move_money(&key, &fingerprint, id, Asked::Movement(ask)).await
            }
            ShardCommand::Retry { key, fingerprint, id, attempt } => {
                self.move_money(&key, &fingerprint, id, Asked::Attempt(attempt)).await
            }
            ShardCommand::TakeBack { key, fingerprint, id, ask } => {
                self.take_back(&key, &fingerprint, id, &ask)
            }
            ShardCommand::Flag { id, code, detail } => {
                self.tell(id, Input::Flag { code, detail }).await
            }
            ShardCommand::Resolve { id, code, note, actor } => {
                let resolution = Resolution { at: now(), by: actor, note };
                self.tell(id, Input::Resolve { code, resolution }).await
            }
            ShardCommand::StockPlaced { id, sku, placement, version } => {
                self.tell(id, Input::Placed(sku, placement, version)).await
            }
            ShardCommand::Remind { id, sku } => self.remind(id, &sku).await,
            ShardCommand::Wake => {
                self.rearm()?;
                Ok(ShardAnswer::Ok)
            }
        }
    }

    async fn sync(self: &Rc<Self>, id: OrderId) -> Result<ShardAnswer> {
        if !self.is_driven(id) {
            self.drive(id, vec![Input::Ask]).await?;
        }
        Ok(found(self.store.order(id)?))
    }

    /// Stores what is told of an order, whoever works on it now.
    async fn tell(self: &Rc<Self>, id: OrderId, input: Input) -> Result<ShardAnswer> {
        let told = self.commit(Step::Advance { id, inputs: vec![input] }).await?;
        Ok(found(told.map(|stepped| stepped.order)))
    }

    async fn cancel(self: &Rc<Self>, id: OrderId, reason: CloseReason) -> Result<ShardAnswer> {
        let Some(order) = self.store.order(id)? else {
            return Ok(ShardAnswer::NotFound);
        };
        if !order.may_be_called_off(reason) {
            return Ok(ShardAnswer::CannotCancel { order: Box::new(order) });
        }
        if self.is_driven(id) {
            self.apply(vec![(id, vec![Input::Close(reason)])])?;
        } else {
            self.drive(id, vec![Input::Close(reason)]).await?;
        }
        let Some(order) = self.store.order(id)? else {
            return Ok(ShardAnswer::NotFound);
        };
        let order = Box::new(order);
        if order.is_secured() && !order.is_sold_by_channel() {
            return Ok(ShardAnswer::CannotCancel { order });
        }
        Ok(ShardAnswer::Order { order })
    }

    /// Inbox row, order, timer and outbox in one transaction, before anything is acknowledged. The
    /// gateway waits for nothing of what the order owes afterwards.
    async fn webhook(
        self: &Rc<Self>,
        gateway: Gateway,
        event_id: String,
        id: OrderId,
        news: Box<WebhookNews>,
    ) -> Result<ShardAnswer> {
        let hear = Step::Hear { gateway, event_id, id, news };
        let Some(stepped) = self.commit(hear).await? else { return Ok(ShardAnswer::NotFound) };
        // What somebody waits for (a payment that the buyer approved) does not wait for the alarm; if
        // this work dies, the alarm takes it over.
        if stepped.owes.iter().any(|effect| !effect.is_background()) && !self.is_driven(id) {
            task::spawn(Rc::clone(self).resume(id));
        }
        Ok(ShardAnswer::Ok)
    }
}

fn found(order: Option<Order>) -> ShardAnswer {
    order.map_or(ShardAnswer::NotFound, |order| ShardAnswer::Order { order: Box::new(order) })
}
