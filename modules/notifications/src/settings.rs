//! What an operator may want to change about mail.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// Through whom mail is sent, by whom, and with how much patience.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The mail server: `smtps://user:password@host`, `smtp://host:587?tls=required`, `smtp://localhost`.
    /// Without one, mails are written to the log.
    pub smtp: SecretString,
    /// Who sends: `Rialto <shop@example.com>`.
    pub from: String,
    /// How the shop calls itself in its mails.
    pub shop: String,
    /// Whether the log gets the texts of mails too, with the secrets in them: for development.
    pub log_texts: bool,
    /// How many mails are with the server at once.
    pub parallel: usize,
    /// How long the server may take for one of them.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// The pause before the second try; it doubles with every try.
    #[serde(with = "humantime_serde")]
    pub first_pause: Duration,
    /// The longest such pause.
    #[serde(with = "humantime_serde")]
    pub longest_pause: Duration,
    /// How long a mail is tried.
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp: SecretString::from(""),
            from: "Rialto <shop@rialto.example>".to_owned(),
            shop: "Rialto".to_owned(),
            log_texts: false,
            parallel: 4,
            timeout: Duration::from_secs(20),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(15 * 60),
            give_up_after: Duration::from_secs(3 * 24 * 60 * 60),
        }
    }
}
