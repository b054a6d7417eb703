-- Everything is kept once for each generation that lives: readers see the current one, and one more may
-- be in the making. Generations are numbered upwards and never come back.
CREATE TABLE generation (
    id    BIGINT PRIMARY KEY,
    state TEXT   NOT NULL CHECK (state IN ('current', 'building', 'retired'))
);

CREATE UNIQUE INDEX generation_alive ON generation (state) WHERE state <> 'retired';

-- One order with all that a list shows. What orders told when it was placed is missing while only others
-- have told about it; then no list shows it.
CREATE TABLE order_entry (
    generation      BIGINT NOT NULL,
    id              TEXT   NOT NULL,
    customer        TEXT   NOT NULL,
    number          TEXT,
    lines           TEXT,
    currency        TEXT,
    total           BIGINT,
    payment         TEXT,
    placed_at       BIGINT,
    status          TEXT   NOT NULL,
    order_version   BIGINT NOT NULL,
    payment_status  TEXT   NOT NULL,
    payment_version BIGINT NOT NULL,
    delivery_status TEXT   NOT NULL,
    PRIMARY KEY (generation, id)
);

CREATE INDEX order_entry_list ON order_entry (generation, customer, placed_at, id);

-- How far each parcel has got, so that it can be said how far all of an order's have got together.
CREATE TABLE shipment (
    generation BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (generation, id)
);

CREATE INDEX shipment_order ON shipment (generation, order_id);

-- What happened. A moment is named by its thing and the version it led to, so that it is here once
-- whoever tells it, and however often.
CREATE TABLE moment (
    generation BIGINT NOT NULL,
    order_id   TEXT   NOT NULL,
    source     TEXT   NOT NULL CHECK (source IN ('orders', 'payments', 'deliveries')),
    thing      TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    what       TEXT   NOT NULL,
    detail     TEXT,
    PRIMARY KEY (generation, order_id, source, thing, version)
);

CREATE INDEX moment_timeline ON moment (generation, order_id, at, source, thing, version);
