-- What a bank keeps: what it set aside, took and gave back, and what it still has to tell.
CREATE TABLE sandbox_charge_next (
    idempotency_key TEXT   NOT NULL PRIMARY KEY,
    reference       TEXT   NOT NULL UNIQUE,
    token           TEXT   NOT NULL,
    currency        TEXT   NOT NULL,
    amount          BIGINT NOT NULL,
    capture         TEXT   NOT NULL CHECK (capture IN ('automatic', 'manual')),
    status          TEXT   NOT NULL
                    CHECK (status IN ('requires_action', 'authorized', 'succeeded', 'declined', 'cancelled')),
    captured        BIGINT NOT NULL,
    refunded        BIGINT NOT NULL,
    decline_code    TEXT CHECK ((decline_code IS NOT NULL) = (status = 'declined')),
    created_at      BIGINT NOT NULL,
    CHECK (0 <= refunded AND refunded <= captured AND captured <= amount),
    CHECK ((status = 'succeeded') = (captured > 0))
);

INSERT INTO sandbox_charge_next
SELECT idempotency_key, reference, token, currency, amount, 'automatic',
       CASE status WHEN 'refunded' THEN 'succeeded' WHEN 'requires-action' THEN 'requires_action'
            ELSE status END,
       CASE WHEN status IN ('succeeded', 'refunded') THEN amount ELSE 0 END,
       CASE WHEN status = 'refunded' THEN amount ELSE 0 END,
       decline_code, created_at
FROM sandbox_charge;

CREATE TABLE sandbox_refund (
    idempotency_key TEXT   NOT NULL PRIMARY KEY,
    reference       TEXT   NOT NULL UNIQUE,
    charge_key      TEXT   NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount > 0),
    created_at      BIGINT NOT NULL
);

-- Until now a charge was given back as a whole, and payments named that after the payment.
INSERT INTO sandbox_refund
SELECT 'ref_' || substr(idempotency_key, 5, 26), 're_' || reference, idempotency_key, amount, created_at
FROM sandbox_charge WHERE status = 'refunded';

DROP TABLE sandbox_charge;
ALTER TABLE sandbox_charge_next RENAME TO sandbox_charge;

-- What its customers are still to be told. Signed when it is sent, as often as it takes.
CREATE TABLE sandbox_webhook (
    id     TEXT   NOT NULL PRIMARY KEY,
    body   TEXT   NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX sandbox_webhook_due ON sandbox_webhook (due_at);
