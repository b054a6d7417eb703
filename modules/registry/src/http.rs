//! The operations of Eureka v2, each under `/eureka/v2` and `/eureka`, with and without a slash at the end.

mod format;
mod read;
mod view;
mod watch;
mod wish;
mod write;
mod xml;

use actix_web::{
    Error, HttpMessage, HttpRequest, Resource,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderValue, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn},
    web::{self, Data, ServiceConfig},
};
use host::Problem;
use kernel::Code;

use crate::{Registry, book::Refusal, credentials::Who};

/// How a client that did not say is asked who it is.
const CHALLENGE: &str = "Basic realm=\"registry\", Bearer";

/// Answers the operations, to those who prove who they are.
pub(crate) fn configure(registry: &Registry, app: &mut ServiceConfig) {
    let guard = || {
        let registry = registry.clone();
        from_fn(move |request, next| enter(registry.clone(), request, next))
    };
    let eureka = web::scope("/eureka")
        .wrap(guard())
        .app_data(Data::new(registry.clone()))
        .service(at("/apps").get(read::all))
        .service(at("/apps/delta").get(read::delta))
        .service(at("/apps/{app}").get(read::application).post(write::register))
        .service(at("/apps/{app}/{id}").get(read::instance).put(write::renew).delete(write::cancel))
        .service(at("/apps/{app}/{id}/status").put(write::decide).delete(write::undecide))
        .service(at("/apps/{app}/{id}/metadata").put(write::describe))
        .service(at("/instances/{id}").get(read::anywhere))
        .service(at("/vips/{vip}").get(read::vip))
        .service(at("/svips/{vip}").get(read::secure_vip));
    let ours = web::scope("/registry").wrap(guard()).app_data(Data::new(registry.clone()));
    let ours = ours.service(web::resource("/watch").get(watch::watch));
    let nothing = || web::to(async || Problem::not_found().respond(None));
    app.service(eureka.default_service(nothing())).service(ours.default_service(nothing()));
}

fn at(path: &str) -> Resource {
    web::resource([
        path.to_owned(),
        format!("{path}/"),
        format!("/v2{path}"),
        format!("/v2{path}/"),
    ])
}

/// Lets in who proves who they are.
async fn enter<B: MessageBody + 'static>(
    registry: Registry,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(who) = registry.0.credentials.who(request.headers()) else {
        let refusal = Problem::of(
            Code::Unauthenticated,
            "who registers or reads here proves who they are: with a name and a password, or with a token, \
             from registry.services",
        );
        let refusal = refusal.header(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        let path = request.path().to_owned();
        return Ok(request.into_response(refusal.respond(Some(&path))).map_into_right_body());
    };
    request.extensions_mut().insert(who);
    Ok(next.call(request).await?.map_into_left_body())
}

/// Makes sure that whoever asks may register, and change, what is called `app`; gives that in upper case.
fn owned(registry: &Registry, request: &HttpRequest, app: &str) -> Result<String, Problem> {
    let app = app.to_uppercase();
    let known = request.extensions();
    let who = known.get::<Who>();
    if who.is_some_and(|who| registry.0.credentials.covers(who, &app)) {
        return Ok(app);
    }
    let name = who.map_or("nobody", Who::name);
    Err(Problem::of(
        Code::Forbidden,
        format!("{name} does not register as {app}: name it in registry.services.{name}.apps"),
    ))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => {
                Self::of(Code::NotFound, "no such instance is registered, or not as it is now")
            }
            Refusal::Full => Self::of(Code::RateLimited, "there is no room for more instances"),
        }
    }
}

/// What Eureka says when there is nothing more to say.
fn done(status: StatusCode) -> actix_web::HttpResponse {
    actix_web::HttpResponse::build(status).finish()
}
