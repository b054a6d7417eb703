-- What became of the lines of orders. A line without a row is still in the house as a whole.
CREATE TABLE order_line (
    order_id  TEXT   NOT NULL,
    variant   TEXT   NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity >= 1),
    cancelled BIGINT NOT NULL CHECK (cancelled >= 0),
    shipped   BIGINT NOT NULL CHECK (shipped >= 0),
    returned  BIGINT NOT NULL CHECK (returned >= 0),
    PRIMARY KEY (order_id, variant),
    CONSTRAINT order_line_covered CHECK (cancelled + shipped <= quantity),
    CONSTRAINT order_line_returned CHECK (returned <= shipped)
);

-- The parcels of orders of which something was heard that counts. `lines` is a JSON array of portions.
CREATE TABLE order_parcel (
    order_id TEXT NOT NULL,
    shipment TEXT NOT NULL,
    fate     TEXT NOT NULL CHECK (fate IN ('shipped', 'returned', 'cancelled')),
    lines    TEXT NOT NULL,
    PRIMARY KEY (order_id, shipment)
);
