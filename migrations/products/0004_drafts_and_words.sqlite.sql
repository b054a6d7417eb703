-- A draft may have no price yet: then `price_from` is 0 and there is no currency. `sort_title` is the title
-- folded, to be sorted by; `sort_date` when it first went on sale, or was made. `attributes` is a JSON list
-- of { name, value }, to be shown; the rows of product_attribute are to be searched and counted by.
-- What is searched by words moves to product_words, which is filled when the module starts.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE product_before AS SELECT * FROM product;
DROP TABLE product;
CREATE TABLE product (
    id           TEXT PRIMARY KEY,
    slug         TEXT NOT NULL,
    title        TEXT NOT NULL,
    description  TEXT NOT NULL,
    status       TEXT NOT NULL,
    media        TEXT NOT NULL,
    attributes   TEXT NOT NULL,
    sort_title   TEXT NOT NULL,
    price_from   BIGINT NOT NULL,
    currency     TEXT,
    sort_date    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    published_at BIGINT,
    version      BIGINT NOT NULL,
    CONSTRAINT product_slug UNIQUE (slug),
    CONSTRAINT product_status CHECK (status IN ('draft', 'active', 'archived')),
    CONSTRAINT product_price CHECK (price_from >= 0),
    CONSTRAINT product_currency CHECK ((price_from = 0) = (currency IS NULL)),
    CONSTRAINT product_on_sale CHECK (status <> 'active' OR (price_from > 0 AND published_at IS NOT NULL))
);
INSERT INTO product (id, slug, title, description, status, media, attributes, sort_title, price_from,
        currency, sort_date, created_at, published_at, version)
    SELECT id, slug, title, description, 'active', media, '[]', sort_title, price_from,
        currency, created_at, created_at, created_at, version FROM product_before;
DROP TABLE product_before;

CREATE TABLE product_words (
    number  INTEGER PRIMARY KEY,
    product TEXT NOT NULL REFERENCES product (id),
    title   TEXT NOT NULL,
    words   TEXT NOT NULL,
    edition BIGINT NOT NULL,
    CONSTRAINT product_words_product UNIQUE (product)
);
-- The words are cut by us: every token is letters and digits, so that this tokenizer and Postgres see the
-- same ones.
CREATE VIRTUAL TABLE product_search USING fts5 (
    words, content = 'product_words', content_rowid = 'number', tokenize = 'ascii',
    detail = 'none', columnsize = 0, prefix = '2 3'
);
CREATE TRIGGER product_words_added AFTER INSERT ON product_words BEGIN
    INSERT INTO product_search (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER product_words_removed AFTER DELETE ON product_words BEGIN
    INSERT INTO product_search (product_search, rowid, words)
        VALUES ('delete', old.number, old.words);
END;
CREATE TRIGGER product_words_changed AFTER UPDATE ON product_words BEGIN
    INSERT INTO product_search (product_search, rowid, words)
        VALUES ('delete', old.number, old.words);
    INSERT INTO product_search (rowid, words) VALUES (new.number, new.words);
END;
