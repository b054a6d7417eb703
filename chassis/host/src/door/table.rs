//! Which operation a request asks for. Immutable once it is built.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{dev::ResourceDef, http::Method};

use crate::{Operation, Routes, Unfit};

/// Every operation of some modules, the more specific patterns first.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<Row>);

/// One operation.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is, and who may use it.
    pub operation: Arc<Operation>,
    /// The pattern, for metrics.
    pub route: Arc<str>,
    /// How many bytes come before the first parameter.
    literal: usize,
    shape: Shape,
}

/// How paths are compared with a pattern.
#[derive(Clone, Debug)]
enum Shape {
    /// Whole segments are parameters, or none is.
    Segments(Vec<Segment>),
    /// A regular expression, or a parameter beside other text.
    Other(Box<ResourceDef>),
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Parameter,
    /// The rest of the path, slashes and all: `{tail:.*}`.
    Tail,
}

/// What a table knows about a method and a path.
#[derive(Debug)]
pub enum Choice<'a> {
    /// This operation answers.
    Found(&'a Row),
    /// There is something at the path, but for these methods only: those of the most specific pattern.
    Methods(Vec<Method>),
    /// There is nothing at the path.
    Nothing,
}

impl Table {
    /// The table of all `routes`.
    ///
    /// # Errors
    /// When [`Routes::check`] finds something, or two modules claim one operation.
    pub fn of(routes: &[Routes]) -> Result<Self, Unfit> {
        let unfit = routes.iter().filter_map(|routes| routes.check().err());
        let wrong: Vec<String> = unfit.flat_map(|Unfit(sentences)| sentences).collect();
        let table = Self::default().with(routes.iter().flat_map(Routes::table));
        match (wrong.is_empty(), table) {
            (true, table) => table,
            (false, Ok(_)) => Err(Unfit(wrong)),
            (false, Err(Unfit(claims))) => Err(Unfit([wrong, claims].concat())),
        }
    }

    /// This table, and `more`.
    ///
    /// # Errors
    /// When two modules claim one operation.
    pub fn with(&self, more: impl IntoIterator<Item = Arc<Operation>>) -> Result<Self, Unfit> {
        let mut wrong = Vec::new();
        let mut owners: BTreeMap<(String, String), Row> = BTreeMap::new();
        let known = self.0.iter().cloned();
        for row in known.chain(more.into_iter().map(Row::of)) {
            let operation = &row.operation;
            let key = (operation.method.to_string(), anonymous(&operation.pattern));
            match owners.get(&key) {
                Some(owner) if owner.operation.module != operation.module => wrong.push(format!(
                    "{operation} is claimed by {} as well: give one of them another path",
                    owner.operation.module
                )),
                _ => drop(owners.insert(key, row)),
            }
        }
        if !wrong.is_empty() {
            return Err(Unfit(wrong));
        }
        let mut rows: Vec<Row> = owners.into_values().collect();
        rows.sort_by(|one, other| one.operation.specificity(&other.operation));
        Ok(Self(rows))
    }

    /// The operation for `method` on `path`. HEAD is answered by whatever answers GET.
    pub fn choose(&self, method: &Method, path: &str) -> Choice<'_> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let mut methods = Vec::new();
        let mut closest = None;
        for row in self.0.iter().filter(|row| row.matches(path)) {
            if row.operation.method == *wanted {
                return Choice::Found(row);
            }
            if *closest.get_or_insert(&row.route) == &row.route {
                methods.push(row.operation.method.clone());
            }
        }
        if methods.is_empty() { Choice::Nothing } else { Choice::Methods(methods) }
    }
}

impl Row {
    fn of(operation: Arc<Operation>) -> Self {
        let pattern = operation.pattern.as_str();
        Self {
            route: pattern.into(),
            literal: pattern.find('{').unwrap_or(pattern.len()),
            shape: Shape::of(pattern),
            operation,
        }
    }

    fn matches(&self, path: &str) -> bool {
        let literal = &self.route.as_bytes()[..self.literal];
        path.as_bytes().starts_with(literal) && self.shape.matches(path)
    }
}

impl Shape {
    fn of(pattern: &str) -> Self {
        let other = || Self::Other(Box::new(ResourceDef::new(pattern)));
        segments(pattern).map_or_else(other, Self::Segments)
    }

    fn matches(&self, path: &str) -> bool {
        let segments = match self {
            Self::Segments(segments) => segments,
            Self::Other(definition) => return definition.is_match(path),
        };
        let mut given = path.split('/');
        for segment in segments {
            match (segment, given.next()) {
                (Segment::Tail, Some(_)) => return true,
                (Segment::Literal(literal), Some(given)) if literal == given => {}
                (Segment::Parameter, Some(given)) if !given.is_empty() => {}
                _ => return false,
            }
        }
        given.next().is_none()
    }
}

impl Segment {
    /// Nothing when it takes more than a comparison to tell.
    fn of(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        match inner {
            None => (!text.contains(['{', '}'])).then(|| Self::Literal(text.to_owned())),
            Some(name) if name.ends_with(":.*") => Some(Self::Tail),
            Some(name) => (!name.contains([':', '{', '}'])).then_some(Self::Parameter),
        }
    }
}

/// The segments of `pattern`; nothing when a regular expression is needed to compare with it.
fn segments(pattern: &str) -> Option<Vec<Segment>> {
    let segments: Vec<Segment> = pattern.split('/').map(Segment::of).collect::<Option<_>>()?;
    let mut inner = segments.iter().rev().skip(1);
    (!inner.any(|segment| matches!(segment, Segment::Tail))).then_some(segments)
}

/// Whether `pattern` can be compared with without a regular expression, which means the same to every
/// process that reads it.
pub(crate) fn is_plain(pattern: &str) -> bool {
    pattern.starts_with('/') && segments(pattern).is_some()
}

/// The pattern without the names of its parameters.
fn anonymous(pattern: &str) -> String {
    let segment = |segment| if str::starts_with(segment, '{') { "{}" } else { segment };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}
