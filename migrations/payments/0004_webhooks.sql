-- What providers told us, once each, byte for byte as it was signed. Nobody is believed: what it is about
-- is asked of the provider again.
CREATE TABLE webhook (
    provider     TEXT   NOT NULL,
    event_id     TEXT   NOT NULL,
    payment_id   TEXT,
    body         TEXT   NOT NULL,
    received_at  BIGINT NOT NULL,
    processed_at BIGINT,
    PRIMARY KEY (provider, event_id)
);

CREATE INDEX webhook_waiting ON webhook (received_at) WHERE processed_at IS NULL;

CREATE INDEX webhook_processed ON webhook (processed_at) WHERE processed_at IS NOT NULL;
