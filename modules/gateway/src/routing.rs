//! Which operation a request asks for, and where the module is that answers.
//!
//! **Invariants:** a request sees one table from beginning to end, because tables are swapped whole. What
//! was learnt is kept while nobody can be asked. While something is not known yet, nothing is said not
//! to exist.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::http::Method;
use arc_swap::ArcSwap;
use discovery::Instances;
use host::{
    Operation, Problem, RouteTable, Unfit,
    door::{self, Choice, Table},
};
use kernel::Code;
use tokio::sync::Notify;
use utoipa::openapi::OpenApi;

use crate::services::{self, Services};

/// When to ask again for what is being learnt.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// A module that lives in other processes.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// The module.
    pub module: &'static str,
    /// Where it is.
    pub instances: Instances,
}

/// The OpenAPI documents of modules elsewhere, as far as they are known. Cloning shares them.
#[derive(Clone, Default)]
pub struct Documents(Arc<ArcSwap<Vec<Document>>>);

/// What one module elsewhere says about its routes.
#[derive(Clone)]
pub struct Document {
    /// The module.
    pub module: &'static str,
    /// Its part of the OpenAPI document.
    pub openapi: Arc<OpenApi>,
}

impl Documents {
    /// The documents known at this moment: the same [`Arc`] until one of them changes.
    pub fn now(&self) -> Arc<Vec<Document>> {
        self.0.load_full()
    }
}

/// What the gateway routes by.
pub(crate) struct Routing {
    local: Table,
    pub(super) upstreams: Vec<Upstream>,
    services: Services,
    /// By upstream.
    learnt: Mutex<Vec<Option<Learnt>>>,
    known: ArcSwap<Known>,
    documents: Documents,
    /// Somebody found that what was learnt is not true any more.
    pub(super) outdated: Notify,
}

struct Learnt {
    operations: Vec<Arc<Operation>>,
    openapi: Option<Arc<OpenApi>>,
}

/// What a request is routed by.
struct Known {
    table: Table,
    /// The modules whose routes are not known yet.
    missing: Vec<&'static str>,
}

/// The operation a request asks for.
pub(crate) struct Asked {
    pub(crate) operation: Arc<Operation>,
    /// Its pattern, for metrics.
    pub(crate) route: Arc<str>,
    /// The service that is asked, when it is not one of our modules.
    pub(crate) service: Option<Arc<services::Known>>,
}

impl Routing {
    /// Routes to `local` operations, to `services`, and to the operations of `upstreams` as soon as they are
    /// known.
    pub(crate) fn new(
        local: Table,
        upstreams: Vec<Upstream>,
        services: Services,
        documents: Documents,
    ) -> Self {
        let missing = upstreams.iter().map(|upstream| upstream.module).collect();
        Self {
            known: ArcSwap::from_pointee(Known { table: local.clone(), missing }),
            learnt: Mutex::new(upstreams.iter().map(|_| None).collect()),
            local,
            upstreams,
            services,
            documents,
            outdated: Notify::new(),
        }
    }

    /// The operation for `method` on `path`.
    ///
    /// # Errors
    /// 404 or 405, and 503 as long as one of the modules that are not known yet may have it.
    pub(crate) fn choose(&self, method: &Method, path: &str) -> Result<Asked, Problem> {
        let known = self.known.load();
        let chosen = known.table.choose(method, path);
        if let Choice::Found(row) = chosen {
            let (operation, route) = (row.operation.clone(), row.route.clone());
            return Ok(Asked { operation, route, service: None });
        }
        if let Some(known) = self.services.choose(path) {
            let (operation, route) = (known.operation.clone(), known.route.clone());
            return Ok(Asked { operation, route, service: Some(known.clone()) });
        }
        if !known.missing.is_empty() {
            let cause = format!("the routes of {} are not known yet", known.missing.join(", "));
            return Err(Problem::of(Code::DependencyUnavailable, cause).retry_after(SOON));
        }
        match chosen {
            Choice::Methods(methods) => Err(door::wrong_method(&methods)),
            Choice::Found(_) | Choice::Nothing => Err(Problem::not_found()),
        }
    }

    /// Where `module` is, when it is not in this process.
    pub(crate) fn upstream(&self, module: &str) -> Option<&Upstream> {
        self.upstreams.iter().find(|upstream| upstream.module == module)
    }

    /// Takes over what the module of the upstream at `index` told about its routes.
    pub(super) fn learn(&self, index: usize, told: &[u8]) -> Result<(), Unfit> {
        let told: RouteTable = serde_json::from_slice(told)
            .map_err(|cause| Unfit(vec![format!("that is no table of routes: {cause}")]))?;
        let operations = told.operations(self.upstreams[index].module)?;
        let fresh = Learnt { operations, openapi: told.openapi.map(Arc::new) };

        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let others = learnt.iter().enumerate().filter(|(other, _)| *other != index);
        let others = others.filter_map(|(_, learnt)| learnt.as_ref());
        let all = others.chain([&fresh]).flat_map(|learnt| learnt.operations.iter().cloned());
        let table = self.local.with(all)?;
        learnt[index] = Some(fresh);
        let each = || self.upstreams.iter().map(|upstream| upstream.module).zip(&*learnt);
        let missing = each().filter(|(_, learnt)| learnt.is_none()).map(|(module, _)| module);
        self.known.store(Arc::new(Known { table, missing: missing.collect() }));
        let document = |(module, learnt): (&'static str, &Option<Learnt>)| {
            let openapi = learnt.as_ref()?.openapi.clone()?;
            Some(Document { module, openapi })
        };
        self.documents.0.store(Arc::new(each().filter_map(document).collect()));
        Ok(())
    }
}
