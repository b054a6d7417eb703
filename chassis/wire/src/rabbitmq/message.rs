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
const TIMEOUT: &str = "grpc-timeout";
const CALLER: &str = "rialto-caller";
const KIND: &str = "rialto-kind";
const KEY: &str = "idempotency-key";
/// The `type` of an answer that is no reply.
const UNREACHABLE: &str = "unreachable";
/// The broker's name for the channel of whoever publishes.
pub(super) const REPLY_TO: &str = "amq.rabbitmq.reply-to";
/// AMQP's mark of a message that does not outlive the broker.
const TRANSIENT: u8 = 1;

/// A call as it arrives, before anybody knows whether it may be carried out.
pub(super) struct Request {
    pub(super) token: String,
    pub(super) call: Call,
}

/// The properties of `call`, the one with this number.
pub(super) fn of_call(
    call: &Call,
    number: u64,
    token: &str,
    left: Duration,
) -> Result<BasicProperties, Unreachable> {
    let method = ShortString::try_new(&*call.method)
        .map_err(|_| Unreachable::Broken("the method's name is too long".to_owned()))?;
    let mut headers = FieldTable::default();
    let mut put = |name: &str, value: String| {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    };
    put(AUTHORIZATION, token.to_owned());
    put(TRACEPARENT, call.headers.trace.traceparent());
    put(TIMEOUT, text::timeout(left));
    put(CALLER, call.headers.caller.to_string());
    put(KIND, text::kind(call.kind).to_owned());
    if let Some(key) = &call.headers.idempotency_key {
        put(KEY, key.to_string());
    }
    Ok(BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(TRANSIENT)
        .with_type(method)
        .with_correlation_id(number.to_string().into())
        .with_reply_to(REPLY_TO.into())
        .with_expiration(left.as_millis().to_string().into())
        .with_headers(headers))
}

/// The call that `message` brings to `module`.
pub(super) fn call(
    module: &'static str,
    properties: &BasicProperties,
    body: Vec<u8>,
) -> Result<Request, Unreachable> {
    let header = |name| header(properties, name);
    let left = header(TIMEOUT).and_then(text::time_left).ok_or_else(|| {
        Unreachable::Broken("a call says in grpc-timeout how long its caller waits".to_owned())
    })?;
    let method = properties.kind().as_ref().map(ToString::to_string).unwrap_or_default();
    let headers = Headers {
        trace: header(TRACEPARENT).and_then(Trace::parse).unwrap_or_else(Trace::start),
        deadline: Instant::now() + left.min(text::FURTHEST),
        caller: Cow::Owned(header(CALLER).unwrap_or("nobody").to_owned()),
        idempotency_key: header(KEY).map(Into::into),
    };
    let call = Call {
        module: Cow::Borrowed(module),
        method: Cow::Owned(method),
        kind: text::read_kind(header(KIND)),
        headers,
        body: body.into(),
    };
    Ok(Request { token: header(AUTHORIZATION).unwrap_or_default().to_owned(), call })
}

/// Whether a message is a call that must not be carried out twice.
pub(super) fn is_command(properties: &BasicProperties) -> bool {
    text::read_kind(header(properties, KIND)) == Kind::Command
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
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(TRANSIENT)
        .with_type(kind.into());
    (properties, body)
}

/// The answer that `message` is.
pub(super) fn answer(message: Delivery) -> Result<Reply, Unreachable> {
    let kind = message.properties.kind().as_ref().map(ShortString::as_str).unwrap_or_default();
    if let Some(outcome) = text::read_outcome(kind.as_bytes()) {
        return Ok(Reply { outcome, body: message.data.into() });
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
    properties.correlation_id().as_ref()?.as_str().parse().ok()
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a str> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    }
}
