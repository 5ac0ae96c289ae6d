-- Lists stay fast when there are a million orders. A list by one column is often narrowed by another ("open and
-- unpaid"): the index has that one as well, at its end, so that rows which are not wanted are passed over
-- within it and never fetched. A longer entry is still one row written.
DROP INDEX orders_not_open;
CREATE INDEX orders_not_open ON orders (status, created_at, id, payment_status) WHERE status <> 'open';
DROP INDEX orders_not_paid;
CREATE INDEX orders_not_paid ON orders (payment_status, created_at, id, status) WHERE payment_status <> 'paid';
DROP INDEX orders_by_channel;
CREATE INDEX orders_by_channel ON orders (channel, created_at, id, status, payment_status)
  WHERE channel IS NOT NULL;
DROP INDEX orders_needing_attention;
CREATE INDEX orders_needing_attention ON orders (created_at, id, status, payment_status)
  WHERE needs_attention = 1;
DROP INDEX attention_by_code;
CREATE INDEX attention_by_code ON attention (code, since, id, resolved_at);

-- Credit notes are few among invoices; only they cost a row here.
CREATE INDEX invoices_credit_notes ON invoices (issued_at, number) WHERE kind = 'credit_note';
