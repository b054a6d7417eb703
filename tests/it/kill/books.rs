//! The databases of all modules at once, as an auditor reads them: nothing is written.

use std::path::Path;

use rusqlite::Connection;

/// Those whose tables are looked at, by the name under which they are attached.
const MODULES: [&str; 6] = ["users", "products", "carts", "orders", "payments", "deliveries"];
/// What the sandbox provider remembers, attached beside them.
const PROVIDER: &str = "sandbox";

/// What is in the way of peace, as queries for its number.
const UNREST: [&str; 2] = [
    "SELECT count(*) FROM orders.saga WHERE status IN ('running', 'undoing')",
    "SELECT count(*) FROM payments.payment WHERE status = 'processing'",
];

/// What may not be, as queries that find it.
const FORBIDDEN: [(&str, &str); 16] = [
    (
        "an order is in a state that is none",
        "SELECT id FROM orders.orders WHERE status NOT IN ('pending', 'completed', 'cancelled', 'expired')",
    ),
    (
        "an order has no answer under its key, or several",
        "SELECT id FROM orders.orders AS o WHERE 1 <> (
            SELECT count(*) FROM orders.idempotency AS i WHERE i.body ->> 'id' = o.id)",
    ),
    (
        "an answer is about an order that does not exist",
        "SELECT key FROM orders.idempotency
         WHERE body ->> 'id' NOT IN (SELECT id FROM orders.orders)",
    ),
    (
        "a saga did not end with its order",
        "SELECT o.id FROM orders.orders AS o
         WHERE (o.status = 'completed') <> EXISTS (
            SELECT 1 FROM orders.saga AS s WHERE instr(s.data, o.id) AND s.status = 'completed')",
    ),
    (
        "a completed order was not paid exactly once, and in full",
        "SELECT id FROM orders.orders AS o WHERE status = 'completed' AND 1 <> (
            SELECT count(*) FROM payments.payment AS p WHERE p.order_id = o.id
            AND p.id = o.payment AND p.status = 'captured' AND p.captured = o.grand)",
    ),
    (
        "an order has two payments",
        "SELECT order_id FROM payments.payment GROUP BY order_id HAVING count(*) > 1",
    ),
    (
        "money was taken for an order that is not completed",
        "SELECT p.id FROM payments.payment AS p LEFT JOIN orders.orders AS o ON o.id = p.order_id
         WHERE p.captured > p.refunded AND o.status IS NOT 'completed'",
    ),
    (
        "the provider charged something else than what was captured",
        "SELECT charged, captured FROM
            (SELECT COALESCE(SUM(amount), 0) AS charged FROM sandbox.sandbox_charge
             WHERE status = 'succeeded'),
            (SELECT COALESCE(SUM(captured), 0) AS captured FROM payments.payment)
         WHERE charged <> captured",
    ),
    (
        "a posting of the ledger does not sum to zero",
        "SELECT posting FROM payments.ledger_entry
         GROUP BY payment_id, posting, currency HAVING SUM(amount) <> 0",
    ),
    (
        "a captured payment is not in the ledger",
        "SELECT id FROM payments.payment AS p WHERE captured > 0 AND captured <> (
            SELECT COALESCE(SUM(ABS(amount)), 0) / 2 FROM payments.ledger_entry
            WHERE payment_id = p.id)",
    ),
    (
        "a completed order has not sold its stock exactly once",
        "SELECT id FROM orders.orders AS o WHERE status = 'completed' AND 1 <> (
            SELECT count(*) FROM products.reservation AS r
            WHERE r.owner = o.id AND r.state IN ('committed', 'consumed'))",
    ),
    (
        "stock is sold without a completed order",
        "SELECT r.id FROM products.reservation AS r LEFT JOIN orders.orders AS o ON o.id = r.owner
         WHERE r.state IN ('committed', 'consumed') AND o.status IS NOT 'completed'",
    ),
    (
        "an order that can be paid has lost its stock",
        "SELECT o.id FROM orders.orders AS o LEFT JOIN products.reservation AS r ON r.owner = o.id
         WHERE o.status = 'pending' AND r.state IS NOT 'held'",
    ),
    (
        "a completed order has not one shipment, or another has one",
        "SELECT id FROM orders.orders AS o WHERE (status = 'completed') <> (
            SELECT count(*) FROM deliveries.shipment AS s WHERE s.order_id = o.id)",
    ),
    (
        "movements do not add up to what is on hand and what is reserved",
        "SELECT l.variant FROM products.stock_level AS l
         LEFT JOIN products.stock_movement AS m ON m.variant = l.variant
         GROUP BY l.variant, l.on_hand, l.reserved
         HAVING l.on_hand <> SUM(CASE WHEN m.kind IN ('received', 'returned', 'adjusted')
                THEN m.quantity WHEN m.kind = 'shipped' THEN -m.quantity ELSE 0 END)
             OR l.reserved <> SUM(CASE WHEN m.kind = 'reserved' THEN m.quantity
                WHEN m.kind IN ('released', 'shipped') THEN -m.quantity ELSE 0 END)",
    ),
    (
        "live reservations do not add up to what is reserved",
        "SELECT l.variant FROM products.stock_level AS l WHERE l.reserved <> (
            SELECT COALESCE(SUM(line.value ->> 'quantity'), 0)
            FROM products.reservation AS r, json_each(r.lines) AS line
            WHERE r.state IN ('held', 'committed') AND line.value ->> 'variant' = l.variant)",
    ),
];

/// All databases of a shop.
pub(super) struct Books(Connection);

impl Books {
    pub(super) fn of(folder: &Path) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for module in MODULES.into_iter().chain([PROVIDER]) {
            let file = folder.join(format!("{module}.db"));
            let attach = format!("ATTACH '{}' AS {module}", file.display());
            connection.execute_batch(&attach).unwrap();
        }
        connection.execute_batch("PRAGMA query_only = 1").unwrap();
        Self(connection)
    }

    /// Whether every message is applied, every saga rests and no answer of the provider is awaited.
    pub(super) fn quiet(&self) -> bool {
        let messages = MODULES.iter().flat_map(|module| {
            ["outbox", "parked"].map(|table| format!("SELECT count(*) FROM {module}.{table}"))
        });
        let unrest = messages.chain(UNREST.map(str::to_owned));
        unrest.into_iter().all(|query| {
            let found: i64 = self.0.query_row(&query, [], |row| row.get(0)).unwrap();
            found == 0
        })
    }

    /// The orders that were placed under this key.
    pub(super) fn orders_under(&self, key: &str) -> Vec<String> {
        let query = "SELECT o.id FROM orders.idempotency AS i, orders.orders AS o
            WHERE i.key = ?1 AND o.id = i.body ->> 'id'";
        let mut statement = self.0.prepare(query).unwrap();
        let rows = statement.query_map([key], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Fails with everything that may not be.
    pub(super) fn check(&self) {
        let mut found = Vec::new();
        for (what, query) in FORBIDDEN {
            let mut statement = self.0.prepare(query).unwrap_or_else(|no| panic!("{what}: {no}"));
            let rows = statement.query_map([], |row| row.get_ref(0).map(|it| format!("{it:?}")));
            for row in rows.unwrap() {
                found.push(format!("{what}: {}", row.unwrap()));
            }
        }
        assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    }
}
