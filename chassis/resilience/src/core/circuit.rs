//! Closed, open, or half-open with one probe under way: the states of a circuit breaker, in one word.
//!
//! **Invariants:** one call at most probes a half-open circuit. What a call reports that was let through
//! before the circuit opened changes nothing after it.

use std::time::Duration;

use crate::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire},
};

/// A circuit breaker without the rules that open it.
#[derive(Debug)]
pub(crate) struct Circuit(AtomicU64);

/// What a circuit says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is closed. The call tells how it ended.
    Pass(Pass),
    /// It is half-open, and this call is the one that tries. It must be ended, whatever becomes of it.
    Probe(Probe),
    /// It is open, or somebody else is trying; until when, where that is known.
    Refused(Duration),
}

/// Leave to pass a closed circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) era: u64,
}

/// The only leave to try a half-open circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    era: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// After so many failures in a row.
    Closed {
        row: u64,
    },
    /// Until so many milliseconds of the clock.
    Open {
        until: u64,
    },
    Probing,
}

/// The whole state: phase 2 bits, era 14, openings 6, failures in a row or milliseconds 42.
#[derive(Clone, Copy)]
struct Word {
    phase: Phase,
    /// Counts openings and closings, so that a late report is known as one.
    era: u64,
    /// How often it opened again since it was last closed.
    openings: u64,
}

const VALUE: u32 = 42;
const OPENINGS: u32 = 6;
const ERA: u32 = 14;
const MOST_OPENINGS: u64 = (1 << OPENINGS) - 1;

impl Default for Circuit {
    fn default() -> Self {
        Self(AtomicU64::new(Word { phase: Phase::Closed { row: 0 }, era: 0, openings: 0 }.packed()))
    }
}

impl Circuit {
    /// The phase it is in.
    pub(crate) fn phase(&self) -> Phase {
        self.word().phase
    }

    /// Whether a call may pass at `now`.
    pub(crate) fn admit(&self, now: Duration) -> Admission {
        let now = millis(now);
        loop {
            let word = self.word();
            match word.phase {
                Phase::Closed { .. } => return Admission::Pass(Pass { era: word.era }),
                Phase::Probing => return Admission::Refused(Duration::ZERO),
                Phase::Open { until } if now < until => {
                    return Admission::Refused(Duration::from_millis(until));
                }
                Phase::Open { .. } if self.change(word, Word { phase: Phase::Probing, ..word }) => {
                    return Admission::Probe(Probe { era: word.era });
                }
                Phase::Open { .. } => {}
            }
        }
    }

    /// A call that passed has succeeded.
    pub(crate) fn succeeded(&self, pass: Pass) {
        loop {
            let word = self.word();
            match word.phase {
                Phase::Closed { row } if row > 0 && word.era == pass.era => {
                    if self.change(word, Word { phase: Phase::Closed { row: 0 }, ..word }) {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// A call that passed has failed: opens until `until` when it is the last of `most` failures in a row.
    /// Says whether it did.
    pub(crate) fn failed(&self, pass: Pass, most: u64, until: Duration) -> bool {
        loop {
            let word = self.word();
            let row = match word.phase {
                Phase::Closed { row } if word.era == pass.era => row + 1,
                _ => return false,
            };
            if row >= most {
                if self.change(word, word.opened(until)) {
                    return true;
                }
            } else if self.change(word, Word { phase: Phase::Closed { row }, ..word }) {
                return false;
            }
        }
    }

    /// Opens until `until` for another reason. Says whether this call was the one to do it.
    pub(crate) fn trip(&self, pass: Pass, until: Duration) -> bool {
        loop {
            let word = self.word();
            match word.phase {
                Phase::Closed { .. } if word.era == pass.era => {}
                _ => return false,
            }
            if self.change(word, word.opened(until)) {
                return true;
            }
        }
    }

    /// The probe has succeeded: closes.
    pub(crate) fn close(&self, probe: Probe) {
        let era = next(probe.era);
        self.end(probe, |_| Word { phase: Phase::Closed { row: 0 }, era, openings: 0 });
    }

    /// The probe has failed: opens again, until what `until` makes of how often that happened in a row.
    pub(crate) fn reopen(&self, probe: Probe, until: impl Fn(u32) -> Duration) {
        self.end(probe, |word| {
            let openings = (word.openings + 1).min(MOST_OPENINGS);
            let until = until(u32::try_from(openings).unwrap_or(u32::MAX));
            Word { phase: Phase::Open { until: millis(until) }, openings, ..word }
        });
    }

    /// The probe was given up: the next call may try.
    pub(crate) fn release(&self, probe: Probe) {
        self.end(probe, |word| Word { phase: Phase::Open { until: 0 }, ..word });
    }

    /// Nobody but the probe changes a circuit that is being tried.
    fn end(&self, probe: Probe, then: impl Fn(Word) -> Word) {
        let word = self.word();
        debug_assert_eq!((word.phase, word.era), (Phase::Probing, probe.era));
        let ended = self.change(word, then(word));
        debug_assert!(ended, "a second probe was under way");
    }

    fn word(&self) -> Word {
        Word::unpacked(self.0.load(Acquire))
    }

    fn change(&self, from: Word, to: Word) -> bool {
        self.0.compare_exchange(from.packed(), to.packed(), AcqRel, Acquire).is_ok()
    }
}

impl Word {
    fn opened(self, until: Duration) -> Self {
        Self { phase: Phase::Open { until: millis(until) }, era: next(self.era), openings: 0 }
    }

    fn packed(self) -> u64 {
        let (phase, value) = match self.phase {
            Phase::Closed { row } => (0, row),
            Phase::Open { until } => (1, until),
            Phase::Probing => (2, 0),
        };
        let value = value.min((1 << VALUE) - 1);
        value
            | self.openings << VALUE
            | self.era << (VALUE + OPENINGS)
            | phase << (VALUE + OPENINGS + ERA)
    }

    fn unpacked(word: u64) -> Self {
        let bits = |from: u32, many: u32| word >> from & ((1 << many) - 1);
        let value = bits(0, VALUE);
        let phase = match bits(VALUE + OPENINGS + ERA, 2) {
            0 => Phase::Closed { row: value },
            1 => Phase::Open { until: value },
            _ => Phase::Probing,
        };
        Self { phase, openings: bits(VALUE, OPENINGS), era: bits(VALUE + OPENINGS, ERA) }
    }
}

fn next(era: u64) -> u64 {
    (era + 1) & ((1 << ERA) - 1)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
