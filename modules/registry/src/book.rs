//! Who is registered, and what changed lately.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::Timestamp;
use tokio::sync::broadcast;

use crate::{
    instance::{Action, Instance, Record},
    lease::{Crowd, Lease},
    status::Status,
};

/// How long a change is told to those who ask for changes.
const RECENT: Duration = Duration::from_mins(3);
/// How many changes a watcher may be behind before it is told everything anew.
const BEHIND: usize = 1024;
/// How many instances are listed at most.
const MOST: usize = 20_000;

/// An instant, for leases, and what a calendar says of it, for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) at: Timestamp,
}

/// Everybody who is registered.
pub(crate) struct Book {
    apps: BTreeMap<Box<str>, BTreeMap<Box<str>, Entry>>,
    recent: VecDeque<(Instant, Record)>,
    version: u64,
    /// Whether leases that are over were kept at the last sweep.
    is_keeping: bool,
    /// None once the process stops.
    told: Option<broadcast::Sender<Change>>,
}

struct Entry {
    record: Record,
    lease: Lease,
}

/// One change, as watchers are told it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// How many there were with it.
    pub(crate) version: u64,
    pub(crate) record: Record,
}

/// Everybody at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) version: u64,
    /// How many there are by status, over all: `DOWN_1_UP_3_`.
    pub(crate) hashcode: String,
    pub(crate) records: Vec<Record>,
}

/// Why a change of one instance is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not registered, or not as it is now: register again.
    Unknown,
    /// There are too many.
    Full,
}

/// What a sweep found.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Who was taken out.
    pub(crate) lost: Vec<Record>,
    /// How many should have been, and are kept because so many are silent.
    pub(crate) kept: usize,
    /// Whether none was kept before.
    pub(crate) began_to_keep: bool,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            apps: BTreeMap::new(),
            recent: VecDeque::new(),
            version: 1,
            is_keeping: false,
            told: Some(broadcast::Sender::new(BEHIND)),
        }
    }
}

impl Book {
    /// Lists an instance, also in the place of what it said before. What others decided about it stays.
    pub(crate) fn register(
        &mut self,
        instance: Instance,
        said: Status,
        moment: Moment,
    ) -> Result<(), Refusal> {
        let known = self.entry(&instance.app, &instance.id);
        if known.is_none() && self.count() >= MOST {
            return Err(Refusal::Full);
        }
        let lease = Lease::begin(instance.interval, instance.duration, moment.now);
        let record = Record {
            said,
            overridden: known.and_then(|entry| entry.record.overridden),
            action: if known.is_some() { Action::Modified } else { Action::Added },
            registered: known.map_or(moment.at, |entry| entry.record.registered),
            renewed: moment.at,
            updated: moment.at,
            evicted: None,
            instance: Arc::new(instance),
        };
        let (app, id) = (record.instance.app.clone(), record.instance.id.clone());
        self.apps.entry(app).or_default().insert(id, Entry { record: record.clone(), lease });
        self.tell(record, moment.now);
        Ok(())
    }

    /// Prolongs a lease. `said` is what the instance says of itself by the way, `dirty` when it last changed.
    pub(crate) fn renew(
        &mut self,
        app: &str,
        id: &str,
        said: Option<Status>,
        dirty: Option<i64>,
        moment: Moment,
    ) -> Result<(), Refusal> {
        let entry = self.entry_mut(app, id)?;
        if dirty.is_some_and(|dirty| dirty > entry.record.instance.dirty) {
            return Err(Refusal::Unknown);
        }
        entry.lease.renew(moment.now);
        entry.record.renewed = moment.at;
        match said.filter(|said| *said != entry.record.said) {
            Some(said) => self.change(app, id, moment, |record| record.said = said),
            None => Ok(()),
        }
    }

    /// Changes what is said of an instance.
    pub(crate) fn change(
        &mut self,
        app: &str,
        id: &str,
        moment: Moment,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), Refusal> {
        let entry = self.entry_mut(app, id)?;
        change(&mut entry.record);
        entry.record.action = Action::Modified;
        entry.record.updated = moment.at;
        let record = entry.record.clone();
        self.tell(record, moment.now);
        Ok(())
    }

