//! Reading what people typed.

use kernel::Violation;
use users_api::PostalAddress;

/// Reads fields one after the other and remembers what was wrong.
#[derive(Default)]
pub(crate) struct Reading {
    violations: Vec<Violation>,
}

impl Reading {
    pub(crate) fn blame(&mut self, pointer: &str, code: &str, detail: &str) {
        self.violations.push(Violation::new(pointer, code, detail));
    }

    /// One line of 1 to `most` characters, without the space around it.
    pub(crate) fn text(&mut self, pointer: &str, value: &str, most: usize) -> String {
        let value = value.trim();
        if !(1..=most).contains(&value.chars().count()) {
            self.blame(pointer, "length", &format!("give 1 to {most} characters"));
        } else if value.chars().any(char::is_control) {
            self.blame(pointer, "control-character", "give one line without control characters");
        }
        value.to_owned()
    }

    /// The same, but nothing is fine as well.
    pub(crate) fn optional(
        &mut self,
        pointer: &str,
        value: Option<&str>,
        most: usize,
    ) -> Option<String> {
        let value = value.map(str::trim).filter(|value| !value.is_empty())?;
        Some(self.text(pointer, value, most))
    }

    /// An address that a parcel could be sent to.
    pub(crate) fn address(&mut self, pointer: &str, given: &PostalAddress) -> PostalAddress {
        given.read(pointer, &mut self.violations)
    }

    /// What was read, or all that was wrong.
    pub(crate) fn done<T>(self, read: T) -> Result<T, Vec<Violation>> {
        if self.violations.is_empty() { Ok(read) } else { Err(self.violations) }
    }
}
