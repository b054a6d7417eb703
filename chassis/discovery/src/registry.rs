//! By a registry that speaks Eureka v2: we register ourselves, and follow who else does.
//!
//! All of it happens on a thread of its own, so that a process whose other threads are busy is not taken for
//! dead. Changes come by `GET /registry/watch` from our own registry, and by asking again and again from one
//! that does not have it, such as Netflix'.
//!
//! **Invariants:** nothing here is awaited by a call. While no registry answers, everybody who was known stays
//! known; when one comes back that has forgotten them, they stay until they had time to register again.

mod announce;
mod follow;
mod known;
mod wire;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use url::Url;

use self::{announce::Announcer, known::Known};
use crate::Instances;

/// How long it may take until the registry knows that we leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// Says what is to be said in `authorization`.
pub type Credential = Arc<dyn Fn() -> String + Send + Sync>;

/// How a process finds and speaks to its registry.
#[derive(Clone)]
pub struct Options {
    /// Where it is, such as `http://127.0.0.1:9000/eureka/`. Several are asked in turn. One with a user name
    /// and a password is asked with those, and any other with the credential.
    pub urls: Vec<Url>,
    /// Proves who we are.
    pub credential: Credential,
    /// How often we say that we are alive.
    pub beat: Duration,
    /// How long we are listed after we last did; whole seconds.
    pub lease: Duration,
}

/// What a process says about itself.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The modules it answers for; each is an application.
    pub modules: Vec<&'static str>,
    /// Names it among those who answer for the same.
    pub id: String,
    /// Where it answers.
    pub address: SocketAddr,
}

/// Who is known, by module. Cloning shares it.
#[derive(Clone, Default)]
pub struct Directory(Arc<Mutex<Followed>>);

#[derive(Default)]
struct Followed {
    known: Known,
    lists: HashMap<String, Instances>,
}

/// Our place in the registry, for as long as the process takes work.
pub struct Membership {
    leave: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Directory {
    /// The instances of `name`, which is a module or a service in whatever language. Until a registry tells of
    /// any, they are `at_first`.
    pub fn instances(&self, name: &str, at_first: impl IntoIterator<Item = String>) -> Instances {
        let mut followed = self.followed();
        if let Some(known) = followed.lists.get(&name.to_uppercase()) {
            return known.clone();
        }
        let list = Instances::fixed(at_first);
        list.keep(followed.known.up(&name.to_uppercase()));
        followed.lists.insert(name.to_uppercase(), list.clone());
        list
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and then the lists.
    fn learn(&self, change: impl FnOnce(&mut Known, Instant)) {
        let mut followed = self.followed();
        let now = Instant::now();
        change(&mut followed.known, now);
        followed.known.forget(now);
        let Followed { known, lists } = &*followed;
        for (name, list) in lists {
            list.keep(known.up(name));
        }
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

impl Membership {
    /// Registers, and follows everybody else into `directory`. Does not wait for the registry.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn begin(
        options: Options,
        announcement: Announcement,
        directory: Directory,
    ) -> io::Result<Self> {
        let (leave, left) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().no_proxy().build().map_err(io::Error::other)?;
        let work = async move {
            let announcer = Announcer::new(client.clone(), options.clone(), announcement);
            tokio::select! {
                () = announcer.run(left) => {}
                never = follow::follow(&client, &options, &directory) => match never {},
            }
        };
        let thread = std::thread::Builder::new().name("registry".to_owned());
        let thread = thread.spawn(move || runtime.block_on(work))?;
        Ok(Self { leave, thread })
    }

    /// Takes us out of the registry, so that everybody who follows it sends their next request to others.
    /// Returns once the registry knows, or after half a second.
    pub async fn leave(self) {
        let Self { leave, thread } = self;
        drop(leave);
        let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
        if !matches!(joined, Ok(true)) {
            tracing::error!("the thread that speaks to the registry broke");
        }
    }
}

/// Asks `url` with what proves who we are, unless it says so itself.
fn request(
    client: &reqwest::Client,
    method: reqwest::Method,
    url: Url,
    credential: &Credential,
) -> reqwest::RequestBuilder {
    let says_who = !url.username().is_empty();
    let request = client.request(method, url).header("accept", "application/json");
    match says_who {
        true => request,
        false => request.header("authorization", credential()),
    }
}
