//! What a shop of several processes survives.

/// Deaths and silence under load: of each process, of the broker, of the database.
mod deaths;

/// Somebody at the address of one of ours who is none of ours.
mod impostor;

/// A neighbour that is there and of no use.
mod neighbours;

/// Modules that cannot be operated on for a while.
mod operations;

/// Orders that are away for a while.
mod orders;

/// Payments that are away for a while.
mod payments;
