//! How parked messages look to staff.

use actix_web::http::Method;
use host::{Links, Paging, Problem};
use kernel::{Code, Page, Timestamp};
use messaging::{Envelope, parked::Place};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use utoipa::{IntoParams, ToSchema};

use super::desks::Silent;
use crate::{Entry, Inspection, MessageId, Parked, State};

/// Which messages are wanted; all that is said must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The module that could not handle them.
    #[param(example = "notifications")]
    pub(super) module: Option<String>,
    /// The subscriber group; a module has one, of its own name.
    pub(super) group: Option<String>,
    /// The channel that they came by.
    pub(super) channel: Option<String>,
    /// The id of the thing that they are about.
    pub(super) key: Option<String>,
    /// `waiting`, `dead` or `dropped`.
    #[param(value_type = Option<String>, example = "dead")]
    pub(super) state: Option<State>,
}

/// One page of parked messages.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageList {
    /// By module, stream and number.
    items: Vec<MessageView>,
    /// Send it as `cursor` to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Modules that did not answer: what they have parked is missing here.
    silent: Vec<SilentModule>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A module that did not answer.
#[derive(Serialize, ToSchema)]
pub(super) struct SilentModule {
    #[schema(example = "payments")]
    module: &'static str,
    /// What it did instead.
    #[schema(value_type = String, example = "dependency-unavailable")]
    code: Code,
}

/// A parked message, from the outside.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageView {
    /// `msg_…`
    id: String,
    /// The module that could not handle it.
    #[schema(example = "notifications")]
    module: String,
    /// The module that published it.
    #[schema(example = "orders")]
    source: String,
    /// The channel that it came by.
    channel: String,
    /// The id of the thing that it is about.
    key: String,
    /// Its number among the messages about that thing.
    seq: i64,
    /// What it says.
    #[serde(rename = "type")]
    #[schema(example = "order-placed")]
    kind: String,
    /// `waiting`: it is tried when it is due and nothing comes before it. `dead`: it waits for a person, and its
    /// key with it. `dropped`: it is passed over.
    #[schema(value_type = String, example = "dead")]
    state: State,
    /// How often it was tried; 0 when it only waits behind another.
    attempts: u32,
    /// Why it is here.
    reason: String,
    /// How many messages about the same thing come first.
    waits_for: u64,
    /// When it is tried next, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// A parked message with everything that is known of it.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageDetail {
    #[serde(flatten)]
    message: MessageView,
    /// How many messages about the same thing wait behind it.
    behind: u64,
    /// Its id on its way, which is the cause of what follows from it.
    #[schema(value_type = String)]
    envelope_id: String,
    /// The message whose handling published this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<String>,
    /// The same for everything that one request set off, or what the sender of a command chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// Where in a trace it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    /// What it says, for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    /// What people did to it, the newest first.
    audit: Vec<AuditView>,
}

/// Something that somebody did.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditView {
    at: Timestamp,
    /// Who did it: a user's id, or `cli:` and a name.
    actor: String,
    /// `retry`, `edit` or `drop`.
    #[schema(example = "retry")]
    deed: &'static str,
    /// What mattered of it before; a payload is shown to those who may change it.
    before: Value,
    /// The same afterwards.
    after: Value,
}

/// What a message says from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditRequest {
    /// The whole payload, any JSON: only the module that reads it knows what fits.
    #[schema(value_type = Object, example = json!({ "order": "ord_01jd8k3v7tf8ntx3v1a9g5r2qc" }))]
    payload: Value,
}

impl EditRequest {
    /// The payload as it is stored.
    pub(super) fn payload(&self) -> Result<Box<RawValue>, Problem> {
        let payload = serde_json::value::to_raw_value(&self.payload);
        payload.map_err(|cause| Problem::of(Code::Internal, cause.to_string()))
    }
}

impl MessageList {
    pub(super) fn new(paging: &Paging, page: Page<MessageView>, silent: Vec<Silent>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next.map(|next| paging.cursor(&next)),
            silent: silent.into_iter().map(SilentModule::from).collect(),
            links: Links::of(paging.path()),
        }
    }
}

impl From<Silent> for SilentModule {
    fn from(Silent { module, code }: Silent) -> Self {
        Self { module, code }
    }
}

impl MessageView {
    /// The message with what may be done to it by somebody who `may_mend`.
    pub(super) fn of(parked: &Parked, may_mend: bool) -> Self {
        let Parked { place, state, attempts, due_at, reason, waits_for, version, envelope } =
            parked;
        let Place { subscriber, source, channel, key, seq } = place.clone();
        let id = MessageId::of(place).to_string();
        let href = format!("/v1/admin/messages/{id}");
        let editable = may_mend && envelope.is_whole();
        let droppable = may_mend && *state != State::Dropped;
        let links = Links::of(&href)
            .action(may_mend, "retry", Method::POST, format!("{href}/retry"))
            .action(droppable, "drop", Method::POST, format!("{href}/drop"))
            .action(editable, "edit", Method::PATCH, &href);
        Self {
            id,
            module: subscriber,
            source,
            channel,
            key,
            seq,
            kind: envelope.type_name.clone(),
            state: *state,
            attempts: *attempts,
            reason: reason.clone(),
            waits_for: *waits_for,
            due_at: Some(*due_at).filter(|_| *state == State::Waiting),
            version: version.0,
            links,
        }
    }
}

impl MessageDetail {
    pub(super) fn of(found: Inspection, may_mend: bool) -> Self {
        let Inspection { message, behind, audit } = found;
        let Envelope { id, causation_id, correlation_id, traceparent, payload, .. } =
            message.envelope.clone();
        Self {
            message: MessageView::of(&message, may_mend),
            behind,
            envelope_id: id.to_string(),
            caused_by: causation_id.map(|id| id.to_string()),
            correlation_id,
            traceparent,
            payload: serde_json::from_str(payload.get()).ok().filter(|_| may_mend),
            audit: audit.into_iter().map(|entry| AuditView::of(entry, may_mend)).collect(),
        }
    }
}

impl AuditView {
    pub(super) fn of(entry: Entry, may_mend: bool) -> Self {
        let Entry { at, actor, deed, mut before, mut after, .. } = entry;
        if !may_mend {
            for told in [&mut before, &mut after] {
                told.as_object_mut().map(|told| told.remove("payload"));
            }
        }
        Self { at, actor, deed: deed.as_str(), before, after }
    }
}
