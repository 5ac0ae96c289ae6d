// Purchase orders, transfers and counts at rest: nothing is owed, the ledgers of their SKUs say of each what it says of
// itself, and D1 holds the newest version.

import { sum } from "./raw.mjs";

export function stockDocumentsAreBooked(world, must) {
  for (const { name, documents: [row] } of world.stockDocuments) {
    if (!row) continue;
    const document = JSON.parse(row.document);
    must(document.open === undefined, `${name} came to rest with step ${document.open?.number} under way`);
    for (const line of document.body.lines) linesAreBooked(world, document, line, must);
    const copy = world.projected.stockDocuments.get(name);
    const same = copy && JSON.stringify(JSON.parse(copy.document)) === JSON.stringify(document);
    must(same, `${name} is at version ${document.version}, D1 at ${copy?.version}`);
    must(row.projected_version === document.version, `${name} is at version ${document.version}, lists were told of ${row.projected_version}`);
  }
}

/** What a line says of each place that it has to do with. */
function saidOf({ body }, line) {
  if (body.type === "purchase_order") return { [body.location]: [line.received, line.damaged, line.announced] };
  if (body.type === "count") return { [line.location]: [body.status === "approved" ? line.counted - line.known : 0, 0, 0] };
  const underWay = line.shipped - line.received - line.damaged - line.returned - line.lost;
  return { [body.from]: [line.returned - line.shipped, 0, 0], [body.to]: [line.received, line.damaged, underWay] };
}

function linesAreBooked(world, document, line, must) {
  const ledger = (world.skus.get(line.sku)?.ledger ?? []).map(({ entry }) => JSON.parse(entry));
  const own = ledger.filter(({ cause }) => cause.id === document.id).map(({ movement }) => movement);
  for (const [place, said] of Object.entries(saidOf(document, line))) {
    const there = own.filter(({ location }) => location === place);
    const booked = ["on_hand", "damaged", "incoming"].map((counter) => sum(there.map((one) => one[counter] ?? 0)));
    const same = booked.every((units, index) => units === said[index]);
    must(same, `${document.id} says ${said} (on hand, damaged, incoming) of ${line.sku} at ${place}, the ledger ${booked}`);
  }
}
