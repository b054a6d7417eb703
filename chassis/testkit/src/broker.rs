//! The RabbitMQ that tests use.

/// The environment variable that names the RabbitMQ for tests: `amqp://guest:guest@127.0.0.1:5672/%2f`.
pub const BROKER: &str = "RIALTO_TEST_RABBITMQ";

/// The URL of the broker named by [`BROKER`]. Tests share it: each gives its exchanges and queues a
/// prefix of its own ([`prefix`]).
///
/// # Panics
///
/// When the variable is missing.
pub fn rabbitmq() -> String {
    let Ok(url) = std::env::var(BROKER) else {
        panic!(
            "this test needs RabbitMQ: run `cargo xtask test`, which starts one, or set {BROKER} to \
             the URL of one (amqp://user:password@host:port/%2f)"
        );
    };
    url
}

/// A name that no other test has, to begin the names of exchanges and queues with.
pub fn prefix() -> String {
    format!("test-{}", uuid::Uuid::now_v7().simple())
}
