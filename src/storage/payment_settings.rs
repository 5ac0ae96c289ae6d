//! The merchant's terms for each payment gateway: one document a gateway.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::statement::{Parameter, document, parse, rows, run};
use crate::domain::payment::Gateway;
use crate::domain::payment_settings::PaymentMethodSettings;
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const READ: &str = "SELECT gateway, document FROM payment_settings";
const WRITE: &str = "
INSERT INTO payment_settings (gateway, document, updated_at) VALUES (?1, ?2, ?3)
ON CONFLICT (gateway) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at";

/// The terms of every gateway for which there are any. A gateway that this version does not know is left
/// out: a later one may have written it.
///
/// # Errors
/// When D1 does not answer.
pub async fn read(
    database: &Database,
) -> Result<BTreeMap<Gateway, PaymentMethodSettings>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        gateway: String,
        document: String,
    }
    let found: Vec<Row> = rows(database, READ, &[]).await?;
    found
        .iter()
        .filter_map(|row| Some((Gateway::from_name(&row.gateway)?, &row.document)))
        .map(|(gateway, stored)| Ok((gateway, parse(stored)?)))
        .collect()
}

/// Sets the terms of a gateway.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn write(
    database: &Database,
    gateway: Gateway,
    settings: &PaymentMethodSettings,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let stored = document(settings)?;
    let parameters =
        [Parameter::Text(gateway.name()), Parameter::Text(&stored), Parameter::moment(now)];
    run(database, WRITE, &parameters).await.map(|_| ())
}
