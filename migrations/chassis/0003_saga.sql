-- One row per saga: where it stands, its data as JSON, and a log of one JSON object per line.
CREATE TABLE saga (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    plan_hash  BIGINT NOT NULL,
    status     TEXT   NOT NULL
               CHECK (status IN ('running', 'waiting', 'undoing', 'completed', 'compensated')),
    step       BIGINT NOT NULL CHECK (step >= 0),
    turn       BIGINT NOT NULL CHECK (turn >= 0),
    given_up   BIGINT,
    due_at     BIGINT CHECK (due_at IS NULL OR status = 'running'),
    data       TEXT   NOT NULL,
    log        TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What the sweeper looks for.
CREATE INDEX saga_due ON saga (due_at) WHERE due_at IS NOT NULL;

-- What people look for: the sagas that have not ended.
CREATE INDEX saga_open ON saga (name, created_at) WHERE status IN ('running', 'waiting', 'undoing');

-- What is forgotten after a while: the sagas that have.
CREATE INDEX saga_ended ON saga (updated_at) WHERE status IN ('completed', 'compensated');
