//! The middleware: admission, then the handler with its deadline and its panics contained or the other
//! process, then the outcome.

use std::{
    future::{Ready, ready},
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use futures::{FutureExt, future::LocalBoxFuture};
use host::door;
use ports::Context;
use telemetry::Access;

use crate::{
    Gateway,
    admission::{Visit, Way},
    outcome,
};

/// Wraps an application: `App::new().wrap(gateway.middleware())`.
#[derive(Clone)]
pub struct Middleware(Gateway);

/// The wrapped application.
pub struct Edge<S> {
    gateway: Gateway,
    inner: Rc<S>,
}

impl Middleware {
    pub(crate) fn of(gateway: Gateway) -> Self {
        Self(gateway)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Middleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = Edge<S>;
    type InitError = ();
    type Future = Ready<Result<Edge<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(Edge { gateway: self.0.clone(), inner: Rc::new(inner) }))
    }
}

impl<S, B> Service<ServiceRequest> for Edge<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (gateway, inner) = (self.gateway.clone(), self.inner.clone());
        let context = gateway.0.context(&request);
        let visit = Visit::of(&request, &context);
        let deadline = context.left();
        let work = answer(gateway, inner, request, visit, deadline);
        context.scope(work).boxed_local()
    }
}

async fn answer<S, B>(
    gateway: Gateway,
    inner: Rc<S>,
    mut request: ServiceRequest,
    mut visit: Visit,
    patience: Duration,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let started = Instant::now();
    let trace = Context::current().trace;
    let answered = match gateway.0.admit(&mut request, &mut visit).await {
        Err(refusal) => {
            let refusal = refusal.about(&visit.path, trace).error_response();
            Ok(request.into_response(refusal).map_into_right_body())
        }
        Ok(Way::Here) => {
            let answered = door::contained(&*inner, request, patience).await;
            answered.map(ServiceResponse::map_into_left_body)
        }
        Ok(Way::Elsewhere(passage)) => {
            // In a box of its own, so that requests that are answered here need not have room for it.
            let forwarded = gateway.0.forward(passage, request, &visit).boxed_local();
            let answered = door::caught(forwarded).await;
            answered.and_then(|answered| answered.map(ServiceResponse::map_into_right_body))
        }
    };
    let (status, answered) = match answered {
        Ok(response) => {
            let response = outcome::finished(response, &visit, trace);
            (response.status(), Ok(response))
        }
        Err(problem) => (problem.status_code(), Err(outcome::broken(problem, &visit, trace))),
    };
    let (status, took) = (status.as_u16(), started.elapsed());
    gateway.0.metrics.request(visit.method, &visit.route, status, took);
    let (method, route, user) = (visit.method, &*visit.route, visit.user.as_deref());
    telemetry::log_access(Access { method, route, status, took, user });
    answered
}
