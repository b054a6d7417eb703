-- The sandbox provider's own memory: what a real provider would keep elsewhere. Nobody else reads it.
CREATE TABLE sandbox_charge (
    idempotency_key TEXT   NOT NULL PRIMARY KEY,
    reference       TEXT   NOT NULL UNIQUE,
    token           TEXT   NOT NULL,
    currency        TEXT   NOT NULL,
    amount          BIGINT NOT NULL,
    status          TEXT   NOT NULL
                    CHECK (status IN ('succeeded', 'declined', 'requires-action', 'refunded', 'cancelled')),
    decline_code    TEXT CHECK ((decline_code IS NOT NULL) = (status = 'declined')),
    created_at      BIGINT NOT NULL
);
