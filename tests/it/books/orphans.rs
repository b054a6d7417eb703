//! What would be left over when something ended halfway: it belongs to nobody, or nobody was told. In SQL, as
//! in [`super::sentences`].

/// Stock that is held for an order that was never placed. It is taken back when its time is over.
pub(super) const OWNERLESS: &str = "
    SELECT r.id || ' is held for ' || r.owner AS subject FROM products.reservation AS r
    LEFT JOIN orders.orders AS o ON o.id = r.owner WHERE r.state = 'held' AND o.id IS NULL";

/// Orders of which something more is expected.
pub(super) const OPEN: &str = "
    SELECT id || ' is ' || status AS subject FROM orders.orders WHERE status IN ('pending', 'cancelling')";

/// What may not be, as queries that find it.
pub(super) const ORPHANS: [(&str, &str); 8] = [
    (
        "stock is held for an order that has ended",
        "SELECT r.id AS subject FROM products.reservation AS r JOIN orders.orders AS o ON o.id = r.owner
         WHERE r.state = 'held' AND o.status <> 'pending'",
    ),
    (
        "a payment belongs to no order",
        "SELECT id AS subject FROM payments.payment WHERE order_id NOT IN (SELECT id FROM orders.orders)",
    ),
    (
        "a payment goes on for an order that has ended",
        "SELECT p.id || ' is ' || p.status AS subject FROM payments.payment AS p
         JOIN orders.orders AS o ON o.payment = p.id
         WHERE p.status IN ('requested', 'processing', 'requires_action', 'authorized')
         AND o.status IN ('cancelled', 'expired', 'rejected')",
    ),
    (
        "the provider has set aside something else than payments say",
        "SELECT aside || ' and ' || authorized AS subject FROM
            (SELECT COALESCE(SUM(amount), 0) AS aside FROM sandbox.sandbox_charge
             WHERE status = 'authorized') AS provider,
            (SELECT COALESCE(SUM(authorized), 0) AS authorized FROM payments.payment
             WHERE status = 'authorized') AS shop
         WHERE aside <> authorized",
    ),
    (
        "a refund was not carried out, and money is reserved for it",
        "SELECT id AS subject FROM payments.payment WHERE refund_pending <> 0",
    ),
    (
        "nobody was written to about how an order went on, or twice",
        "SELECT o.id || ' is ' || o.status AS subject FROM orders.orders AS o WHERE
            CASE o.status WHEN 'cancelled' THEN 1 ELSE 0 END <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-cancelled')
         OR CASE o.status WHEN 'expired' THEN 1 ELSE 0 END <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-expired')
         OR CASE o.status WHEN 'rejected' THEN 1 ELSE 0 END <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-rejected')
         OR (SELECT count(*) FROM orders.saga AS s
                WHERE s.id = 'checkout:' || o.id AND s.status = 'completed') <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-paid')",
    ),
    (
        "nobody was written to about money that came back, or twice",
        "SELECT p.id AS subject FROM payments.payment AS p WHERE
            (SELECT count(*) FROM payments.refund AS r
                WHERE r.payment_id = p.id AND r.status = 'succeeded') <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = p.order_id AND m.kind = 'order-refunded')",
    ),
    (
        "nobody was written to about a parcel that left, or twice",
        "SELECT o.id AS subject FROM orders.orders AS o WHERE
            (SELECT count(*) FROM deliveries.shipment AS s
                WHERE s.order_id = o.id AND s.dispatched_at IS NOT NULL) <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-shipped')
         OR (SELECT count(*) FROM deliveries.shipment AS s
                WHERE s.order_id = o.id AND s.status = 'delivered') <> (SELECT count(*)
                FROM notifications.mail AS m WHERE m.order_id = o.id AND m.kind = 'order-delivered')",
    ),
];

/// What a storm is there for, as queries that must find some of it.
pub(super) const WEATHERED: [(&str, &str); 8] = [
    (
        "orders that were cancelled before they were paid",
        "SELECT id AS subject FROM orders.orders WHERE status = 'cancelled' AND payment_status = 'none'",
    ),
    (
        "orders that were cancelled after they were paid",
        "SELECT id AS subject FROM orders.orders
         WHERE status = 'cancelled' AND payment_status = 'refunded'",
    ),
    (
        "orders that nobody paid in time",
        "SELECT id AS subject FROM orders.orders WHERE status = 'expired'",
    ),
    (
        "orders of which a part was given back",
        "SELECT id AS subject FROM orders.orders
         WHERE status = 'completed' AND payment_status = 'partially_refunded'",
    ),
    (
        "orders that another card paid",
        "SELECT id AS subject FROM payments.payment
         WHERE captured > 0 AND json_array_length(attempts{json}) > 1",
    ),
    (
        "cards whose bank has seen the customer",
        "SELECT reference AS subject FROM sandbox.sandbox_charge
         WHERE token = 'pm_card_authenticationRequired' AND status = 'succeeded'",
    ),
    (
        "parcels that staff called off",
        "SELECT s.id AS subject FROM deliveries.shipment AS s JOIN orders.orders AS o ON o.id = s.order_id
         WHERE s.status = 'cancelled' AND o.status = 'completed'",
    ),
    (
        "parcels that left",
        "SELECT id AS subject FROM deliveries.shipment WHERE dispatched_at IS NOT NULL",
    ),
];
