//! How far an outbox had been read when a ticket was the next.

use std::collections::VecDeque;

use super::source::Point;

/// Everything before `point` was handed out under tickets below `ticket`.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) ticket: u64,
    pub(super) point: Point,
}

/// The marks whose rows are still in the outbox, in their order. There are never more than
/// [`MOST`]: of many every second one is forgotten, so that a group which is behind for long costs
/// precision and no memory.
#[derive(Default)]
pub(super) struct Marks {
    all: VecDeque<Mark>,
}

const MOST: usize = 1_024;

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn push(&mut self, mark: Mark) {
        if let Some(last) = self.all.back_mut()
            && last.ticket == mark.ticket
        {
            // What came between concerns nobody.
            *last = mark;
            return;
        }
        self.all.push_back(mark);
        if self.all.len() > MOST {
            let newest = self.all.len() - 1;
            let mut place = 0..=newest;
            let is_kept = |place: usize| (newest - place).is_multiple_of(2);
            self.all.retain(|_| place.next().is_some_and(is_kept));
        }
    }

    /// Takes out the marks all of whose tickets are below `low`, and gives the last of them.
    pub(super) fn reached(&mut self, low: u64) -> Option<Mark> {
        let mut reached = None;
        while self.all.front().is_some_and(|mark| mark.ticket <= low) {
            reached = self.all.pop_front();
        }
        reached
    }

    /// Puts back what [`reached`](Self::reached) gave.
    pub(super) fn put_back(&mut self, mark: Mark) {
        self.all.push_front(mark);
    }

    /// Where somebody who stands at `ticket` goes next: as far as there is a mark within `tickets`
    /// tickets, or else to the first mark.
    pub(super) fn ahead(&self, ticket: u64, tickets: u64) -> Option<&Mark> {
        let first = self.all.partition_point(|mark| mark.ticket <= ticket);
        let beyond = self.all.partition_point(|mark| mark.ticket <= ticket + tickets);
        self.all.get(first.max(beyond.saturating_sub(1)))
    }
}
