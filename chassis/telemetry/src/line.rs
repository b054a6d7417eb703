//! One event as one line, with the trace of the request that the running task works for.

use std::fmt;

use kernel::{Clock, SystemClock};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use crate::Format;

/// Writes events as lines.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    format: Format,
}

impl Lines {
    /// Lines of the given form.
    pub const fn new(format: Format) -> Self {
        Self { format }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(trace) = ports::Context::trace() {
            fields.0.entry("trace_id").or_insert_with(|| trace.id().into());
            fields.0.entry("span_id").or_insert_with(|| format!("{:016x}", trace.span_id).into());
        }
        let spans = spans(context);
        if !spans.is_empty() {
            fields.0.insert("spans".to_owned(), spans.into());
        }
        match self.format {
            Format::Json => json(writer, event, fields.0),
            Format::Pretty => pretty(writer, event, fields.0),
        }
    }
}

fn json(mut writer: Writer<'_>, event: &Event<'_>, fields: Map<String, Value>) -> fmt::Result {
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), SystemClock.now().to_string().into());
    line.insert("level".to_owned(), event.metadata().level().as_str().into());
    line.insert("target".to_owned(), event.metadata().target().into());
    for (name, value) in fields {
        line.entry(name).or_insert(value);
    }
    writeln!(writer, "{}", Value::Object(line))
}

fn pretty(
    mut writer: Writer<'_>,
    event: &Event<'_>,
    mut fields: Map<String, Value>,
) -> fmt::Result {
    let level = event.metadata().level();
    let now = SystemClock.now().to_string();
    let time = now.get(11..19).unwrap_or(&now);
    match writer.has_ansi_escapes() {
        true => write!(writer, "\x1b[2m{time}\x1b[0m {}{level:5}\x1b[0m ", colour(*level))?,
        false => write!(writer, "{time} {level:5} ")?,
    }
    let message = fields.remove("message").unwrap_or_default();
    write!(writer, "{}: {}", event.metadata().target(), plain(&message))?;
    fields.remove("span_id");
    for (name, value) in &fields {
        write!(writer, " {name}={}", plain(value))?;
    }
    writeln!(writer)
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG | Level::TRACE => "\x1b[34m",
    }
}

/// Text without its quotes, as long as it stays on its line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}

/// The spans around the event, outermost first: `call{module="products" method="reserve"}`.
fn spans<S, N>(context: &FmtContext<'_, S, N>) -> String
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let Some(scope) = context.event_scope() else { return String::new() };
    let names = scope.from_root().map(|span| match span.extensions().get::<FormattedFields<N>>() {
        Some(fields) if !fields.is_empty() => format!("{}{{{fields}}}", span.name()),
        _ => span.name().to_owned(),
    });
    names.collect::<Vec<_>>().join(":")
}

/// The fields of an event, its message among them.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Paper {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    async fn written(format: Format, trace: ports::Context) -> String {
        let paper = Paper::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(paper.clone())
            .with_ansi(false)
            .event_format(Lines::new(format))
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        trace
            .scope(async {
                let span = tracing::info_span!("call", module = "products");
                span.in_scope(|| tracing::info!(count = 3, text = "two\nlines", "it happened"));
            })
            .await;
        drop(guard);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn a_json_line_carries_the_trace_its_fields_and_its_spans() {
        let context = ports::Context::begin("test", Duration::from_secs(1));
        let trace = context.trace;
        let line = written(Format::Json, context).await;
        assert_eq!(line.lines().count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "it happened");
        assert_eq!(value["count"], 3);
        assert_eq!(value["level"], "INFO");
        assert_eq!(value["trace_id"], trace.id());
        assert_eq!(value["spans"], "call{module=\"products\"}");
    }

    #[tokio::test]
    async fn a_pretty_line_stays_one_line() {
        let context = ports::Context::begin("test", Duration::from_secs(1));
        let trace = context.trace;
        let line = written(Format::Pretty, context).await;
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains("it happened count=3") && line.contains(&trace.id()), "{line}");
    }
}
