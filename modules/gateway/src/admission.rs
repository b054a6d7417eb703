//! Whether a request reaches its handler, decided in one fixed order.

use std::sync::Arc;

use actix_web::{
    HttpMessage,
    dev::ServiceRequest,
    http::{
        Method,
        header::{HeaderMap, HeaderValue},
    },
};
use host::{Chosen, Policy, Problem, door};
use identity::Principal;
use kernel::Code;
use ports::Context;

use crate::{Parts, forward::Passage, headers, path, rate::Allowance, routing::Asked};

/// Where a request that was let in is answered.
pub(crate) enum Way {
    /// By the application behind the gateway.
    Here,
    /// In another process.
    Elsewhere(Passage),
}

/// What is known about a request, for its answer, its log line and its count.
pub(crate) struct Visit {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The pattern of the chosen route; empty when there is none.
    pub(crate) route: Arc<str>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) request_id: HeaderValue,
    pub(crate) allowance: Option<Allowance>,
}

impl Visit {
    pub(crate) fn of(request: &ServiceRequest, context: &Context) -> Self {
        Self {
            method: known(request.method()),
            path: request.path().to_owned(),
            route: Arc::from(""),
            user: None,
            request_id: headers::request_id(request.headers(), context.trace),
            allowance: None,
        }
    }
}

impl Parts {
    /// The context in which a request is worked on.
    pub(crate) fn context(&self, request: &ServiceRequest) -> Context {
        door::context("gateway", request.headers(), self.deadline)
    }

    /// Lets a request in, or says why not. What is learnt on the way is noted in `visit`.
    pub(crate) async fn admit(
        &self,
        request: &mut ServiceRequest,
        visit: &mut Visit,
    ) -> Result<Way, Problem> {
        if let Some(address) = request.peer_addr() {
            visit.allowance = self.limits.address(address.ip())?;
        }
        headers::check(request.uri(), request.headers())?;
        path::check(request.uri().path())
            .map_err(|path::Ambiguous(why)| Problem::of(Code::MalformedRequest, why))?;
        headers::strip(request);
        let asked = self.routing.choose(request.method(), request.match_info().as_str());
        if let Ok(asked) = &asked {
            visit.route = asked.route.clone();
        }
        let policy = asked.as_ref().map_or(Some(Policy::Public), |asked| asked.operation.policy);
        let principal = self.principal(request.headers(), policy).await?;
        if let Some(principal) = &principal {
            visit.user = Some(principal.subject.clone());
            // Anybody can be any number of guests: they are counted by their address.
            if !principal.is_guest() {
                visit.allowance = self.limits.user(&principal.subject)?.or(visit.allowance);
            }
        }
        let Asked { operation, service, .. } = asked?;
        door::admit(&operation, principal.as_ref(), request.headers())?;
        if service.is_some() || self.routing.upstream(operation.module).is_some() {
            return Ok(Way::Elsewhere(Passage { operation, principal, service }));
        }
        let mut known = request.extensions_mut();
        known.insert(Chosen(operation));
        principal.map(|principal| known.insert(principal));
        Ok(Way::Here)
    }

    /// Whom the token speaks for, where the policy wants to know.
    async fn principal(
        &self,
        headers: &HeaderMap,
        policy: Option<Policy>,
    ) -> Result<Option<Principal>, Problem> {
        if policy == Some(Policy::Public) {
            return Ok(None);
        }
        let Some(token) = door::bearer(headers)? else {
            let guest = if welcomes_guests(policy) { door::guest(headers)? } else { None };
            return Ok(guest.as_ref().map(Principal::guest));
        };
        self.keys.principal(token, Context::current().left()).await.map(Some)
    }
}

/// Whether a guest token says anything to a route.
fn welcomes_guests(policy: Option<Policy>) -> bool {
    matches!(policy, Some(Policy::Shopper | Policy::Optional))
}

/// The method as a label, so that nobody can invent labels.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
