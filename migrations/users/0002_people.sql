-- What makes an account usable: proofs sent by mail, log-ins that go on, defaults, staff, keys that rotate.

ALTER TABLE account ADD COLUMN phone TEXT;
ALTER TABLE account ADD COLUMN email_verified_at BIGINT;

CREATE INDEX account_by_age ON account (created_at, id);

-- Counts the active accounts of a role that must not die out; its row is also the lock.
CREATE TABLE headcount (
    role TEXT PRIMARY KEY,
    active BIGINT NOT NULL,
    CONSTRAINT headcount_active CHECK (active >= 0)
);

INSERT INTO headcount (role, active)
SELECT 'admin', found FROM (
    SELECT COUNT(*) AS found FROM account WHERE status = 'active' AND roles LIKE '%"admin"%'
) AS admins
WHERE found > 0;

ALTER TABLE address ADD COLUMN default_shipping BIGINT NOT NULL DEFAULT 0;
ALTER TABLE address ADD COLUMN default_billing BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX address_default_shipping ON address (account) WHERE default_shipping = 1;
CREATE UNIQUE INDEX address_default_billing ON address (account) WHERE default_billing = 1;

-- A log-in is a family of rows, one for each refresh token it has had. What is true of the whole log-in
-- stands in its first row, whose id names it: when it was revoked, and the three columns here. Whoever
-- changes a log-in changes that row first, so that no two do at once.
ALTER TABLE session ADD COLUMN refreshed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN live_until BIGINT NOT NULL DEFAULT 0;
-- When the token of this row was used, and what makes its successor out of it, for as long as it may be
-- asked for again.
ALTER TABLE session ADD COLUMN used_at BIGINT;
ALTER TABLE session ADD COLUMN successor_nonce TEXT;

UPDATE session SET refreshed_at = created_at, live_until = expires_at;

CREATE INDEX session_by_family ON session (family);
CREATE INDEX session_used_lately ON session (used_at) WHERE successor_nonce IS NOT NULL;
CREATE INDEX session_over ON session (live_until) WHERE parent IS NULL;

CREATE TABLE one_time_token (
    -- SHA-256 of the token, base64url; the token itself is nowhere but in the message that carries it.
    hash TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT one_time_token_purpose CHECK (purpose IN ('verify-email', 'reset-password'))
);

CREATE INDEX one_time_token_by_account ON one_time_token (account, purpose);
CREATE INDEX one_time_token_by_end ON one_time_token (expires_at);

-- Somebody forgot a password. Whether there is such an account is found out later, so that whoever asks
-- cannot tell from the answer, nor from how long it took.
CREATE TABLE reset_wish (
    id TEXT PRIMARY KEY,
    email_key TEXT NOT NULL,
    asked_at BIGINT NOT NULL
);

-- From when on the key signs; until then it is published only.
ALTER TABLE signing_key ADD COLUMN signs_from BIGINT NOT NULL DEFAULT 0;
