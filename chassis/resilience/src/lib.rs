//! The caller's side of every remote call, and the limit at the other end: ways to survive neighbours that are
//! slow, overloaded or gone. Each wraps a [`Transport`](ports::Transport) and is one.
//!
//! An [`Edge`] is what one module knows about another that it calls. Its [`transport`](Edge::transport) is
//! the stack, from the outside in:
//!
//! | wrapper | what it does |
//! |---|---|
//! | [`Deadline`] | at most the edge's patience; refused at once with less time left than an answer usually takes |
//! | [`Bulkhead`] | calls under way are bounded |
//! | [`Retry`] | once more at most, where nothing can happen twice, within a budget |
//! | [`CircuitBreaker`] | fails at once while the neighbour as a whole does not answer |
//! | [`Balancer`] | the quicker of two instances; those that fail are left alone for a while |
//!
//! Around it a caller may lay [`Fallbacks`]; at the other end stands a [`Limiter`].
//!
//! **Invariants:** nothing locks on the way of a call. All numbers may change while calls are under way. A call is
//! tried again in one place only: here, and nowhere behind a try that is a second one already.

mod atomic;
mod core;

mod clock;
mod numbers;

mod breaker;
mod edge;
mod edges;
mod instance;
mod methods;
mod pool;
mod state;

mod balancer;
mod bulkhead;
mod circuit_breaker;
mod deadline;
mod retry;

mod fallback;
mod limiter;

pub use balancer::Balancer;
pub use bulkhead::Bulkhead;
pub use circuit_breaker::CircuitBreaker;
pub use clock::Clock;
pub use core::gradient::Class;
pub use deadline::Deadline;
pub use edge::Edge;
pub use edges::{Edges, Tuning, Untuned};
pub use fallback::{Fallback, Fallbacks};
pub use limiter::{Entry, Ingress, Limiter, Load};
pub use numbers::{Balancing, Breaker, Ejection, Numbers, Retry as RetryNumbers, Unusable};
pub use pool::Dial;
pub use retry::Retry;
pub use state::{Circuit, Counted, EdgeState, InstanceState};
