-- All the way of a parcel. The waybill may come later than the shipment; `timeline` is a JSON array of
-- moments; `due_at` is when something is to be done about it with the carrier.
--
-- A tombstone stands for a shipment that must never be: its order was called off before it was
-- completed. It takes the place of the first shipment, so that there is one or the other.
CREATE TABLE shipment_next (
    id            TEXT   NOT NULL PRIMARY KEY,
    order_id      TEXT   NOT NULL,
    order_number  TEXT,
    seq           BIGINT NOT NULL CHECK (seq >= 1),
    customer_id   TEXT   NOT NULL,
    lines         TEXT   NOT NULL,
    ship_to       TEXT   NOT NULL,
    carrier       TEXT   NOT NULL,
    service       TEXT   NOT NULL,
    waybill       TEXT,
    status        TEXT   NOT NULL,
    timeline      TEXT   NOT NULL,
    dispatched_at BIGINT,
    due_at        BIGINT,
    version       BIGINT NOT NULL CHECK (version >= 1),
    created_at    BIGINT NOT NULL,
    CONSTRAINT shipment_order UNIQUE (order_id, seq),
    CONSTRAINT shipment_waybill UNIQUE (carrier, waybill),
    CONSTRAINT shipment_waybill_length CHECK (length(waybill) = 13),
    CONSTRAINT shipment_status CHECK (status IN (
        'tombstone', 'pending', 'ready', 'dispatched', 'in_transit', 'out_for_delivery',
        'failed_attempt', 'delivered', 'returning', 'returned', 'lost', 'cancelled'
    )),
    CONSTRAINT shipment_content CHECK (
        (status = 'tombstone' AND lines = '[]' AND waybill IS NULL)
        OR (status <> 'tombstone' AND lines <> '[]' AND carrier <> '' AND service <> '')
    ),
    CONSTRAINT shipment_numbered CHECK (
        waybill IS NOT NULL OR status IN ('tombstone', 'pending', 'cancelled')
    ),
    CONSTRAINT shipment_dispatched CHECK (
        (dispatched_at IS NULL) = (status IN ('tombstone', 'pending', 'ready', 'cancelled'))
    )
);

INSERT INTO shipment_next (
    id, order_id, seq, customer_id, lines, ship_to, carrier, service, waybill, status, timeline,
    version, created_at
)
SELECT id, order_id, seq, customer_id, lines, ship_to, carrier, service, waybill, status,
       '[{"version":1,"at":"' || strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000000, 'unixepoch')
           || '","what":"shipment-prepared","detail":"' || carrier || ' ' || waybill || '"}]',
       version, created_at
FROM shipment;

DROP TABLE shipment;
ALTER TABLE shipment_next RENAME TO shipment;

CREATE INDEX shipment_due ON shipment (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX shipment_by_status ON shipment (status, id);
