//! One edge: everything a caller knows about one neighbour, shared by the wrappers of its calls.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use arc_swap::{ArcSwap, Guard};
use discovery::Instances;
use ports::Transport;

use crate::{
    Clock,
    balancer::Balancer,
    breaker::Breaker,
    bulkhead::Bulkhead,
    circuit_breaker::CircuitBreaker,
    core::{budget::Budget, permits::Permits},
    deadline::Deadline,
    methods::Methods,
    numbers::Numbers,
    pool::{Dial, Pool},
    retry::Retry,
};

/// What one module knows about another that it calls.
pub struct Edge {
    pub(crate) caller: &'static str,
    pub(crate) callee: &'static str,
    /// As it is written in a topology: `orders -> products`.
    pub(crate) name: String,
    pub(crate) clock: Clock,
    numbers: ArcSwap<Numbers>,
    pub(crate) permits: Permits,
    pub(crate) budget: Budget,
    pub(crate) breaker: Breaker,
    pub(crate) methods: Methods,
    pub(crate) pool: Pool,
    pub(crate) counted: Counters,
}

/// What became of the calls of an edge.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Calls that were made.
    pub(crate) calls: AtomicU64,
    /// Those without an answer, whatever the reason.
    pub(crate) failed: AtomicU64,
    /// Tried once more.
    pub(crate) retried: AtomicU64,
    /// Not tried once more, because the budget was spent.
    pub(crate) unaffordable: AtomicU64,
    /// Refused because the circuit was open.
    pub(crate) refused: AtomicU64,
    /// Refused because too many were under way.
    pub(crate) crowded: AtomicU64,
    /// Refused because less time was left than an answer usually takes.
    pub(crate) late: AtomicU64,
    /// Times the circuit opened.
    pub(crate) opened: AtomicU64,
}

impl Edge {
    /// The edge from `caller` to `callee`, which lives in `instances`, each reached as `dial` says.
    pub fn new(
        (caller, callee): (&'static str, &'static str),
        numbers: Numbers,
        clock: Clock,
        instances: Instances,
        dial: Dial,
    ) -> Arc<Self> {
        Arc::new(Self {
            caller,
            callee,
            name: format!("{caller} -> {callee}"),
            clock,
            numbers: ArcSwap::from_pointee(numbers),
            permits: Permits::default(),
            budget: Budget::default(),
            breaker: Breaker::default(),
            methods: Methods::default(),
            pool: Pool::new(instances, dial),
            counted: Counters::default(),
        })
    }

    /// The whole stack as one transport: deadline, bulkhead, retry, circuit breaker, balancing.
    pub fn transport(self: &Arc<Self>) -> Arc<dyn Transport> {
        let balanced = Balancer::new(self.clone());
        let guarded = CircuitBreaker::new(self.clone(), balanced);
        let retried = Retry::new(self.clone(), guarded);
        let bounded = Bulkhead::new(self.clone(), retried);
        Arc::new(Deadline::new(self.clone(), bounded))
    }

    /// Caller and callee.
    pub fn ends(&self) -> (&'static str, &'static str) {
        (self.caller, self.callee)
    }

    /// The numbers in force.
    pub fn numbers(&self) -> Guard<Arc<Numbers>> {
        self.numbers.load()
    }

    /// Puts other numbers in force, from the next call on.
    pub(crate) fn set(&self, numbers: Numbers) {
        self.numbers.store(Arc::new(numbers));
    }
}

/// Counts one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
