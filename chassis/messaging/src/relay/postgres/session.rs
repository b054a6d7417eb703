//! A session with the server that follows its transaction log: logical decoding by `pgoutput`, over the
//! streaming protocol, of one table.

use std::{sync::Arc, time::Duration};

use pgwire_replication::{
    Lsn, PgWireError, ReplicationClient, ReplicationConfig, ReplicationEvent,
};
use storage::Login;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{
    log::{Stream, Transaction},
    pgoutput::{Decoder, Garbled, Inserted},
};
use crate::handover::Companion;

/// Why the log is not followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The server said so, or could not be spoken to.
    #[error(transparent)]
    Session(#[from] PgWireError),
    /// The server wrote what it should not.
    #[error(transparent)]
    Garbled(#[from] Garbled),
    /// The connection would not be as safe as the others.
    #[error("the database url insists on TLS, which connections for replication do not have")]
    Tls,
    /// It does not keep up.
    #[error("what is committed was not in it after {0:?}")]
    Slow(Duration),
    /// The server closed it.
    #[error("the server has ended the session")]
    Ended,
}

/// Transactions that wait for the relay at most.
const CAPACITY: usize = 256;
/// Events that wait at most to be put together to transactions.
const EVENTS: usize = 1_024;
/// How often the server is told what it need not keep.
const CONFIRM_EVERY: Duration = Duration::from_secs(1);
/// The longest name of a slot, less what else is in it.
const SCHEMA: usize = 63 - "rialto__".len() - 32;

/// Opens the log, tells so, and gives what is in it until there is a reason to end.
///
/// Making the slot waits for every transaction that is open anywhere in the server; so it may take as
/// long as the longest of them.
pub(super) async fn run(
    module: &'static str,
    login: Login,
    opened: oneshot::Sender<Stream>,
    companion: Arc<Companion>,
) -> Result<(), Broken> {
    let session = Session::open(module, &login).await?;
    let (transactions, to_relay) = mpsc::channel(CAPACITY);
    let (reached, to_know) = watch::channel(0);
    let (to_confirm, confirmed) = watch::channel(0);
    let stream = Stream { transactions: to_relay, reached: to_know, confirmed: to_confirm };
    if opened.send(stream).is_err() {
        return Ok(());
    }
    companion.handover.nudged();
    Pump { session, transactions, reached, confirmed, companion }.run().await
}

/// Ends, and with it the slot, when it is dropped.
struct Session(ReplicationClient);

impl Session {
    async fn open(module: &str, login: &Login) -> Result<Self, Broken> {
        let Login { host, port, user, password, database, schema, tls } = login;
        if *tls {
            return Err(Broken::Tls);
        }
        let short = schema.get(..SCHEMA).unwrap_or(schema);
        let slot = format!("rialto_{short}_{}", Uuid::now_v7().simple());
        let publication = format!("rialto_outbox_{schema}");
        let config = ReplicationConfig::new(host, user, password, database, &slot, &*publication)
            .with_port(*port)
            .with_status_interval(CONFIRM_EVERY)
            .with_buffer_size(EVENTS)
            .with_application_name(format!("rialto: the relay of {module}"));
        let mut session = Self(ReplicationClient::connect_gated(config).await?);
        session.publish(&publication, schema).await?;
        let make =
            format!("CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT");
        session.0.simple_query(&make).await?;
        session.0.start().await?;
        session.0.wait_started().await?;
        Ok(session)
    }

    /// Publishes what is inserted into the outbox, which has to be so before the slot is made.
    async fn publish(&mut self, publication: &str, schema: &str) -> Result<(), Broken> {
        let ask = format!(
            "SELECT 1 FROM pg_publication_tables \
             WHERE pubname = '{publication}' AND schemaname = '{schema}' AND tablename = 'outbox'"
        );
        if self.0.simple_query(&ask).await?.is_empty() {
            // One that is left of another table would stay silent about ours.
            self.0.simple_query(&format!("DROP PUBLICATION IF EXISTS {publication}")).await?;
            let make = format!(
                "CREATE PUBLICATION {publication} FOR TABLE {schema}.outbox \
                 WITH (publish = 'insert', publish_via_partition_root = true)"
            );
            self.0.simple_query(&make).await?;
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Puts transactions together and hands them on.
struct Pump {
    session: Session,
    transactions: mpsc::Sender<Transaction>,
    reached: watch::Sender<u64>,
    confirmed: watch::Receiver<u64>,
    companion: Arc<Companion>,
}

impl Pump {
    async fn run(mut self) -> Result<(), Broken> {
        let mut decoder = Decoder::default();
        let mut found: Option<Transaction> = None;
        loop {
            let event = tokio::select! {
                event = self.session.0.recv() => event?.ok_or(Broken::Ended)?,
                changed = self.confirmed.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let place = *self.confirmed.borrow_and_update();
                    self.session.0.update_applied_lsn(Lsn::from_u64(place));
                    continue;
                }
            };
            match event {
                ReplicationEvent::XLogData { data, .. } => {
                    if let Some(Inserted { xid, row }) = decoder.read(&data)? {
                        let new = || Transaction { xid, rows: Vec::new(), end: 0 };
                        found.get_or_insert_with(new).rows.push(row);
                    }
                }
                ReplicationEvent::Commit { end_lsn, .. } => {
                    if let Some(transaction) = found.take() {
                        let whole = Transaction { end: end_lsn.as_u64(), ..transaction };
                        if self.transactions.send(whole).await.is_err() {
                            return Ok(());
                        }
                        self.reached.send_replace(end_lsn.as_u64());
                        self.companion.handover.nudged();
                    } else {
                        self.reached.send_replace(end_lsn.as_u64());
                    }
                }
                ReplicationEvent::KeepAlive { wal_end, .. } => {
                    self.reached.send_replace(wal_end.as_u64());
                }
                _ => {}
            }
        }
    }
}
