//! The edge in front of all modules' routes.
//!
//! Every request passes through one middleware, in this order: limits, path, request id and trace,
//! identity headers stripped, token, rate limit, policy, deadline; then the handler; then every failure
//! becomes a problem document, and the request is logged and counted.
//!
//! **Invariants:** a path is checked once, and authorised and routed as the same string; the route that
//! was authorised is the only one that can answer. Who asks is known from the token alone. What a
//! handler does to itself (a panic, never answering) it does to its own request only.

mod admission;
mod headers;
mod middleware;
mod outcome;
mod path;
mod rate;
mod settings;

use std::{sync::Arc, time::Duration};

use actix_web::web::{self, Data, ServiceConfig};
use host::{Background, Cursors, Problem, Routes, Unfit, door::Table};
use identity::Verifier;
use telemetry::Metrics;

pub use middleware::{Edge, Middleware};
pub use settings::Settings;

use crate::rate::Limits;

/// What the gateway cannot do without.
pub struct Needs {
    /// Knows whom a token speaks for.
    pub verifier: Verifier,
    /// The public routes of all modules that live here.
    pub routes: Vec<Routes>,
    /// Signs the cursors of lists.
    pub cursors: Cursors,
    /// Where requests are counted.
    pub metrics: Metrics,
    /// The longest a request may take.
    pub deadline: Duration,
    /// The numbers an operator may have changed.
    pub settings: Settings,
}

/// The gateway of one process. Cloning shares it.
#[derive(Clone)]
pub struct Gateway(Arc<Parts>);

struct Parts {
    table: Table,
    limits: Limits,
    verifier: Verifier,
    routes: Vec<Routes>,
    cursors: Data<Cursors>,
    metrics: Metrics,
    deadline: Duration,
}

/// Makes the gateway of one process.
///
/// # Errors
/// When a route has no policy or no documentation, or two modules claim the same method and path; each
/// sentence says what to do.
pub fn open(needs: Needs) -> Result<Gateway, Unfit> {
    let Needs { verifier, routes, cursors, metrics, deadline, settings } = needs;
    Ok(Gateway(Arc::new(Parts {
        table: Table::of(&routes)?,
        limits: Limits::of(&settings),
        verifier,
        routes,
        cursors: Data::new(cursors),
        metrics,
        deadline,
    })))
}

impl Gateway {
    /// How long a client may take to send the head of a request; for the server's
    /// `client_request_timeout`.
    pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

    /// Mounts the routes of all modules. The application must be wrapped in [`Gateway::middleware`].
    pub fn mount(&self, app: &mut ServiceConfig) {
        app.app_data(self.0.cursors.clone());
        for routes in &self.0.routes {
            routes.configure(app);
        }
        app.default_service(web::to(async || Problem::not_found().respond(None)));
    }

    /// What stands in front of the routes.
    pub fn middleware(&self) -> Middleware {
        Middleware::of(self.clone())
    }

    /// What has to be done now and then: forgetting clients that have not been seen for a while.
    pub fn background(&self) -> Background {
        let gateway = self.clone();
        Background::every("gateway limits", rate::FORGET, move || {
            gateway.0.limits.forget();
            std::future::ready(())
        })
    }
}
