//! What a piece of work knows about the request it belongs to.

use std::{
    borrow::Cow,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::futures::TaskLocalFuture;

use crate::{Headers, Trace};

tokio::task_local! {
    static CURRENT: Context;
}

/// The request that the running task works for: carried along by every call, in process or not.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where in the trace this is.
    pub trace: Trace,
    /// When whoever asked stops listening.
    pub deadline: Instant,
    /// The module, or the edge, that is at work.
    pub caller: Cow<'static, str>,
    /// Names the intention behind the request.
    pub idempotency_key: Option<Arc<str>>,
    /// Whether the request is a second try of somebody who lost the first.
    pub is_repeat: bool,
}

impl Context {
    /// How long work may take that nobody gave a deadline.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Work that begins here, with a new trace and at most `patience` to finish.
    pub fn begin(caller: impl Into<Cow<'static, str>>, patience: Duration) -> Self {
        let deadline = Instant::now() + patience;
        let (trace, caller) = (Trace::start(), caller.into());
        Self { trace, deadline, caller, idempotency_key: None, is_repeat: false }
    }

    /// The request the running task works for; a new one when it works for none.
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_else(|_| Self::begin("nobody", Self::PATIENCE))
    }

    /// The trace of the running task, if it works for a request.
    pub fn trace() -> Option<Trace> {
        CURRENT.try_with(|context| context.trace).ok()
    }

    /// Runs `work` for this request.
    pub fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, work)
    }

    /// The request as the module `name` sees it when it is asked: one step further in the trace.
    #[must_use]
    pub fn enter(mut self, name: &'static str) -> Self {
        self.trace = self.trace.child();
        self.caller = Cow::Borrowed(name);
        self
    }

    /// The time left, zero when it is over.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl From<Headers> for Context {
    fn from(headers: Headers) -> Self {
        let Headers { trace, deadline, caller, idempotency_key, is_repeat } = headers;
        Self { trace, deadline, caller, idempotency_key, is_repeat }
    }
}

impl From<Context> for Headers {
    fn from(context: Context) -> Self {
        let Context { trace, deadline, caller, idempotency_key, is_repeat } = context;
        Self { trace, deadline, caller, idempotency_key, is_repeat }
    }
}
