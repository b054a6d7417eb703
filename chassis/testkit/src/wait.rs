//! Waiting for a condition, with a limit, instead of sleeping a guess.

use std::time::Duration;

const POLL: Duration = Duration::from_millis(5);

/// Asks `condition` until it holds.
///
/// `what` completes the sentence "waited 5s in vain until …", as in `"the order is completed"`.
///
/// # Panics
///
/// When `limit` is over, also while `condition` is still being answered.
pub async fn eventually(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(limit, holds).await.is_err() {
        panic!("waited {limit:?} in vain until {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_that_comes_true_ends_the_wait() {
        let mut asked = 0;
        eventually("asked three times", Duration::from_secs(5), async || {
            asked += 1;
            asked == 3
        })
        .await;
        assert_eq!(asked, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "in vain until pigs fly")]
    async fn a_condition_that_never_holds_fails_in_words() {
        eventually("pigs fly", Duration::from_millis(20), async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "in vain until the answer comes")]
    async fn a_condition_that_never_answers_fails_too() {
        eventually("the answer comes", Duration::from_millis(20), async || {
            std::future::pending().await
        })
        .await;
    }
}
