-- "What runs low?" is answered by an index, however many SKUs there are. The number is that of
-- `StockLevel::scarce_from`: none for a SKU whose own threshold is below what is there, else the bits of the units
-- there, which few sales change, so that few write a row here. A row that was copied before this column may be scarce
-- until it is copied again: whoever asks looks at the counters themselves.
ALTER TABLE stock_levels ADD COLUMN scarce_from INTEGER DEFAULT 0;
CREATE INDEX stock_levels_scarce ON stock_levels (scarce_from, sku) WHERE scarce_from IS NOT NULL;
