//! Which operation a request asks for. Immutable once it is built.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{dev::ResourceDef, http::Method};
use host::{Operation, Routes, Unfit};

/// Every operation of every module, the more specific patterns first.
pub(crate) struct Table(Vec<Row>);

/// One operation.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) operation: Arc<Operation>,
    /// The pattern, for metrics.
    pub(crate) route: Arc<str>,
    segments: Vec<Segment>,
    /// For patterns with a regular expression in them.
    definition: Option<ResourceDef>,
}

#[derive(Clone)]
enum Segment {
    Literal(String),
    Parameter,
}

/// What the table knows about a method and a path.
pub(crate) enum Choice<'a> {
    Found(&'a Row),
    /// There is something at the path, but for these methods only.
    Methods(Vec<Method>),
    Nothing,
}

impl Table {
    /// The table of all `routes`.
    pub(crate) fn of(routes: &[Routes]) -> Result<Self, Unfit> {
        let mut wrong = Vec::new();
        let mut owners: BTreeMap<(String, String), Arc<Operation>> = BTreeMap::new();
        for routes in routes {
            if let Err(Unfit(sentences)) = routes.check() {
                wrong.extend(sentences);
            }
            for operation in routes.table() {
                let key = (operation.method.to_string(), anonymous(&operation.pattern));
                match owners.get(&key) {
                    Some(owner) if owner.module != operation.module => wrong.push(format!(
                        "{operation} is claimed by {} as well: give one of them another path",
                        owner.module
                    )),
                    _ => drop(owners.insert(key, operation)),
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Unfit(wrong));
        }
        let mut operations: Vec<_> = owners.into_values().collect();
        operations.sort_by(|one, other| one.specificity(other));
        Ok(Self(operations.into_iter().map(Row::of).collect()))
    }

    /// The operation for `method` on `path`. HEAD is answered by whatever answers GET.
    pub(crate) fn choose(&self, method: &Method, path: &str) -> Choice<'_> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let mut methods = Vec::new();
        for row in self.0.iter().filter(|row| row.matches(path)) {
            if row.operation.method == *wanted {
                return Choice::Found(row);
            }
            methods.push(row.operation.method.clone());
        }
        if methods.is_empty() { Choice::Nothing } else { Choice::Methods(methods) }
    }
}

impl Row {
    fn of(operation: Arc<Operation>) -> Self {
        let pattern = operation.pattern.as_str();
        let segment = |segment: &str| match segment.starts_with('{') && segment.ends_with('}') {
            true => Segment::Parameter,
            false => Segment::Literal(segment.to_owned()),
        };
        let plain = |segment: &str| !segment.contains('{') || segment.starts_with('{');
        let simple = !pattern.contains(':') && pattern.split('/').all(plain);
        Self {
            route: pattern.into(),
            segments: pattern.split('/').map(segment).collect(),
            definition: (!simple).then(|| ResourceDef::new(pattern)),
            operation,
        }
    }

    fn matches(&self, path: &str) -> bool {
        if let Some(definition) = &self.definition {
            return definition.is_match(path);
        }
        let mut given = path.split('/');
        let fits = self.segments.iter().all(|segment| match (segment, given.next()) {
            (Segment::Literal(literal), Some(given)) => literal == given,
            (Segment::Parameter, Some(given)) => !given.is_empty(),
            (_, None) => false,
        });
        fits && given.next().is_none()
    }
}

/// The pattern without the names of its parameters.
fn anonymous(pattern: &str) -> String {
    let segment = |segment| if str::starts_with(segment, '{') { "{}" } else { segment };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}
