CREATE INDEX product_by_title ON product (status, sort_title, id);
CREATE INDEX product_by_price ON product (status, price_from, id);
CREATE INDEX product_by_date ON product (status, sort_date, id);

-- One row for each value that a product has of an attribute.
CREATE TABLE product_attribute (
    product TEXT NOT NULL REFERENCES product (id),
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (product, name, value)
);
CREATE INDEX product_attribute_values ON product_attribute (name, value, product);

ALTER TABLE variant ADD COLUMN barcode TEXT;
ALTER TABLE category ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- What is not counted never runs out: nothing of it is set aside.
ALTER TABLE stock_level ADD COLUMN tracked BIGINT NOT NULL DEFAULT 1 CHECK (tracked IN (0, 1));

CREATE INDEX stock_movement_of_variant ON stock_movement (variant, id);
CREATE INDEX reservation_in_state ON reservation (state, id);
