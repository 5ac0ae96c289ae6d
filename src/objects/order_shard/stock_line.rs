//! Claims on their way to the SKUs. Those of one SKU that arrive while a call to it is in flight
//! travel together in the next one: a synced commit per call is the ceiling, so fewer calls is the
//! speed, and a hot SKU costs no more than a thousand cold ones.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use wasm_bindgen_futures::spawn_local;

use crate::domain::id::Sku;
use crate::domain::inventory::ClaimReply;
use crate::objects::commands::{MAX_CLAIMS_PER_CALL, OrderClaim, SkuAnswer, SkuCommand};
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;

/// One claim and whoever waits for its answer. A dropped sender tells that the SKU did not answer.
type Waiting = (OrderClaim, oneshot::Sender<ClaimReply>);

/// The lines before the SKUs, one for each that is being called.
pub struct StockLine {
    platform: Platform,
    lines: RefCell<HashMap<Sku, Vec<Waiting>>>,
}

impl StockLine {
    /// No one waits yet.
    pub fn new(platform: Platform) -> Self {
        Self { platform, lines: RefCell::new(HashMap::new()) }
    }

    /// The SKU's answer, or none if it can't be reached now.
    pub async fn claim(self: &Rc<Self>, sku: Sku, claim: OrderClaim) -> Option<ClaimReply> {
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut lines = self.lines.borrow_mut();
            let first = !lines.contains_key(&sku);
            lines.entry(sku.clone()).or_default().push((claim, sender));
            first
        };
        if first {
            spawn_local(Rc::clone(self).serve(sku));
        }
        receiver.await.ok()
    }

    /// Calls the SKU until nobody waits for it. The line's entry in the map is the sign that it is
    /// being served.
    async fn serve(self: Rc<Self>, sku: Sku) {
        loop {
            let batch = {
                let mut lines = self.lines.borrow_mut();
                let Some(line) = lines.get_mut(&sku) else { return };
                if line.is_empty() {
                    lines.remove(&sku);
                    return;
                }
                let count = line.len().min(MAX_CLAIMS_PER_CALL);
                line.drain(..count).collect::<Vec<_>>()
            };
            let (claims, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let answer = self.platform.sku(&sku, &SkuCommand::Claims { claims }).await;
            match answer {
                Ok(SkuAnswer::Claims { answers }) => {
                    for (sender, answer) in senders.into_iter().zip(answers) {
                        // Whoever stopped waiting reads the state again later.
                        let _ = sender.send(answer);
                    }
                }
                Ok(_) => silent(&sku, "the answer is of another kind"),
                Err(unavailable) => silent(&sku, &unavailable.cause),
            }
        }
    }
}

fn silent(sku: &Sku, cause: &str) {
    let fields = serde_json::json!({ "sku": sku, "cause": cause });
    log::event(Level::Warning, "stock.no_answer", fields);
}
