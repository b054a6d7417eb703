//! What holds for every operation of the API. Operations are found in its document, so that a new one is
//! looked at as soon as it is there.

mod document;

/// Every operation says and does what all of them do.
mod conventions;

/// Whether that is so, asked by those who may.
mod living;

/// What belongs to one shopper is nobody else's.
mod owners;

/// What staff may do is what their role says.
mod roles;

/// Whatever is sent once more has no further effect.
mod repeats;

/// A program that knows the document only, and asks what nobody would think of.
mod schemathesis;

/// Somebody who has one of everything.
mod cast;
