//! Turns a configuration error into a sentence that says what to do.

use anyhow::anyhow;
use figment::error::Kind;

/// How alike two keys must be for one to be offered instead of the other.
const ALIKE: f64 = 0.7;

/// One line for each thing that is wrong: where, which key, and what would be right.
pub(super) fn explain(errors: figment::Error) -> anyhow::Error {
    let lines: Vec<String> = errors.into_iter().map(|error| sentence(&error)).collect();
    anyhow!(lines.join("\n"))
}

fn sentence(error: &figment::Error) -> String {
    let origin = error.metadata.as_ref().map_or_else(|| "the configuration".to_owned(), origin);
    let key = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(field, known) => {
            format!("{origin}: unknown key `{key}`{}", nearest(field, known))
        }
        Kind::UnknownVariant(value, known) => {
            format!("{origin}: `{key}` cannot be {value:?}{}", nearest(value, known))
        }
        Kind::MissingField(field) => format!("{origin}: the key `{key}.{field}` is missing"),
        kind => format!("{origin}: `{key}`: {kind}"),
    }
}

/// The file, the variables or the flags that said it.
pub(super) fn origin(metadata: &figment::Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment") => "the environment (RIALTO_…)".to_owned(),
        _ => metadata.name.to_string(),
    }
}

fn nearest(word: &str, known: &[&str]) -> String {
    let score = |candidate: &&&str| strsim::jaro_winkler(word, candidate);
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
    match best.filter(|best| score(best) >= ALIKE) {
        Some(best) => format!("; did you mean `{best}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; known are {}", known.join(", ")),
    }
}
