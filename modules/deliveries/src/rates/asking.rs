//! The question what a carrier charges, and whoever goes to the carrier with it.
//!
//! A question that was taken up is in memory. When the process ends meanwhile it is not answered, and its
//! carrier is missing in that round, as if it had been silent.

use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream::FuturesUnordered};
use kernel::{Clock, Command, Message, Never, SystemClock, Timestamp};
use messaging::{Answer, Answered, Delivery, Failure, Publish, ReplyAddress};
use serde::{Deserialize, Serialize};
use storage::{Attachment, Database, Error, Tx};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{carriers::Carriers, settings::Method};

/// How many questions wait to be taken to their carriers.
const CAPACITY: usize = 64;
/// How long a carrier is left alone after it has turned a question away.
const AGAIN: Duration = Duration::from_millis(50);

/// Asks what a carrier charges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AskRates {
    pub(crate) carrier: String,
}

/// What a carrier charges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) carrier: String,
    pub(crate) methods: Vec<Method>,
}

impl Message for AskRates {
    const CHANNEL: &'static str = deliveries_api::CARRIERS;
    const TYPE: &'static str = "ask-rates";
    fn key(&self) -> String {
        self.carrier.clone()
    }
}

impl Command for AskRates {
    type Reply = Told;
    type Refusal = Never;
}

/// A question on its way to a carrier.
pub(crate) struct Question {
    carrier: String,
    address: ReplyAddress,
    until: Timestamp,
}

/// Takes up questions; they are answered later.
pub(crate) struct Asking(mpsc::Sender<Question>);

/// Takes questions to the carriers and brings back what they say.
pub(crate) struct Asker {
    db: Database,
    carriers: Carriers,
    questions: mpsc::Receiver<Question>,
}

impl Asker {
    /// Both ends of the way to the carriers.
    pub(crate) fn new(db: Database, carriers: Carriers) -> (Asking, Self) {
        let (asked, questions) = mpsc::channel(CAPACITY);
        (Asking(asked), Self { db, carriers, questions })
    }

    /// Goes to the carriers until `stop`. One that is slow holds up nobody else.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let (db, carriers) = (&self.db, &self.carriers);
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(question) = self.questions.recv() => under_way.push(ask(db, carriers, question)),
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
            }
        }
    }
}

async fn ask(db: &Database, carriers: &Carriers, question: Question) {
    let Question { carrier: name, address, until } = question;
    let Some(carrier) = carriers.named(&name) else {
        return tracing::warn!(
            carrier = name,
            "somebody asked what a carrier charges that is not ours"
        );
    };
    let answer = async {
        loop {
            match carrier.rates().await {
                Ok(methods) => return methods,
                Err(silence) => {
                    tracing::debug!(carrier = name, %silence, "a carrier told no rates")
                }
            }
            sleep(AGAIN).await;
        }
    };
    let Ok(methods) = timeout(until.since(SystemClock.now()), answer).await else {
        return tracing::warn!(carrier = name, "a carrier did not say in time what it charges");
    };
    if let Err(cause) = tell(db, &address, Told { carrier: name.clone(), methods }).await {
        tracing::warn!(carrier = name, %cause, "what a carrier charges was not told");
    }
}

async fn tell(db: &Database, address: &ReplyAddress, told: Told) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    tx.reply::<AskRates>(address, Ok(told))?;
    tx.commit().await
}

#[async_trait]
impl Answer<AskRates> for Asking {
    /// Nobody is asked inside of a transaction.
    async fn answer(
        &self,
        tx: &mut Tx,
        command: AskRates,
        delivery: &Delivery,
    ) -> Result<Answered<AskRates>, Failure> {
        if let (Some(address), Some(until)) =
            (delivery.reply_address(), delivery.envelope().deadline)
        {
            let question = Question { carrier: command.carrier, address, until };
            tx.attachment::<TakenUp>().0.push((self.0.clone(), question));
        }
        Ok(Answered::Later)
    }
}

/// Questions that go to their carriers when it is durable that they were taken up.
#[derive(Default)]
struct TakenUp(Vec<(mpsc::Sender<Question>, Question)>);

#[async_trait]
impl Attachment for TakenUp {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, _db: &Database) {
        for (asked, question) in self.0 {
            if let Err(cause) = asked.try_send(question) {
                tracing::warn!(%cause, "a carrier is not asked what it charges");
            }
        }
    }
}
