-- How far each stream of this module has come. The row is locked from numbering to commit.
CREATE TABLE stream_head (
    channel  TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    last_seq BIGINT NOT NULL CHECK (last_seq > 0),
    PRIMARY KEY (channel, key)
);

-- What was published and is not applied by all subscribers yet. Read by snapshots over xid, because
-- positions are given out before their transactions commit.
CREATE TABLE outbox (
    pos      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid      xid8   NOT NULL DEFAULT pg_current_xact_id(),
    shard    BIGINT NOT NULL,
    channel  TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    kind     TEXT   NOT NULL CHECK (kind IN ('event', 'command', 'reply', 'document')),
    envelope TEXT   NOT NULL
);

CREATE INDEX outbox_xid ON outbox (xid);

-- The one relay at work on this database. Times are microseconds since the epoch.
CREATE TABLE relay_state (
    id    BIGINT PRIMARY KEY CHECK (id = 1),
    owner TEXT   NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);

INSERT INTO relay_state (id, owner, epoch, until) VALUES (1, '', 0, 0);

-- How far each subscriber of this module has come with each stream. Never expires.
CREATE TABLE inbox_mark (
    subscriber TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    channel    TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (subscriber, source, channel, key)
);

-- Messages that failed, and those of the same key behind them.
CREATE TABLE parked (
    subscriber TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    channel    TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    envelope   TEXT   NOT NULL,
    attempts   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('waiting', 'dead', 'dropped')),
    PRIMARY KEY (subscriber, source, channel, key, seq)
);

CREATE INDEX parked_due ON parked (subscriber, due_at);
