//! Neighbours that do as they are told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use discovery::Instances;
use ports::{Call, Context, Kind, Outcome, Reply, Transport, Unreachable, async_trait};
use resilience::{Clock, Edge, Numbers};
use tokio::sync::Semaphore;

/// What an instance does with a call.
#[derive(Clone)]
pub(crate) enum Mood {
    Answers,
    Fails(Unreachable),
    /// Answers when it gets a permit.
    Waits(Arc<Semaphore>),
}

/// Several instances of one module.
#[derive(Clone)]
pub(crate) struct Neighbour(Arc<Vec<Instance>>);

struct Instance {
    mood: Mutex<Mood>,
    calls: AtomicUsize,
    repeats: AtomicUsize,
}

/// The way to the instance of that number.
struct Way(Neighbour, usize);

impl Neighbour {
    pub(crate) fn of(count: usize) -> Self {
        let instance = |_| Instance {
            mood: Mutex::new(Mood::Answers),
            calls: AtomicUsize::new(0),
            repeats: AtomicUsize::new(0),
        };
        Self(Arc::new((0..count).map(instance).collect()))
    }

    pub(crate) fn set(&self, index: usize, mood: Mood) {
        *self.0[index].mood.lock().unwrap() = mood;
    }

    pub(crate) fn calls(&self) -> Vec<usize> {
        self.0.iter().map(|it| it.calls.load(SeqCst)).collect()
    }

    pub(crate) fn all_calls(&self) -> usize {
        self.calls().iter().sum()
    }

    /// Calls that said they were second tries.
    pub(crate) fn repeats(&self) -> usize {
        self.0.iter().map(|it| it.repeats.load(SeqCst)).sum()
    }

    /// An edge to it.
    pub(crate) fn edge(&self, numbers: Numbers, clock: &Clock) -> Arc<Edge> {
        let addresses = (0..self.0.len()).map(|index| format!("{index}"));
        let neighbour = self.clone();
        let dial = Box::new(move |instance: &discovery::Instance| {
            let index = instance.address.parse().unwrap();
            Arc::new(Way(neighbour.clone(), index)) as Arc<dyn Transport>
        });
        Edge::new(("shop", "desk"), numbers, clock.clone(), Instances::fixed(addresses), dial)
    }
}

#[async_trait]
impl Transport for Way {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let instance = &self.0.0[self.1];
        instance.calls.fetch_add(1, SeqCst);
        instance.repeats.fetch_add(usize::from(call.headers.is_repeat), SeqCst);
        let mood = instance.mood.lock().unwrap().clone();
        match mood {
            Mood::Answers => {}
            Mood::Fails(lost) => return Err(lost),
            Mood::Waits(gate) => gate.acquire().await.unwrap().forget(),
        }
        Ok(Reply { outcome: Outcome::Done, body: call.body, age: None })
    }
}

/// Numbers without pauses.
pub(crate) fn quick() -> Numbers {
    let mut numbers = Numbers::default();
    (numbers.retry.least_pause, numbers.retry.most_pause) = (Duration::ZERO, Duration::ZERO);
    numbers
}

pub(crate) fn call(kind: Kind) -> Call {
    let headers = Context::begin("shop", Duration::from_secs(60)).into();
    Call { module: "desk".into(), method: "ask".into(), kind, headers, body: "1".into() }
}

pub(crate) fn query() -> Call {
    call(Kind::Query)
}

pub(crate) fn command() -> Call {
    call(Kind::Command)
}

pub(crate) fn no_reply() -> Unreachable {
    Unreachable::NoReply("it hung up".into())
}

pub(crate) fn not_taken() -> Unreachable {
    Unreachable::NotTaken("it is stopping".into())
}
