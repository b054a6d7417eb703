//! Fingerprints of requests that hold a password.

use std::sync::Arc;

use host::{Intent, Problem};
use kernel::Code;
use users_api::Password;

use crate::{passwords::Passwords, secrets};

/// Makes them so that what is stored of a request tells no more about a password than its hash does.
///
/// An ordinary fingerprint is a fast hash of the body: whoever reads it can try a million passwords a
/// second. This one takes the password at the cost of a password hash.
pub(crate) struct Discretion(pub(crate) Arc<Passwords>);

impl Discretion {
    /// The intention of a request that says `rest` beside the password.
    pub(super) async fn intent(
        &self,
        intent: Option<Intent>,
        rest: &[&str],
        password: &Password,
    ) -> Result<Option<Intent>, Problem> {
        let Some(intent) = intent else { return Ok(None) };
        let salt = secrets::salt(&[rest, &[intent.key.as_str()]].concat());
        let derived = self.0.derive(password.clone(), salt).await;
        let derived = derived.map_err(|cause| Problem::of(Code::Internal, cause.to_string()))?;
        let fingerprint = secrets::text(&derived.fingerprint);
        Ok(Some(Intent::restored(intent.key.as_str(), &fingerprint)))
    }
}
