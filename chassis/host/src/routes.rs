//! All operations of a module's public API, ready to be mounted and checked.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::{
    Resource,
    guard::fn_guard,
    http::Method,
    web::{self, Data, PayloadConfig, ServiceConfig},
};
use utoipa::openapi::{OpenApi, path::PathItem};

use crate::{Chosen, Operation, Route, document};

type Share = Arc<dyn Fn(Resource) -> Resource + Send + Sync>;
type Mounted = (Arc<Operation>, Arc<dyn Fn() -> actix_web::Route + Send + Sync>);

/// The public routes of one module. Cloning shares them.
///
/// Data shared with [`Routes::share`] is seen by this module's handlers only.
#[derive(Clone)]
pub struct Routes {
    module: &'static str,
    mounted: Vec<Mounted>,
    shared: Vec<Share>,
    document: Option<OpenApi>,
}

/// What is wrong with a module's routes; one sentence a line, each with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unfit(pub Vec<String>);

impl Routes {
    /// No routes yet, of the module called `module`.
    pub fn new(module: &'static str) -> Self {
        Self { module, mounted: Vec::new(), shared: Vec::new(), document: None }
    }

    /// Adds a route.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        let operation = Operation { module: self.module, ..route.operation };
        self.mounted.push((Arc::new(operation), route.handler));
        self.mounted.sort_by(|(one, _), (other, _)| one.specificity(other));
        self
    }

    /// Gives every handler of this module access to `data` as `Data<T>`.
    #[must_use]
    pub fn share<T: ?Sized + Send + Sync + 'static>(mut self, data: Data<T>) -> Self {
        self.shared.push(Arc::new(move |resource| resource.app_data(data.clone())));
        self
    }

    /// Describes the routes by the OpenAPI document `D`.
    #[must_use]
    pub fn document<D: utoipa::OpenApi>(mut self) -> Self {
        self.document = Some(D::openapi());
        self
    }

    /// The module whose routes these are.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// Every operation, the more specific patterns first.
    pub fn table(&self) -> Vec<Arc<Operation>> {
        self.mounted.iter().map(|(operation, _)| operation.clone()).collect()
    }

    /// The module's part of the OpenAPI document, complete with what follows from the routes: security,
    /// `Idempotency-Key`, `If-None-Match`, the headers of every answer, the problems.
    pub fn openapi(&self) -> Option<OpenApi> {
        let mut document = self.document.clone()?;
        document::complete(&mut document, &self.table());
        Some(document)
    }

    /// Mounts the routes in an actix-web application.
    pub fn configure(&self, app: &mut ServiceConfig) {
        for (operation, handler) in &self.mounted {
            let limit = operation.body_limit;
            let answered = operation.clone();
            let guard = fn_guard(move |request| match request.req_data().get::<Chosen>() {
                Some(Chosen(chosen)) => Arc::ptr_eq(chosen, &answered),
                None => request.head().method == answered.method,
            });
            let resource = web::resource(&operation.pattern)
                .guard(guard)
                .app_data(PayloadConfig::new(limit))
                .app_data(operation.clone());
            let resource = self.shared.iter().fold(resource, |resource, share| share(resource));
            app.service(resource.route(handler()));
        }
    }

    /// Makes sure that each route has a policy, is declared once, and is documented, and that nothing
    /// else is.
    ///
    /// # Errors
    /// All that is wrong, in sentences that name method, path, module and remedy.
    pub fn check(&self) -> Result<(), Unfit> {
        let mut wrong = Vec::new();
        let documented = self.document.as_ref().map(documented).unwrap_or_default();
        let mut declared = BTreeSet::new();
        for (operation, _) in &self.mounted {
            let key = (operation.method.to_string(), plain(&operation.pattern));
            if operation.policy.is_none() {
                wrong
                    .push(format!("{operation} has no policy: add .allow(Policy::…) to its route"));
            }
            if operation.documented && !documented.contains(&key) {
                wrong.push(format!(
                    "{operation} is not documented: add #[utoipa::path] to its handler and name it in \
                     paths(…) of the module's OpenApi"
                ));
            }
            if !declared.insert(key) {
                wrong.push(format!("{operation} is declared twice: remove one"));
            }
        }
        for (method, path) in documented.difference(&declared) {
            wrong.push(format!(
                "{method} {path} of {} is documented but has no route: add one, or remove it from \
                 paths(…)",
                self.module
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Unfit(wrong)) }
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes")
            .field("module", &self.module)
            .field("table", &self.table())
            .finish_non_exhaustive()
    }
}

/// The pattern without the regular expressions of its parameters: `{tail:.*}` is `{tail}`.
pub(crate) fn plain(pattern: &str) -> String {
    let segment = |segment: &str| match segment.split_once(':') {
        Some((name, _)) if segment.starts_with('{') => format!("{name}}}"),
        _ => segment.to_owned(),
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Method and path of every documented operation.
fn documented(document: &OpenApi) -> BTreeSet<(String, String)> {
    let methods = |item: &PathItem| {
        let all = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PUT, item.put.is_some()),
            (Method::PATCH, item.patch.is_some()),
            (Method::DELETE, item.delete.is_some()),
            (Method::HEAD, item.head.is_some()),
            (Method::OPTIONS, item.options.is_some()),
        ];
        all.into_iter().filter(|(_, present)| *present).map(|(method, _)| method.to_string())
    };
    let paths = document.paths.paths.iter();
    paths.flat_map(|(path, item)| methods(item).map(move |method| (method, path.clone()))).collect()
}
