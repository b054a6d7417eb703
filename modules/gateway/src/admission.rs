//! Whether a request reaches its handler, decided in one fixed order.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpMessage,
    dev::ServiceRequest,
    http::{
        Method,
        header::{ALLOW, CONTENT_LENGTH, HeaderValue, WWW_AUTHENTICATE},
    },
};
use host::{Chosen, IdempotencyKey, Operation, Policy, Problem};
use identity::Principal;
use kernel::Code;
use ports::Context;

use crate::{
    Parts,
    headers::{self, value},
    path,
    rate::Allowance,
    table::Choice,
};

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
        let asked = headers::timeout(request.headers()).unwrap_or(Duration::MAX);
        let mut context = Context::begin("gateway", asked.min(self.deadline));
        context.trace = headers::trace(request.headers());
        let key = IdempotencyKey::of(request.headers()).ok().flatten();
        context.idempotency_key = key.map(|key| key.as_str().into());
        context
    }

    /// Lets a request in, or says why not. What is learnt on the way is noted in `visit`.
    pub(crate) fn admit(
        &self,
        request: &mut ServiceRequest,
        visit: &mut Visit,
    ) -> Result<(), Problem> {
        headers::check(request.uri(), request.headers())?;
        path::check(request.uri().path())
            .map_err(|path::Ambiguous(why)| Problem::of(Code::MalformedRequest, why))?;
        headers::strip(request);
        let choice = self.table.choose(request.method(), request.match_info().as_str());
        if let Choice::Found(row) = &choice {
            visit.route = row.route.clone();
        }
        let policy = match &choice {
            Choice::Found(row) => row.operation.policy,
            _ => Some(Policy::Public),
        };
        let principal = self.principal(request, policy);
        if let Some(address) = request.peer_addr() {
            visit.allowance = self.limits.address(address.ip())?;
        }
        let principal = principal?;
        if let Some(principal) = &principal {
            visit.user = Some(principal.subject.clone());
            visit.allowance = self.limits.user(&principal.subject)?.or(visit.allowance);
        }
        let operation = match choice {
            Choice::Found(row) => row.operation.clone(),
            Choice::Methods(methods) => return Err(wrong_method(&methods)),
            Choice::Nothing => return Err(Problem::not_found()),
        };
        allowed(policy, principal.as_ref())?;
        fits(&operation, request)?;
        let mut known = request.extensions_mut();
        known.insert(Chosen(operation));
        principal.map(|principal| known.insert(principal));
        Ok(())
    }

    /// Whom the token speaks for, where the policy wants to know.
    fn principal(
        &self,
        request: &ServiceRequest,
        policy: Option<Policy>,
    ) -> Result<Option<Principal>, Problem> {
        if policy == Some(Policy::Public) {
            return Ok(None);
        }
        let Some(token) = headers::bearer(request.headers())? else { return Ok(None) };
        let invalid = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        let principal = self.verifier.verify(token);
        principal.map(Some).map_err(|error| Problem::from(error).header(WWW_AUTHENTICATE, invalid))
    }
}

/// Applies the policy. A route without one lets nobody in.
fn allowed(policy: Option<Policy>, principal: Option<&Principal>) -> Result<(), Problem> {
    let missing = || Problem::of(Code::Unauthenticated, "log in and send the access token");
    match policy {
        Some(Policy::Public | Policy::Optional) => Ok(()),
        Some(Policy::Customer) => principal.map(drop).ok_or_else(missing),
        Some(Policy::Permission(permission)) => match principal.ok_or_else(missing)? {
            principal if principal.may(permission) => Ok(()),
            _ => {
                Err(Problem::of(Code::Forbidden, format!("the permission {permission} is needed")))
            }
        },
        None => Err(Problem::of(Code::Forbidden, "nobody may do this")),
    }
}

/// Whether the request has what the operation needs, and not more than it takes.
fn fits(operation: &Operation, request: &ServiceRequest) -> Result<(), Problem> {
    let headers = request.headers();
    if IdempotencyKey::of(headers)?.is_none() && operation.idempotency_key {
        return Err(IdempotencyKey::missing());
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok()).unwrap_or_default();
    if length > operation.body_limit as u64 {
        let detail = format!("at most {} bytes are taken here", operation.body_limit);
        return Err(Problem::of(Code::PayloadTooLarge, detail));
    }
    Ok(())
}

fn wrong_method(methods: &[Method]) -> Problem {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let allow = names.join(", ");
    Problem::of(Code::MethodNotAllowed, format!("allowed here: {allow}"))
        .header(ALLOW, value(&allow))
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
