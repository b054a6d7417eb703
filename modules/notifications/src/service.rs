//! The outbox, for staff.

use std::sync::Arc;

use kernel::Page;
use notifications_api::{Error, Letter, Mail, MailId, Mails, Notifications, Result};
use ports::async_trait;
use storage::Database;

use crate::{letters::Letters, store};

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) letters: Arc<Letters>,
}

#[async_trait]
impl Notifications for Service {
    async fn mails(&self, wish: Mails) -> Result<Page<Mail>> {
        store::page(&self.db, &wish).await.map_err(|cause| broken(&cause))
    }

    async fn mail(&self, id: MailId) -> Result<Letter> {
        let found = store::find(&self.db, id).await.map_err(|cause| broken(&cause))?;
        let waiting = found.ok_or(Error::UnknownMail(id))?;
        let particulars = waiting.shown();
        let written = self.letters.write(&waiting.content, &particulars);
        let written = written.map_err(|cause| broken(&cause))?;
        Ok(Letter { mail: waiting.into(), subject: written.subject, text: written.text })
    }
}

fn broken(cause: &dyn std::fmt::Display) -> Error {
    tracing::error!(%cause, "the outbox cannot be shown");
    Error::Broken
}
