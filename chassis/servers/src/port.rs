//! Ports that are known before anybody listens on them.
//!
//! A server that takes port 0 tells its port when it runs; processes that must know each other beforehand
//! cannot wait for that. A port that was free a moment ago may be taken by then: by the operating system for
//! an outgoing connection, or by another test. So these lie below the range of outgoing connections (from
//! 32768 on Linux, 49152 elsewhere), and a locked file for each keeps tests of several processes apart.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rand::RngExt;

/// Where ports are taken from.
const RANGE: std::ops::Range<u16> = 10_000..32_000;
/// How many are tried; almost every one is free.
const TRIES: usize = 1000;

/// A port of the loopback address that nobody else takes while this exists.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked. The lock goes with this process however it ends.
    _lock: File,
}

impl Port {
    /// Takes a free port. Everybody who is to be kept apart gives the same `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written to, or no port is free.
    pub fn take(folder: &Path) -> Result<Self> {
        let mut row = Self::take_row(folder, 1)?;
        row.pop().context("a row of one port is empty")
    }

    /// Takes as many free ports, each the next one after the one before.
    ///
    /// # Errors
    /// As [`Port::take`].
    pub fn take_row(folder: &Path, length: u16) -> Result<Vec<Self>> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be created", folder.display()))?;
        for _ in 0..TRIES {
            let first = rand::rng().random_range(RANGE);
            let row = (first..first + length).map(|number| Self::free(folder, number));
            if let Some(row) = row.collect::<Result<Option<Vec<_>>>>()? {
                return Ok(row);
            }
        }
        bail!("after {TRIES} tries no ports between {} and {} are free", RANGE.start, RANGE.end)
    }

    /// The port of this number, if nobody has it.
    fn free(folder: &Path, number: u16) -> Result<Option<Self>> {
        let lock = File::create(folder.join(number.to_string()))
            .with_context(|| format!("{} cannot be written to", folder.display()))?;
        let free = lock.try_lock().is_ok() && listens_nobody(number);
        Ok(free.then_some(Self { number, _lock: lock }))
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port with its address: 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

/// Whether nobody who knows nothing of our locks listens there.
fn listens_nobody(number: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_taken_again_until_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take(folder.path()).unwrap();
        let file = File::create(folder.path().join(port.number().to_string())).unwrap();
        assert!(file.try_lock().is_err());
        drop(port);
        assert!(file.try_lock().is_ok());
    }

    #[test]
    fn the_ports_of_a_row_follow_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let row = Port::take_row(folder.path(), 3).unwrap();
        let numbers: Vec<u16> = row.iter().map(Port::number).collect();
        assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!listens_nobody(listener.local_addr().unwrap().port()));
    }
}
