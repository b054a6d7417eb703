//! What the rest of the shop may know about the people who use it.
//!
//! The contract is about *identity at rest*: accounts, addresses, and the public halves of the keys
//! that sign access tokens. It says nothing about who is asking right now: that is a verified token,
//! and a token is checked by whoever receives a request, with [`Users::keys`] and no further call. So
//! nobody asks users on the hot path, and users may be down while everybody stays logged in.
//!
//! Passwords travel inwards only, wrapped in [`Password`], which neither prints nor logs itself.

use kernel::{Code, Fault, Timestamp, Version, Violation};
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};

mod events;
mod secret;

pub use events::{
    AddressChange, AddressChanged, EmailVerificationRequested, EmailVerified,
    PasswordResetRequested, UserErased, UserRegistered,
};
pub use secret::{OneTimeToken, Password};

kernel::id! {
    /// Names one person for as long as the shop exists, even after erasure.
    UserId = "usr"
}
kernel::id! {
    /// Names one address in somebody's address book.
    AddressId = "adr"
}
kernel::id! {
    /// Names one log-in.
    SessionId = "ses"
}

/// Accounts and addresses, as their neighbours see them.
#[async_trait]
pub trait Users: Send + Sync {
    /// Opens an account with the role `customer` and announces [`UserRegistered`]. Idempotent by e-mail
    /// only in that the second attempt is refused with [`Error::EmailTaken`].
    async fn sign_up(&self, wish: SignUp) -> Result<User>;
    /// Opens an account with the role `admin`; for the operator's command line, never for a route.
    async fn create_admin(&self, wish: SignUp) -> Result<User>;
    /// Opens a session. An unknown e-mail and a wrong password take the same time and give the same answer.
    async fn log_in(&self, attempt: LogIn) -> Result<Tokens>;
    /// Finds a person.
    async fn user(&self, id: UserId) -> Result<User>;
    /// Adds an address to somebody's address book, at most [`Address::MAX`] of them.
    async fn add_address(&self, wish: AddAddress) -> Result<Address>;
    /// Somebody's address book, oldest first.
    async fn addresses(&self, owner: UserId) -> Result<Vec<Address>>;
    /// One address of somebody's; another person's is [`Error::UnknownAddress`] too.
    async fn address(&self, which: AddressOf) -> Result<Address>;
    /// The public keys that verify access tokens, the newest first.
    async fn keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>>;
}

ports::remote! {
    Users in "users", Error => RemoteUsers, UsersSkeleton, LocalUsers {
        command sign_up(SignUp) -> User;
        command create_admin(SignUp) -> User;
        command log_in(LogIn) -> Tokens;
        query user(UserId) -> User;
        command add_address(AddAddress) -> Address;
        query addresses(UserId) -> Vec<Address>;
        query address(AddressOf) -> Address;
        query keys(KeyScope) -> Vec<PublicKey>;
    }
}

/// An account that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignUp {
    /// Unique without regard to case.
    pub email: String,
    /// 8 to 128 characters.
    pub password: Password,
    /// How the shop addresses the person, 1 to 200 characters.
    pub name: String,
}

/// Somebody claims to be somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogIn {
    /// Any case.
    pub email: String,
    /// Compared in constant time.
    pub password: Password,
    /// For the list of sessions: what the browser says it is.
    pub user_agent: Option<String>,
    /// For the list of sessions and for throttling: where the request came from.
    pub ip: Option<String>,
}

/// What a log-in gives. Its secrets are not printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// The session these belong to.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// A signed JWT (RFC 9068), valid until `expires_at`.
    pub access_token: String,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Opaque and single use; only its hash is stored.
    pub refresh_token: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, user, expires_at, .. } = self;
        write!(f, "Tokens {{ session: {session}, user: {user}, expires_at: {expires_at}, … }}")
    }
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// As it was given.
    pub email: String,
    /// How the shop addresses the person.
    pub name: String,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// When the account was opened.
    pub created_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// Where parcels or bills go; its fields are those of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// Who receives it, 1 to 200 characters.
    pub recipient: String,
    /// For the carrier.
    pub phone: Option<String>,
    /// Street and number, 1 to 200 characters.
    pub line1: String,
    /// What does not fit there.
    pub line2: Option<String>,
    /// 1 to 200 characters.
    pub city: String,
    /// State or province, where there are such.
    pub region: Option<String>,
    /// As the country writes it, 1 to 20 characters.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

/// An entry of an address book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Never reused.
    pub id: AddressId,
    /// What its owner calls it: "home".
    pub label: String,
    /// Where it is.
    pub address: PostalAddress,
    /// Its ETag.
    pub version: Version,
}

impl Address {
    /// How many addresses one person may keep.
    pub const MAX: usize = 50;
}

/// An address that is not in the book yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddAddress {
    /// In whose book.
    pub owner: UserId,
    /// What its owner calls it, 1 to 60 characters.
    pub label: String,
    /// Where it is.
    pub address: PostalAddress,
}

/// An address and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AddressOf {
    /// Whose it must be.
    pub owner: UserId,
    /// Which one.
    pub address: AddressId,
}

/// Which keys are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyScope {
    /// Those that sign access tokens, and those that signed tokens which are still valid.
    AccessTokens,
}

/// The public half of an Ed25519 signing key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Names the key in a token's header.
    pub kid: String,
    /// The 32 bytes of the key, base64url without padding: JWK's `x`.
    pub x: String,
}

/// Why users said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    #[error("there is no address {0}")]
    UnknownAddress(AddressId),
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    #[error("e-mail address or password is wrong")]
    WrongCredentials,
    #[error("too many attempts, try again in {seconds} seconds")]
    Throttled { seconds: u64 },
    #[error("an address book holds at most {} addresses", Address::MAX)]
    TooManyAddresses,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("users failed")]
    Broken,
}

/// What every method of [`Users`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownUser(_) | Self::UnknownAddress(_) => Code::NotFound,
            Self::EmailTaken | Self::TooManyAddresses => Code::Conflict,
            Self::WrongCredentials => Code::Unauthenticated,
            Self::Throttled { .. } => Code::RateLimited,
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Throttled { seconds } => Some(std::time::Duration::from_secs(*seconds)),
            _ => None,
        }
    }
}
