//! What the rest of the shop may know about the people who use it.
//!
//! The contract is about *identity at rest*: accounts, addresses, log-ins, and the public halves of the
//! keys that sign access tokens. It says nothing about who is asking right now: that is a verified token,
//! and a token is checked by whoever receives a request, with [`Users::keys`] and no further call. So
//! nobody asks users on the hot path, and users may be down while everybody stays logged in. The price: an
//! access token is believed until it ends, ten minutes at most, also when its log-in was revoked, its
//! account locked or its roles taken. What users itself does (refreshing, first of all) stops at once.
//!
//! Passwords and tokens that were mailed travel wrapped ([`Password`], [`OneTimeToken`]); they neither print
//! nor log themselves.

use kernel::Page;
use ports::async_trait;

mod account;
mod address;
mod error;
mod events;
mod keys;
mod log_in;
mod secret;
mod staff;

pub use account::{
    ChangePassword, ChangeProfile, Erase, RequestReset, ResetPassword, SignUp, Status, User,
    UserId, VerifyEmail,
};
pub use address::{
    AddAddress, Address, AddressBook, AddressId, AddressOf, AddressesOf, Defaults, PostalAddress,
    RemoveAddress, ReplaceAddress,
};
pub use error::{Error, Result};
pub use events::{
    AddressChange, AddressChanged, EmailVerificationRequested, EmailVerified,
    PasswordResetRequested, UserErased, UserRegistered,
};
pub use keys::{KeyScope, PublicKey};
pub use log_in::{EndSessions, LogIn, Refresh, Session, SessionId, SessionOf, SessionsOf, Tokens};
pub use secret::{OneTimeToken, Password, RefreshToken};
pub use staff::{SetLocked, SetRoles, UsersWhere};

/// Accounts, addresses and log-ins, as their neighbours see them.
#[async_trait]
pub trait Users: Send + Sync {
    /// Opens an account with the role `customer` and announces [`UserRegistered`] and
    /// [`EmailVerificationRequested`]. Idempotent by e-mail only in that the second attempt is refused with
    /// [`Error::EmailTaken`].
    async fn sign_up(&self, wish: SignUp) -> Result<User>;
    /// Opens an account with the role `admin`; for the operator's command line, never for a route.
    async fn create_admin(&self, wish: SignUp) -> Result<User>;
    /// Notes that somebody reads the mail of an address, by a token that was mailed there; announces
    /// [`EmailVerified`]. A token works once.
    async fn verify_email(&self, proof: VerifyEmail) -> Result<User>;
    /// Mails another token, unless the address is verified. Each asks for one mail; throttled by account.
    async fn request_verification(&self, user: UserId) -> Result<()>;

    /// Opens a session. An unknown e-mail and a wrong password take the same time and give the same answer.
    /// Idempotent by [`LogIn::key`], when it is given.
    async fn log_in(&self, attempt: LogIn) -> Result<Tokens>;
    /// Continues a session: a refresh token is used once and gives its successor. Within ten seconds the
    /// same one again; later that is taken for theft and ends the session.
    async fn refresh(&self, wish: Refresh) -> Result<Tokens>;
    /// Somebody's log-ins that can still be continued, the newest first.
    async fn sessions(&self, whose: SessionsOf) -> Result<Page<Session>>;
    /// One of them; another person's, or one that ended, is [`Error::UnknownSession`].
    async fn session(&self, which: SessionOf) -> Result<Session>;
    /// Ends a log-in. Ending what has ended is [`Error::UnknownSession`] and changes nothing.
    async fn end_session(&self, which: SessionOf) -> Result<()>;
    /// Ends all of somebody's log-ins but one. Doing it twice changes nothing.
    async fn end_sessions(&self, which: EndSessions) -> Result<()>;

