//! One connection to RabbitMQ that is rebuilt for ever.
