-- All the ways of an order, who is reached how, who pays, and what happened when.

ALTER TABLE orders
    -- The e-mail address of a guest.
    ADD COLUMN contact TEXT,
    -- A JSON object, the address as it was.
    ADD COLUMN bill_to TEXT NOT NULL DEFAULT '',
    -- One JSON object a line, one line for each version.
    ADD COLUMN timeline TEXT NOT NULL DEFAULT '';

UPDATE orders SET bill_to = ship_to;

ALTER TABLE orders
    ALTER COLUMN bill_to DROP DEFAULT,
    ALTER COLUMN timeline DROP DEFAULT,
    DROP CONSTRAINT orders_status,
    DROP CONSTRAINT orders_payment_status,
    DROP CONSTRAINT orders_delivery_status,
    DROP CONSTRAINT orders_completed_is_paid,
    DROP CONSTRAINT orders_ended_is_unpaid,
    DROP CONSTRAINT orders_delivered_is_completed,
    ADD CONSTRAINT orders_status CHECK
        (status IN ('pending', 'completed', 'cancelling', 'cancelled', 'expired', 'rejected')),
    ADD CONSTRAINT orders_payment_status CHECK
        (payment_status IN ('none', 'authorized', 'paid', 'partially_refunded', 'refunded')),
    ADD CONSTRAINT orders_delivery_status CHECK (delivery_status IN
        ('none', 'preparing', 'in_transit', 'partially_delivered', 'delivered', 'returning', 'returned')),
    ADD CONSTRAINT orders_completed_is_paid CHECK
        (status NOT IN ('completed', 'cancelling') OR payment_status NOT IN ('none', 'authorized')),
    ADD CONSTRAINT orders_ended_is_let_go CHECK
        (status NOT IN ('cancelled', 'expired', 'rejected') OR payment_status <> 'authorized'),
    ADD CONSTRAINT orders_delivered_is_completed
        CHECK (delivery_status = 'none' OR status IN ('completed', 'cancelling'));

-- What the sweeper looks for.
DROP INDEX orders_due;
CREATE INDEX orders_due ON orders (expires_at)
    WHERE status = 'pending' AND payment_status IN ('none', 'authorized');

-- What staff look for.
CREATE INDEX orders_customer ON orders (customer, id);

-- What was agreed never changes.

DROP TRIGGER orders_promise ON orders;
CREATE TRIGGER orders_promise BEFORE UPDATE OF
    id, number, customer, contact, cart, lines, ship_to, bill_to, delivery_method, currency, items, shipping,
    grand, payment, placed_at
ON orders FOR EACH ROW EXECUTE FUNCTION orders_promise();
