//! What a process has cost so far: processor time and memory, as Linux counts them in /proc.

use std::fs;
use std::iter::Sum;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux counts processor time in /proc in hundredths of a second (`USER_HZ`), on every platform.
const TICKS_PER_SECOND: u64 = 100;

/// One reading; processor time is the difference of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// User and system time of all threads, from the start of the process.
    pub(crate) cpu: Duration,
    /// Resident memory now, in bytes.
    pub(crate) resident: u64,
    /// The most resident memory so far, in bytes.
    pub(crate) peak: u64,
}

impl Usage {
    /// Reads what a running process has cost; its children are not included.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
        };
        let ticks = ticks(&read("stat")?).context("/proc/…/stat has an unknown form")?;
        let status = read("status")?;
        let memory = |key| kilobytes(&status, key).context("/proc/…/status has an unknown form");
        Ok(Self {
            cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
            resident: memory("VmRSS:")? * 1024,
            peak: memory("VmHWM:")? * 1024,
        })
    }
}

/// Of several processes: memory that they share, as their code, counts once for each.
impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        let none = Self { cpu: Duration::ZERO, resident: 0, peak: 0 };
        usages.fold(none, |all, one| Self {
            cpu: all.cpu + one.cpu,
            resident: all.resident + one.resident,
            peak: all.peak + one.peak,
        })
    }
}

/// Fields 14 and 15 of proc_pid_stat(5), user and system time. They are counted from behind the
/// second one, the program's name in parentheses, which may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    Some(times.next()?? + times.next()??)
}

fn kilobytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 0 0 0 120 30 0 0 20 0 9 0 100 1 1";
        assert_eq!(ticks(stat), Some(150));
    }

    #[test]
    fn memory_is_read_by_its_key() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(1024));
        assert_eq!(kilobytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_computes_uses_processor_time() {
        let before = Usage::of(std::process::id()).unwrap();
        let begun = std::time::Instant::now();
        let mut after = before;
        while after.cpu == before.cpu {
            assert!(begun.elapsed() < Duration::from_secs(30), "{after:?}");
            after = Usage::of(std::process::id()).unwrap();
        }
        assert!(after.cpu > before.cpu);
        assert!(after.peak >= after.resident && after.resident > 1_000_000);
    }
}
