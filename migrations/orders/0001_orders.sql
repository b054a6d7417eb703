-- Orders. What was agreed is written once; only the three statuses move, each by a conditional update.

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    customer TEXT NOT NULL,
    cart TEXT NOT NULL,
    -- A JSON array of lines with their snapshots.
    lines TEXT NOT NULL,
    -- A JSON object, the address as it was.
    ship_to TEXT NOT NULL,
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
    CONSTRAINT orders_number UNIQUE (number),
    -- One cart becomes one order.
    CONSTRAINT orders_cart UNIQUE (cart),
    CONSTRAINT orders_payment UNIQUE (payment),
    CONSTRAINT orders_currency CHECK (length(currency) = 3),
    CONSTRAINT orders_total CHECK (items >= 0 AND shipping >= 0 AND grand = items + shipping),
    CONSTRAINT orders_status CHECK (status IN ('pending', 'completed', 'cancelled', 'expired')),
    CONSTRAINT orders_payment_status CHECK (payment_status IN ('none', 'paid')),
    CONSTRAINT orders_delivery_status CHECK (delivery_status IN ('none', 'preparing')),
    CONSTRAINT orders_completed_is_paid CHECK (status <> 'completed' OR payment_status = 'paid'),
    CONSTRAINT orders_ended_is_unpaid
        CHECK (status NOT IN ('cancelled', 'expired') OR payment_status = 'none'),
    CONSTRAINT orders_delivered_is_completed
        CHECK (delivery_status = 'none' OR status = 'completed'),
    CONSTRAINT orders_expiry CHECK (expires_at > placed_at),
    CONSTRAINT orders_version CHECK (version >= 1)
);

-- What the sweeper looks for.
CREATE INDEX orders_due ON orders (expires_at) WHERE status = 'pending' AND payment_status = 'none';
