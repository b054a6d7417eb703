//! Stories over several modules that end completed or fully undone, and say which.
//!
//! A [`Saga`] is data plus a [`Plan`]: a list of steps, each of which sends a command to another
//! module and waits for its answer, as messages. The [`Engine`] keeps one row per saga in the
//! database of the module that starts it. A move is recorded, and the command that follows from it
//! is sent, in one transaction; so whatever dies, and whenever, a saga goes on where it stood.
//!
//! # The checkout of an order
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use async_trait::async_trait;
//! # use kernel::{Command, Message, Never, SystemClock};
//! # use saga::{Engine, Plan, Saga, SagaId, Sealed, Steps, Undoable, Verdict};
//! # use serde::{Deserialize, Serialize};
//! # use storage::{Database, Error, Tx};
//! # macro_rules! command { ($name:ident, $reply:ty, $refusal:ty) => {
//! #     #[derive(Serialize, Deserialize)] struct $name { order: String }
//! #     impl Message for $name {
//! #         const CHANNEL: &'static str = "neighbours";
//! #         const TYPE: &'static str = stringify!($name);
//! #         fn key(&self) -> String { self.order.clone() }
//! #     }
//! #     impl Command for $name { type Reply = $reply; type Refusal = $refusal; }
//! # } }
//! # #[derive(Serialize, Deserialize)] struct Declined { code: String }
//! # command!(Collect, (), Declined);
//! # command!(Void, (), Never);
//! # command!(CommitReservation, (), Never);
//! # command!(ReleaseReservation, (), Never);
//! /// What the commands need to know. Stored as JSON; fields are only added, with a default.
//! #[derive(Serialize, Deserialize)]
//! struct Checkout {
//!     order: String,
//! }
//!
//! /// What orders writes into its own tables when the checkout moves.
//! enum Change {
//!     Declined { order: String, code: String },
//!     Complete { order: String },
//! }
//!
//! impl Saga for Checkout {
//!     const NAME: &'static str = "checkout";
//!     type Change = Change;
//!
//!     fn key(&self) -> String {
//!         self.order.clone() // so this saga's id is checkout:ord_01jd…
//!     }
//!
//!     fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
//!         plan.holding("reservation", |it| ReleaseReservation { order: it.order.clone() })
//!             .step("collect", |it| Collect { order: it.order.clone() })
//!             .refused(|it, why| {
//!                 // A declined card does not end the order: it stays payable until it expires.
//!                 let (order, code) = (it.order.clone(), why.code.clone());
//!                 Verdict::stay().record(Change::Declined { order, code })
//!             })
//!             .undo(|it| Void { order: it.order.clone() })
//!             .pivot() // the money is ours
//!             .then("commit", |it| CommitReservation { order: it.order.clone() })
//!             .then_local("complete", |it| Change::Complete { order: it.order.clone() })
//!             .done()
//!     }
//! }
//!
//! struct Records;
//!
//! #[async_trait]
//! impl Steps<Checkout> for Records {
//!     async fn record(&self, tx: &mut Tx, change: Change) -> Result<(), Error> {
//!         match change {
//!             Change::Declined { order, code } => { /* UPDATE … SET payment_status … */ }
//!             Change::Complete { order } => { /* UPDATE …; tx.publish(&OrderCompleted { … })? */ }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # async fn open(db: Database) -> Result<(), Error> {
//! // When the module opens:
//! let engine = Engine::new(db.clone(), "orders.saga", Arc::new(SystemClock));
//! let engine = Arc::new(engine.runs::<Checkout>(Arc::new(Records)));
//! let subscriptions = messaging::Subscriptions::of("orders")
//!     .replies(engine.channel(), engine.clone());
//! // … and `engine.run(stop)` as one of its tasks, if a step has a time limit.
//!
//! // When an order is placed, in the transaction that stores it:
//! let mut tx = db.begin().await?;
//! let order = "ord_01jd".to_owned();
//! engine.start(&mut tx, &Checkout { order }).await?;
//! tx.commit().await?;
//!
//! // When its hold runs out, in the transaction that expires it:
//! let mut tx = db.begin().await?;
//! let id = SagaId::of::<Checkout>("ord_01jd");
//! let abandoned = engine.abandon(&mut tx, &id, "the hold ran out").await?;
//! tx.commit().await?; // or rolled back, if it is `Abandoned::TooLate`: the money came first
//! # Ok(())
//! # }
//!
//! // And in its tests:
//! println!("{}", saga::explore(&[Checkout { order: "ord_01jd".to_owned() }]));
//! ```
//!
//! # Three phases
//!
//! 1. **Undoable** steps may be refused. Each has the command that undoes it, or is
//!    [`read_only`](Step::read_only). What is held before the saga begins is a
//!    [`holding`](Plan::holding).
//! 2. One **pivot**: a [line](Plan::pivot) between two steps, or a [step](Plan::pivot_step) that
//!    may be refused and cannot be undone.
//! 3. **Retriable** steps cannot be refused. They are delivered until they are done.
//!
//! A command that cannot be refused has the refusal [`Never`](kernel::Never). Only such commands
//! may undo something or follow the pivot: every other plan does not compile.
//!
//! # Turning back
//!
//! A saga turns back when a step is refused for good, is not answered within its
//! [`limit`](Step::limit), or when its module [abandons](Engine::abandon) it. Undo commands are
//! sent one after the other, the last step's first. A step that is still open then, because it was
//! not answered or its refusal let the saga [stay](Verdict::stay), is undone like one that
//! happened. So an undo command must be understood by its owner
//!
//! - when the step happened: it is undone;
//! - when it did not: nothing changes, and the original is refused should it come later;
//! - when it comes again: nothing changes.
//!
//! A late answer to such a step is written into the log and changes nothing: its undo was sent
//! already.
//!
//! A step that was refused and stays waits until it is sent [again](Engine::again), until its owner
//! gets it done after all and says so to the same reply address, or until the saga is abandoned.
//! One that is sent again is a new command; its owner answers that one, even if it had managed the
//! first meanwhile.
//!
//! A refusal is an answer. A failure of the infrastructure is none: messages are delivered again,
//! and a lost connection never turns a saga back.
//!
//! # What holds
//!
//! - Starting a saga costs one statement, and so does an answer that lets it advance; one more if
//!   the saga keeps something of the reply. Sending is part of the outbox's two.
//! - A duplicate or a late answer is told by the number of the command it answers, in the `WHERE`
//!   of that one statement.
//! - Each instance has the hash of its plan. A binary that does not have that plan does not touch
//!   the instance: answers to it wait, parked, for a binary that does.
//! - The engine decides by the same pure function that [`explore`] walks.
//! - Nothing here calls another module. Commands and answers are messages.

mod bound;
mod engine;
mod explorer;
mod id;
mod log;
mod outgoing;
mod parts;
mod plan;
mod shape;
mod store;
mod story;
mod transition;

pub use bound::{NoSteps, Steps};
pub use engine::{
    Abandoned, Census, Engine, Filter, Inspection, Progress, Retried, StepProgress, Summary,
};
pub use explorer::{Report, explore};
pub use id::SagaId;
pub use log::Entry;
pub use parts::Verdict;
pub use plan::{Plan, Retriable, Saga, Sealed, Step, Undoable};
pub use shape::Shape;
pub use story::{Errand, Story, stories};
pub use transition::{Status, What};
