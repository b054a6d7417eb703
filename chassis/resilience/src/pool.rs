//! The instances of one neighbour, and which of them is asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use discovery::Instances;
use ports::Transport;

use crate::{
    core::{bench::Bench, circuit::Phase},
    instance::Instance,
    numbers::Numbers,
};

/// Makes the way to one instance.
pub type Dial = Box<dyn Fn(&discovery::Instance) -> Arc<dyn Transport> + Send + Sync>;

pub(crate) struct Pool {
    known: Instances,
    dial: Dial,
    table: ArcSwap<Table>,
    pub(crate) bench: Bench,
    /// Held while the table is renewed; never while a call is made.
    renewing: Mutex<()>,
}

/// The instances as they were known at some moment.
pub(crate) struct Table {
    of: Arc<Vec<discovery::Instance>>,
    pub(crate) members: Vec<Arc<Instance>>,
}

impl Pool {
    pub(crate) fn new(known: Instances, dial: Dial) -> Self {
        let of = known.now();
        let member = |it: &discovery::Instance| {
            Arc::new(Instance::new(it.address.clone(), dial(it), Duration::ZERO))
        };
        let members = of.iter().map(member).collect();
        let table = ArcSwap::from_pointee(Table { of, members });
        Self { known, dial, table, bench: Bench::default(), renewing: Mutex::default() }
    }

    /// The instances as they are known now.
    pub(crate) fn table(&self, now: Duration) -> Guard<Arc<Table>> {
        let table = self.table.load();
        let current = self.known.now();
        if Arc::ptr_eq(&table.of, &current) {
            return table;
        }
        drop(table);
        self.renew(now);
        self.table.load()
    }

    /// Takes in who is new and lets go of who is no longer known. Who stays keeps what is known of it.
    fn renew(&self, now: Duration) {
        let turn = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, old) = (self.known.now(), self.table.load_full());
        let stays = |it: &discovery::Instance| {
            old.members.iter().find(|member| member.address == it.address).cloned()
        };
        let begins = |it: &discovery::Instance| {
            let since = now.max(Duration::from_millis(1));
            Arc::new(Instance::new(it.address.clone(), (self.dial)(it), since))
        };
        let members: Vec<_> = of.iter().map(|it| stays(it).unwrap_or_else(|| begins(it))).collect();
        let is_gone = |it: &&Arc<Instance>| members.iter().all(|member| !Arc::ptr_eq(member, it));
        let gone: Vec<_> = old.members.iter().filter(is_gone).cloned().collect();
        self.table.store(Arc::new(Table { of, members }));
        for instance in gone {
            instance.seat.remove(&self.bench);
        }
        drop(turn);
    }
}

/// Three random numbers from 0 to 1.
pub(crate) type Dice = [f64; 3];

impl Table {
    /// The instance to ask, of those not `tried` yet: one that is due for a probe, else the cheaper one of two
    /// (Mitzenmacher, "The Power of Two Choices"). Who is out is asked when nobody else is left, or when too few
    /// are well.
    pub(crate) fn pick(
        &self,
        tried: &[usize],
        now: Duration,
        numbers: &Numbers,
        dice: Dice,
    ) -> Option<usize> {
        let left = |index: &usize| !tried.contains(index);
        let all = || (0..self.members.len()).filter(left);
        if self.members.len() == 1 {
            return all().next();
        }
        if let Some(due) = all().find(|index| self.members[*index].is_due(now)) {
            return Some(due);
        }
        let panic = self.is_panic(numbers);
        let is_in = |index: &usize| panic || !self.members[*index].seat.is_out();
        match all().filter(is_in).count() {
            0 => {
                let many = all().count();
                all().nth(rank(dice[0], many)?)
            }
            1 => all().find(is_in),
            many => {
                let first = rank(dice[0], many)?;
                // Any of the others, each as likely.
                let second = (first + 1 + rank(dice[1], many - 1)?) % many;
                let first = all().filter(is_in).nth(first)?;
                let second = all().filter(is_in).nth(second)?;
                Some(self.cheaper(first, second, now, numbers, dice[2]))
            }
        }
    }

    /// Whether so few instances are well that all are used.
    pub(crate) fn is_panic(&self, numbers: &Numbers) -> bool {
        let is_well = |it: &&Arc<Instance>| matches!(it.breaker.phase(), Phase::Closed { .. });
        let well = self.members.iter().filter(is_well).count();
        well * 100 < numbers.ejection.panic_percent * self.members.len()
    }

    fn cheaper(
        &self,
        first: usize,
        second: usize,
        now: Duration,
        by: &Numbers,
        dice: f64,
    ) -> usize {
        let score = |index: usize| self.members[index].score(now, by);
        let (best, other) =
            if score(first) <= score(second) { (first, second) } else { (second, first) };
        let share = |index: usize| self.members[index].share(now, by);
        let (own, others) = (share(best), share(other));
        if dice * own.max(others) <= own { best } else { other }
    }
}

/// One of `many` places, each as likely; none when there are none.
fn rank(dice: f64, many: usize) -> Option<usize> {
    let last = many.checked_sub(1)?;
    Some(((dice * many as f64) as usize).min(last))
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
