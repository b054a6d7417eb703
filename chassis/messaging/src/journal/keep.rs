//! Moves rows of the outbox into the journal, in the transaction in which they are removed.

use storage::Backend;

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

    /// Writes the rows of the outbox that fit `condition` into the journal.
    pub(crate) fn insert_where(self, condition: &str) -> String {
        let json = json(self.backend, "envelope");
        let rows = format!(
            "(SELECT kind, channel, key, seq, {json} AS json FROM outbox WHERE {condition}) AS gone"
        );
        self.insert_from(&rows)
    }

    /// Removes the rows of the outbox that fit `condition`, and writes them into the journal if anything is
    /// kept, by one statement. For Postgres.
    pub(crate) fn move_where(self, condition: &str) -> String {
        let delete = format!("DELETE FROM outbox WHERE {condition}");
        if !self.keeps {
            return delete;
        }
        let (json, insert) = (json(self.backend, "envelope"), self.insert_from("gone"));
        format!(
            "WITH gone AS ({delete} RETURNING kind, channel, key, seq, {json} AS json) {insert}"
        )
    }

    /// What has no envelope that can be read is left out.
    fn insert_from(self, rows: &str) -> String {
        let of = |path| member(self.backend, "json", path);
        let (id, cause, trace) = (of("id"), of("causation_id"), trace(self.backend, "json"));
        let (type_name, sent_for) = (of("type"), of("correlation_id"));
        let (answer_at, origin, origin_at) =
            (of("reply_to.key"), of("origin.what"), of("origin.at"));
        format!(
            "INSERT INTO journal (id, cause, trace, kind, channel, type, key, seq, sent_for, answer_at, \
             origin, origin_at) SELECT {id}, {cause}, {trace}, kind, channel, {type_name}, key, seq, \
             {sent_for}, {answer_at}, {origin}, {origin_at} FROM {rows} WHERE {id} IS NOT NULL \
             ON CONFLICT (id) DO NOTHING"
        )
    }
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
