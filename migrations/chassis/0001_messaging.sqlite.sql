-- How far each stream of this module has come. The row is locked from numbering to commit.
CREATE TABLE stream_head (
    channel  TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    last_seq BIGINT NOT NULL CHECK (last_seq > 0),
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;

-- What was published and is not applied by all subscribers yet. One writer, so that the order of
-- positions is the order of commits; AUTOINCREMENT, so that no position is used twice.
CREATE TABLE outbox (
    pos      INTEGER PRIMARY KEY AUTOINCREMENT,
    shard    BIGINT NOT NULL,
    channel  TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    kind     TEXT   NOT NULL CHECK (kind IN ('event', 'command', 'reply', 'document')),
    envelope TEXT   NOT NULL
);

-- How far each subscriber of this module has come with each stream. Never expires.
CREATE TABLE inbox_mark (
    subscriber TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    channel    TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (subscriber, source, channel, key)
) WITHOUT ROWID;

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
) WITHOUT ROWID;

CREATE INDEX parked_due ON parked (subscriber, due_at);
