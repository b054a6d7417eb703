//! Calls and replies as messages.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use bytes::Bytes;
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, ShortString},
};
use ports::{Call, Headers, Kind, Reply, Trace, Unreachable};

use crate::text;

const AUTHORIZATION: &str = "authorization";
const TRACEPARENT: &str = "traceparent";
const KEY: &str = "idempotency-key";
const ATTEMPT: &str = "attempt";
/// The `type` of an answer that is no reply.
const UNREACHABLE: &str = "unreachable";
/// The broker's name for the channel of whoever publishes.
pub(super) const REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// A call as it arrives, before anybody knows whether it may be carried out.
pub(super) struct Request {
    pub(super) token: String,
    pub(super) call: Call,
}

/// The properties of `call`, the one with this number. Few and short: the broker reads all of them.
pub(super) fn of_call(
    call: &Call,
    number: u64,
    token: &str,
    left: Duration,
) -> Result<BasicProperties, Unreachable> {
    let mut headers = FieldTable::default();
    let mut put = |name: &str, value: &str| {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    };
    put(AUTHORIZATION, token);
    put(TRACEPARENT, &call.headers.trace.traceparent());
    if let Some(key) = &call.headers.idempotency_key {
        put(KEY, key);
    }
    if call.headers.is_repeat {
        put(ATTEMPT, text::SECOND);
    }
    Ok(BasicProperties::default()
        .with_type(short("method", format!("{} {}", text::kind(call.kind), call.method))?)
        .with_app_id(short("caller", &*call.headers.caller)?)
        .with_correlation_id(number.to_string().into())
        .with_reply_to(REPLY_TO.into())
        .with_expiration(left.as_millis().to_string().into())
        .with_headers(headers))
}

/// The call that a message brings to `module`.
pub(super) fn call(
    module: &'static str,
    properties: &BasicProperties,
    body: Vec<u8>,
) -> Result<Request, Unreachable> {
    let header = |name| header(properties, name);
    let left = property(properties.expiration()).and_then(|millis| millis.parse().ok());
    let left = left.map(Duration::from_millis).ok_or_else(|| {
        Unreachable::Broken("a call says by its expiration how long its caller waits".to_owned())
    })?;
    let (kind, method) = kind(properties);
    let headers = Headers {
        trace: header(TRACEPARENT).and_then(Trace::parse).unwrap_or_else(Trace::start),
        deadline: Instant::now() + left.min(text::FURTHEST),
        caller: Cow::Owned(property(properties.app_id()).unwrap_or("nobody").to_owned()),
        idempotency_key: header(KEY).map(Into::into),
        is_repeat: header(ATTEMPT) == Some(text::SECOND),
    };
    let (module, method) = (Cow::Borrowed(module), Cow::Owned(method.to_owned()));
    let call = Call { module, method, kind, headers, body: body.into() };
    Ok(Request { token: header(AUTHORIZATION).unwrap_or_default().to_owned(), call })
}

/// Whether a message is a call that must not be carried out twice.
pub(super) fn is_command(properties: &BasicProperties) -> bool {
    kind(properties).0 == Kind::Command
}

/// What the `type` of a call says: its kind and its method.
fn kind(properties: &BasicProperties) -> (Kind, &str) {
    let (kind, method) =
        property(properties.kind()).and_then(|it| it.split_once(' ')).unwrap_or_default();
    (text::read_kind(Some(kind)), method)
}

/// An answer as a message: its properties, but for where it goes, and its body.
pub(super) fn of_answer(answer: Result<Reply, Unreachable>) -> (BasicProperties, Bytes) {
    let (kind, body) = match answer {
        Ok(reply) => (text::outcome(reply.outcome), reply.body),
        Err(unreachable) => {
            let body = serde_json::to_vec(&unreachable);
            (UNREACHABLE, body.expect("a variant and a text are JSON").into())
        }
    };
    (BasicProperties::default().with_type(kind.into()), body)
}

/// The answer that `message` is.
pub(super) fn answer(message: Delivery) -> Result<Reply, Unreachable> {
    let kind = property(message.properties.kind()).unwrap_or_default();
    if let Some(outcome) = text::read_outcome(kind.as_bytes()) {
        return Ok(Reply { outcome, body: message.data.into(), age: None });
    }
    if kind == UNREACHABLE
        && let Ok(unreachable) = serde_json::from_slice(&message.data)
    {
        return Err(unreachable);
    }
    Err(Unreachable::Broken(format!("{kind:?} is no kind of reply")))
}

/// The number of the call that a message belongs to.
pub(super) fn number(properties: &BasicProperties) -> Option<u64> {
    property(properties.correlation_id())?.parse().ok()
}

fn property(value: &Option<ShortString>) -> Option<&str> {
    value.as_ref().map(ShortString::as_str)
}

/// A text as AMQP takes it: at most 255 bytes.
fn short(what: &str, text: impl Into<String>) -> Result<ShortString, Unreachable> {
    let short = ShortString::try_new(text);
    short.map_err(|cause| Unreachable::Broken(format!("the name of the {what}: {cause}")))
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a str> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}
