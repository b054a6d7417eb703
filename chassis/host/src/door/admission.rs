//! Whether a request may reach the operation it asks for.

use actix_web::http::{
    Method,
    header::{ALLOW, CONTENT_LENGTH, HeaderMap},
};
use identity::Principal;
use kernel::Code;

use super::value;
use crate::{IdempotencyKey, Operation, Policy, Problem, extract::too_large};

/// Lets `principal` use `operation`, when the policy allows it and the head of the request fits.
///
/// # Errors
/// 401 or 403 by the policy, and always when there is none; 400 without the key that is needed; 413 for
/// a body that says it is too large.
pub fn admit(
    operation: &Operation,
    principal: Option<&Principal>,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    allowed(operation.policy, principal)?;
    fits(operation, headers)
}

/// Applies the policy. A route without one lets nobody in.
fn allowed(policy: Option<Policy>, principal: Option<&Principal>) -> Result<(), Problem> {
    let missing = || Problem::of(Code::Unauthenticated, "log in and send the access token");
    let nobody = || {
        let detail = "send an access token, or the Guest-Token that opening a cart gave you";
        Problem::of(Code::Unauthenticated, detail)
    };
    let user = principal.filter(|principal| !principal.is_guest());
    match policy {
        Some(Policy::Public | Policy::Optional) => Ok(()),
        Some(Policy::Shopper) => principal.map(drop).ok_or_else(nobody),
        Some(Policy::Customer) => user.map(drop).ok_or_else(missing),
        Some(Policy::Permission(permission)) => match user.ok_or_else(missing)? {
            principal if principal.may(permission) => Ok(()),
            _ => {
                Err(Problem::of(Code::Forbidden, format!("the permission {permission} is needed")))
            }
        },
        None => Err(Problem::of(Code::Forbidden, "nobody may do this")),
    }
}

/// Whether the request has what the operation needs, and not more than it takes.
fn fits(operation: &Operation, headers: &HeaderMap) -> Result<(), Problem> {
    if IdempotencyKey::of(headers)?.is_none() && operation.idempotency_key {
        return Err(IdempotencyKey::missing());
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok()).unwrap_or_default();
    if length > operation.body_limit as u64 {
        return Err(too_large(operation.body_limit));
    }
    Ok(())
}

/// The refusal of a method where only `methods` are answered.
pub fn wrong_method(methods: &[Method]) -> Problem {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let allow = names.join(", ");
    Problem::of(Code::MethodNotAllowed, format!("allowed here: {allow}"))
        .header(ALLOW, value(&allow))
}
