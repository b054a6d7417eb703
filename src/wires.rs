//! What leads from this process to its neighbours.

use std::sync::Arc;

use anyhow::{Context, Result};
use discovery::Instances;
use identity::InternalTokens;
use kernel::{Clock, SystemClock};
use messaging::Running;
use ports::{Call, Reply, Transport, Unreachable, async_trait};
use secrecy::{ExposeSecret, SecretString};
use wire::http::{Client, Options};

use crate::{
    admin,
    config::{Carrier, Loaded},
    house::House,
    topology::{Layout, Seat},
};

/// The ways out of one process.
pub struct Wires<'a> {
    layout: &'a Layout,
    /// What the processes know each other by.
    pub tokens: InternalTokens,
    /// Speaks to internal listeners.
    pub client: Client,
    /// How calls look on the wire.
    pub options: Options,
}

impl<'a> Wires<'a> {
    /// The ways out of the process of `seat`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the processes have no secret that they could know each other by.
    pub fn of(loaded: &'a Loaded, seat: &Seat) -> Result<Self> {
        let layout = &loaded.layout;
        let secret = secret(loaded)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tokens = InternalTokens::new(&secret, clock).context(
            "topology.secret is what the processes know each other by: set RIALTO_TOPOLOGY__SECRET to the \
             same 32 characters or more for each of them, or let `rialto up` choose one",
        )?;
        let said = &loaded.config.topology.wire;
        let options =
            Options { connect: said.connect, idle: said.idle, body_limit: said.body_limit };
        let client = Client::new(&seat.to_string(), tokens.clone(), options.clone());
        Ok(Self { layout, tokens, client, options })
    }

    /// Where the process that hosts `module` is found.
    pub fn instances(&self, module: &str) -> Instances {
        let home = self.layout.home(module);
        Instances::fixed(home.map(|place| place.internal.clone()).unwrap_or_default())
    }

    /// The way from `caller` to `callee`, by what the topology says.
    pub fn dial(&self, caller: &'static str, callee: &'static str) -> Arc<dyn Transport> {
        match self.layout.carrier(caller, callee) {
            Carrier::Http => self.client.dial(caller, callee, self.instances(callee)),
            Carrier::Rabbitmq => Arc::new(Nowhere),
        }
    }

    /// Starts to move messages, within this process and to and from the others.
    pub fn open_bus(&self, house: &mut House<'_>, _seat: &Seat) -> Result<Running> {
        Ok(messaging::Process::start(std::mem::take(&mut house.bus)))
    }

    /// Answers calls that come over a broker.
    pub fn serve_calls(&self, _house: &mut House<'_>) {}
}

/// The secret of the deployment. A process without neighbours knows nobody, so that it may make one up.
fn secret(loaded: &Loaded) -> Result<SecretString> {
    let chosen = &loaded.config.topology.secret;
    match chosen.expose_secret() {
        "" if !loaded.layout.is_split() => {
            Ok(format!("{}{}", admin::random(), admin::random()).into())
        }
        _ => Ok(chosen.clone()),
    }
}

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn call(&self, _call: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::NoReply("not built".into()))
    }
}
