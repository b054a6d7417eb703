-- Carts of guests go into those of whoever logs in.

ALTER TABLE cart
    ADD COLUMN merged_into TEXT,
    DROP CONSTRAINT cart_status,
    ADD CONSTRAINT cart_status CHECK (status IN ('active', 'converted', 'merged', 'expired')),
    ADD CONSTRAINT cart_merged CHECK ((status = 'merged') = (merged_into IS NOT NULL));

-- What the sweeper looks for.
CREATE INDEX cart_due ON cart (expires_at) WHERE status = 'active';
