-- The whole of a SKU's counters (the JSON of `CopiedLevel`): what each location has, what is back-ordered,
-- and the merchant's terms. A row that was copied before this column has none until it is copied again.
ALTER TABLE stock_levels ADD COLUMN document TEXT;
