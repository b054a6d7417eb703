//! Numbers that are read at the moment somebody looks.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use kernel::{Clock, SystemClock};
use ports::{Meters, Snapshot};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, MetricEncoder},
    metrics::{MetricType, exemplar::Exemplar},
};

use crate::{Reading, metrics::label};

type NoExemplar<'a> = Option<&'a Exemplar<[(&'static str, &'static str); 0], u64>>;
type NoExemplars<'a> =
    Option<&'a std::collections::HashMap<usize, Exemplar<[(&'static str, &'static str); 0], f64>>>;

/// The calls of local ports.
#[derive(Debug)]
pub(crate) struct Calls(pub(crate) Meters);

struct Method {
    module: &'static str,
    method: &'static str,
    outcome: Option<&'static str>,
}

impl EncodeLabelSet for Method {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        label(encoder, "module", self.module)?;
        label(encoder, "method", self.method)?;
        self.outcome.map_or(Ok(()), |outcome| label(encoder, "outcome", outcome))
    }
}

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let all = self.0.snapshot();
        let kind = MetricType::Counter;
        let mut family = encoder.encode_descriptor("port_calls", "Calls of ports", None, kind)?;
        for meter in &all {
            let outcomes = [
                ("done", meter.done),
                ("refused", meter.refused),
                ("unreachable", meter.unreachable),
            ];
            for (outcome, count) in outcomes {
                let (module, method) = (meter.module, meter.method);
                let labels = Method { module, method, outcome: Some(outcome) };
                let none: NoExemplar<'_> = None;
                family.encode_family(&labels)?.encode_counter(&count, none)?;
            }
        }
        let kind = MetricType::Histogram;
        let help = "Time a port took to answer";
        let mut family = encoder.encode_descriptor("port_call_seconds", help, None, kind)?;
        for meter in &all {
            let labels = Method { module: meter.module, method: meter.method, outcome: None };
            let (count, buckets) = histogram(meter);
            let none: NoExemplars<'_> = None;
            let mut metric = family.encode_family(&labels)?;
            metric.encode_histogram(meter.total.as_secs_f64(), count, &buckets, none)?;
        }
        Ok(())
    }
}

/// The number of calls and the buckets in seconds, the last of them without a bound.
fn histogram(meter: &Snapshot) -> (u64, Vec<(f64, u64)>) {
    let count = meter.done + meter.refused + meter.unreachable;
    let mut buckets: Vec<(f64, u64)> =
        meter.buckets.iter().map(|(bound, count)| (bound.as_secs_f64(), *count)).collect();
    let held: u64 = buckets.iter().map(|(_, count)| count).sum();
    buckets.push((f64::INFINITY, count.saturating_sub(held)));
    (count, buckets)
}

/// Numbers kept elsewhere, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings(Arc<RwLock<BTreeMap<String, Vec<Reading>>>>);

impl Readings {
    pub(crate) fn add(&self, reading: Reading) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(reading.name.clone()).or_default().push(reading);
    }
}

struct Labels<'a>(&'a [(String, String)]);

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(name, value)| label(encoder, name, value.as_str()))
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (name, readings) in &*all {
            let Some(first) = readings.first() else { continue };
            let kind = if first.grows { MetricType::Counter } else { MetricType::Gauge };
            let mut family = encoder.encode_descriptor(name, &first.help, None, kind)?;
            for reading in readings {
                let (labels, value) = (Labels(&reading.labels), (reading.read)());
                match labels.0.is_empty() {
                    true => write(&mut family, first.grows, value)?,
                    false => write(&mut family.encode_family(&labels)?, first.grows, value)?,
                }
            }
        }
        Ok(())
    }
}

fn write(metric: &mut MetricEncoder<'_>, grows: bool, value: u64) -> std::fmt::Result {
    let none: NoExemplar<'_> = None;
    match grows {
        true => metric.encode_counter(&value, none),
        false => metric.encode_gauge(&value),
    }
}

/// When the process started and how long it has been up.
#[derive(Debug)]
pub(crate) struct Process {
    at: i64,
    since: Instant,
}

impl Process {
    pub(crate) fn starting_now() -> Self {
        Self { at: SystemClock.now().seconds(), since: Instant::now() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let gauge = MetricType::Gauge;
        let help = "When the process started, in seconds since 1970";
        let name = "process_start_time_seconds";
        encoder.encode_descriptor(name, help, None, gauge)?.encode_gauge(&self.at)?;
        let uptime = self.since.elapsed().as_secs_f64();
        let help = "How long the process has been up";
        let name = "process_uptime_seconds";
        encoder.encode_descriptor(name, help, None, gauge)?.encode_gauge(&uptime)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Metrics;

    #[test]
    fn the_page_counts_requests_calls_and_what_others_keep() {
        let meters = Meters::default();
        let meter = meters.meter("products", "reserve");
        let metrics = Metrics::new(meters);
        let route: Arc<str> = "/v1/orders/{id}".into();
        metrics.request("GET", &route, 200, Duration::from_millis(3));
        metrics.request("GET", &route, 404, Duration::from_millis(1));
        for module in ["orders", "products"] {
            let reading = Reading::counter("db_statements", "SQL statements", || 7);
            metrics.register(reading.label("module", module));
        }
        metrics.register(Reading::gauge("queue_depth", "Waiting", || 2));
        drop(meter);
        let page = metrics.render().unwrap();
        for line in [
            r#"http_requests_total{method="GET",route="/v1/orders/{id}",status="404"} 1"#,
            r#"http_request_seconds_count{method="GET",route="/v1/orders/{id}"} 2"#,
            r#"port_calls_total{module="products",method="reserve",outcome="done"} 0"#,
            r#"port_call_seconds_bucket{le="+Inf",module="products",method="reserve"} 0"#,
            r#"db_statements_total{module="orders"} 7"#,
            r#"db_statements_total{module="products"} 7"#,
            "queue_depth 2",
            "# EOF",
        ] {
            assert!(page.lines().any(|it| it == line), "{line} is missing from\n{page}");
        }
        assert_eq!(page.matches("# TYPE db_statements").count(), 1);
    }
}
