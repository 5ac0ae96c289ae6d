// What an order takes from stock and gives back to it, as its document says: bundles by their components.

/** What one of a line takes from stock: [[sku, units], …]. */
const partsOf = ({ sku, components = [] }) =>
  components.length === 0 ? [[sku, 1]] : components.map((one) => [one.sku, one.quantity]);

const partsOfSku = (order, sku) => partsOf(order.cart.lines.find((line) => line.sku === sku) ?? { sku });

/** Units that an order takes of each SKU with stock, over all of its lines. */
export function unitsWanted(order) {
  const wanted = new Map();
  for (const line of order.cart.lines) {
    for (const [sku, each] of partsOf(line)) wanted.set(sku, (wanted.get(sku) ?? 0) + each * line.quantity);
  }
  return wanted;
}

/** What came back, or is to: by line, with or without a refund. */
export const comingBack = (order) => [
  ...(order.refunds ?? []).flatMap(({ lines }) => lines).filter(({ restock }) => restock > 0)
    .map((line) => ({ ...line, quantity: line.restock, condition: line.restock_condition ?? "sellable" })),
  ...(order.returns ?? []).flatMap(({ lines }) => lines).map((line) => ({ condition: "sellable", ...line })),
];

/** Units of a SKU with stock that the SKU has put back, all or those in one condition. */
export function unitsPutBack(order, sku, condition) {
  let units = 0;
  for (const line of comingBack(order)) {
    if (condition && line.condition !== condition) continue;
    if (!line.restocked && !line.put_back?.includes(sku)) continue;
    for (const [part, each] of partsOfSku(order, line.sku)) if (part === sku) units += each * line.quantity;
  }
  return units;
}

/** Units of every SKU that an order takes, less those that came back. */
export function unitsKept(order) {
  const kept = unitsWanted(order);
  for (const sku of kept.keys()) kept.set(sku, kept.get(sku) - unitsPutBack(order, sku));
  return kept;
}
