-- What was agreed never changes.

CREATE TRIGGER orders_promise BEFORE UPDATE OF
    id, number, customer, cart, lines, ship_to, delivery_method, currency, items, shipping, grand,
    payment, placed_at
ON orders BEGIN
    SELECT RAISE(ABORT, 'what was agreed with an order never changes');
END;

CREATE TRIGGER orders_kept BEFORE DELETE ON orders BEGIN
    SELECT RAISE(ABORT, 'orders are kept');
END;
