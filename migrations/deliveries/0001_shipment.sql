-- Parcels. Lines and address are snapshots as JSON, because nobody asks for a part of them.
CREATE TABLE shipment (
    id          TEXT   NOT NULL PRIMARY KEY,
    order_id    TEXT   NOT NULL,
    seq         BIGINT NOT NULL CHECK (seq >= 1),
    customer_id TEXT   NOT NULL,
    lines       TEXT   NOT NULL CHECK (lines <> '[]'),
    ship_to     TEXT   NOT NULL,
    carrier     TEXT   NOT NULL CHECK (carrier <> ''),
    service     TEXT   NOT NULL CHECK (service <> ''),
    waybill     TEXT   NOT NULL CHECK (length(waybill) = 13),
    status      TEXT   NOT NULL CHECK (status IN ('ready')),
    version     BIGINT NOT NULL CHECK (version >= 1),
    created_at  BIGINT NOT NULL,
    CONSTRAINT shipment_order UNIQUE (order_id, seq),
    CONSTRAINT shipment_waybill UNIQUE (carrier, waybill)
);
