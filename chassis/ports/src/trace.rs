//! The position in a trace (W3C Trace Context, level 1).

/// Which trace this is part of, and which span of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The same in every process that a request touches.
    pub trace_id: u128,
    /// This step of it.
    pub span_id: u64,
    /// Whether somebody wants the details.
    pub sampled: bool,
}

impl Trace {
    /// A trace that begins here.
    pub fn start() -> Self {
        Self { trace_id: rand::random::<u128>().max(1), span_id: span_id(), sampled: true }
    }

    /// The next step of the same trace.
    pub fn child(self) -> Self {
        Self { span_id: span_id(), ..self }
    }

    /// Reads a `traceparent` header; nothing when it is not one, so that a new trace begins.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace_id) = (parts.next()?, parts.next()?);
        let (span_id, flags) = (parts.next()?, parts.next()?);
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let sized = [(version, 2), (trace_id, 32), (span_id, 16), (flags, 2)];
        let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !known || sized.iter().any(|(text, len)| text.len() != *len || !hex(text)) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span_id, 16).ok().filter(|id| *id != 0)?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace_id, span_id, sampled })
    }

    /// The `traceparent` header.
    pub fn traceparent(self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }

    /// The trace id as people quote it: 32 hexadecimal digits.
    pub fn id(self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn span_id() -> u64 {
    rand::random::<u64>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_reads_back() {
        let trace = Trace::start();
        assert_eq!(Trace::parse(&trace.traceparent()), Some(trace));
        let sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        assert_eq!(Trace::parse(sample).map(Trace::traceparent).as_deref(), Some(sample));
    }

    #[test]
    fn a_broken_traceparent_begins_a_new_trace() {
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let upper = "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
        let long = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x";
        let forbidden = "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for broken in ["", "00-1-2-3", zero, upper, long, forbidden] {
            assert_eq!(Trace::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_child_stays_in_the_trace() {
        let trace = Trace::start();
        assert_eq!(trace.child().trace_id, trace.trace_id);
        assert_ne!(trace.child().span_id, trace.span_id);
    }
}
