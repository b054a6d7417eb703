//! A port that lives here, guarded: span, metrics, deadline, and panics contained.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tracing::Instrument;

use crate::{Context, Meter, Unreachable, meter::Ending};

/// Runs one method of a local port. Nothing is serialised.
///
/// Time is measured with one clock reading before and one after. A panic ends here: the caller gets
/// [`Unreachable::Broken`], the log gets the message, and no neighbour is harmed.
pub async fn guarded<R, E>(
    meter: &Meter,
    work: impl Future<Output = Result<R, E>> + Send,
) -> Result<R, E>
where
    E: From<Unreachable>,
{
    let context = Context::current().enter(meter.module());
    let started = Instant::now();
    let left = context.deadline.saturating_duration_since(started);
    if left.is_zero() {
        meter.record(Ending::Unreachable, Duration::ZERO);
        return Err(Unreachable::DeadlineExceeded.into());
    }
    let span = tracing::debug_span!("call", module = meter.module(), method = meter.method());
    let contained = AssertUnwindSafe(work.instrument(span)).catch_unwind();
    let answer = context.scope(tokio::time::timeout(left, contained)).await;
    let (ending, answer) = match answer {
        Ok(Ok(Ok(reply))) => (Ending::Done, Ok(reply)),
        Ok(Ok(Err(refusal))) => (Ending::Refused, Err(refusal)),
        Ok(Err(panic)) => (Ending::Unreachable, Err(panicked(meter, &*panic).into())),
        Err(_) => (Ending::Unreachable, Err(Unreachable::DeadlineExceeded.into())),
    };
    meter.record(ending, started.elapsed());
    answer
}

fn panicked(meter: &Meter, panic: &(dyn Any + Send)) -> Unreachable {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let (module, method) = (meter.module(), meter.method());
    tracing::error!(module, method, panic = text.unwrap_or("no message"), "a module panicked");
    Unreachable::Broken(format!("{module}.{method} panicked"))
}
