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

#[cfg(target_arch = "wasm32")]
mod events {
    //! The platform's events.

    use worker::web_sys::{Request, Response};
    use worker::{Context, Env, MessageBatch, Result, ScheduleContext, ScheduledEvent, event};

    use crate::{api, jobs, runtime};

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
        let platform = runtime::platform::shared(env, None)?;
        jobs::projection::project(&platform, batch.raw_iter()).await;
        Ok(())
    }

    #[event(scheduled)]
    async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
        if let Ok(platform) = runtime::platform::shared(env, None) {
            jobs::by_schedule(&platform).await;
        }
    }
}
