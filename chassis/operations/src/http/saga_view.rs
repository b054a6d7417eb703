//! How sagas look to staff.

use std::time::Duration;

use actix_web::http::Method;
use host::{Links, Paging, Problem};
use kernel::{Page, Timestamp, Violation};
use saga::{Progress, Status, StepProgress, Summary, What};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    desks::Silent,
    representation::{AuditView, SilentModule},
};
use crate::{Retried, SagaInspection, SagaPlace};

/// Which sagas are wanted; all that is said must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedSagas {
    /// The module that began them.
    #[param(example = "orders")]
    pub(super) module: Option<String>,
    /// What they are called.
    #[param(example = "checkout")]
    pub(super) name: Option<String>,
    /// `running`, `waiting`, `undoing`, `completed` or `compensated`.
    #[param(value_type = Option<String>, example = "waiting")]
    pub(super) status: Option<Status>,
    /// Those that have not ended, and have not moved for so many seconds; a year at most.
    #[param(example = 600, minimum = 0, maximum = 31_536_000)]
    pub(super) idle: Option<u32>,
}

impl WantedSagas {
    /// For how long they have not moved.
    pub(super) fn idle(&self) -> Result<Option<Duration>, Problem> {
        let Some(seconds) = self.idle else { return Ok(None) };
        if seconds > YEAR {
            let detail = format!("at most {YEAR} seconds, which is a year");
            return Err(Problem::invalid(Violation::new("/idle", "out-of-range", detail)));
        }
        Ok(Some(Duration::from_secs(seconds.into())))
    }
}

const YEAR: u32 = 31_536_000;

/// One page of sagas.
#[derive(Serialize, ToSchema)]
pub(super) struct SagaList {
    /// By module and id.
    items: Vec<SagaView>,
    /// Send it as `cursor` to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Modules that did not answer: their sagas are missing here.
    silent: Vec<SilentModule>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A saga, from the outside.
#[derive(Serialize, ToSchema)]
pub(super) struct SagaView {
    /// `sag_…`
    id: String,
    /// The module that began it.
    #[schema(example = "orders")]
    module: String,
    /// What its module calls it.
    #[schema(example = "checkout:ord_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    saga: String,
    #[schema(example = "checkout")]
    name: String,
    /// `running`, `waiting`, `undoing`, `completed` or `compensated`.
    #[schema(value_type = String, example = "waiting")]
    status: Status,
    /// The step it stands at; its number, if the plan is another version's.
    #[schema(example = "collect")]
    step: String,
    /// Whether the module has its plan. If not, another version began it, and this one leaves it alone.
    known: bool,
    /// When the step that is under way is given up on.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    /// When it last moved.
    updated_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// A saga, step by step.
#[derive(Serialize, ToSchema)]
pub(super) struct SagaDetail {
    #[serde(flatten)]
    saga: SagaView,
    /// Each holding and step of its plan, in order; empty if the plan is another version's.
    steps: Vec<StepView>,
    /// What happened to it, the oldest first.
    log: Vec<MoveView>,
    /// What it knows, for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    /// What people did to it, the newest first.
    audit: Vec<AuditView>,
}

/// One step of a saga.
#[derive(Serialize, ToSchema)]
pub(super) struct StepView {
    #[schema(example = "collect")]
    name: String,
    /// `pending`, `under-way`, `done`, `refused`, `unanswered`, `undoing` or `undone`.
    #[schema(value_type = String, example = "done")]
    progress: Progress,
}

/// Something that happened to a saga.
#[derive(Serialize, ToSchema)]
pub(super) struct MoveView {
    at: Timestamp,
    /// `started`, `done`, `refused`, `stayed`, `timed-out`, `again`, `abandoned`, `undone` or `late`.
    #[schema(value_type = String, example = "done")]
    what: What,
    /// The step that it happened to.
    step: String,
    /// The number of the command that was under way after it.
    turn: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A step that was sent again.
#[derive(Serialize, ToSchema)]
pub(super) struct RetriedSaga {
    /// `sag_…`
    id: String,
    /// The step whose command, or whose undo, was sent.
    #[schema(example = "collect")]
    step: String,
    #[serde(rename = "_links")]
    links: Links,
}

impl SagaList {
    pub(super) fn new(paging: &Paging, page: Page<SagaView>, silent: Vec<Silent>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next.map(|next| paging.cursor(&next)),
            silent: silent.into_iter().map(SilentModule::from).collect(),
            links: Links::of(paging.path()),
        }
    }
}

impl SagaView {
    /// The saga with what may be done to it by somebody who `may_mend`.
    pub(super) fn of(place: &SagaPlace, saga: Summary, may_mend: bool) -> Self {
        let Summary { id, name, status, step, known, due_at, created_at, updated_at } = saga;
        let open = matches!(status, Status::Running | Status::Waiting | Status::Undoing);
        let href = href(place);
        let retry = format!("{href}/retry");
        let links = Links::of(href).action(may_mend && open && known, "retry", Method::POST, retry);
        Self {
            id: place.to_string(),
            module: place.module.clone(),
            saga: id,
            name,
            status,
            step,
            known,
            due_at,
            created_at,
            updated_at,
            links,
        }
    }
}

impl SagaDetail {
    pub(super) fn of(place: &SagaPlace, found: SagaInspection, may_mend: bool) -> Self {
        let SagaInspection { saga: saga::Inspection { summary, steps, log, data }, audit } = found;
        let step = |StepProgress { name, progress }| StepView { name, progress };
        let told =
            |saga::Entry { at, what, step, turn, why }| MoveView { at, what, step, turn, why };
        Self {
            saga: SagaView::of(place, summary, may_mend),
            steps: steps.into_iter().map(step).collect(),
            log: log.into_iter().map(told).collect(),
            data: Some(data).filter(|_| may_mend),
            audit: audit.into_iter().map(|entry| AuditView::of(entry, may_mend)).collect(),
        }
    }
}

impl RetriedSaga {
    pub(super) fn of(place: &SagaPlace, retried: Retried) -> Self {
        Self { id: place.to_string(), step: retried.step, links: Links::of(href(place)) }
    }
}

fn href(place: &SagaPlace) -> String {
    format!("/v1/admin/sagas/{place}")
}
