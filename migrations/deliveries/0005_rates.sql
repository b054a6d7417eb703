-- What the carriers charge, as far as they have answered: one JSON object. Times are microseconds since the epoch.
CREATE TABLE rate_card (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    asked_at BIGINT NOT NULL,
    card     TEXT   NOT NULL
);
