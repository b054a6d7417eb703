//! Passwords: replaced by who knows the old one, or by who reads the mail.

use kernel::Violation;
use users_api::{ChangePassword, Error, RequestReset, ResetPassword};

use super::{Service, invalid, refused, throttled, unhashed};
use crate::{
    domain::{self, Email},
    secrets,
    store::{Outcome, Purpose, ResetWish},
};

/// Wishes for a new password that are looked at before asking for more.
const WISHES: u64 = 100;

impl Service {
    pub(super) async fn replace_password(&self, wish: ChangePassword) -> Outcome<()> {
        domain::password("/new_password", &wish.new).map_err(invalid)?;
        let (account, old) = self.store.hash_of(wish.user).await?;
        let charge = self.attempts.charge(Some(&account.email), None, self.now());
        let charge = charge.map_err(throttled)?;
        let right = self.passwords.verify(wish.current, Some(old.clone())).await;
        if !right.map_err(unhashed)? {
            return refused(not_the_password());
        }
        self.attempts.forgive(&charge);
        let new = self.passwords.hash(wish.new).await.map_err(unhashed)?;
        let (user, but, now) = (wish.user, wish.session, self.now());
        match self.store.change_password(user, &old, &new, but, now).await? {
            true => Ok(()),
            false => refused(not_the_password()),
        }
    }

    /// Notes the wish. Whether there is such an account is found out by [`Self::grant_resets`], when whoever
    /// asked has their answer.
    pub(super) async fn wish_for_reset(&self, wish: RequestReset) -> Outcome<()> {
        let Some(email) = Email::parse(&wish.email) else {
            let detail = "give an e-mail address: name@example.com";
            return Err(invalid(vec![Violation::new("/email", "invalid-email", detail)]));
        };
        let now = self.now();
        self.mails.charge(Some(&email), wish.ip.as_deref(), now).map_err(throttled)?;
        let id = self.ids.uuid().to_string();
        self.store.wish_for_reset(&ResetWish { id, email_key: email.key, asked_at: now }).await?;
        self.wished.notify_one();
        Ok(())
    }

    /// Has a token mailed for every wish that has an account.
    pub(crate) async fn grant_resets(&self) -> Outcome<()> {
        loop {
            let wishes = self.store.reset_wishes(WISHES).await?;
            for wish in &wishes {
                let found = self.store.credentials(&wish.email_key).await?;
                let account = found.map(|(account, _)| account).filter(|it| it.may_log_in());
                let proof = self.mailed(Purpose::ResetPassword);
                self.store.grant_reset(wish, account.as_ref(), &proof, self.now()).await?;
            }
            if wishes.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) async fn set_forgotten_password(&self, wish: ResetPassword) -> Outcome<()> {
        domain::password("/password", &wish.password).map_err(invalid)?;
        let token = secrets::hash(wish.token.expose());
        if !self.store.is_good(&token, Purpose::ResetPassword, self.now()).await? {
            return refused(Error::UnknownToken);
        }
        let new = self.passwords.hash(wish.password).await.map_err(unhashed)?;
        self.store.reset_password(&token, &new, self.now()).await
    }
}

fn not_the_password() -> Error {
    let detail = "this is not the password of the account";
    Error::Invalid(vec![Violation::new("/current_password", "wrong", detail)])
}
