//! The edge in front of all modules' routes, wherever the modules live.
//!
//! Every request passes through one middleware, in this order: request id and trace, rate limit of the
//! address, limits, path, identity headers stripped, token, rate limit of the user, policy, deadline; then the handler, or the process in
//! which the module lives; then every failure becomes a problem document, and the request is logged and
//! counted.
//!
//! **Invariants:** a path is checked once, and authorised and routed as the same string; the route that
//! was authorised is the only one that can answer. Who asks is known from the token alone. What a
//! handler does to itself (a panic, never answering) it does to its own request only.

mod admission;
mod forward;
mod headers;
mod keys;
mod learning;
mod middleware;
mod outcome;
mod path;
mod rate;
mod routing;
mod services;
mod settings;
mod tls;

use std::{sync::Arc, time::Duration};

use actix_web::web::{self, Data, ServiceConfig};
use host::{Background, Cursors, Problem, Routes, Unfit, door::Table};
use telemetry::Metrics;
use wire::http::Client;

pub use keys::Keys;
pub use middleware::{Edge, Middleware};
pub use routing::{Document, Documents, Upstream};
pub use services::Service;
pub use settings::Settings;
pub use tls::{Error as TlsError, Files as TlsFiles, Tls};

use crate::{rate::Limits, routing::Routing, services::Services};

/// What the gateway cannot do without.
pub struct Needs {
    /// Knows whom a token speaks for.
    pub keys: Keys,
    /// The public routes of all modules that live here.
    pub routes: Vec<Routes>,
    /// The modules that live elsewhere. What they answer is learnt from them in the background.
    pub remote: Vec<Upstream>,
    /// Services in other languages that the world may ask.
    pub services: Vec<Service>,
    /// Asks other processes; nobody, when there are none.
    pub client: Option<Client>,
    /// Where to put the documents of modules elsewhere.
    pub documents: Documents,
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
    routing: Arc<Routing>,
    limits: Limits,
    keys: Keys,
    routes: Vec<Routes>,
    client: Option<Client>,
    cursors: Data<Cursors>,
    metrics: Metrics,
    deadline: Duration,
}

/// Makes the gateway of one process.
///
/// # Errors
/// When a route has no policy or no documentation, two modules claim the same method and path, or a
/// module is said to be here and elsewhere; each sentence says what to do.
pub fn open(needs: Needs) -> Result<Gateway, Unfit> {
    let Needs {
        keys,
        routes,
        remote,
        services,
        client,
        documents,
        cursors,
        metrics,
        deadline,
        settings,
    } = needs;
    let services = Services::of(services)?;
    distinct(&routes, &remote, client.as_ref())?;
    Ok(Gateway(Arc::new(Parts {
        routing: Arc::new(Routing::new(Table::of(&routes)?, remote, services, documents)),
        limits: Limits::of(&settings),
        keys,
        routes,
        client,
        cursors: Data::new(cursors),
        metrics,
        deadline,
    })))
}

/// Makes sure that each module has one place, and that those elsewhere can be asked.
fn distinct(routes: &[Routes], remote: &[Upstream], client: Option<&Client>) -> Result<(), Unfit> {
    let mut wrong = Vec::new();
    for (index, Upstream { module, instances }) in remote.iter().enumerate() {
        if routes.iter().any(|routes| routes.module() == *module) {
            wrong.push(format!("{module} lives here and elsewhere: leave it in one place"));
        }
        if remote[..index].iter().any(|other| other.module == *module) {
            wrong.push(format!("{module} is named twice: give all of its instances at once"));
        }
        if instances.now().is_empty() {
            wrong.push(format!("{module} lives elsewhere, but nowhere: say at which address"));
        }
    }
    if client.is_none() && !remote.is_empty() {
        wrong.push("there are modules elsewhere, but no client to ask them with".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(Unfit(wrong)) }
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

    /// What has to be done all the time: forgetting clients that have not been seen for a while, and
    /// learning the routes of modules elsewhere.
    pub fn background(&self) -> Vec<Background> {
        let gateway = self.clone();
        let forgetting = Background::every("gateway limits", rate::FORGET, move || {
            gateway.0.limits.forget();
            std::future::ready(())
        });
        let learning = self.0.client.clone().map(|client| {
            let routing = self.0.routing.clone();
            learning::background(routing, client)
        });
        std::iter::once(forgetting).chain(learning).collect()
    }
}
