//! One connection to RabbitMQ that is rebuilt for ever.
//!
//! [`Connection::new`] gives two halves. The [`Supervisor`] is a future: run it, and it connects, notices
//! when the connection is lost, and connects again, until it is told to stop. The [`Connection`] is a
//! handle, cheap to clone: it tells whether the broker is there, and gives out the current
//! [`Incarnation`], which opens channels. Channels, consumers and unconfirmed publishes belong to one
//! incarnation and die with it; whoever uses them builds them anew on the next one:
//!
//! ```no_run
//! # async fn serve(connection: amqp::Connection) -> Result<(), amqp::Closed> {
//! loop {
//!     let incarnation = connection.incarnation().await?; // waits while the broker is away
//!     let work = async {
//!         let channel = incarnation.channel().await?;
//!         // declare, consume, publish: each step through `incarnation.within`
//!         # let _ = channel;
//!         Ok::<(), amqp::Error>(())
//!     };
//!     tokio::select! {
//!         _ = work => {}
//!         () = incarnation.ended() => {}
//!     }
//! }
//! # }
//! ```
//!
//! **Invariants:** nothing waits for ever: every step has a time limit and ends with its incarnation. No
//! thread and no socket outlives its incarnation, not even when the broker accepts and never answers.
//! The library's own recovery is never on: it gives up after a number of attempts and stops at the first
//! error. A time-out means that the outcome is unknown, also for a publish: it may still be sent.
//!
//! The library writes acknowledgements, and the end of a channel, before publishes that were handed over
//! earlier: whoever closes a channel waits until its last publish is written.
//!
//! A connection that the broker has blocked (memory or disk alarm) carries no acknowledgements either,
//! so a process that publishes and consumes has two.

mod connection;
mod dial;
mod error;
mod incarnation;
mod options;
mod supervisor;

pub use connection::Connection;
pub use error::{Closed, Error, InvalidUrl};
pub use incarnation::Incarnation;
pub use options::Options;
pub use supervisor::Supervisor;
