//! A typed question to a Durable Object: JSON over its `fetch`, tried again where the platform says
//! that a new try may work.

use serde::Serialize;
use worker::{Error, Result};

use super::platform::Environment;
use crate::objects::commands::Spoken;

#[cfg(target_arch = "wasm32")]
mod workers;

#[cfg(target_arch = "wasm32")]
use workers::ask_once;

/// Tries in all. Every command is idempotent, so another try is always safe.
const TRIES: u32 = 3;

/// Asks the object of this name. A broken stub is not used again: each try takes a new one.
///
/// # Errors
/// When every try failed, or the platform said that the object is overloaded.
pub async fn ask<C: Serialize, A: Spoken>(
    env: &Environment,
    binding: &'static str,
    name: &str,
    command: &C,
) -> Result<A> {
    let body = serde_json::to_string(command)?;
    try_again(env, binding, name, Some(&body)).await
}

/// Where an object tells, without a command to write, send and read, the one thing that most want to know.
pub const LOOK: &str = "/look";

/// Asks the object what it tells at [`LOOK`].
///
/// # Errors
/// As of [`ask`].
pub async fn look<A: Spoken>(env: &Environment, binding: &'static str, name: &str) -> Result<A> {
    try_again(env, binding, name, None).await
}

async fn try_again<A: Spoken>(
    env: &Environment,
    binding: &'static str,
    name: &str,
    body: Option<&str>,
) -> Result<A> {
    let mut last = Error::RustError("not asked".to_owned());
    for _ in 0..TRIES {
        match ask_once(env, binding, name, body).await {
            Ok(text) => return Ok(A::read(&text)?),
            Err(error) => {
                let cause = error.to_string();
                last = error;
                if cause.contains("overloaded") || cause.contains("Too many requests") {
                    break;
                }
            }
        }
    }
    Err(last)
}

#[cfg(not(target_arch = "wasm32"))]
async fn ask_once(
    env: &Environment,
    binding: &'static str,
    name: &str,
    body: Option<&str>,
) -> Result<String> {
    env.ask_object(binding, name, body).await.map_err(Error::RustError)
}
