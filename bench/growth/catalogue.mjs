// Gives a shop a large catalogue while workerd is down: the products that it has, again and again under other
// names, with their variants, their stock in D1, and for the SKUs that will be sold the object with the units.

import { copyFileSync } from "node:fs";
import { objectFile, openD1, openObject } from "./files.mjs";
import { SKUS, UNSOLD } from "./lived.mjs";

/** Every SKU of copy number `copy`: `BENCH-7` becomes `B00012-7`. */
const renamed = (text, copy) => {
  const number = String(copy).padStart(5, "0");
  return text.replaceAll("BENCH-", `B${number}-`).replaceAll("bench-bench-", `b${number}-`);
};

/** Adds copies until there are about `count` SKUs; gives `sold` of them, evenly spread, each with an object. */
export function growCatalogue(statePath, count, sold) {
  const d1 = openD1(statePath);
  const copies = Math.ceil(count / SKUS.length) - 1;
  for (const table of ["products", "variants", "stock_levels"]) {
    const key = table === "products" ? "id LIKE 'bench-bench-%'" : "sku LIKE 'BENCH-%'";
    const rows = d1.prepare(`SELECT * FROM ${table} WHERE ${key}`).all();
    const [first] = rows;
    const statement = d1.prepare(`INSERT INTO ${table} (${Object.keys(first).join(", ")}) VALUES (${Object.keys(first).map(() => "?").join(", ")})`);
    d1.exec("BEGIN");
    for (let copy = 1; copy <= copies; copy += 1) {
      for (const row of rows) statement.run(...Object.values(row).map((value) => (typeof value === "string" ? renamed(value, copy) : value)));
    }
    d1.exec("COMMIT");
  }
  d1.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  d1.close();
  const pattern = openObject(statePath, "SkuInventory", UNSOLD);
  pattern.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  pattern.close();
  return Array.from({ length: sold }, (_, index) => {
    const sku = renamed(SKUS[index % SKUS.length], 1 + Math.floor((index / sold) * copies));
    copyFileSync(objectFile(statePath, "SkuInventory", UNSOLD), objectFile(statePath, "SkuInventory", sku));
    return sku;
  });
}
