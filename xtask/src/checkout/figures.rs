//! The figures of a rate, as a row of a table.

use std::fmt;

pub(crate) const HEAD: &str = "  rate | placed/s failed | completed/s | POST p50   p99 ms | \
     purchase p50   p99 ms | completed p50    p99 ms | CPU ms each | RSS MB | generator CPU";
pub(crate) const LEGEND: &str = "\nPOST: POST /v1/orders alone. purchase: its three requests, from the intended \
                      arrival on.\ncompleted: from placed to completed. CPU: of all the shop's processes, \
                      all of it, for each completed order.\nRSS: of all processes; what they share counts \
                      once for each.";

/// What one rate came to. Latencies are p50 and p99, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Purchases that arrived each second.
    pub(crate) rate: f64,
    /// Orders placed each second, until the last answer.
    pub(crate) placed: f64,
    /// Purchases that came to nothing.
    pub(crate) failed: f64,
    /// Orders completed each second, while customers arrived.
    pub(crate) completed: f64,
    /// `POST /v1/orders`.
    pub(crate) post: [f64; 2],
    /// All requests of a purchase, from the intended arrival on.
    pub(crate) purchase: [f64; 2],
    /// From placed to completed.
    pub(crate) completion: [f64; 2],
    /// Processor time of the shop for each completed order, in milliseconds.
    pub(crate) cpu: f64,
    /// Resident memory of the shop, in megabytes.
    pub(crate) resident: f64,
    /// Processor time of the load generator, in percent of one processor.
    pub(crate) generator: f64,
}

impl Figures {
    /// Each figure's median. At least one round.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(figure).collect();
            all.sort_unstable_by(f64::total_cmp);
            all[all.len() / 2]
        };
        Self {
            rate: of(|it| it.rate),
            placed: of(|it| it.placed),
            failed: of(|it| it.failed),
            completed: of(|it| it.completed),
            post: [of(|it| it.post[0]), of(|it| it.post[1])],
            purchase: [of(|it| it.purchase[0]), of(|it| it.purchase[1])],
            completion: [of(|it| it.completion[0]), of(|it| it.completion[1])],
            cpu: of(|it| it.cpu),
            resident: of(|it| it.resident),
            generator: of(|it| it.generator),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6.0} | {:>8.1} {:>6.0} | {:>11.1} | {:>8.1} {:>8.1} | {:>12.1} {:>8.1} | {:>13.1} {:>9.1} | \
             {:>11.2} | {:>6.0} | {:>11.0} %",
            self.rate,
            self.placed,
            self.failed,
            self.completed,
            self.post[0],
            self.post[1],
            self.purchase[0],
            self.purchase[1],
            self.completion[0],
            self.completion[1],
            self.cpu,
            self.resident,
            self.generator,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_a_median_of_its_own() {
        let round = |rate, cpu| Figures {
            rate,
            placed: 0.0,
            failed: 0.0,
            completed: 0.0,
            post: [0.0; 2],
            purchase: [0.0; 2],
            completion: [0.0; 2],
            cpu,
            resident: 0.0,
            generator: 0.0,
        };
        let median = Figures::median(&[round(1.0, 30.0), round(3.0, 10.0), round(2.0, 20.0)]);
        assert_eq!((median.rate, median.cpu), (2.0, 20.0));
    }
}
