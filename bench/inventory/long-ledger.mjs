// Gives a SKU a long past without living it: its object's SQLite file is filled while workerd is down, with the
// rows that so many sales would have left, the chain of the ledger included.

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "../growth/files.mjs";

const BEGUN = Date.parse("2024-01-01T00:00:00Z");
const PER_TRANSACTION = 100_000;

/** The file of the one object whose level says that `units` were received. */
function fileOf(statePath, units) {
  const folder = path.join(statePath, "do", "cartwright-SkuInventory");
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")) {
    const database = new DatabaseSync(path.join(folder, name));
    try {
      const known = database.prepare("SELECT document ->> '$.received' AS received FROM level").get();
      if (known?.received === units) return path.join(folder, name);
    } catch {
      // Not an object with our schema.
    } finally {
      database.close();
    }
  }
  throw new Error(`no SKU has received ${units}`);
}

/** Appends `count` lines to the ledger of the SKU that received `units`, and as many tombstones: orders that took
 *  a unit and gave it back. The counters are what they were. */
export function fill(statePath, units, count) {
  const database = new DatabaseSync(fileOf(statePath, units));
  try {
    database.exec("PRAGMA synchronous = OFF");
    const head = database.prepare("SELECT ledger_sequence AS sequence, ledger_hash AS hash, document FROM level").get();
    let { sequence, hash } = head;
    const line = database.prepare("INSERT INTO ledger (sequence, entry, hash) VALUES (?, ?, ?)");
    const tombstone = database.prepare(
      "INSERT INTO reservations (order_id, state, quantity, expires_at, placement) VALUES (?, 'released', 1, ?, '{}')",
    );
    for (let done = 0; done < count; ) {
      database.exec("BEGIN");
      for (const end = Math.min(done + PER_TRANSACTION, count); done < end; done += 1) {
        const order = `ord_0f${done.toString(16).padStart(32, "0")}`;
        const at = BEGUN + done * 10;
        const [kind, reserved] = done % 2 === 0 ? ["reserved", 1] : ["released", -1];
        const movement = { kind, location: "main", reserved };
        const entry = JSON.stringify({ at: new Date(at).toISOString(), cause: { kind: "order", id: order }, movement });
        hash = createHash("sha256").update(hash).update(entry).digest("hex");
        line.run((sequence += 1), entry, hash);
        tombstone.run(order, at);
      }
      database.exec("COMMIT");
    }
    const document = JSON.stringify({ ...JSON.parse(head.document), version: JSON.parse(head.document).version + count });
    database.prepare("UPDATE level SET document = ?, ledger_sequence = ?, ledger_hash = ?").run(document, sequence, hash);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}
