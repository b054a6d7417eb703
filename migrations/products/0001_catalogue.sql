-- A child names its parent's depth too, and is one deeper: so there can be no cycle.
CREATE TABLE category (
    id           TEXT PRIMARY KEY,
    slug         TEXT NOT NULL,
    name         TEXT NOT NULL,
    parent       TEXT,
    parent_depth BIGINT,
    depth        BIGINT NOT NULL,
    position     BIGINT NOT NULL,
    CONSTRAINT category_slug UNIQUE (slug),
    CONSTRAINT category_place UNIQUE (id, depth),
    CONSTRAINT category_parent FOREIGN KEY (parent, parent_depth) REFERENCES category (id, depth),
    CONSTRAINT category_parent_whole CHECK ((parent IS NULL) = (parent_depth IS NULL)),
    CONSTRAINT category_depth CHECK (depth = COALESCE(parent_depth, 0) + 1 AND depth <= 8)
);
CREATE INDEX category_children ON category (parent);

-- `words` is title and description in lower case, to be searched; `sort_title` the title, to be
-- sorted by; `price_from` the price of the cheapest variant. All three so that a list reads one row
-- a product.
CREATE TABLE product (
    id          TEXT PRIMARY KEY,
    slug        TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    media       TEXT NOT NULL,
    words       TEXT NOT NULL,
    sort_title  TEXT NOT NULL,
    price_from  BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    CONSTRAINT product_slug UNIQUE (slug),
    CONSTRAINT product_price CHECK (price_from > 0)
);
CREATE INDEX product_by_title ON product (sort_title, id);
CREATE INDEX product_by_price ON product (price_from, id);
CREATE INDEX product_by_birth ON product (created_at, id);

CREATE TABLE product_category (
    product  TEXT NOT NULL REFERENCES product (id),
    category TEXT NOT NULL REFERENCES category (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (product, category)
);
CREATE INDEX product_category_shelf ON product_category (category, product);

-- `options` is a JSON list of { name, value }; `position` the place among the siblings.
CREATE TABLE variant (
    id               TEXT PRIMARY KEY,
    product          TEXT NOT NULL REFERENCES product (id),
    sku              TEXT NOT NULL,
    position         BIGINT NOT NULL,
    options          TEXT NOT NULL,
    price_minor      BIGINT NOT NULL,
    compare_at_minor BIGINT,
    currency         TEXT NOT NULL,
    weight_g         BIGINT NOT NULL,
    for_sale         BIGINT NOT NULL,
    CONSTRAINT variant_sku UNIQUE (sku),
    CONSTRAINT variant_price CHECK (price_minor > 0),
    CONSTRAINT variant_compare_at CHECK (compare_at_minor > price_minor),
    CONSTRAINT variant_weight CHECK (weight_g >= 0),
    CONSTRAINT variant_for_sale CHECK (for_sale IN (0, 1))
);
CREATE INDEX variant_of_product ON variant (product, position);
