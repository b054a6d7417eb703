-- People, their address books, their log-ins and the keys that sign their access tokens.

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    -- The e-mail address in lower case: what must be unique.
    email_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    -- A JSON array of role names.
    roles TEXT NOT NULL,
    -- Counted here so that two additions at once cannot pass the limit.
    addresses BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT account_email_key UNIQUE (email_key),
    CONSTRAINT account_status CHECK (status IN ('active', 'locked', 'erased')),
    CONSTRAINT account_addresses CHECK (addresses BETWEEN 0 AND 50),
    CONSTRAINT account_version CHECK (version >= 1)
);

CREATE TABLE address (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    label TEXT NOT NULL,
    recipient TEXT NOT NULL,
    phone TEXT,
    line1 TEXT NOT NULL,
    line2 TEXT,
    city TEXT NOT NULL,
    region TEXT,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT address_country CHECK (length(country) = 2 AND country = upper(country)),
    CONSTRAINT address_version CHECK (version >= 1)
);

CREATE INDEX address_by_account ON address (account, created_at, id);

CREATE TABLE session (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    -- SHA-256 of the refresh token, base64url; the token itself is nowhere.
    refresh_hash TEXT NOT NULL,
    -- The session that a chain of rotations began with, and the one before this.
    family TEXT NOT NULL,
    parent TEXT REFERENCES session (id),
    user_agent TEXT,
    ip TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CONSTRAINT session_refresh_hash UNIQUE (refresh_hash),
    CONSTRAINT session_expiry CHECK (expires_at > created_at),
    CONSTRAINT session_family CHECK ((parent IS NULL) = (family = id))
);

CREATE INDEX session_by_account ON session (account, id);

CREATE TABLE signing_key (
    -- Counts the keys from 1; two processes that start together cannot both make the same one.
    generation BIGINT PRIMARY KEY,
    kid TEXT NOT NULL,
    -- The private half; whoever reads this table can sign tokens.
    private_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT signing_key_kid UNIQUE (kid),
    CONSTRAINT signing_key_generation CHECK (generation >= 1)
);