    /// Finds a person, also one who is locked or erased.
    async fn user(&self, id: UserId) -> Result<User>;
    /// Changes what the shop calls a person. Conditional: [`Error::Stale`] when it was changed meanwhile.
    async fn change_profile(&self, wish: ChangeProfile) -> Result<User>;
    /// Replaces a password whose owner knows the old one, and ends the owner's other log-ins. The second
    /// attempt is refused, because the old password is not that any more.
    async fn change_password(&self, wish: ChangePassword) -> Result<()>;
    /// Has a token mailed to whoever forgot a password, if there is such an account; the answer does not
    /// tell. Each asks for one mail; throttled by address.
    async fn request_reset(&self, wish: RequestReset) -> Result<()>;
    /// Replaces a forgotten password and ends all log-ins. A token works once.
    async fn reset_password(&self, wish: ResetPassword) -> Result<()>;
    /// Forgets who a person was and announces [`UserErased`]; only the id stays. Conditional:
    /// [`Error::Stale`] when the person was changed meanwhile.
    async fn erase(&self, wish: Erase) -> Result<()>;

    /// Adds an address to somebody's address book, at most [`Address::MAX`] of them. Each call adds one.
    async fn add_address(&self, wish: AddAddress) -> Result<Address>;
    /// Somebody's address book, oldest first.
    async fn addresses(&self, whose: AddressesOf) -> Result<AddressBook>;
    /// One address of somebody's; another person's is [`Error::UnknownAddress`] too.
    async fn address(&self, which: AddressOf) -> Result<Address>;
    /// Replaces an address. Conditional: [`Error::Stale`] when it was changed meanwhile.
    async fn replace_address(&self, wish: ReplaceAddress) -> Result<Address>;
    /// Removes an address. Conditional: [`Error::Stale`] when it was changed meanwhile.
    async fn remove_address(&self, wish: RemoveAddress) -> Result<()>;

    /// People, the newest first; for staff.
    async fn users(&self, wish: UsersWhere) -> Result<Page<User>>;
    /// Gives and takes roles; for staff. Conditional: [`Error::Stale`] when the person was changed
    /// meanwhile, [`Error::LastAdmin`] when nobody would be left to do this again.
    async fn set_roles(&self, wish: SetRoles) -> Result<User>;
    /// Locks an account and ends its log-ins, or unlocks it; for staff. Doing it twice changes nothing.
    async fn set_locked(&self, wish: SetLocked) -> Result<User>;

    /// The public keys that verify access tokens, the one that signs first.
    async fn keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>>;
    /// Makes the next signing key; for the operator's command line. It is published at once and signs when
    /// every verifier has had time to learn it. While one waits for that, nothing is made.
    async fn rotate_keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>>;
}

ports::remote! {
    Users in "users", Error => RemoteUsers, UsersSkeleton, LocalUsers {
        command sign_up(SignUp) -> User;
        command create_admin(SignUp) -> User;
        command verify_email(VerifyEmail) -> User;
        command request_verification(UserId) -> ();
        command log_in(LogIn) -> Tokens;
        command refresh(Refresh) -> Tokens;
        query sessions(SessionsOf) -> Page<Session>;
        query session(SessionOf) -> Session;
        command end_session(SessionOf) -> ();
        command end_sessions(EndSessions) -> ();
        query user(UserId) -> User;
        command change_profile(ChangeProfile) -> User;
        command change_password(ChangePassword) -> ();
        command request_reset(RequestReset) -> ();
        command reset_password(ResetPassword) -> ();
        command erase(Erase) -> ();
        command add_address(AddAddress) -> Address;
        query addresses(AddressesOf) -> AddressBook;
        query address(AddressOf) -> Address;
        command replace_address(ReplaceAddress) -> Address;
        command remove_address(RemoveAddress) -> ();
        query users(UsersWhere) -> Page<User>;
        command set_roles(SetRoles) -> User;
        command set_locked(SetLocked) -> User;
        query keys(KeyScope) -> Vec<PublicKey>;
        command rotate_keys(KeyScope) -> Vec<PublicKey>;
    }
}
