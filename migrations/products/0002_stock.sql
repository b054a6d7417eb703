CREATE TABLE stock_level (
    variant  TEXT PRIMARY KEY REFERENCES variant (id),
    on_hand  BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    CONSTRAINT stock_level_adds_up CHECK (0 <= reserved AND reserved <= on_hand)
);

-- `lines` is a JSON list of { variant, quantity } in the order in which they were asked for.
-- A released reservation without lines is the tombstone of a release that came first.
CREATE TABLE reservation (
    id         TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    lines      TEXT NOT NULL,
    state      TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT reservation_owner UNIQUE (owner),
    CONSTRAINT reservation_state
        CHECK (state IN ('held', 'committed', 'consumed', 'released', 'expired'))
);
CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'held';

-- Every change of a quantity. `received`, `returned` and `adjusted` change what is on hand,
-- `reserved` and `released` what is set aside, `shipped` takes from both. `cause` names the
-- intention of who asked, where the same intention could arrive twice.
CREATE TABLE stock_movement (
    id          TEXT PRIMARY KEY,
    variant     TEXT NOT NULL REFERENCES stock_level (variant),
    kind        TEXT NOT NULL,
    quantity    BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    cause       TEXT,
    reservation TEXT REFERENCES reservation (id),
    at          BIGINT NOT NULL,
    CONSTRAINT stock_movement_cause UNIQUE (cause),
    CONSTRAINT stock_movement_kind
        CHECK (kind IN ('received', 'reserved', 'released', 'shipped', 'returned', 'adjusted')),
    CONSTRAINT stock_movement_quantity
        CHECK (CASE kind WHEN 'adjusted' THEN quantity <> 0 ELSE quantity > 0 END),
    CONSTRAINT stock_movement_reservation
        CHECK (kind NOT IN ('reserved', 'released') OR reservation IS NOT NULL)
);
