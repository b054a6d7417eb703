//! What may not be, in SQL that SQLite and Postgres both understand, but for what [`super::Dialect`] says.
//!
//! Each module is a schema. The first column, `subject`, is text that names what is wrong.

/// What is in the way of peace.
pub(super) const UNREST: [&str; 2] = [
    "SELECT 'saga ' || id AS subject FROM orders.saga WHERE status IN ('running', 'undoing')",
    "SELECT 'payment ' || id AS subject FROM payments.payment WHERE status = 'processing'",
];

/// The same of each module.
pub(super) const UNREST_OF_A_MODULE: [&str; 2] = [
    "SELECT '{module} published ' || channel || ' ' || key || ' ' || seq AS subject FROM {module}.outbox",
    "SELECT '{module} parked ' || channel || ' ' || key || ' ' || seq || ': ' || reason AS subject
     FROM {module}.parked",
];

/// The parcels that a carrier has, and those of which nothing more is expected.
pub(super) const ON_THE_WAY: &str = "
    SELECT id || ' is ' || status AS subject FROM deliveries.shipment
    WHERE status IN ('dispatched', 'in_transit', 'out_for_delivery', 'failed_attempt', 'returning')";
pub(super) const ENDED: &str =
    "SELECT id AS subject FROM deliveries.shipment WHERE status = '{status}'";

/// The orders that were placed under a key.
pub(super) const ORDERS_UNDER: &str = "
    SELECT o.id AS subject FROM orders.idempotency AS i, orders.orders AS o
    WHERE i.key = '{key}' AND o.id = i.body{json} ->> 'id'";

