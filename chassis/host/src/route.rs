//! One operation of a module's public API, and who may use it.

use std::{cmp::Ordering, fmt, sync::Arc};

use actix_web::{FromRequest, Handler, Responder, http::Method, web};
use identity::Permission;
use serde::{Deserialize, Serialize};

/// Who may use an operation. Every door asks before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Anybody; no token is looked at, so the handler knows nobody.
    Public,
    /// Anybody, and the handler learns who it is when there is a token. A bad token is refused.
    Optional,
    /// Any logged-in user, and a guest who proves to be one by `Guest-Token`.
    Shopper,
    /// Any logged-in user. What is theirs and what is not is for the module to say.
    Customer,
    /// Users one of whose roles includes the permission.
    Permission(Permission),
}

/// What the gateway knows about a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The module that serves it.
    pub module: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path with its parameters: `/v1/orders/{id}`.
    pub pattern: String,
    /// Who may use it. [`Routes::check`](crate::Routes::check) refuses a route without one.
    pub policy: Option<Policy>,
    /// The largest body it takes, in bytes, after decompression.
    pub body_limit: usize,
    /// Whether an `Idempotency-Key` must be sent.
    pub idempotency_key: bool,
    /// Whether it is part of the OpenAPI document.
    pub documented: bool,
}

/// The operation that the gateway chose and authorised for a request, in its extensions.
///
/// A route of a request that carries one answers only if it is the chosen one: what was authorised
/// and what runs cannot differ.
#[derive(Clone, Debug)]
pub struct Chosen(pub Arc<Operation>);

impl Operation {
    /// Orders patterns so that, tried in this order, literal segments win over parameters.
    pub fn specificity(&self, other: &Self) -> Ordering {
        let rank = |segment: &str| match segment.find('{') {
            None => 0,
            Some(_) if segment.contains(':') => 2,
            Some(_) => 1,
        };
        let ranks = |pattern: &str| pattern.split('/').map(rank).collect::<Vec<_>>();
        ranks(&self.pattern).cmp(&ranks(&other.pattern))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.method, self.pattern, self.module)
    }
}

/// A route while a module declares it: method, pattern, handler, and who may use it.
pub struct Route {
    pub(crate) operation: Operation,
    pub(crate) handler: Arc<dyn Fn() -> actix_web::Route + Send + Sync>,
}

impl Route {
    /// The body limit of an operation that does not set one: 64 KiB.
    pub const BODY_LIMIT: usize = 64 * 1024;

    /// Answers `method` on `pattern` with an ordinary actix-web handler.
    pub fn new<F, Args>(method: Method, pattern: impl Into<String>, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let operation = Operation {
            module: "",
            method,
            pattern: pattern.into(),
            policy: None,
            body_limit: Self::BODY_LIMIT,
            idempotency_key: false,
            documented: true,
        };
        Self { operation, handler: Arc::new(move || web::route().to(handler.clone())) }
    }

    /// Says who may use it.
    #[must_use]
    pub fn allow(mut self, policy: Policy) -> Self {
        self.operation.policy = Some(policy);
        self
    }

    /// Takes bodies of up to `bytes`.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.operation.body_limit = bytes;
        self
    }

    /// Refuses requests without an `Idempotency-Key`.
    #[must_use]
    pub fn needs_idempotency_key(mut self) -> Self {
        self.operation.idempotency_key = true;
        self
    }

    /// Leaves it out of the OpenAPI document.
    #[must_use]
    pub fn undocumented(mut self) -> Self {
        self.operation.documented = false;
        self
    }
}

macro_rules! methods {
    ($($name:ident = $method:ident;)+) => {
        impl Route {
            $(
                #[doc = concat!("Answers ", stringify!($method), " on `pattern`.")]
                pub fn $name<F, Args>(pattern: impl Into<String>, handler: F) -> Self
                where
                    F: Handler<Args> + Send + Sync,
                    Args: FromRequest + 'static,
                    F::Output: Responder + 'static,
                {
                    Self::new(Method::$method, pattern, handler)
                }
            )+
        }
    };
}

methods! {
    get = GET;
    post = POST;
    put = PUT;
    patch = PATCH;
    delete = DELETE;
}
