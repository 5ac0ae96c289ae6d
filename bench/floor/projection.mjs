// What the floor writes to D1: the same rows of the same tables as Cartwright, by statements of the same kind.

export const row = (order) => ({
  id: order.id, version: order.version, status: order.status, payment_status: order.payment_status,
  fulfilment_status: "unfulfilled", email: order.cart.email, currency: order.cart.currency,
  total_minor: order.cart.totals.total_minor, needs_attention: 0, invoice_number: order.invoice_number,
  created_at: order.created_at, updated_at: order.updated_at, document: order,
});

export const UPSERT_ORDERS = `
INSERT INTO orders (id, version, status, payment_status, fulfilment_status, email, currency, total_minor,
  needs_attention, invoice_number, created_at, updated_at, document)
SELECT value ->> 'id', value ->> 'version', value ->> 'status', value ->> 'payment_status',
  value ->> 'fulfilment_status', value ->> 'email', value ->> 'currency', value ->> 'total_minor',
  value ->> 'needs_attention', value ->> 'invoice_number', value ->> 'created_at', value ->> 'updated_at',
  value -> 'document'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
  payment_status = excluded.payment_status, invoice_number = excluded.invoice_number,
  updated_at = excluded.updated_at, document = excluded.document
WHERE excluded.version > orders.version`;

export const movement = (order, { id, amount_minor }) => ({
  order_id: order.id, operation_id: id, version: order.version, gateway: "sandbox", kind: "capture", amount_minor,
  currency: order.cart.currency, payment_reference: order.reference, result: "succeeded", occurred_at: order.updated_at,
  paid: order.payment_status,
});

export const INSERT_MOVEMENTS = `
INSERT INTO money_movements (order_id, operation_id, version, gateway, kind, amount_minor, currency,
  payment_reference, result, occurred_at)
SELECT value ->> 'order_id', value ->> 'operation_id', value ->> 'version', value ->> 'gateway', value ->> 'kind',
  value ->> 'amount_minor', value ->> 'currency', value ->> 'payment_reference', value ->> 'result',
  value ->> 'occurred_at'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE value ->> 'paid' = 'paid' ON CONFLICT DO NOTHING`;

export const INSERT_INVOICES = `
INSERT INTO invoices (number, kind, series, order_id, issued_at, currency, net_minor, tax_minor, total_minor, sha256)
SELECT value ->> 'number', 'invoice', 'CW', value ->> 'order_id', value ->> 'issued_at', value ->> 'currency',
  value ->> 'net_minor', value ->> 'tax_minor', value ->> 'total_minor', value ->> 'sha256'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true ON CONFLICT DO NOTHING`;

export const UPSERT_LEVELS = `
INSERT INTO stock_levels (sku, version, received, adjusted, sold, reserved, back_order_limit, low_stock_threshold, as_of)
SELECT value ->> 'sku', value ->> 'version', value ->> 'received', 0, value ->> 'sold', value ->> 'reserved', 0, 0,
  value ->> 'as_of'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (sku) DO UPDATE SET version = excluded.version, received = excluded.received, sold = excluded.sold,
  reserved = excluded.reserved, as_of = excluded.as_of
WHERE excluded.version > stock_levels.version`;
