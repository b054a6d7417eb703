//! Requests that are answered in another process: let in here, carried there and back.
//!
//! **Invariants:** a process of ours hears who asks from an internal token and from nothing else; a service that
//! is not ours does not hear it. Nothing is kept in memory but a small request body, so that it can go to the next
//! instance when the first one refuses the connection. A body that broke off never looks complete to whoever
//! receives it. Whoever goes away takes the other side along. No answer begins after the deadline.

mod download;
mod outgoing;
mod upload;

use std::sync::Arc;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use bytes::Bytes;
use discovery::Instances;
use host::{
    Operation, Problem,
    door::{DOOR, REFUSED},
};
use http::{Response, StatusCode};
use identity::Principal;
use kernel::Code;
use ports::Context;
use wire::http::{Client, ForwardError, Incoming};

use self::{
    outgoing::{Outgoing, Receiver},
    upload::{Sent, Upload},
};
use crate::{
    Parts,
    admission::Visit,
    routing::{SOON, Upstream},
    services::Known,
};

/// A request that was let in, and whose module lives elsewhere.
pub(crate) struct Passage {
    pub(crate) operation: Arc<Operation>,
    pub(crate) principal: Option<Principal>,
    /// Who is asked, when it is not one of our modules.
    pub(crate) service: Option<Arc<Known>>,
}

impl Parts {
    /// Has a request answered by the module that it is for.
    ///
    /// # Errors
    /// 503 when nobody answers, 504 when nobody answers in time, 413 or 400 when the body is too large or
    /// stops arriving.
    pub(crate) async fn forward(
        &self,
        passage: Passage,
        request: ServiceRequest,
        visit: &Visit,
    ) -> Result<ServiceResponse, Problem> {
        let module = passage.operation.module;
        let to = match &passage.service {
            Some(known) => {
                Some(To { name: &known.service.name, instances: &known.service.instances })
            }
            None => self.routing.upstream(module).map(To::module),
        };
        let (Some(client), Some(to)) = (&self.client, to) else {
            return Err(Problem::of(Code::Internal, format!("nobody knows where {module} is")));
        };
        let context = Context::current();
        let (request, payload) = request.into_parts();
        let taken = Upload::of(request.headers(), payload, passage.operation.body_limit);
        let (body, upload) = taken.await?;
        let receiver = match &passage.service {
            Some(known) => Receiver::Stranger(known),
            None => Receiver::Ours(token(client, &passage)),
        };
        let head = Outgoing { request: &request, visit, context: &context, receiver };
        let (answer, upload) = upload.while_waiting_for(ask(client, to, &head, body)).await?;
        let answer = answer?;
        match passage.service.is_some() {
            true => plain(to, &answer)?,
            false => self.examine(to, &answer)?,
        }
        let response = download::response(&request, answer, upload, self.deadline);
        Ok(ServiceResponse::new(request, response))
    }

    /// Makes sure that an answer is one for the client, and not between processes.
    fn examine(&self, from: To<'_>, answer: &Response<Incoming>) -> Result<(), Problem> {
        plain(from, answer)?;
        let (module, status) = (from.name, answer.status());
        match answer.headers().get(DOOR.as_str()) {
            None => {
                return Err(unavailable(format!(
                    "what answers for {module} is not a process of this deployment (status {status})"
                )));
            }
            Some(said) if said != REFUSED => return Ok(()),
            Some(_) => {}
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(unavailable(format!(
                "{module} does not believe our token: give all processes the same topology.secret, and \
                 clocks that agree"
            )));
        }
        self.routing.outdated.notify_waiters();
        Err(unavailable(format!("{module} does not have this route any more")))
    }
}

/// Who is asked.
#[derive(Clone, Copy)]
struct To<'a> {
    name: &'a str,
    instances: &'a Instances,
}

impl<'a> To<'a> {
    fn module(Upstream { module, instances }: &'a Upstream) -> Self {
        Self { name: module, instances }
    }
}

/// Makes sure that an answer is a whole one.
fn plain(from: To<'_>, answer: &Response<Incoming>) -> Result<(), Problem> {
    let status = answer.status();
    if status.is_informational() {
        let cause = format!("{} answered {status}, which was not asked for", from.name);
        return Err(unavailable(cause));
    }
    Ok(())
}

/// Sends a request to any instance; once more when it broke off and asking changes nothing.
async fn ask(
    client: &Client,
    to: To<'_>,
    head: &Outgoing<'_>,
    body: Sent,
) -> Result<Response<Incoming>, Problem> {
    let may_be_repeated = head.request.method().is_safe() && body.is_empty();
    let deadline = head.context.deadline;
    let mut answer = client.forward_any(to.instances, head.with(body)?, deadline).await;
    if may_be_repeated && matches!(answer, Err(ForwardError::NoReply(_))) {
        // Whoever broke off is asked last.
        let again = head.with(Sent::whole(Bytes::new()))?;
        answer = client.forward_any(to.instances, again, deadline).await;
    }
    answer.map_err(|error| unanswered(to, error))
}

/// The token by which the gateway asks for whoever asks it.
fn token(client: &Client, Passage { operation, principal, .. }: &Passage) -> Arc<str> {
    match principal {
        None => client.tokens().sign("gateway", operation.module),
        Some(principal) => client.tokens().sign_for("gateway", operation.module, principal).into(),
    }
}

fn unanswered(to: To<'_>, error: ForwardError) -> Problem {
    let cause = format!("{} did not answer: {error}", to.name);
    match error {
        ForwardError::DeadlineExceeded => Problem::of(Code::DeadlineExceeded, cause),
        ForwardError::Refused { .. } | ForwardError::NoReply(_) => unavailable(cause),
    }
}

fn unavailable(cause: String) -> Problem {
    Problem::of(Code::DependencyUnavailable, cause).retry_after(SOON)
}
