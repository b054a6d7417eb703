//! From the methods of a port to both ends of a wire.

use std::{borrow::Cow, future::Future};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Call, Context, Kind, Outcome, Reply, Transport, Unreachable, stale};

/// Derives stub, skeleton and local wrapper from the methods of a port.
///
/// A `query` may be asked again after a lost reply; a `command` may not, unless it carries an
/// idempotency key. A method left out, or misspelt, does not compile. The error type is the port's own;
/// it must be serialisable and `From<Unreachable>`.
///
/// ```ignore
/// ports::remote! {
///     Products in "products", Error => RemoteProducts, ProductsSkeleton, LocalProducts {
///         command reserve(Hold) -> Reservation;
///         query variants(Vec<VariantId>) -> Vec<Variant>;
///     }
/// }
/// ```
#[macro_export]
macro_rules! remote {
    ($port:ident in $module:literal, $error:ty => $stub:ident, $skeleton:ident, $local:ident {
        $($kind:ident $method:ident($request:ty) -> $reply:ty;)+
    }) => {
        #[doc = concat!("[`", stringify!($port), "`], living somewhere else.")]
        pub struct $stub(std::sync::Arc<dyn $crate::Transport>);

        impl $stub {
            #[doc = concat!("Reaches [`", stringify!($port), "`] over `transport`.")]
            pub fn over(transport: std::sync::Arc<dyn $crate::Transport>) -> std::sync::Arc<dyn $port> {
                std::sync::Arc::new(Self(transport))
            }
        }

        #[$crate::async_trait]
        impl $port for $stub {
            $(async fn $method(&self, request: $request) -> std::result::Result<$reply, $error> {
                let kind = $crate::remote!(@$kind);
                $crate::derived::invoke(&*self.0, $module, stringify!($method), kind, &request).await
            })+
        }

        #[doc = concat!("Answers calls with a [`", stringify!($port), "`] living here.")]
        pub struct $skeleton(std::sync::Arc<dyn $port>);

        impl $skeleton {
            #[doc = concat!("Serves `port`, usually a [`", stringify!($local), "`].")]
            pub fn new(port: std::sync::Arc<dyn $port>) -> std::sync::Arc<dyn $crate::Transport> {
                std::sync::Arc::new(Self(port))
            }
        }

        #[$crate::async_trait]
        impl $crate::Transport for $skeleton {
            async fn call(
                &self,
                call: $crate::Call,
            ) -> std::result::Result<$crate::Reply, $crate::Unreachable> {
                match &*call.method {
                    $(stringify!($method) => {
                        $crate::derived::answer(call, |request| self.0.$method(request)).await
                    })+
                    unknown => Err($crate::Unreachable::Broken(
                        format!("{} has no method {unknown}", $module),
                    )),
                }
            }
        }

        #[doc = concat!("[`", stringify!($port), "`], living here: with span, metrics, deadline ")]
        #[doc = "and panic containment, and nothing serialised."]
        pub struct $local {
            port: std::sync::Arc<dyn $port>,
            $($method: std::sync::Arc<$crate::Meter>,)+
        }

        impl $local {
            /// Guards `port` and counts its calls in `meters`.
            pub fn around(
                port: std::sync::Arc<dyn $port>,
                meters: &$crate::Meters,
            ) -> std::sync::Arc<dyn $port> {
                std::sync::Arc::new(Self {
                    port,
                    $($method: meters.meter($module, stringify!($method)),)+
                })
            }
        }

        #[$crate::async_trait]
        impl $port for $local {
            $(async fn $method(&self, request: $request) -> std::result::Result<$reply, $error> {
                $crate::derived::guarded(&self.$method, self.port.$method(request)).await
            })+
        }
    };
    (@query) => { $crate::Kind::Query };
    (@command) => { $crate::Kind::Command };
}

/// Sends one typed request over `transport`.
pub async fn invoke<R, E>(
    transport: &dyn Transport,
    module: &'static str,
    method: &'static str,
    kind: Kind,
    request: &(impl Serialize + Sync),
) -> Result<R, E>
where
    R: DeserializeOwned,
    E: DeserializeOwned + From<Unreachable>,
{
    let headers = Context::current().into();
    let (module, method) = (Cow::Borrowed(module), Cow::Borrowed(method));
    let call = Call { module, method, kind, headers, body: encode(request)? };
    let reply = transport.call(call).await?;
    if let Some(age) = reply.age {
        stale::notice(age);
    }
    match reply.outcome {
        Outcome::Done => Ok(decode(&reply.body)?),
        Outcome::Refused => Err(decode::<E>(&reply.body)?),
    }
}

/// Answers one call with a method of a port, working for the caller's request.
pub async fn answer<Q, R, E, F>(
    call: Call,
    method: impl FnOnce(Q) -> F,
) -> Result<Reply, Unreachable>
where
    Q: DeserializeOwned,
    R: Serialize,
    E: Serialize,
    F: Future<Output = Result<R, E>>,
{
    let request = decode(&call.body)?;
    let (outcome, body) = match Context::from(call.headers).scope(method(request)).await {
        Ok(reply) => (Outcome::Done, encode(&reply)?),
        Err(refusal) => (Outcome::Refused, encode(&refusal)?),
    };
    Ok(Reply { outcome, body, age: None })
}

fn encode(value: &impl Serialize) -> Result<Bytes, Unreachable> {
    let bytes = serde_json::to_vec(value);
    bytes.map(Bytes::from).map_err(|cause| Unreachable::Broken(format!("cannot encode: {cause}")))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreachable> {
    let value = serde_json::from_slice(bytes);
    value.map_err(|cause| Unreachable::Broken(format!("cannot decode: {cause}")))
}
