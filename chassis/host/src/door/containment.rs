//! Work whose panics and delays stay its own.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use futures::FutureExt;
use kernel::Code;
use ports::Origin;

use super::problem_of;
use crate::{Chosen, Problem};

/// Runs an application for one request. It ends within `patience`, and its panic ends here.
///
/// # Errors
/// 504 when it took too long, 500 when it panicked, and whatever it failed with.
pub async fn contained<S, B>(
    inner: &S,
    request: ServiceRequest,
    patience: Duration,
) -> Result<ServiceResponse<B>, Problem>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let origin = origin(&request);
    let work = catch_unwind(AssertUnwindSafe(|| inner.call(request)));
    let work = tokio::time::timeout(patience, caught(work.map_err(|panic| panicked(&*panic))?));
    let ended = match origin {
        Some(origin) => origin.scope(work).await,
        None => work.await,
    };
    match ended {
        Err(_) => Err(Problem::of(Code::DeadlineExceeded, "the handler did not answer in time")),
        Ok(ended) => ended?.map_err(|error| problem_of(&error)),
    }
}

/// What the request sets off, if it may change anything.
fn origin(request: &ServiceRequest) -> Option<Origin> {
    let known = request.extensions();
    let Chosen(operation) = known.get::<Chosen>().filter(|_| !request.method().is_safe())?;
    Some(Origin::now(format!("{} {}", operation.method, operation.pattern)))
}

/// Waits for `work`, whose panic ends here.
///
/// # Errors
/// 500 when it panicked.
pub async fn caught<F: Future>(work: F) -> Result<F::Output, Problem> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Problem::of(Code::Internal, format!("a handler panicked: {}", text.unwrap_or("no message")))
}
