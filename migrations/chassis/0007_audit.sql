-- How often a parked message was changed, so that two who change it at once notice each other.
ALTER TABLE parked ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- What people did to messages and sagas of this module: written in the transaction of the change.
CREATE TABLE audit (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    deed    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    before  TEXT   NOT NULL,
    after   TEXT   NOT NULL
);

CREATE INDEX audit_subject ON audit (subject, id);
