//! Whose turn it is to use the one connection that writes.
//!
//! The turn goes from hand to hand, first come first served. Who gives it up does not look where
//! it goes: [`Turn`]'s drop passes it on to the next in the queue, or, when a group is due, to
//! the committer, or to nobody. So a task that is cancelled or panics, even in the moment when it
//! is given the turn, passes it on like any other.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::group::{self, Group};
use crate::{Error, Options, database::Statements};

/// The connection that writes, its queue and its current group.
pub(super) struct Writer {
    connection: Mutex<Connection>,
    state: Mutex<State>,
    committer: mpsc::Sender<Job>,
    group_window: Duration,
    pub(super) patience: Duration,
    pub(super) statements: Statements,
}

#[derive(Default)]
struct State {
    taken: bool,
    closed: bool,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    group: Option<Group>,
}

/// What the committer does; it holds the turn meanwhile.
enum Job {
    Commit(Turn),
    WriteBack(Turn, oneshot::Sender<Result<(), Error>>),
}

impl Writer {
    pub(super) fn over(
        connection: Connection,
        options: &Options,
        statements: Statements,
    ) -> Result<Arc<Self>, Error> {
        let (committer, jobs) = mpsc::channel();
        std::thread::Builder::new()
            .name("storage-commit".to_owned())
            .spawn(move || jobs.into_iter().for_each(Job::run))
            .map_err(|error| Error::Unavailable(format!("no thread to commit on: {error}")))?;
        Ok(Arc::new(Self {
            connection: Mutex::new(connection),
            state: Mutex::default(),
            committer,
            group_window: if options.group_commit { options.group_window } else { Duration::ZERO },
            patience: options.patience,
            statements,
        }))
    }

    /// Waits for the turn.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn, Error> {
        let granted = {
            let mut state = self.state();
            if state.closed {
                return Err(closed());
            }
            if !state.taken {
                state.taken = true;
                return Ok(Turn { writer: Some(Arc::clone(self)) });
            }
            let (grant, granted) = oneshot::channel();
            state.waiting.push_back(grant);
            granted
        };
        match tokio::time::timeout(self.patience, granted).await {
            Ok(turn) => turn.map_err(|_| closed()),
            Err(_) => Err(Error::Unavailable(format!(
                "the writer's turn did not come within {:?}; a transaction is held open too long",
                self.patience
            ))),
        }
    }

    /// The connection; only who holds the turn asks for it, so it is free.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` on the group that shares the open transaction, if one is open.
    pub(super) fn with_group<T>(&self, change: impl FnOnce(&mut Option<Group>) -> T) -> T {
        change(&mut self.state().group)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(self: Arc<Self>) {
        loop {
            let mut state = self.state();
            let last = state.waiting.is_empty();
            let due = |group: &Group| last || group.is_full(self.group_window);
            if state.group.as_ref().is_some_and(due) {
                drop(state);
                let job = Job::Commit(Turn { writer: Some(Arc::clone(&self)) });
                return self.hand_over(job);
            }
            let Some(next) = state.waiting.pop_front() else {
                state.taken = false;
                return;
            };
            drop(state);
            match next.send(Turn { writer: Some(Arc::clone(&self)) }) {
                Ok(()) => return,
                Err(turn) => turn.forget(), // nobody waits there any more
            }
        }
    }

    /// The committer lives as long as its writer; should it be gone, its work is done here.
    fn hand_over(&self, job: Job) {
        if let Err(mpsc::SendError(job)) = self.committer.send(job) {
            job.run();
        }
    }
}

fn closed() -> Error {
    Error::Unavailable("the database is closed".to_owned())
}

/// The right to use the writer's connection.
pub(super) struct Turn {
    writer: Option<Arc<Writer>>,
}

impl Turn {
    pub(super) fn writer(&self) -> &Arc<Writer> {
        self.writer.as_ref().expect("only a turn that ends has no writer")
    }

    /// Ends without passing anything on.
    fn forget(mut self) {
        self.writer = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.pass_on();
        }
    }
}

impl Job {
    fn run(self) {
        match self {
            Self::Commit(turn) => {
                group::commit(turn.writer());
                drop(turn);
            }
            Self::WriteBack(turn, done) => {
                let result = write_back(&turn.writer().connection());
                if done.send(result).is_err() {
                    tracing::debug!("nobody waits for the log to be written back");
                }
                drop(turn);
            }
        }
    }
}

/// Waits for the turn, refuses all later ones and writes the log back into the file.
pub(super) async fn close(writer: &Arc<Writer>) -> Result<(), Error> {
    let turn = writer.turn().await?;
    let refused = {
        let mut state = writer.state();
        state.closed = true;
        std::mem::take(&mut state.waiting)
    };
    drop(refused);
    let (done, written) = oneshot::channel();
    writer.hand_over(Job::WriteBack(turn, done));
    written.await.unwrap_or_else(|_| Err(closed()))
}

fn write_back(connection: &Connection) -> Result<(), Error> {
    let busy = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map_err(super::failure::wrap)?;
    if busy != 0 {
        tracing::debug!("a reader keeps the log in use; the next start writes it back");
    }
    Ok(())
}
