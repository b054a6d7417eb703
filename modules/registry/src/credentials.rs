//! Who may register, and as what.

use std::collections::BTreeMap;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{Digest, SHA256, digest},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use identity::InternalTokens;
use secrecy::{ExposeSecret, SecretString};

use crate::{NAME, Service, Unfit};

/// The shortest secret of a service, in bytes.
const SHORTEST: usize = 8;

/// What proves who somebody is.
pub(crate) struct Credentials {
    tokens: InternalTokens,
    reserved: Vec<String>,
    services: Vec<Known>,
}

struct Known {
    name: String,
    /// Of all that stands behind `Basic`, once decoded.
    basic: Option<Digest>,
    bearer: Option<Digest>,
    apps: Vec<String>,
}

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A process of this deployment.
    Insider,
    /// A service, and the applications that it registers.
    Service { name: String, apps: Vec<String> },
}

impl Who {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Insider => "a process of this deployment",
            Self::Service { name, .. } => name,
        }
    }
}

impl Credentials {
    pub(crate) fn of(
        tokens: InternalTokens,
        reserved: Vec<String>,
        services: BTreeMap<String, Service>,
    ) -> Result<Self, Unfit> {
        let reserved: Vec<_> = reserved.iter().map(|name| name.to_uppercase()).collect();
        let services = services.into_iter().map(|(name, said)| known(name, said, &reserved));
        Ok(Self { services: services.collect::<Result<_, _>>()?, tokens, reserved })
    }

    /// Who sends these headers, if they prove it.
    pub(crate) fn who(&self, headers: &HeaderMap) -> Option<Who> {
        let mut all = headers.get_all(AUTHORIZATION);
        let said = all.next()?.to_str().ok()?;
        let (scheme, proof) = said.split_once(' ').filter(|_| all.next().is_none())?;
        let proof = proof.trim();
        if scheme.eq_ignore_ascii_case("basic") {
            let proof = STANDARD.decode(proof).ok()?;
            return self.service(&proof, |known| known.basic.as_ref());
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        match self.tokens.verify(proof, NAME) {
            Ok(_) => Some(Who::Insider),
            Err(_) => self.service(proof.as_bytes(), |known| known.bearer.as_ref()),
        }
    }

    /// Whether `who` may register as `app`, or change what is registered so. Upper case.
    pub(crate) fn covers(&self, who: &Who, app: &str) -> bool {
        match who {
            Who::Insider => true,
            Who::Service { apps, .. } => {
                apps.iter().any(|it| it == app) && !self.reserved.iter().any(|it| it == app)
            }
        }
    }

    /// The service whose secret this is. What is compared are digests, in a time that says nothing.
    fn service(&self, proof: &[u8], which: impl Fn(&Known) -> Option<&Digest>) -> Option<Who> {
        let proof = digest(&SHA256, proof);
        let is_it = |known: &&Known| {
            let digest = which(known);
            digest.is_some_and(|it| verify_slices_are_equal(it.as_ref(), proof.as_ref()).is_ok())
        };
        let Known { name, apps, .. } = self.services.iter().find(is_it)?;
        Some(Who::Service { name: name.clone(), apps: apps.clone() })
    }
}

fn known(name: String, said: Service, reserved: &[String]) -> Result<Known, Unfit> {
    let Service { password, token, apps } = said;
    let key = format!("registry.services.{name}");
    if password.is_none() && token.is_none() {
        return Err(Unfit(format!("{key} proves nothing: give it a password or a token")));
    }
    for secret in [&password, &token].into_iter().flatten() {
        if secret.expose_secret().len() < SHORTEST {
            return Err(Unfit(format!(
                "{key} has a secret of less than {SHORTEST} characters: take a random one, as `openssl rand \
                 -base64 24` prints it"
            )));
        }
    }
    let apps = if apps.is_empty() { vec![name.clone()] } else { apps };
    let apps: Vec<_> = apps.iter().map(|app| app.to_uppercase()).collect();
    if let Some(taken) = apps.iter().find(|app| reserved.contains(app)) {
        return Err(Unfit(format!(
            "{key} would register as {taken}, which is a module of this deployment: choose another name"
        )));
    }
    let basic = |password: SecretString| format!("{name}:{}", password.expose_secret());
    Ok(Known {
        basic: password.map(|it| digest(&SHA256, basic(it).as_bytes())),
        bearer: token.map(|it| digest(&SHA256, it.expose_secret().as_bytes())),
        apps,
        name,
    })
}
