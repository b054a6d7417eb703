//! The internal door: requests that a gateway in another process lets in.
//!
//! **Invariants:** nobody comes in without a token of this deployment that is addressed to the module
//! whose operation is asked for, and nobody learns even what is here. Who asks is known from that token
//! alone, and the policy is decided again. No other header says anything about identity.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, Data, ServiceConfig},
};
use bytes::Bytes;
use identity::{Insider, InternalTokens, TokenError};
use kernel::Code;
use ports::Context;

use crate::{
    Chosen, Cursors, Operation, Peer, Policy, Problem, RouteTable, Routes, Unfit,
    door::{self, ANSWERED, Choice, DOOR, REFUSED, Table},
};

/// Answers what other processes forward, and says what may be forwarded. Cloning shares it.
#[derive(Clone)]
pub struct Interior(Arc<Parts>);

struct Parts {
    table: Table,
    routes: Vec<Routes>,
    /// What `GET /routes/{module}` answers, by module.
    described: Vec<(&'static str, Bytes)>,
    tokens: InternalTokens,
    cursors: Data<Cursors>,
    deadline: Duration,
}

impl Interior {
    /// The internal door of a process that hosts the modules of `routes`. No request takes longer than
    /// `deadline`.
    ///
    /// # Errors
    /// When a route has no policy or no documentation, when two modules claim the same method and path,
    /// or when a pattern means nothing to another process; each sentence says what to do.
    pub fn new(
        routes: Vec<Routes>,
        tokens: InternalTokens,
        cursors: Cursors,
        deadline: Duration,
    ) -> Result<Self, Unfit> {
        let table = Table::of(&routes)?;
        let described = routes.iter().map(described).collect::<Result<_, _>>()?;
        let cursors = Data::new(cursors);
        Ok(Self(Arc::new(Parts { table, routes, described, tokens, cursors, deadline })))
    }

    /// Answers `GET /routes/{module}` and the routes of all modules. Whatever is configured after it
    /// never answers: what is not here is a problem.
    pub fn configure(&self, app: &mut ServiceConfig) {
        let telling = web::resource("/routes/{module}").app_data(Data::new(self.clone()));
        app.service(telling.get(tell));
        let interior = self.clone();
        let guarded = from_fn(move |request, next| enter(interior.clone(), request, next));
        app.service(web::scope("").wrap(guarded).configure(|scope| self.mount(scope)));
    }

    fn mount(&self, scope: &mut ServiceConfig) {
        scope.app_data(self.0.cursors.clone());
        for routes in &self.0.routes {
            routes.configure(scope);
        }
        scope.default_service(web::to(async || Problem::not_found().respond(None)));
    }
}

impl std::fmt::Debug for Interior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let modules: Vec<_> = self.0.routes.iter().map(Routes::module).collect();
        f.debug_struct("Interior").field("modules", &modules).finish_non_exhaustive()
    }
}

fn described(routes: &Routes) -> Result<(&'static str, Bytes), Unfit> {
    let module = routes.module();
    let json = serde_json::to_vec(&RouteTable::of(routes)?);
    let json = json.map_err(|cause| Unfit(vec![format!("the routes of {module}: {cause}")]))?;
    Ok((module, json.into()))
}

/// Tells a gateway what it may forward.
async fn tell(interior: Data<Interior>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Parts { described, tokens, .. } = &*interior.0;
    let module = request.match_info().query("module");
    verified(tokens, request.headers(), module).map_err(refusal)?;
    let found = described.iter().find(|(name, _)| *name == module);
    let (_, json) = found.ok_or_else(|| marked(Problem::not_found()))?;
    Ok(HttpResponse::Ok().content_type("application/json").body(json.clone()))
}

/// Lets a request in, as whoever asks and for as long as they wait.
async fn enter<B: MessageBody + 'static>(
    interior: Interior,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let admitted = interior.0.admit(&request);
    let insider = admitted.as_ref().ok();
    let caller = insider.map_or_else(|| "nobody".into(), |insider| insider.caller.to_string());
    let context = door::context(caller, request.headers(), interior.0.deadline);
    let mut answer = context.scope(answer(admitted.map(drop), request, next)).await?;
    if !answer.headers().contains_key(DOOR) {
        answer.headers_mut().insert(DOOR, HeaderValue::from_static(ANSWERED));
    }
    Ok(answer)
}

/// Answers a request, whatever happens.
async fn answer<B: MessageBody + 'static>(
    admitted: Result<(), Problem>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let (context, path) = (Context::current(), request.path().to_owned());
    if let Err(refusal) = admitted {
        tracing::warn!(path, code = %refusal.code(), "a forwarded request was refused");
        let refused = request.into_response(refusal.respond(Some(&path)));
        return Ok(refused.map_into_right_body());
    }
    let answered = door::contained(&next, request, context.left()).await;
    let response = answered.map_err(|problem| {
        problem.about(&path, context.trace).header(DOOR, HeaderValue::from_static(ANSWERED))
    })?;
    Ok(match door::instead(response.response(), &path, context.trace) {
        None => response.map_into_left_body(),
        Some(problem) => {
            ServiceResponse::new(response.into_parts().0, problem).map_into_right_body()
        }
    })
}

impl Parts {
    /// Lets a request in for whom its token says, or says why not.
    fn admit(&self, request: &ServiceRequest) -> Result<Insider, Problem> {
        let (method, path) = (request.method(), request.match_info().as_str());
        let operation = match self.table.choose(method, path) {
            Choice::Found(row) => row.operation.clone(),
            Choice::Methods(methods) => return Err(self.absent(request, Some(&methods))),
            Choice::Nothing => return Err(self.absent(request, None)),
        };
        let insider = verified(&self.tokens, request.headers(), operation.module);
        let mut insider = insider.map_err(refusal)?;
        if operation.policy == Some(Policy::Public) {
            insider.principal = None;
        }
        door::admit(&operation, insider.principal.as_ref(), request.headers())?;
        self.introduce(request, operation, &insider);
        Ok(insider)
    }

    fn introduce(&self, request: &ServiceRequest, operation: Arc<Operation>, insider: &Insider) {
        let mut known = request.extensions_mut();
        known.insert(Chosen(operation));
        known.insert(Peer::told(request.headers()));
        insider.principal.clone().map(|principal| known.insert(principal));
    }

    /// The refusal of what is not here. Only an insider may know that it is not.
    fn absent(&self, request: &ServiceRequest, methods: Option<&[Method]>) -> Problem {
        let modules = self.routes.iter().map(Routes::module);
        let verified = |module| verified(&self.tokens, request.headers(), module).is_ok();
        if !modules.into_iter().any(verified) {
            return refusal(TokenError::Foreign);
        }
        marked(methods.map_or_else(Problem::not_found, door::wrong_method))
    }
}

/// Who asks `module`.
fn verified(
    tokens: &InternalTokens,
    headers: &HeaderMap,
    module: &str,
) -> Result<Insider, TokenError> {
    let token = door::bearer(headers).ok().flatten().ok_or(TokenError::Malformed)?;
    tokens.verify(token, module)
}

fn refusal(error: TokenError) -> Problem {
    let detail = format!("this is an internal address, and {error}");
    marked(Problem::of(Code::Unauthenticated, detail))
}

/// The problem of a door, and not of what is behind it.
fn marked(problem: Problem) -> Problem {
    problem.header(DOOR, HeaderValue::from_static(REFUSED))
}
