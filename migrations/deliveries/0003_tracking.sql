-- What carriers say happened to parcels, each once however often it is said.
CREATE TABLE tracking_event (
    id          TEXT   NOT NULL PRIMARY KEY,
    shipment_id TEXT   NOT NULL,
    carrier     TEXT   NOT NULL CHECK (carrier <> ''),
    external_id TEXT   NOT NULL CHECK (external_id <> ''),
    code        TEXT   NOT NULL CHECK (code IN (
        'accepted', 'in_transit', 'out_for_delivery', 'failed_attempt', 'delivered', 'returning',
        'returned', 'lost'
    )),
    occurred_at BIGINT NOT NULL,
    location    TEXT,
    text        TEXT   NOT NULL,
    source      TEXT   NOT NULL CHECK (source IN ('webhook', 'poll')),
    recorded_at BIGINT NOT NULL,
    CONSTRAINT tracking_event_external UNIQUE (carrier, external_id)
);

CREATE INDEX tracking_event_of_shipment ON tracking_event (shipment_id, occurred_at);

-- What carriers sent, verified and word for word, until it is applied and afterwards.
CREATE TABLE webhook (
    carrier     TEXT   NOT NULL CHECK (carrier <> ''),
    event_id    TEXT   NOT NULL CHECK (event_id <> ''),
    body        TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    due_at      BIGINT,
    outcome     TEXT   CHECK (outcome IN ('applied', 'unknown-waybill')),
    PRIMARY KEY (carrier, event_id),
    CONSTRAINT webhook_done CHECK ((due_at IS NULL) = (outcome IS NOT NULL))
);

CREATE INDEX webhook_due ON webhook (due_at) WHERE due_at IS NOT NULL;

-- A parcel is found by its waybill alone.
CREATE INDEX shipment_by_waybill ON shipment (waybill);
