//! Cartwright: a headless commerce backend on Cloudflare Workers.
//!
//! | folder | what is in it | may use |
//! |---|---|---|
//! | [`domain`] | what is true: money, orders, stock, prices | nothing |
//! | [`flows`] | what happens next, as pure steps | domain |
//! | [`providers`] | how payment gateways speak | domain |
//! | [`api`] | our HTTP: routes, parsing, answers, errors | all but JavaScript |
//! | [`objects`] | Durable Objects: one per SKU, a shard per slice of orders | everything |
//! | [`storage`] | D1 statements | everything |
//! | [`jobs`] | queue consumer and cron | everything |
//! | [`runtime`] | the doors to the platform | everything |
//!
//! `tests/tidy.rs` holds everyone to it. Start reading at [`api::routes`] and [`objects`].

pub mod api;
pub mod domain;
pub mod flows;
pub mod jobs;
pub mod objects;
pub mod providers;
pub mod runtime;
pub mod storage;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, MessageBatch, Result, ScheduleContext, ScheduledEvent, event};

#[event(start)]
fn start() {
    runtime::wakes::by_promises();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    runtime::serve::serve(request, env, context, api::answer).await
}

#[event(queue)]
async fn queue(batch: MessageBatch<String>, env: Env, _context: Context) -> Result<()> {
    jobs::projection::project(&runtime::platform::shared(env, None)?, batch).await
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    if let Ok(platform) = runtime::platform::shared(env, None) {
        jobs::sweep::sweep(&platform).await;
        jobs::channels::introduce(&platform).await;
        jobs::reconcile::start_daily(&platform).await;
        jobs::reorder::daily(&platform).await;
        jobs::prove_stock::prove_stock(&platform).await;
    }
}
