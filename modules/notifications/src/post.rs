//! Where mail goes out: to a mail server by SMTP, or to the log.

use std::time::{Duration, SystemTime};

use kernel::Timestamp;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp,
};
use notifications_api::MailId;
use secrecy::ExposeSecret;

use crate::{letters::Written, settings::Settings};

/// Replies to a log-in that is not right: our settings are to blame then, and no mail is.
const LOG_IN_REFUSED: [u16; 5] = [454, 530, 534, 535, 538];

/// The settings of notifications cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The sender is none.
    #[error("notifications.from is {0:?}, which is no sender: write it as Name <user@example.com>")]
    From(String),
    /// The mail server is none.
    #[error(
        "notifications.smtp is no mail server ({0}): write it as smtps://user:password@host, \
         smtp://host:587?tls=required, or smtp://host"
    )]
    Smtp(smtp::Error),
    /// A template of the binary's own is none.
    #[error("a mail's template cannot be read: {0}")]
    Template(#[from] minijinja::Error),
}

/// Posts mail in the name of the shop.
pub(crate) struct Post {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Log { texts: bool },
}

/// A mail that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It may be taken later.
    Now(String),
    /// It will never be.
    Ever(String),
}

/// A mail on its way out.
pub(crate) struct Outgoing<'a> {
    pub(crate) id: MailId,
    pub(crate) address: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) written: &'a Written,
    pub(crate) created_at: Timestamp,
}

impl Post {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Unusable> {
        let from = settings.from.parse();
        let from = from.map_err(|_| Unusable::From(settings.from.clone()))?;
        let way = match settings.smtp.expose_secret() {
            "" => Way::Log { texts: settings.log_texts },
            url => {
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
                let server = server.map_err(Unusable::Smtp)?;
                Way::Smtp(server.timeout(Some(settings.timeout)).build())
            }
        };
        Ok(Self { from, way })
    }

    /// Posts one mail. What came before an unclear end may have been taken: it bears the same Message-ID
    /// and date whenever it is posted.
    pub(crate) async fn send(&self, mail: &Outgoing<'_>) -> Result<(), NotTaken> {
        let message = self.message(mail)?;
        match &self.way {
            Way::Smtp(server) => server.send(message).await.map(drop).map_err(not_taken),
            Way::Log { texts } => {
                log(mail, message.envelope(), *texts);
                Ok(())
            }
        }
    }

    fn message(&self, mail: &Outgoing<'_>) -> Result<Message, NotTaken> {
        let never = |cause: &dyn std::fmt::Display| NotTaken::Ever(cause.to_string());
        let address = mail.address.parse().map_err(|cause| never(&cause))?;
        let Written { subject, text, html } = mail.written;
        let generated = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(mail.name.map(str::to_owned), address))
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .date(system_time(mail.created_at))
            // RFC 3834: whoever answers mail by itself does not answer this.
            .raw_header(HeaderValue::new(generated, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
            .map_err(|cause| never(&cause))
    }
}

fn log(mail: &Outgoing<'_>, envelope: &Envelope, texts: bool) {
    let Written { subject, text, .. } = mail.written;
    let to = envelope.to().first().map(ToString::to_string);
    match texts {
        true => tracing::info!(mail = %mail.id, to, subject, text, "a mail, as no server is set"),
        false => tracing::info!(mail = %mail.id, to, subject, "a mail, as no server is set"),
    }
}

fn not_taken(error: smtp::Error) -> NotTaken {
    let ours = error.status().is_some_and(|code| LOG_IN_REFUSED.contains(&code.into()));
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    match error.is_permanent() && !ours {
        true => NotTaken::Ever(reason),
        false => NotTaken::Now(reason),
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    let micros = u64::try_from(at.micros()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
