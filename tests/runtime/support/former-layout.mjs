// How an object looked to earlier versions of the code.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { stubOf } from "./shop.mjs";

/** A SKU's tables before stock had locations. */
export const FORMER_LAYOUT = `
  CREATE TABLE level (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), received INTEGER NOT NULL DEFAULT 0,
    adjusted INTEGER NOT NULL DEFAULT 0, sold INTEGER NOT NULL DEFAULT 0,
    reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0), back_order_limit INTEGER NOT NULL DEFAULT 0,
    low_stock_threshold INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0,
    projected_version INTEGER NOT NULL DEFAULT 0, CHECK (reserved + sold <= received + adjusted + back_order_limit));
  CREATE TABLE reservations (order_id TEXT PRIMARY KEY, state TEXT NOT NULL, quantity INTEGER NOT NULL,
    expires_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX reservations_by_expiry ON reservations (expires_at) WHERE state = 'held';
  CREATE TABLE movements (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, on_hand_delta INTEGER NOT NULL,
    reserved_delta INTEGER NOT NULL, order_id TEXT, reason TEXT, actor TEXT, at INTEGER NOT NULL);
  CREATE TABLE adjustments (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, level TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX adjustments_by_age ON adjustments (at);
  CREATE TABLE returns (refund_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`;

/** Takes away what this version made of a SKU, lays the former tables, and runs these statements in them. */
export async function layOut(sku, layout, rows) {
  await runInDurableObject(stubOf("SkuInventory", sku), (_, { storage }) => {
    const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'").toArray();
    for (const { name: table } of tables) storage.sql.exec(`DROP TABLE ${table}`);
    storage.sql.exec(layout);
    for (const [statement, ...values] of rows) storage.sql.exec(statement, ...values);
  });
  await evictDurableObject(stubOf("SkuInventory", sku));
}
