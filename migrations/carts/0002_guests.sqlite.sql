-- Carts of guests go into those of whoever logs in. SQLite cannot change a CHECK, so the table is made again.

CREATE TABLE cart_next (
    id TEXT PRIMARY KEY,
    -- A user, or a guest's id.
    customer TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- A JSON array of lines with their snapshots.
    lines TEXT NOT NULL,
    status TEXT NOT NULL,
    merged_into TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT cart_currency CHECK (length(currency) = 3),
    CONSTRAINT cart_status CHECK (status IN ('active', 'converted', 'merged', 'expired')),
    CONSTRAINT cart_merged CHECK ((status = 'merged') = (merged_into IS NOT NULL)),
    CONSTRAINT cart_expiry CHECK (expires_at > created_at),
    CONSTRAINT cart_version CHECK (version >= 1)
);

INSERT INTO cart_next
SELECT id, customer, currency, lines, status, NULL, created_at, expires_at, version FROM cart;

DROP TABLE cart;
ALTER TABLE cart_next RENAME TO cart;

-- A customer has one active cart.
CREATE UNIQUE INDEX cart_active ON cart (customer) WHERE status = 'active';

-- What the sweeper looks for.
CREATE INDEX cart_due ON cart (expires_at) WHERE status = 'active';
