-- Carts. One row is one document: lines are read and written together, or not at all.

CREATE TABLE cart (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- A JSON array of lines with their snapshots.
    lines TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT cart_currency CHECK (length(currency) = 3),
    CONSTRAINT cart_status CHECK (status IN ('active', 'converted', 'expired')),
    CONSTRAINT cart_expiry CHECK (expires_at > created_at),
    CONSTRAINT cart_version CHECK (version >= 1)
);

-- A customer has one active cart.
CREATE UNIQUE INDEX cart_active ON cart (customer) WHERE status = 'active';
