//! Services in other languages, which registered somewhere: `/services/greeter/hello` is `/hello` of whoever
//! registered as `greeter`.
//!
//! **Invariants:** only services that were named in the configuration are asked, and only for those whom their
//! policy lets in. They are strangers: they get neither the token of who asks nor one of ours.

use std::{fmt, sync::Arc};

use actix_web::http::Method;
use discovery::Instances;
use host::{Operation, Policy, Unfit};

/// What the paths of all services begin with.
const PREFIX: &str = "/services/";
/// The largest body that is sent to a service, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// One service in another language.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name: of its application in the registry, and in paths.
    pub name: String,
    /// Who may ask it.
    pub policy: Policy,
    /// Where it is.
    pub instances: Instances,
}

/// All services that may be asked.
pub(crate) struct Services(Vec<Arc<Known>>);

/// One of them.
pub(crate) struct Known {
    pub(crate) service: Service,
    pub(crate) operation: Arc<Operation>,
    /// Its pattern, for metrics.
    pub(crate) route: Arc<str>,
    prefix: String,
}

impl Services {
    /// # Errors
    /// When a name cannot be part of a path.
    pub(crate) fn of(services: Vec<Service>) -> Result<Self, Unfit> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let wrong = services.iter().filter(|it| it.name.is_empty() || !it.name.chars().all(plain));
        let wrong: Vec<_> = wrong
            .map(|Service { name, .. }| {
                format!(
                    "gateway.services names {name:?}, which is not made of lower-case letters, digits and \
                     dashes: rename it"
                )
            })
            .collect();
        match wrong.is_empty() {
            true => Ok(Self(services.into_iter().map(Known::of).map(Arc::new).collect())),
            false => Err(Unfit(wrong)),
        }
    }

    /// The service that `path` is for.
    pub(crate) fn choose(&self, path: &str) -> Option<&Arc<Known>> {
        let name = path.strip_prefix(PREFIX)?.split('/').next()?;
        self.0.iter().find(|known| known.service.name == name)
    }
}

impl Known {
    fn of(service: Service) -> Self {
        let prefix = format!("{PREFIX}{}", service.name);
        let pattern = format!("{prefix}/{{path}}");
        let operation = Operation {
            module: "services",
            method: Method::GET,
            pattern: pattern.clone(),
            policy: Some(service.policy),
            body_limit: BODY_LIMIT,
            idempotency_key: false,
            documented: false,
        };
        Self { service, operation: Arc::new(operation), route: pattern.into(), prefix }
    }

    /// What the service is asked for, by somebody who asked us for `target`.
    pub(crate) fn target(&self, target: &str) -> String {
        let rest = target.strip_prefix(&self.prefix).unwrap_or(target);
        match rest.starts_with('/') {
            true => rest.to_owned(),
            false => format!("/{rest}"),
        }
    }

    /// Where the service is, as clients see it.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Known").field(&self.service.name).finish()
    }
}
