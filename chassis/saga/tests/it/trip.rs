//! A toy saga: a trip that is booked, paid and ticketed by a desk in another module.

use std::time::Duration;

use async_trait::async_trait;
use kernel::{Command, Message, Never};
use saga::{Plan, Saga, Sealed, Steps, Undoable, Verdict};
use serde::{Deserialize, Serialize};
use storage::{Error, Tx};

use crate::world::note;

/// How long the desk may take to charge.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Asks the desk for something it may refuse.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) trip: String,
    pub(crate) what: String,
}

/// Tells the desk to do something it cannot refuse.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tell {
    pub(crate) trip: String,
    pub(crate) what: String,
}

/// Why the desk says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum No {
    /// For good.
    Never,
    /// For now.
    NotYet,
}

impl Message for Ask {
    const CHANNEL: &'static str = "desk.commands";
    const TYPE: &'static str = "ask";
    fn key(&self) -> String {
        self.trip.clone()
    }
}

impl Message for Tell {
    const CHANNEL: &'static str = "desk.commands";
    const TYPE: &'static str = "tell";
    fn key(&self) -> String {
        self.trip.clone()
    }
}

impl Command for Ask {
    type Reply = String;
    type Refusal = No;
}

impl Command for Tell {
    type Reply = ();
    type Refusal = Never;
}

/// Hotel, money, ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trip {
    pub(crate) key: String,
    pub(crate) receipt: Option<String>,
}

/// What the travel module writes down about a trip.
#[derive(Debug)]
pub(crate) struct Noted {
    trip: String,
    what: String,
}

impl Trip {
    pub(crate) fn new(key: &str) -> Self {
        Self { key: key.to_owned(), receipt: None }
    }

    fn ask(&self, what: &str) -> Ask {
        Ask { trip: self.key.clone(), what: what.to_owned() }
    }

    fn tell(&self, what: &str) -> Tell {
        Tell { trip: self.key.clone(), what: what.to_owned() }
    }

    fn note(&self, what: impl Into<String>) -> Noted {
        Noted { trip: self.key.clone(), what: what.into() }
    }
}

impl Saga for Trip {
    const NAME: &'static str = "trip";
    type Change = Noted;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.holding("seat", |trip| trip.tell("give back the seat"))
            .step("hotel", |trip| trip.ask("hotel"))
            .undo(|trip| trip.tell("cancel the hotel"))
            .step("money", |trip| trip.ask("money"))
            .limit(LIMIT)
            .replied(|trip, receipt| trip.receipt = Some(receipt.clone()))
            .records(|trip| trip.note("paid"))
            .refused(|trip, why| match why {
                No::Never => Verdict::abandon(),
                No::NotYet => Verdict::stay().record(trip.note("not paid yet")),
            })
            .undo(|trip| trip.tell("give back the money"))
            .pivot()
            .then("ticket", |trip| trip.tell("ticket"))
            .then_local("arrive", |trip| trip.note("arrived"))
            .done()
    }

    fn abandoned(&self, why: &str) -> Option<Noted> {
        Some(self.note(format!("given up: {why}")))
    }

    fn compensated(&self) -> Option<Noted> {
        Some(self.note("undone"))
    }
}

/// A trip as an earlier release booked it: without a hotel.
#[derive(Serialize, Deserialize)]
pub(crate) struct OldTrip(pub(crate) Trip);

impl Saga for OldTrip {
    const NAME: &'static str = Trip::NAME;
    type Change = Noted;

    fn key(&self) -> String {
        self.0.key()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.step("money", |old| old.0.ask("money"))
            .limit(LIMIT)
            .undo(|old| old.0.tell("give back the money"))
            .pivot()
            .then_local("arrive", |old| old.0.note("arrived"))
            .done()
    }
}

/// An errand whose pivot is a step: once the desk has let the parcel go, it is gone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Parcel(pub(crate) Trip);

impl Saga for Parcel {
    const NAME: &'static str = "parcel";
    type Change = Noted;

    fn key(&self) -> String {
        self.0.key()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.step("weigh", |parcel| parcel.0.ask("weigh"))
            .read_only()
            .pivot_step(
                "let go",
                |parcel| parcel.0.ask("let go"),
                |parcel, why| match why {
                    No::Never => Verdict::abandon(),
                    No::NotYet => Verdict::stay().record(parcel.0.note("not let go yet")),
                },
            )
            .records(|parcel| parcel.0.note("gone"))
            .then("track", |parcel| parcel.0.tell("track"))
            .done()
    }

    fn compensated(&self) -> Option<Noted> {
        Some(self.0.note("still here"))
    }
}

/// The travel module.
pub(crate) struct Travel;

#[async_trait]
impl<S: Saga<Change = Noted>> Steps<S> for Travel {
    async fn record(&self, tx: &mut Tx, change: Noted) -> Result<(), Error> {
        note(tx, &change.trip, &change.what).await
    }
}