/// What may not be, as queries that find it.
pub(super) const FORBIDDEN: [(&str, &str); 28] = [
    (
        "an order is in a state that is none",
        "SELECT id AS subject FROM orders.orders WHERE status NOT IN ('pending', 'completed', 'cancelled', 'expired', 'rejected')",
    ),
    (
        "an order has no answer under its key, or several",
        "SELECT id AS subject FROM orders.orders AS o WHERE 1 <> (
            SELECT count(*) FROM orders.idempotency AS i
            WHERE i.scope LIKE '% place' AND i.body{json} ->> 'id' = o.id)",
    ),
    (
        "an answer is about an order that does not exist",
        "SELECT key AS subject FROM orders.idempotency
         WHERE body{json} ->> 'id' NOT IN (SELECT id FROM orders.orders)",
    ),
    (
        "a checkout did not end with its order",
        "SELECT o.id AS subject FROM orders.orders AS o
         WHERE (o.status = 'completed' OR EXISTS (
            SELECT 1 FROM orders.saga AS s
            WHERE s.id LIKE 'cancellation:' || o.id || '.%' AND s.status = 'completed'))
         <> EXISTS (
            SELECT 1 FROM orders.saga AS s
            WHERE s.id = 'checkout:' || o.id AND s.status = 'completed')",
    ),
    (
        "a cancellation ended otherwise than its order",
        "SELECT s.id AS subject FROM orders.saga AS s
         LEFT JOIN orders.orders AS o ON s.id LIKE 'cancellation:' || o.id || '.%'
         WHERE s.name = 'cancellation' AND s.status = 'completed' AND (o.status IS DISTINCT FROM 'cancelled'
            OR o.payment_status <> 'refunded')",
    ),
    (
        "a completed order was not paid exactly once, and in full",
        "SELECT id AS subject FROM orders.orders AS o WHERE status = 'completed' AND 1 <> (
            SELECT count(*) FROM payments.payment AS p WHERE p.order_id = o.id
            AND p.id = o.payment AND p.status = 'captured' AND p.captured = o.grand)",
    ),
    (
        "an order says something else about its money than its payment",
        "SELECT o.id AS subject FROM orders.orders AS o JOIN payments.payment AS p ON p.id = o.payment
         WHERE o.payment_status <> CASE
            WHEN p.status = 'authorized' THEN 'authorized'
            WHEN p.captured = 0 THEN 'none' WHEN p.refunded = 0 THEN 'paid'
            WHEN p.refunded < p.captured THEN 'partially_refunded' ELSE 'refunded' END",
    ),
    (
        "an order says something else about its parcels than they do together",
        "SELECT o.id AS subject FROM orders.orders AS o JOIN (
            SELECT order_id, count(*) AS parcels,
                SUM(CASE WHEN status IN ('pending', 'ready') THEN 1 ELSE 0 END) AS here,
                SUM(CASE WHEN status = 'delivered' THEN 1 ELSE 0 END) AS there,
                SUM(CASE WHEN status = 'returned' THEN 1 ELSE 0 END) AS back,
                SUM(CASE WHEN status IN ('returning', 'returned') THEN 1 ELSE 0 END) AS turned
            FROM deliveries.shipment WHERE status NOT IN ('tombstone', 'cancelled') GROUP BY order_id
         ) AS s ON s.order_id = o.id
         WHERE o.status = 'completed' AND o.delivery_status <> CASE
            WHEN there = parcels THEN 'delivered' WHEN there > 0 THEN 'partially_delivered'
            WHEN back = parcels THEN 'returned' WHEN turned > 0 THEN 'returning'
            WHEN here = parcels THEN 'preparing' ELSE 'in_transit' END",
    ),
    (
        "the parcels of an order do not hold what was bought",
        "SELECT o.id AS subject FROM orders.orders AS o, {each}(o.lines{json}) AS line
         WHERE o.status = 'completed' AND CAST(line.value ->> 'quantity' AS BIGINT) <> (
            SELECT COALESCE(SUM(CAST(part.value ->> 'quantity' AS BIGINT)), 0)
            FROM deliveries.shipment AS s, {each}(s.lines{json}) AS part
            WHERE s.order_id = o.id AND part.value ->> 'variant' = line.value ->> 'variant')",
    ),
    (
        "an order counts as sent something else than what left the house",
        "SELECT o.id AS subject FROM orders.orders AS o, {each}(o.lines{json}) AS line
         WHERE o.status = 'completed' AND (
            SELECT COALESCE(SUM(l.shipped), 0) FROM orders.order_line AS l
            WHERE l.order_id = o.id AND l.variant = line.value ->> 'variant'
         ) <> (
            SELECT COALESCE(SUM(CAST(part.value ->> 'quantity' AS BIGINT)), 0)
            FROM deliveries.shipment AS s, {each}(s.lines{json}) AS part
            WHERE s.order_id = o.id AND part.value ->> 'variant' = line.value ->> 'variant'
            AND s.status NOT IN ('pending', 'ready', 'cancelled', 'tombstone'))",
    ),
    (
        "an order has two payments",
        "SELECT order_id AS subject FROM payments.payment GROUP BY order_id HAVING count(*) > 1",
    ),
    (
        "money was taken for an order that is not completed",
        "SELECT p.id AS subject FROM payments.payment AS p LEFT JOIN orders.orders AS o ON o.id = p.order_id
         WHERE p.captured > p.refunded AND o.status IS DISTINCT FROM 'completed'",
    ),
    (
        "the provider charged something else than what was captured",
        "SELECT charged || ' and ' || captured AS subject FROM
            (SELECT COALESCE(SUM(captured), 0) AS charged FROM sandbox.sandbox_charge) AS provider,
            (SELECT COALESCE(SUM(captured), 0) AS captured FROM payments.payment
             WHERE attempts LIKE '%_provider_:_sandbox_%') AS shop
         WHERE charged <> captured",
    ),
    (
        "the provider gave back something else than what was refunded",
        "SELECT returned || ' and ' || refunded AS subject FROM
            (SELECT COALESCE(SUM(amount), 0) AS returned FROM sandbox.sandbox_refund) AS provider,
            (SELECT COALESCE(SUM(refunded), 0) AS refunded FROM payments.payment
             WHERE attempts LIKE '%_provider_:_sandbox_%') AS shop
         WHERE returned <> refunded",
    ),
    (
        "refunds do not add up to what was refunded",
        "SELECT p.id AS subject FROM payments.payment AS p WHERE p.refunded <> (
            SELECT COALESCE(SUM(r.amount), 0) FROM payments.refund AS r
            WHERE r.payment_id = p.id AND r.status = 'succeeded')",
    ),
    (
        "a posting of the ledger does not sum to zero",
        "SELECT posting AS subject FROM payments.ledger_entry
         GROUP BY payment_id, posting, currency HAVING SUM(amount) <> 0",
    ),
    (
        "what was taken and kept is not what the ledger says",
        "SELECT id AS subject FROM payments.payment AS p WHERE captured - refunded <> (
            SELECT COALESCE(SUM(amount), 0) FROM payments.ledger_entry
            WHERE payment_id = p.id AND account = 'provider')",
    ),
    (
        "a completed order has not sold its stock exactly once",
        "SELECT id AS subject FROM orders.orders AS o WHERE status = 'completed' AND 1 <> (
            SELECT count(*) FROM products.reservation AS r
            WHERE r.owner = o.id AND (r.state IN ('committed', 'consumed')
                OR (r.state = 'released' AND NOT EXISTS (
                    SELECT 1 FROM deliveries.shipment AS s
                    WHERE s.order_id = o.id AND s.status NOT IN ('cancelled', 'tombstone')))))",
    ),
    (
        "stock left the house otherwise than in parcels",
        "SELECT r.owner AS subject FROM products.reservation AS r WHERE (
            SELECT COALESCE(SUM(m.quantity), 0) FROM products.stock_movement AS m
            WHERE m.reservation = r.id AND m.kind = 'shipped'
         ) <> (
            SELECT COALESCE(SUM(CAST(part.value ->> 'quantity' AS BIGINT)), 0)
            FROM deliveries.shipment AS s, {each}(s.lines{json}) AS part
            WHERE s.order_id = r.owner AND s.status NOT IN ('pending', 'ready', 'cancelled', 'tombstone'))",
    ),
    (
        "stock is held for what is in no parcel of a completed order",
        "SELECT r.owner AS subject FROM products.reservation AS r JOIN orders.orders AS o ON o.id = r.owner
         WHERE o.status = 'completed' AND r.state = 'committed' AND (
            SELECT COALESCE(SUM(CAST(line.value ->> 'quantity' AS BIGINT)), 0) FROM {each}(r.lines{json}) AS line
         ) <> (
            SELECT COALESCE(SUM(CAST(part.value ->> 'quantity' AS BIGINT)), 0)
            FROM deliveries.shipment AS s, {each}(s.lines{json}) AS part
            WHERE s.order_id = o.id AND s.status IN ('pending', 'ready'))",
    ),
    (
        "stock is sold without a completed order",
        "SELECT r.id AS subject FROM products.reservation AS r LEFT JOIN orders.orders AS o ON o.id = r.owner
         WHERE r.state IN ('committed', 'consumed') AND o.status IS DISTINCT FROM 'completed'",
    ),
    (
        "an order that can be paid has lost its stock",
        "SELECT o.id AS subject FROM orders.orders AS o LEFT JOIN products.reservation AS r ON r.owner = o.id
         WHERE o.status = 'pending' AND r.state IS DISTINCT FROM 'held'",
    ),
    (
        "a completed order has not one first shipment, or another has one",
        "SELECT id AS subject FROM orders.orders AS o
         WHERE CASE status WHEN 'completed' THEN 1 ELSE 0 END <> (
            SELECT count(*) FROM deliveries.shipment AS s
            WHERE s.order_id = o.id AND s.status <> 'tombstone' AND s.seq = 1
            AND (o.status = 'completed' OR s.status <> 'cancelled'))",
    ),
    (
        "history shows an order otherwise than it is",
        "SELECT o.id AS subject FROM orders.orders AS o LEFT JOIN history.order_entry AS h ON h.id = o.id
            AND h.generation = (SELECT id FROM history.generation WHERE state = 'current')
         WHERE h.status IS DISTINCT FROM o.status
            OR o.payment_status <> CASE WHEN h.payment_status = 'authorized'
                AND h.status IN ('cancelled', 'expired', 'rejected') THEN 'none' ELSE h.payment_status END
            OR h.delivery_status IS DISTINCT FROM o.delivery_status OR h.number IS DISTINCT FROM o.number
            OR h.total IS DISTINCT FROM o.grand OR h.customer IS DISTINCT FROM o.customer",
    ),
    (
        "history shows what is no order",
        "SELECT id AS subject FROM history.order_entry WHERE id NOT IN (SELECT id FROM orders.orders)",
    ),
    (
        "nobody was written to about an order that was placed",
        "SELECT id AS subject FROM orders.orders AS o WHERE 1 <> (
            SELECT count(*) FROM notifications.mail AS m
            WHERE m.order_id = o.id AND m.kind = 'order-placed')",
    ),
    (
        "movements do not add up to what is on hand and what is reserved",
        "SELECT l.variant AS subject FROM products.stock_level AS l
         LEFT JOIN products.stock_movement AS m ON m.variant = l.variant
         GROUP BY l.variant, l.on_hand, l.reserved
         HAVING l.on_hand <> SUM(CASE WHEN m.kind IN ('received', 'returned', 'adjusted')
                THEN m.quantity WHEN m.kind = 'shipped' THEN -m.quantity ELSE 0 END)
             OR l.reserved <> SUM(CASE WHEN m.kind = 'reserved' THEN m.quantity
                WHEN m.kind IN ('released', 'shipped') THEN -m.quantity ELSE 0 END)",
    ),
    (
        "live reservations do not add up to what is reserved",
        "SELECT l.variant AS subject FROM products.stock_level AS l WHERE l.reserved <> (
            SELECT COALESCE(SUM(CAST(line.value ->> 'quantity' AS BIGINT)), 0)
            FROM products.reservation AS r, {each}(r.lines{json}) AS line
            WHERE r.state IN ('held', 'committed') AND line.value ->> 'variant' = l.variant)",
    ),
];
