-- Money on its way. Attempts are a JSON array, because nobody asks for one alone; `collect` and
-- `undo` hold the reply addresses of the commands that are still to be answered.
CREATE TABLE payment (
    id             TEXT   NOT NULL PRIMARY KEY,
    order_id       TEXT   NOT NULL,
    customer_id    TEXT   NOT NULL,
    currency       TEXT   NOT NULL CHECK (length(currency) = 3),
    amount         BIGINT NOT NULL CHECK (amount >= 0),
    status         TEXT   NOT NULL
                   CHECK (status IN ('requested', 'processing', 'requires-action', 'captured', 'voided')),
    attempts       TEXT   NOT NULL,
    authorized     BIGINT NOT NULL,
    captured       BIGINT NOT NULL,
    refund_pending BIGINT NOT NULL,
    refunded       BIGINT NOT NULL,
    collect        TEXT,
    undo           TEXT,
    expires_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL CHECK (version >= 1),
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    CONSTRAINT payment_amounts CHECK (
        0 <= refunded AND 0 <= refund_pending
        AND 0 <= refunded + refund_pending AND refunded + refund_pending <= captured
        AND captured <= authorized AND authorized <= amount
    ),
    CONSTRAINT payment_captured CHECK (status <> 'captured' OR captured = amount),
    CONSTRAINT payment_open CHECK (
        status NOT IN ('requested', 'processing', 'requires-action') OR captured = 0
    ),
    CONSTRAINT payment_voided CHECK (status <> 'voided' OR refunded = captured),
    CONSTRAINT payment_refund CHECK (refund_pending = 0 OR undo IS NOT NULL)
);

-- One live payment an order.
CREATE UNIQUE INDEX payment_order ON payment (order_id) WHERE status <> 'voided';

-- What the driver has to go on with after a restart or a silence of the provider.
CREATE INDEX payment_unsettled ON payment (updated_at)
    WHERE status = 'processing' OR (undo IS NOT NULL AND status <> 'voided');
