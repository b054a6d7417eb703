-- What was agreed never changes.

CREATE FUNCTION orders_promise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was agreed with an order never changes';
END
$$;

CREATE TRIGGER orders_promise BEFORE UPDATE OF
    id, number, customer, cart, lines, ship_to, delivery_method, currency, items, shipping, grand,
    payment, placed_at
ON orders FOR EACH ROW EXECUTE FUNCTION orders_promise();

CREATE TRIGGER orders_kept BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION orders_promise();
