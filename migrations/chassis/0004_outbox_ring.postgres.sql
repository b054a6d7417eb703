-- The outbox as a ring of four tables, each in turn for 8,192 positions. Rows that were removed cannot be
-- vacuumed while a transaction is open anywhere in the server, however long that is; but the table of a
-- part that is empty can be thrown away, and the relay does so when the ring has moved on.
DROP INDEX outbox_xid;

ALTER TABLE outbox RENAME TO outbox_flat;

CREATE TABLE outbox (
    pos      BIGINT GENERATED ALWAYS AS IDENTITY,
    xid      xid8   NOT NULL DEFAULT pg_current_xact_id(),
    shard    BIGINT NOT NULL,
    channel  TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    kind     TEXT   NOT NULL CHECK (kind IN ('event', 'command', 'reply', 'document')),
    envelope TEXT   NOT NULL
) PARTITION BY LIST (((pos >> 13) & 3));

CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES IN (0);
CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES IN (1);
CREATE TABLE outbox_2 PARTITION OF outbox FOR VALUES IN (2);
CREATE TABLE outbox_3 PARTITION OF outbox FOR VALUES IN (3);

CREATE INDEX outbox_pos ON outbox (pos);
CREATE INDEX outbox_xid ON outbox (xid);

INSERT INTO outbox (pos, xid, shard, channel, key, seq, kind, envelope) OVERRIDING SYSTEM VALUE
SELECT pos, xid, shard, channel, key, seq, kind, envelope FROM outbox_flat;

SELECT setval(pg_get_serial_sequence('outbox', 'pos'), nextval(pg_get_serial_sequence('outbox_flat', 'pos')));

DROP TABLE outbox_flat;
