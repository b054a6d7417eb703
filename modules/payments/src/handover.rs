//! The way of a payment from the transaction that changed it to the driver, in memory.

use async_trait::async_trait;
use storage::{Attachment, Database, Error, Tx};
use tokio::sync::{mpsc, oneshot};

use crate::{payment::Payment, settler::Mode};

/// Payments that wait for the driver at most; what does not fit is found by its next sweep.
const CAPACITY: usize = 4_096;

/// A payment whose provider is to be asked, and whoever waits for the outcome.
pub(crate) struct Job {
    pub(crate) payment: Payment,
    pub(crate) mode: Mode,
    pub(crate) done: Option<oneshot::Sender<Payment>>,
}

/// Gives payments to the driver. Nothing is lost with it: the table knows what is unsettled.
#[derive(Clone)]
pub(crate) struct Handover(mpsc::Sender<Job>);

impl Handover {
    /// A way to the driver, and its end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, end) = mpsc::channel(CAPACITY);
        (Self(jobs), end)
    }

    /// Gives `payment` to the driver as soon as `tx` is durable, and only then.
    pub(crate) fn at_commit(&self, tx: &mut Tx, payment: Payment) {
        let job = Job { payment, mode: Mode::Fresh, done: None };
        tx.attachment::<AtCommit>().0.push((self.clone(), job));
    }

    /// Gives `payment` to the driver as soon as `tx` is durable. The receiver gets what became of it.
    pub(crate) fn awaited(&self, tx: &mut Tx, payment: Payment) -> oneshot::Receiver<Payment> {
        let (done, outcome) = oneshot::channel();
        let job = Job { payment, mode: Mode::Fresh, done: Some(done) };
        tx.attachment::<AtCommit>().0.push((self.clone(), job));
        outcome
    }

    /// Gives `payment` to the driver, whose provider may have been asked before.
    pub(crate) fn give(&self, payment: Payment) {
        self.hand_over(Job { payment, mode: Mode::Reconcile, done: None });
    }

    fn hand_over(&self, job: Job) {
        if let Err(cause) = self.0.try_send(job) {
            tracing::debug!(%cause, "a payment is left to the next sweep");
        }
    }
}

#[derive(Default)]
struct AtCommit(Vec<(Handover, Job)>);

#[async_trait]
impl Attachment for AtCommit {
    async fn before_commit(&mut self, _: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, _: &Database) {
        for (handover, job) in self.0 {
            handover.hand_over(job);
        }
    }
}
