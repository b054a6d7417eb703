//! What somebody who waits for it sees: a bar for each source. Nothing where nobody looks.

use std::time::Duration;

use history::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// One bar after the other.
pub(super) struct Bars {
    all: MultiProgress,
    current: std::cell::RefCell<ProgressBar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), current: ProgressBar::hidden().into() }
    }

    pub(super) fn tell(&self, progress: Progress) {
        match progress {
            Progress::Begins(source, size) => {
                self.current.borrow().finish();
                self.current.replace(self.bar(source.as_str(), size));
            }
            Progress::Merged(_, records) => {
                let bar = self.current.borrow();
                bar.inc(records);
                // There may be more by now than there were when they were counted.
                let seen = bar.position();
                bar.set_length(bar.length().unwrap_or_default().max(seen));
            }
            Progress::Shown => {
                self.current.borrow().finish();
                self.current
                    .replace(self.spinner("the new history is shown; removing the old one"));
            }
            Progress::Swept => self.current.borrow().finish_and_clear(),
        }
    }

    fn bar(&self, name: &'static str, size: u64) -> ProgressBar {
        let style = "{msg:11} {bar:40} {pos}/{len} {per_sec}";
        self.all.add(ProgressBar::new(size)).with_style(styled(style)).with_message(name)
    }

    fn spinner(&self, name: &'static str) -> ProgressBar {
        let spinner = self.all.add(ProgressBar::new_spinner()).with_message(name);
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }
}

fn styled(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
