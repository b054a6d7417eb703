//! Playing one journey, and comparing what was said with its transcript.

use std::{
    any::Any,
    env, fs,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;

use super::Journey;
use crate::world::{Deployment, Stage, World, difference};

/// Where what was said is kept, from the root of the workspace.
const TRANSCRIPTS: &str = "tests/it/transcripts";
/// Says that transcripts are to be written instead of compared.
const RECORD: &str = "RIALTO_RECORD";
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(150);

impl Journey {
    /// Plays it in a shop that others may be in. It passes when nobody in it was surprised and its transcript
    /// is the recorded one.
    pub(crate) async fn play_in(&self, world: &Arc<World>) -> Result<(), String> {
        let (stage, transcript) = Stage::shared(world, self.name);
        let playing = AssertUnwindSafe((self.play)(&stage)).catch_unwind();
        match tokio::time::timeout(LIMIT, playing).await {
            Ok(Ok(())) => {}
            Ok(Err(surprise)) => return Err(format!("{}: {}", self.name, said(&*surprise))),
            Err(_) => return Err(format!("{}: it did not end within {LIMIT:?}", self.name)),
        }
        match env::var_os(RECORD) {
            None => self.compare(world.deployment(), &transcript.text()),
            Some(_) => {
                self.record(world.deployment(), &transcript.text());
                Ok(())
            }
        }
    }

    pub(super) fn transcript(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(TRANSCRIPTS);
        folder.join(self.name).with_extension("txt")
    }

    fn record(&self, deployment: Deployment, text: &str) {
        let first = Deployment::WHOLE_ON_SQLITE.name;
        assert_eq!(deployment.name, first, "{RECORD} is for this world: the others are compared");
        write(&self.transcript(), text);
    }

    fn compare(&self, deployment: Deployment, text: &str) -> Result<(), String> {
        let file = self.transcript();
        let Ok(recorded) = fs::read_to_string(&file) else {
            let file = file.display();
            return Err(format!("{}: {file} is missing: record it with {RECORD}=1", self.name));
        };
        let Some(difference) = difference(&recorded, text) else { return Ok(()) };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("transcripts");
        let kept = folder.join(deployment.name).join(self.name).with_extension("txt");
        write(&kept, text);
        let (file, kept) = (file.display(), kept.display());
        Err(format!("{}: {kept} is not what {file} says, {difference}", self.name))
    }
}

/// What somebody said who panicked.
pub(crate) fn said(surprise: &(dyn Any + Send)) -> &str {
    let text = surprise.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| surprise.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn every_transcript_belongs_to_a_journey() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(TRANSCRIPTS);
    let files = fs::read_dir(&folder).unwrap().flat_map(|file| fs::read_dir(file.unwrap().path()));
    let mut left: Vec<PathBuf> = files.flatten().map(|entry| entry.unwrap().path()).collect();
    left.retain(|file| super::ALL.iter().all(|journey| journey.transcript() != *file));
    assert!(left.is_empty(), "no journey says this any more: {left:?}");
}
