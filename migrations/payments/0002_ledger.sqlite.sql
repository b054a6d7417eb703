-- Double entry: the rows of one posting sum to zero. Append-only.
CREATE TABLE ledger_entry (
    payment_id  TEXT   NOT NULL,
    posting     TEXT   NOT NULL,
    account     TEXT   NOT NULL CHECK (account IN ('customer', 'provider')),
    currency    TEXT   NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount <> 0),
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (payment_id, posting, account)
);

CREATE TRIGGER ledger_entry_is_not_updated BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_entry_is_not_deleted BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
