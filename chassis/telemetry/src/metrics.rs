//! The numbers of one process, in OpenMetrics text.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, web::Data};
use ports::Meters;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelSetEncoder, LabelValueEncoder},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::collect::{Calls, Process, Readings};

/// The media type of the text.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one process. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Numbers>);

#[derive(Debug)]
struct Numbers {
    registry: Registry,
    requests: Family<Request, Counter>,
    latencies: Family<Served, Histogram>,
    readings: Readings,
}

/// A number that somebody else keeps and that is read whenever the metrics are.
pub struct Reading {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) grows: bool,
    pub(crate) read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Reading {
    /// A number that only grows. `_total` is added to the name.
    pub fn counter(name: &str, help: &str, read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let (name, help) = (name.to_owned(), help.to_owned());
        Self { name, help, labels: Vec::new(), grows: true, read: Box::new(read) }
    }

    /// A number that goes up and down.
    pub fn gauge(name: &str, help: &str, read: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { grows: false, ..Self::counter(name, help, read) }
    }

    /// Tells it from others of its name.
    #[must_use]
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.push((name.to_owned(), value.into()));
        self
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.name, self.labels)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    served: Served,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Served {
    method: &'static str,
    route: Arc<str>,
}

impl EncodeLabelSet for Served {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        label(encoder, "method", self.method)?;
        label(encoder, "route", &*self.route)
    }
}

impl EncodeLabelSet for Request {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        self.served.encode(encoder)?;
        label(encoder, "status", u32::from(self.status))
    }
}

/// Writes one label.
pub(crate) fn label(
    encoder: &mut LabelSetEncoder<'_>,
    name: &str,
    value: impl EncodeLabelValue,
) -> std::fmt::Result {
    let mut label = encoder.encode_label();
    let mut key = label.encode_label_key()?;
    std::fmt::Write::write_str(&mut key, name)?;
    let mut text: LabelValueEncoder<'_> = key.encode_label_value()?;
    value.encode(&mut text)?;
    text.finish()
}

impl Metrics {
    /// The metrics of a process that starts now and counts port calls in `meters`.
    pub fn new(meters: Meters) -> Self {
        let mut registry = Registry::default();
        let requests = Family::<Request, Counter>::default();
        let latencies = Family::<Served, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.000_25, 2.0, 17))
        });
        let readings = Readings::default();
        registry.register("http_requests", "HTTP requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to answer", latencies.clone());
        registry.register_collector(Box::new(Calls(meters)));
        registry.register_collector(Box::new(readings.clone()));
        registry.register_collector(Box::new(Process::starting_now()));
        Self(Arc::new(Numbers { registry, requests, latencies, readings }))
    }

    /// Counts an answered HTTP request. `route` is a pattern, never a path, so that there are few.
    pub fn request(&self, method: &'static str, route: &Arc<str>, status: u16, took: Duration) {
        let served = Served { method, route: route.clone() };
        self.0.latencies.get_or_create(&served).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&Request { served, status }).inc();
    }

    /// Adds a number that is kept elsewhere.
    pub fn register(&self, reading: Reading) {
        self.0.readings.add(reading);
    }

    /// Everything as OpenMetrics text.
    ///
    /// # Errors
    /// When a number cannot be written as text.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

/// Answers `GET /metrics`, from `Data<Metrics>`. For the internal listener.
pub async fn scrape(metrics: Data<Metrics>) -> HttpResponse {
    match metrics.render() {
        Ok(text) => HttpResponse::Ok().content_type(OPENMETRICS).body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
