-- How people are reached, as far as users has told. Whoever is forgotten stays, without address and name,
-- so that nobody waits for them.
CREATE TABLE person (
    id     TEXT   PRIMARY KEY,
    email  TEXT,
    name   TEXT,
    erased BIGINT NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
    CHECK (erased = 0 OR (email IS NULL AND name IS NULL))
);

-- Whose an order is, and how it is called, for mails about its money and its parcels.
CREATE TABLE placed (
    id       TEXT PRIMARY KEY,
    number   TEXT NOT NULL,
    customer TEXT NOT NULL,
    email    TEXT
);

-- One mail for one event, however often the event is delivered. Whatever is secret in it is here until it
-- is sent, and never shown.
CREATE TABLE mail (
    id         TEXT   PRIMARY KEY,
    kind       TEXT   NOT NULL,
    content    TEXT   NOT NULL,
    secret     TEXT,
    person     TEXT   NOT NULL,
    order_id   TEXT,
    address    TEXT,
    name       TEXT,
    subject    TEXT,
    status     TEXT   NOT NULL CHECK (status IN ('queued', 'sent', 'failed', 'dropped')),
    attempts   BIGINT NOT NULL CHECK (attempts >= 0),
    due_at     BIGINT NOT NULL,
    reason     TEXT,
    created_at BIGINT NOT NULL,
    sent_at    BIGINT,
    version    BIGINT NOT NULL,
    CHECK (secret IS NULL OR status = 'queued')
);

CREATE INDEX mail_due ON mail (due_at) WHERE status = 'queued';
CREATE INDEX mail_person ON mail (person);
CREATE INDEX mail_order ON mail (order_id);
CREATE INDEX mail_status ON mail (status, id);
