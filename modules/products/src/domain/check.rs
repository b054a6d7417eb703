//! Collects what is wrong with a request, so that all of it is told at once.

use kernel::Violation;
use products_api::{Error, Result};

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Check(Vec<Violation>);

impl Check {
    /// Blames the field at `pointer` unless `holds`.
    pub(super) fn that(&mut self, holds: bool, pointer: &str, code: &str, detail: &str) {
        if !holds {
            self.0.push(Violation::new(pointer, code, detail));
        }
    }

    /// The text without the white space around it; blamed unless `shortest` to `longest` characters
    /// are left.
    pub(super) fn text(
        &mut self,
        text: &str,
        pointer: &str,
        shortest: usize,
        longest: usize,
    ) -> String {
        let text = text.trim();
        let length = text.chars().count();
        let detail = format!("{shortest} to {longest} characters are wanted");
        self.that((shortest..=longest).contains(&length), pointer, "length", &detail);
        text.to_owned()
    }

    /// Blames what cannot be a part of a URL: 1 to 100 lower-case letters, digits and dashes are.
    pub(super) fn slug(&mut self, slug: &str, pointer: &str) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=100).contains(&slug.len()) && slug.bytes().all(plain);
        let detail = "1 to 100 lower-case letters, digits and dashes are wanted";
        self.that(fits, pointer, "slug", detail);
    }

    /// `value`, if nothing was wrong.
    pub(super) fn done<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }
}

/// The refusal for one thing that is wrong.
pub(super) fn refusal(pointer: &str, code: &str, detail: &str) -> Error {
    Error::Invalid(vec![Violation::new(pointer, code, detail)])
}
