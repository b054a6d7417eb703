//! What a shop of several processes survives.

/// Deaths under load: of each process, of the broker, of the database.
mod deaths;

/// A neighbour that is there and of no use.
mod neighbours;

/// Payments that are away for a while.
mod payments;
