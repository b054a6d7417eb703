//! Reads rows of the outbox from what `pgoutput` writes: protocol version 1, tuples as text
//! (PostgreSQL, "Logical Replication Message Formats").

use std::collections::HashMap;

use crate::{
    envelope::Label,
    relay::source::{Row, open},
};

/// Remembers the columns of the tables that rows are of.
#[derive(Default)]
pub(super) struct Decoder {
    tables: HashMap<u32, Vec<String>>,
}

/// A message is not what the protocol says.
#[derive(Debug, thiserror::Error)]
#[error("a message of pgoutput cannot be read: {0}")]
pub(super) struct Garbled(&'static str);

/// A row and the transaction that wrote it.
pub(super) struct Inserted {
    pub(super) xid: u64,
    pub(super) row: Row,
}

impl Decoder {
    /// The row in `message`, if it has one.
    pub(super) fn read(&mut self, message: &[u8]) -> Result<Option<Inserted>, Garbled> {
        let mut bytes = Bytes(message);
        match bytes.take(1)? {
            b"R" => self.table(bytes).map(|()| None),
            b"I" => self.insert(bytes).map(Some),
            _ => Ok(None),
        }
    }

    fn table(&mut self, mut bytes: Bytes<'_>) -> Result<(), Garbled> {
        let table = bytes.number::<4>()?;
        let (_schema, _name, _identity) = (bytes.text()?, bytes.text()?, bytes.number::<1>()?);
        let mut columns = Vec::new();
        for _ in 0..bytes.number::<2>()? {
            let _flags = bytes.number::<1>()?;
            columns.push(bytes.text()?.to_owned());
            let (_type, _modifier) = (bytes.number::<4>()?, bytes.number::<4>()?);
        }
        self.tables.insert(table, columns);
        Ok(())
    }

    fn insert(&self, mut bytes: Bytes<'_>) -> Result<Inserted, Garbled> {
        let columns = self.tables.get(&bytes.number::<4>()?).ok_or(Garbled("an unknown table"))?;
        let _new = bytes.take(1)?;
        let mut values = HashMap::new();
        for column in columns.iter().take(bytes.number::<2>()? as usize) {
            if bytes.take(1)? == b"t" {
                let length = bytes.number::<4>()? as usize;
                let value = std::str::from_utf8(bytes.take(length)?);
                values.insert(column.as_str(), value.map_err(|_| Garbled("a text"))?);
            }
        }
        let text = |column| values.get(column).copied().ok_or(Garbled("a missing column"));
        let number = |column| text(column)?.parse().map_err(|_| Garbled("a number"));
        let label = || {
            Ok(Label {
                channel: text("channel")?.to_owned(),
                key: text("key")?.to_owned(),
                seq: number("seq")?,
                shard: number("shard")?,
                kind: text("kind")?.to_owned(),
            })
        };
        let envelope = open(text("envelope")?, label, |_| Garbled("a kind"))?;
        let xid = text("xid")?.parse().map_err(|_| Garbled("a transaction's id"))?;
        Ok(Inserted { xid, row: Row { pos: number("pos")?, envelope } })
    }
}

/// What was not read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Garbled("it is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of `N` bytes, 4 at most, in network order.
    fn number<const N: usize>(&mut self) -> Result<u32, Garbled> {
        Ok(self.take(N)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// A text up to its closing zero.
    fn text(&mut self) -> Result<&'a str, Garbled> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Garbled("an endless text"))?;
        let text = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(text).map_err(|_| Garbled("a text"))
    }
}
