-- What this module published and its outbox has forgotten, without what was said: for whoever asks later
-- why something happened. Ids are UUIDv7, so that their order is the order of time.
CREATE TABLE journal (
    id        TEXT   NOT NULL PRIMARY KEY,
    cause     TEXT,
    trace     TEXT,
    kind      TEXT   NOT NULL,
    channel   TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    key       TEXT   NOT NULL,
    seq       BIGINT NOT NULL,
    sent_for  TEXT,
    answer_at TEXT,
    origin    TEXT,
    origin_at TEXT
) WITHOUT ROWID;

CREATE INDEX journal_key ON journal (key);
CREATE INDEX journal_cause ON journal (cause) WHERE cause IS NOT NULL;
CREATE INDEX journal_trace ON journal (trace) WHERE trace IS NOT NULL;

-- What a subscriber of this module did not handle at the first try, once it was done with it.
CREATE TABLE journal_late (
    message    TEXT   NOT NULL,
    subscriber TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    attempts   BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('applied', 'dropped')),
    at         BIGINT NOT NULL,
    PRIMARY KEY (message, subscriber)
) WITHOUT ROWID;

CREATE INDEX journal_late_key ON journal_late (key);
CREATE INDEX journal_late_at ON journal_late (at);
