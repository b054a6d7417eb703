//! Messages that concern no handler of their group. Their marks need not be moved at once: the next
//! message of the key moves the mark over them, or many are moved together after a while.

use std::collections::HashMap;

use tokio::time::Instant;

use crate::{Envelope, job::Job};

/// What one lane has overlooked and not acknowledged yet.
#[derive(Default)]
pub(crate) struct Overlooked {
    runs: HashMap<Stream, Run>,
    count: usize,
    /// When the first of them has waited long enough.
    due: Option<Instant>,
}

/// Source, channel and key.
type Stream = (String, String, String);

/// Neighbours in their stream, all overlooked.
pub(crate) struct Run {
    first: Job,
    rest: Vec<Job>,
}

impl Overlooked {
    const MOST: usize = 64;

    /// Keeps the job; gives it back when it is no neighbour of what is kept of its stream.
    pub(crate) fn add(&mut self, job: Job) -> Option<Job> {
        let stream = stream(&job.envelope);
        let due = Instant::now() + job.patience();
        if let Some(run) = self.runs.get_mut(&stream) {
            if run.last() != job.envelope.seq - 1 {
                return Some(job);
            }
            run.rest.push(job);
        } else {
            self.runs.insert(stream, Run { first: job, rest: Vec::new() });
        }
        self.count += 1;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        None
    }

    /// The number of the first message that was overlooked directly before `envelope`, or its own.
    pub(crate) fn first_before(&self, envelope: &Envelope) -> i64 {
        if self.runs.is_empty() {
            return envelope.seq;
        }
        match self.runs.get(&stream(envelope)) {
            Some(run) if run.last() == envelope.seq - 1 => run.first(),
            _ => envelope.seq,
        }
    }

    /// Takes what is kept of the stream of `envelope`.
    pub(crate) fn take(&mut self, envelope: &Envelope) -> Option<Run> {
        if self.runs.is_empty() {
            return None;
        }
        let run = self.runs.remove(&stream(envelope))?;
        self.count -= 1 + run.rest.len();
        if self.runs.is_empty() {
            self.due = None;
        }
        Some(run)
    }

    pub(crate) fn take_all(&mut self) -> Vec<Run> {
        let kept = std::mem::take(self);
        kept.runs.into_values().collect()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count >= Self::MOST
    }

    /// When the marks are to be moved over what is kept, if anything is.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Run {
    /// The lowest number in it.
    pub(crate) fn first(&self) -> i64 {
        self.first.envelope.seq
    }

    /// The highest number in it.
    pub(crate) fn last(&self) -> i64 {
        self.end().seq
    }

    /// The last message.
    pub(crate) fn end(&self) -> &Envelope {
        &self.rest.last().unwrap_or(&self.first).envelope
    }

    pub(crate) fn envelopes(&self) -> impl Iterator<Item = &Envelope> {
        std::iter::once(&self.first).chain(&self.rest).map(|job| &*job.envelope)
    }

    pub(crate) fn acknowledge(self) {
        self.first.acknowledge();
        self.rest.into_iter().for_each(Job::acknowledge);
    }
}

fn stream(envelope: &Envelope) -> Stream {
    (envelope.source.clone(), envelope.channel.clone(), envelope.key.clone())
}
