//! Goods that come back without a refund, noted once per key. What the SKUs are to put back is owed by the
//! order then, and the alarm sees to it.

use std::rc::Rc;

use worker::Result;

use super::Shard;
use crate::domain::id::{OrderId, ReturnId};
use crate::domain::order::Order;
use crate::flows::returns::{ReturnAsk, ReturnRefusal, take_back};
use crate::objects::commands::ShardAnswer;
use crate::runtime::clock::{fresh_uuid, now};

enum Noted {
    NotFound,
    Refused(ReturnRefusal),
    Done(ReturnId, Box<Order>),
}

impl Shard {
    /// Notes a return. A refusal is not stored: the same key may be used again.
    pub(super) fn take_back(
        self: &Rc<Self>,
        key: &str,
        fingerprint: &str,
        id: OrderId,
        ask: &ReturnAsk,
    ) -> Result<ShardAnswer> {
        // A key belongs to what was asked for as much as to the body.
        let fingerprint = &["return:", fingerprint].concat();
        if let Some((known, order_id, noted)) = self.store.movement(key)? {
            if known != *fingerprint || order_id != id {
                return Ok(ShardAnswer::KeyReused);
            }
            let return_id: ReturnId = serde_json::from_str(&noted)?;
            return Ok(match self.store.order(id)? {
                Some(order) => {
                    ShardAnswer::TakenBack { order: Box::new(order), return_id, replayed: true }
                }
                None => ShardAnswer::NotFound,
            });
        }
        let noted = self.store.transaction(|| self.note_return(key, fingerprint, id, ask))?;
        Ok(match noted {
            Noted::NotFound => ShardAnswer::NotFound,
            Noted::Refused(refusal) => ShardAnswer::TakeBackRefused { refusal },
            Noted::Done(return_id, order) => {
                ShardAnswer::TakenBack { order, return_id, replayed: false }
            }
        })
    }

    /// Decides and stores in one transaction: two returns at once see each other.
    fn note_return(
        &self,
        key: &str,
        fingerprint: &str,
        id: OrderId,
        ask: &ReturnAsk,
    ) -> Result<Noted> {
        let Some(before) = self.store.order(id)? else { return Ok(Noted::NotFound) };
        let now = now();
        let mut order = before.clone();
        let return_id = match take_back(&mut order, ask, now, &mut fresh_uuid) {
            Ok(return_id) => return_id,
            Err(refusal) => return Ok(Noted::Refused(refusal)),
        };
        self.store_changed(&before, &mut order, now)?;
        self.store.note_movement(key, fingerprint, id, &return_id, now)?;
        Ok(Noted::Done(return_id, Box::new(order)))
    }
}
