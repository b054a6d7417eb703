-- Payments that are authorized and captured later, that fail or expire, and that give back a part. The
-- table is built anew, because SQLite cannot change a CHECK.
--
-- `due` is when the driver has to look at a payment that nobody has in hand: null when it never has to.
-- `timeline` is a JSON array of what was announced, `capture_pending` what a capture is under way for.
CREATE TABLE payment_next (
    id              TEXT   NOT NULL PRIMARY KEY,
    order_id        TEXT   NOT NULL,
    customer_id     TEXT   NOT NULL,
    currency        TEXT   NOT NULL CHECK (length(currency) = 3),
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    capture         TEXT   NOT NULL CHECK (capture IN ('automatic', 'manual')),
    status          TEXT   NOT NULL CHECK (status IN ('requested', 'processing', 'requires_action',
                    'authorized', 'captured', 'failed', 'voided', 'expired')),
    attempts        TEXT   NOT NULL,
    timeline        TEXT   NOT NULL,
    authorized      BIGINT NOT NULL,
    capture_pending BIGINT NOT NULL CHECK (capture_pending >= 0),
    captured        BIGINT NOT NULL,
    refund_pending  BIGINT NOT NULL,
    refunded        BIGINT NOT NULL,
    collect         TEXT,
    undo            TEXT,
    expires_at      BIGINT NOT NULL,
    due             BIGINT,
    version         BIGINT NOT NULL CHECK (version >= 1),
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    CONSTRAINT payment_amounts CHECK (
        0 <= refunded AND 0 <= refund_pending
        AND refunded + refund_pending <= captured
        AND captured + capture_pending <= authorized AND authorized <= amount
    ),
    CONSTRAINT payment_authorized CHECK (status <> 'authorized' OR authorized > 0),
    CONSTRAINT payment_captured CHECK (status <> 'captured' OR captured > 0),
    CONSTRAINT payment_untaken CHECK (status IN ('captured', 'voided') OR captured = 0),
    CONSTRAINT payment_voided CHECK (status <> 'voided' OR refunded = captured),
    CONSTRAINT payment_capture CHECK (capture_pending = 0 OR status = 'authorized')
);

INSERT INTO payment_next
SELECT id, order_id, customer_id, currency, amount, 'automatic', replace(status, '-', '_'),
       replace(attempts, '"requires-action"', '"requires_action"'), '[]', authorized, 0, captured,
       refund_pending, refunded, collect, undo, expires_at,
       CASE WHEN status = 'processing' OR (undo IS NOT NULL AND status <> 'voided') THEN updated_at
            WHEN status IN ('requested', 'requires-action') THEN expires_at + 60000000
       END,
       version, created_at, updated_at
FROM payment;

-- Every refund there ever was; the amounts of those that are pending are reserved in the payment's row.
CREATE TABLE refund (
    id           TEXT   NOT NULL PRIMARY KEY,
    payment_id   TEXT   NOT NULL,
    amount       BIGINT NOT NULL CHECK (amount > 0),
    reason       TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    provider_ref TEXT,
    requested_at BIGINT NOT NULL,
    version      BIGINT NOT NULL CHECK (version >= 1)
);

CREATE INDEX refund_payment ON refund (payment_id);

-- Until now a payment was given back as a whole, once, and under its own name.
INSERT INTO refund
SELECT 'ref_' || substr(id, 5), id, refund_pending + refunded, 'voided',
       CASE WHEN refunded > 0 THEN 'succeeded' ELSE 'pending' END, NULL, updated_at, 1
FROM payment WHERE refund_pending + refunded > 0;

DROP TABLE payment;
ALTER TABLE payment_next RENAME TO payment;

-- One live payment an order.
CREATE UNIQUE INDEX payment_order ON payment (order_id)
    WHERE status NOT IN ('voided', 'failed', 'expired');

-- What the driver has to go on with after a restart or a silence of the provider.
CREATE INDEX payment_due ON payment (due) WHERE due IS NOT NULL;
