-- All the ways of an order, who is reached how, who pays, and what happened when. SQLite cannot change a
-- CHECK, so the table is made again.

CREATE TABLE orders_next (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    customer TEXT NOT NULL,
    -- The e-mail address of a guest.
    contact TEXT,
    cart TEXT NOT NULL,
    -- A JSON array of lines with their snapshots.
    lines TEXT NOT NULL,
    -- JSON objects, the addresses as they were.
    ship_to TEXT NOT NULL,
    bill_to TEXT NOT NULL,
    delivery_method TEXT NOT NULL,
    currency TEXT NOT NULL,
    items BIGINT NOT NULL,
    shipping BIGINT NOT NULL,
    grand BIGINT NOT NULL,
    status TEXT NOT NULL,
    payment_status TEXT NOT NULL,
    delivery_status TEXT NOT NULL,
    payment TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- One JSON object a line, one line for each version.
    timeline TEXT NOT NULL,
    CONSTRAINT orders_number UNIQUE (number),
    -- One cart becomes one order.
    CONSTRAINT orders_cart UNIQUE (cart),
    CONSTRAINT orders_payment UNIQUE (payment),
    CONSTRAINT orders_currency CHECK (length(currency) = 3),
    CONSTRAINT orders_total CHECK (items >= 0 AND shipping >= 0 AND grand = items + shipping),
    CONSTRAINT orders_status CHECK
        (status IN ('pending', 'completed', 'cancelling', 'cancelled', 'expired', 'rejected')),
    CONSTRAINT orders_payment_status CHECK
        (payment_status IN ('none', 'authorized', 'paid', 'partially_refunded', 'refunded')),
    CONSTRAINT orders_delivery_status CHECK (delivery_status IN
        ('none', 'preparing', 'in_transit', 'partially_delivered', 'delivered', 'returning', 'returned')),
    CONSTRAINT orders_completed_is_paid CHECK
        (status NOT IN ('completed', 'cancelling') OR payment_status NOT IN ('none', 'authorized')),
    CONSTRAINT orders_ended_is_let_go CHECK
        (status NOT IN ('cancelled', 'expired', 'rejected') OR payment_status <> 'authorized'),
    CONSTRAINT orders_delivered_is_completed
        CHECK (delivery_status = 'none' OR status IN ('completed', 'cancelling')),
    CONSTRAINT orders_expiry CHECK (expires_at > placed_at),
    CONSTRAINT orders_version CHECK (version >= 1)
);

INSERT INTO orders_next
SELECT id, number, customer, NULL, cart, lines, ship_to, ship_to, delivery_method, currency, items,
       shipping, grand, status, payment_status, delivery_status, payment, placed_at, expires_at, version, ''
FROM orders;

DROP TABLE orders;
ALTER TABLE orders_next RENAME TO orders;

-- What the sweeper looks for.
CREATE INDEX orders_due ON orders (expires_at)
    WHERE status = 'pending' AND payment_status IN ('none', 'authorized');

-- What staff look for.
CREATE INDEX orders_customer ON orders (customer, id);

-- What was agreed never changes.

CREATE TRIGGER orders_promise BEFORE UPDATE OF
    id, number, customer, contact, cart, lines, ship_to, bill_to, delivery_method, currency, items, shipping,
    grand, payment, placed_at
ON orders BEGIN
    SELECT RAISE(ABORT, 'what was agreed with an order never changes');
END;

CREATE TRIGGER orders_kept BEFORE DELETE ON orders BEGIN
    SELECT RAISE(ABORT, 'orders are kept');
END;
