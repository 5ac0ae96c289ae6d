-- Which SKUs bundles are made of, so that a bundle is found by what it needs. Written together with its
-- product, never by itself.
CREATE TABLE bundle_components (
  bundle_sku TEXT NOT NULL,
  component_sku TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  PRIMARY KEY (bundle_sku, component_sku)
) STRICT, WITHOUT ROWID;

CREATE INDEX bundles_of_component ON bundle_components (component_sku);
CREATE INDEX bundle_components_of_product ON bundle_components (product_id);

-- Takes no row: a statement that finds one to put here ends its batch, and with it everything that would
-- have left a bundle without a component.
CREATE TABLE broken_bundles (sku TEXT NOT NULL, CHECK (1 = 0)) STRICT;