    /// Takes an instance out.
    pub(crate) fn cancel(
        &mut self,
        app: &str,
        id: &str,
        moment: Moment,
    ) -> Result<Record, Refusal> {
        let instances = self.apps.get_mut(app).ok_or(Refusal::Unknown)?;
        let Entry { mut record, .. } = instances.remove(id).ok_or(Refusal::Unknown)?;
        if instances.is_empty() {
            self.apps.remove(app);
        }
        record.action = Action::Deleted;
        record.updated = moment.at;
        record.evicted = Some(moment.at);
        self.tell(record.clone(), moment.now);
        Ok(record)
    }

    /// Takes out whose lease is over, unless so many are silent that the fault may be ours.
    pub(crate) fn sweep(&mut self, moment: Moment) -> Swept {
        let crowd = Crowd::of(self.entries().map(|entry| entry.lease), moment.now);
        let over = self.entries().filter(|entry| entry.lease.is_over(moment.now));
        let (kept, lost): (Vec<_>, Vec<_>) = over
            .map(|entry| (entry.record.instance.clone(), crowd.keeps(&entry.lease)))
            .partition(|(_, is_kept)| *is_kept);
        let lost = lost.iter().filter_map(|(it, _)| self.cancel(&it.app, &it.id, moment).ok());
        let lost = lost.collect();
        let began_to_keep = !kept.is_empty() && !self.is_keeping;
        self.is_keeping = !kept.is_empty();
        Swept { lost, kept: kept.len(), began_to_keep }
    }

    /// Everybody for whom `which` says so.
    pub(crate) fn list(&self, which: impl Fn(&Instance) -> bool) -> Listing {
        let records = self.entries().map(|entry| &entry.record);
        let records = records.filter(|record| which(&record.instance)).cloned().collect();
        Listing { version: self.version, hashcode: self.hashcode(), records }
    }

    /// What became of every instance that changed in the last three minutes.
    pub(crate) fn recent(&mut self, now: Instant) -> Listing {
        self.forget(now);
        let records = self.recent.iter().map(|(_, record)| record.clone()).collect();
        Listing { version: self.version, hashcode: self.hashcode(), records }
    }

    /// One instance.
    pub(crate) fn find(&self, app: &str, id: &str) -> Option<Record> {
        self.entry(app, id).map(|entry| entry.record.clone())
    }

    /// Everybody, and what changes from then on. None when the process stops.
    pub(crate) fn watch(&self) -> Option<(Listing, broadcast::Receiver<Change>)> {
        let told = self.told.as_ref()?.subscribe();
        Some((self.list(|_| true), told))
    }

    /// Ends what watchers are told.
    pub(crate) fn close(&mut self) {
        self.told = None;
    }

    fn tell(&mut self, record: Record, now: Instant) {
        self.version += 1;
        self.forget(now);
        let (app, id) = (&record.instance.app, &record.instance.id);
        self.recent.retain(|(_, it)| it.instance.app != *app || it.instance.id != *id);
        self.recent.push_back((now, record.clone()));
        if let Some(told) = &self.told {
            // Nobody may be watching.
            drop(told.send(Change { version: self.version, record }));
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > RECENT;
        while self.recent.front().is_some_and(|(at, _)| is_old(*at)) {
            self.recent.pop_front();
        }
    }

    fn hashcode(&self) -> String {
        let mut counts = BTreeMap::<String, usize>::new();
        for entry in self.entries() {
            *counts.entry(entry.record.status().to_string()).or_default() += 1;
        }
        counts.iter().map(|(status, count)| format!("{status}_{count}_")).collect()
    }

    fn count(&self) -> usize {
        self.apps.values().map(BTreeMap::len).sum()
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.apps.values().flat_map(BTreeMap::values)
    }

    fn entry(&self, app: &str, id: &str) -> Option<&Entry> {
        self.apps.get(app)?.get(id)
    }

    fn entry_mut(&mut self, app: &str, id: &str) -> Result<&mut Entry, Refusal> {
        let instances = self.apps.get_mut(app).ok_or(Refusal::Unknown)?;
        instances.get_mut(id).ok_or(Refusal::Unknown)
    }
}
