//! The handle to a connection that comes and goes.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{Closed, Incarnation, InvalidUrl, Options, Supervisor};

/// The connection as its users see it. Cloning shares it.
#[derive(Clone)]
pub struct Connection(watch::Receiver<State>);

#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) current: Option<Incarnation>,
    pub(crate) is_closed: bool,
}

impl Connection {
    /// A connection to the broker at `url`, shown there as `name`, and the supervisor that makes it.
    /// Nothing happens until the supervisor runs.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(url: &str, name: &str, options: Options) -> Result<(Self, Supervisor), InvalidUrl> {
        let uri = url.parse().map_err(InvalidUrl)?;
        let (state, watched) = watch::channel(State::default());
        Ok((Self(watched), Supervisor::new(uri, name, options, state)))
    }

    /// The current incarnation; waits for it while the broker is away.
    ///
    /// # Errors
    /// When there will be none any more.
    pub async fn incarnation(&self) -> Result<Incarnation, Closed> {
        let mut state = self.0.clone();
        let there = |state: &State| state.is_closed || state.current.is_some();
        let state = state.wait_for(there).await.map_err(|_| Closed)?;
        state.current.clone().ok_or(Closed)
    }

    /// The current incarnation, when there is one at this moment.
    pub fn now(&self) -> Option<Incarnation> {
        self.0.borrow().current.clone()
    }

    /// Whether the broker is connected.
    pub fn is_up(&self) -> bool {
        self.now().is_some_and(|incarnation| !incarnation.is_over())
    }

    /// Why the broker takes nothing from this connection, when it is up and does not.
    pub fn blocked(&self) -> Option<Arc<str>> {
        self.now().and_then(|incarnation| incarnation.blocked())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&*self.0.borrow()).finish()
    }
}
