//! The way from one relay to one group elsewhere. The group may be slow or dead: then it is behind,
//! and its messages wait in the outbox without holding anybody else back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use storage::Error;
use tokio::{sync::Notify, task::JoinSet};

use super::{
    Pending,
    courier::{self, Route},
    marks::{Mark, Marks},
    source::{PAGE, Point, Source, Span},
    window::{Letter, Window},
};
use crate::{Envelope, Gauges, Group, Options, SHARDS, pulse::Pulse};

pub(super) struct Outlet {
    route: Arc<Route>,
    couriers: JoinSet<()>,
    pulse: Pulse,
    pending: Arc<Pending>,
    /// Where it goes on, unless the group is up to date.
    behind: Option<Behind>,
    /// When the log was last told that it is behind.
    told: Option<Instant>,
}

/// The place of a group that missed messages.
///
/// One acknowledgement is missing at `debt`, so that nothing is removed from the outbox that was
/// handed out under this ticket or a later one. What is read again takes its place there; when the
/// group has been given everything up to a mark, the debt moves to the mark's ticket.
struct Behind {
    debt: u64,
    /// Before the first message that was missed.
    from: Point,
    /// The mark up to which is being read again, and the last row of that.
    to: Option<(Mark, i64)>,
}

/// What became of a try to catch up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// There may be more.
    More,
    /// It has to wait: for room, or for the relay.
    Waits,
}

impl Outlet {
    pub(super) fn new(
        source: &'static str,
        group: &Group,
        room: &Arc<Notify>,
        pending: &Arc<Pending>,
        options: &Options,
        gauges: &Gauges,
        pulse: &Pulse,
    ) -> Self {
        let traffic = gauges.traffic(group.name);
        let window = Window::new(options.window, room, pending, Arc::clone(&traffic));
        let (group, batch, stop) = (group.clone(), options.batch, pulse.stop().clone());
        let route = Arc::new(Route { source, group, window, traffic, batch, stop });
        let (pending, pulse) = (Arc::clone(pending), pulse.clone());
        Self { route, couriers: JoinSet::new(), pulse, pending, behind: None, told: None }
    }

    pub(super) fn listens_to(&self, channel: &str) -> bool {
        self.route.group.channels.contains(channel)
    }

    /// Whether it wants to be offered messages.
    pub(super) fn is_live(&self) -> bool {
        self.behind.is_none()
    }

    /// Sends the message, whose ticket counts this group, or remembers that it was missed.
    pub(super) fn offer(
        &mut self,
        envelope: &Arc<Envelope>,
        ticket: u64,
        before: impl Fn() -> Point,
    ) {
        if self.route.window.offer(Letter { envelope: Arc::clone(envelope), ticket }) {
            self.employ();
            return;
        }
        self.behind = Some(Behind { debt: ticket, from: before(), to: None });
        self.route.traffic.fell_behind();
        if self.told.is_none_or(|told| told.elapsed() > SILENCE) {
            self.told = Some(Instant::now());
            let Route { source, group, .. } = &*self.route;
            let group = group.name;
            tracing::info!(source, group, "a group is behind; its messages wait in the outbox");
        }
        // Asks to be told.
        self.route.window.room();
    }

    /// Reads a page again for a group that is behind.
    pub(super) async fn catch_up(
        &mut self,
        source: &dyn Source,
        marks: &Marks,
    ) -> Result<Progress, Error> {
        let Some(Behind { debt, from, to }) = &mut self.behind else { return Ok(Progress::Waits) };
        let Some(room) = self.route.window.room() else { return Ok(Progress::Waits) };
        if to.is_none() {
            if *debt == self.pending.next() {
                self.caught_up();
                return Ok(Progress::Waits);
            }
            // Missing while the relay is in the middle of something.
            let Some(mark) = marks.ahead(*debt, STRIDE) else { return Ok(Progress::Waits) };
            *to = Some((mark.clone(), 0));
        }
        let Some((mark, after)) = to else { return Ok(Progress::Waits) };
        let limit = room.min(PAGE);
        let channels = &self.route.group.channels;
        let span = Span { from, to: &mark.point, after: *after, channels };
        let rows = source.again(&span, limit).await?;
        let is_last = rows.len() < limit;
        for row in rows {
            *after = row.pos;
            let mut envelope = row.envelope;
            self.route.source.clone_into(&mut envelope.source);
            self.pending.owe(*debt);
            let letter = Letter { envelope: Arc::new(envelope), ticket: *debt };
            self.route.window.put(letter);
        }
        if is_last {
            self.pending.owe(mark.ticket);
            self.pending.done(*debt);
            self.behind = Some(Behind { debt: mark.ticket, from: mark.point.clone(), to: None });
        }
        self.employ();
        Ok(Progress::More)
    }

    fn caught_up(&mut self) {
        if let Some(Behind { debt, .. }) = self.behind.take() {
            self.pending.done(debt);
            self.route.traffic.caught_up();
            let Route { source, group, .. } = &*self.route;
            let group = group.name;
            tracing::debug!(source, group, "a group has caught up");
        }
    }

    /// Lets batches that are under way be answered; none begins any more.
    pub(super) async fn finish(&mut self) {
        while self.couriers.join_next().await.is_some() {}
    }

    /// Starts the couriers when there is something to carry for the first time.
    fn employ(&mut self) {
        if self.couriers.is_empty() {
            for shard in 0..SHARDS {
                let Route { source, group, .. } = &*self.route;
                let name = format!("courier {shard} from {source} to {}", group.name);
                let work = courier::run(Arc::clone(&self.route), shard);
                self.couriers.spawn(self.pulse.clone().watch(name, work));
            }
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if self.behind.is_some() {
            self.route.traffic.caught_up();
        }
    }
}

/// Tickets that a group that is behind gets over at a time, where marks allow it.
const STRIDE: u64 = 1_024;

/// A group that is a little too slow falls behind many times a second. That is said once in a while.
const SILENCE: Duration = Duration::from_mins(1);
