//! The processor time of a broker on this machine.

use std::fs;
use std::time::Duration;

/// Linux counts processor time in /proc in hundredths of a second (`USER_HZ`), on every platform.
const TICK: Duration = Duration::from_millis(10);

/// The process that listens on the broker's port.
pub(crate) struct Broker {
    process: String,
}

impl Broker {
    /// Finds it; nothing when it runs on another machine or belongs to somebody else.
    pub(crate) fn at(port: u16) -> Option<Self> {
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|file| listener(file, port))
            .collect();
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut names = processes.filter_map(|entry| entry.file_name().into_string().ok());
        let process = names.find(|name| {
            name.bytes().all(|letter| letter.is_ascii_digit()) && holds(name, &sockets)
        })?;
        Some(Self { process })
    }

    /// User and system time so far: fields 14 and 15 of proc_pid_stat(5), counted from behind the name.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process)).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let times = fields.split_whitespace().skip(11).take(2);
        Some(TICK * times.filter_map(|field| field.parse::<u32>().ok()).sum())
    }
}

/// The listening socket of a port, as /proc names it: `socket:[4711]`.
fn listener(file: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let table = fs::read_to_string(file).ok()?;
    let ending = format!(":{port:04X}");
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.len() > 9 && row[1].ends_with(&ending) && row[3] == LISTENING)?;
    Some(format!("socket:[{}]", row[9]))
}

fn holds(process: &str, sockets: &[String]) -> bool {
    let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}
