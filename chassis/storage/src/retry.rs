//! Doing a unit of work again when the database says that it may succeed.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep};

use crate::Failure;

/// Runs `work` until it succeeds, is refused, or fails in a way that another try does not mend:
/// at most five times, and never starting a try more than five seconds after the first.
///
/// Each try begins its own transaction. Work whose commit is
/// [`Unknown`](crate::Error::Unknown) is never repeated.
///
/// # Errors
///
/// What the last try ended with.
pub async fn retry<T, R, W, F>(mut work: W) -> Result<T, Failure<R>>
where
    W: FnMut() -> F,
    F: Future<Output = Result<T, Failure<R>>>,
{
    let first = Instant::now();
    let mut attempt = 1;
    loop {
        match work().await {
            Err(Failure::Storage(error))
                if error.is_transient() && attempt < ATTEMPTS && first.elapsed() < TIME =>
            {
                tracing::debug!(attempt, %error, "a transaction is tried again");
                sleep(pause(attempt)).await;
                attempt += 1;
            }
            end => return end,
        }
    }
}

const ATTEMPTS: u32 = 5;
const TIME: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Full jitter below a bound that doubles: 5, 10, 20, 40 ms.
fn pause(attempt: u32) -> Duration {
    let bound = FIRST_PAUSE * 2_u32.pow(attempt - 1);
    bound.mul_f64(rand::rng().random())
}
