//! Moves rows of the outbox into the journal, in the transaction in which they are removed.

use sea_orm::{ConnectionTrait, Value};
use storage::{Backend, Error};

use super::Published;
use crate::sql;

/// What is kept of a message.
pub(super) const COLUMNS: &str =
    "id, cause, trace, kind, channel, type, key, seq, sent_for, answer_at, origin, origin_at";
const WIDTH: usize = 12;
/// Messages that are written by one statement.
const AT_ONCE: usize = 100;

/// How the rows that an outbox forgets are kept, if they are.
#[derive(Clone, Copy)]
pub(crate) struct Keeper {
    backend: Backend,
    keeps: bool,
}

impl Keeper {
    pub(crate) fn new(backend: Backend, keeps: bool) -> Self {
        Self { backend, keeps }
    }

    /// Whether anything is kept.
    pub(crate) fn keeps(self) -> bool {
        self.keeps
    }

    /// Removes the rows of the outbox that fit `condition`, and writes them into the journal if anything is
    /// kept, by one statement. For Postgres.
    pub(crate) fn move_where(self, condition: &str) -> String {
        let delete = format!("DELETE FROM outbox WHERE {condition}");
        if !self.keeps {
            return delete;
        }
        let json = json(self.backend, "envelope");
        let of = |path| member(self.backend, "json", path);
        let (id, cause, trace) = (of("id"), of("causation_id"), trace(self.backend, "json"));
        let (type_name, sent_for) = (of("type"), of("correlation_id"));
        let (answer_at, origin, origin_at) =
            (of("reply_to.key"), of("origin.what"), of("origin.at"));
        format!(
            "WITH gone AS ({delete} RETURNING kind, channel, key, seq, {json} AS json) \
             INSERT INTO journal ({COLUMNS}) SELECT {id}, {cause}, {trace}, kind, channel, {type_name}, \
             key, seq, {sent_for}, {answer_at}, {origin}, {origin_at} FROM gone WHERE {id} IS NOT NULL \
             ON CONFLICT (id) DO NOTHING"
        )
    }
}

/// Writes `messages` into the journal. For SQLite, whose writer has no time to look for what envelopes say.
pub(crate) async fn insert(on: &impl ConnectionTrait, messages: &[Published]) -> Result<(), Error> {
    for some in messages.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO journal ({COLUMNS}) VALUES {} ON CONFLICT (id) DO NOTHING",
            sql::tuples(some.len(), WIDTH)
        );
        sql::execute(on, sql, some.iter().cloned().flat_map(values)).await?;
    }
    Ok(())
}

fn values(message: Published) -> [Value; WIDTH] {
    let origin = message.origin.map(|origin| (origin.what.to_string(), origin.at.to_string()));
    let (what, at) = origin.unzip();
    [
        message.id.to_string().into(),
        message.cause.map(|cause| cause.to_string()).into(),
        message.trace.into(),
        message.kind.as_str().into(),
        message.channel.into(),
        message.type_name.into(),
        message.key.into(),
        message.seq.into(),
        message.sent_for.into(),
        message.answer_at.into(),
        what.into(),
        at.into(),
    ]
}

/// The text in `column` as JSON that can be asked for its members; nothing when it is none.
pub(super) fn json(backend: Backend, column: &str) -> String {
    match backend {
        Backend::Sqlite => format!("CASE WHEN json_valid({column}) THEN {column} END"),
        Backend::Postgres => format!("journal_envelope({column})"),
    }
}

/// The member at `path` of what [`json`] gave, as text; nothing when it is not there.
pub(super) fn member(backend: Backend, json: &str, path: &str) -> String {
    match backend {
        Backend::Sqlite => format!("json_extract({json}, '$.{path}')"),
        Backend::Postgres => format!("({json} #>> '{{{}}}')", path.replace('.', ",")),
    }
}

/// The trace in which an envelope was published: the second part of a `traceparent`.
pub(super) fn trace(backend: Backend, json: &str) -> String {
    format!("substr({}, 4, 32)", member(backend, json, "traceparent"))
}
