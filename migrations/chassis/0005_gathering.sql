-- Questions that several are asked, until enough have answered or their time is over; then the row is gone.
-- `answers` is one JSON object a line. Times are microseconds since the epoch.
CREATE TABLE gathering (
    id       TEXT   NOT NULL PRIMARY KEY,
    channel  TEXT   NOT NULL,
    about    TEXT   NOT NULL,
    expected BIGINT NOT NULL CHECK (expected >= 1),
    due_at   BIGINT NOT NULL,
    answers  TEXT   NOT NULL
);

CREATE INDEX gathering_due ON gathering (channel, due_at);
