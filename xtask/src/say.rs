//! What a task tells the person who waits for it: each step by name, with its time.

use std::fmt::Display;
use std::time::Instant;

/// Announces `step`, does it, and says how long it took.
pub(crate) async fn step<T>(
    step: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    begin(step);
    let begun = Instant::now();
    let outcome = work.await;
    let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
    note(format!("{step}: {verdict} after {:.1} s", begun.elapsed().as_secs_f64()));
    outcome
}

/// Announces a step whose own output says how it ended.
pub(crate) fn begin(step: &str) {
    eprintln!("\n── {step}");
}

/// Says one thing about the step at hand.
pub(crate) fn note(text: impl Display) {
    eprintln!("   {text}");
}
