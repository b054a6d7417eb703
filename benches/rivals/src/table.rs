//! The figures of all rounds, in one table.

use crate::measure::Calls;

/// Rounds of one contestant, at one and at many callers.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) one: Vec<Calls>,
    pub(crate) many: Vec<Calls>,
}

/// Medians over the rounds, times in microseconds.
struct Figures {
    p50: f64,
    p99: f64,
    cpu: f64,
    broker: Option<f64>,
    per_second: f64,
}

impl Figures {
    fn of(rounds: &[Calls]) -> Self {
        let brokers: Option<Vec<f64>> = rounds.iter().map(Calls::broker_micros).collect();
        Self {
            p50: median(rounds.iter().map(|calls| calls.micros(0.5)).collect()),
            p99: median(rounds.iter().map(|calls| calls.micros(0.99)).collect()),
            cpu: median(rounds.iter().map(Calls::cpu_micros).collect()),
            broker: brokers.map(median),
            per_second: median(rounds.iter().map(Calls::per_second).collect()),
        }
    }

    fn broker(&self) -> String {
        self.broker.map_or("-".to_owned(), |micros| format!("{micros:.0}"))
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints all rows; each is also said in multiples of the first one's p50 and processor time.
pub(crate) fn print(rows: &[Row], many: usize) {
    let figures: Vec<_> =
        rows.iter().map(|row| (row.name, Figures::of(&row.one), Figures::of(&row.many))).collect();
    let Some((_, base, _)) = figures.first() else { return };
    println!(
        "{:32} | {:^40} | {:^43} | {:^15}",
        "",
        "one caller",
        format!("{many} callers"),
        "times the first"
    );
    println!(
        "{:32} | {:>9} {:>9} {:>9} {:>10} | {:>9} {:>9} {:>6} {:>6} {:>9} | {:>7} {:>7}",
        "µs", "p50", "p99", "CPU", "broker", "p50", "p99", "CPU", "broker", "calls/s", "p50", "CPU"
    );
    for (name, one, many) in &figures {
        println!(
            "{name:32} | {:>9.2} {:>9.2} {:>9.2} {:>10} | {:>9.1} {:>9.1} {:>6.1} {:>6} {:>9.0} | \
             {:>6.1}x {:>6.1}x",
            one.p50,
            one.p99,
            one.cpu,
            one.broker(),
            many.p50,
            many.p99,
            many.cpu,
            many.broker(),
            many.per_second,
            one.p50 / base.p50,
            one.cpu / base.cpu,
        );
    }
}

/// What one row must not exceed, in multiples of another's figures.
pub(crate) struct Goal {
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static str,
    pub(crate) at_most: f64,
}

/// Says how far each goal is reached.
pub(crate) fn compare(rows: &[Row], goals: &[Goal]) {
    let find = |name: &str| rows.iter().find(|row| row.name == name);
    for goal in goals {
        let (Some(ours), Some(theirs)) = (find(goal.ours), find(goal.theirs)) else { continue };
        println!("\n{} : {}, goal at most {:.1}", goal.ours, goal.theirs, goal.at_most);
        for (callers, ours, theirs) in
            [("one caller ", &ours.one, &theirs.one), ("many callers", &ours.many, &theirs.many)]
        {
            let (ours, theirs) = (Figures::of(ours), Figures::of(theirs));
            println!(
                "  {callers:12}  p50 {:.2}  p99 {:.2}  CPU {:.2}",
                ours.p50 / theirs.p50,
                ours.p99 / theirs.p99,
                ours.cpu / theirs.cpu
            );
        }
    }
}
