//! A shop with somebody to play in it: several may, as long as each names what is its own.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use serde_json::json;

use super::{Browser, Goods, Patience, Shopper, Transcript, World, eventually, text};

const ADMIN: &str = "admin@example.com";
/// The password of everybody on a stage.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A token of the right form, signed by nobody: to say so one must know the keys of those who may.
const FORGED: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6Im5vYm9keSJ9.\
                      eyJzdWIiOiJub2JvZHkifQ.AAAA";

/// A shop as one journey sees it.
#[derive(Clone)]
pub(crate) struct Stage {
    world: Arc<World>,
    /// Behind every name that must be unique in the shop.
    mark: String,
    browser: Browser,
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Stage {
    /// One whole shop that nobody else plays in.
    pub(crate) async fn whole() -> Self {
        Self::with(&[]).await
    }

    /// As [`Stage::whole`], with these lines of configuration over the defaults.
    pub(crate) async fn with(settings: &[&str]) -> Self {
        Self::alone(World::open(super::Deployment::WHOLE_ON_SQLITE, settings).await)
    }

    /// A shop that nobody else plays in.
    pub(crate) fn alone(world: World) -> Self {
        let browser = world.guest();
        Self { world: Arc::new(world), mark: String::new(), browser }
    }

    /// A shop in which others play too. Whatever is heard goes into the transcript.
    pub(crate) fn shared(world: &Arc<World>, journey: &str) -> (Self, Arc<Transcript>) {
        let mut hasher = DefaultHasher::new();
        journey.hash(&mut hasher);
        let mark = format!("j{:07x}", hasher.finish() & 0xfff_ffff);
        let transcript = Arc::new(Transcript::new(&mark));
        let browser = world.guest().recorded(transcript.clone());
        (Self { world: world.clone(), mark, browser }, transcript)
    }

    /// Makes the administrator of a shop that is not running yet.
    pub(crate) async fn appoint(world: &World) {
        let create = ["admin", "create", "--email", ADMIN, "--password-stdin"];
        let made = world.rialto().args(create).input(PASSWORD).run().await;
        assert!(made.status.success(), "{made:?}");
    }

    /// Waits until a gateway knows the way to every module, and whose tokens it may believe. It learns that in
    /// the background: a start waits for nobody.
    pub(super) async fn acquainted(gateway: Browser) {
        const OF_EACH_MODULE: [&str; 8] = [
            "/v1/users/me",
            "/v1/products/no-such-thing",
            "/v1/carts/no-such-thing",
            "/v1/orders/no-such-thing",
            "/v1/payments/no-such-thing",
            "/v1/deliveries/no-such-thing",
            "/v1/orders/no-such-thing/timeline",
            "/v1/admin/mails/no-such-thing",
        ];
        let gateway = gateway.with_token("nobody", FORGED);
        for path in OF_EACH_MODULE {
            let answers = async || (gateway.get(path).await.status != 503).then_some(());
            eventually(&format!("{path} answers"), Patience::START, answers).await;
        }
    }

    /// A name that nobody else in this shop has: `teapot-…`.
    pub(crate) fn own(&self, name: &str) -> String {
        match self.mark.as_str() {
            "" => name.to_owned(),
            mark => format!("{name}-{mark}"),
        }
    }

    /// The e-mail address of somebody in this play.
    pub(crate) fn email(&self, name: &str) -> String {
        let name = name.to_lowercase().replace(' ', ".");
        format!("{}@example.com", self.own(&name))
    }

    /// Somebody who is not logged in.
    pub(crate) fn guest(&self) -> Browser {
        self.browser.clone()
    }

    /// The same stage with nothing written down, because what is heard is not the same each time.
    pub(crate) fn unrecorded(&self, why: &str) -> Self {
        Self { browser: self.browser.unrecorded(why), ..self.clone() }
    }

    /// Somebody with a new account, logged in.
    pub(crate) async fn shopper(&self, name: &str) -> Shopper {
        let email = self.email(name);
        let account = json!({ "email": email, "password": PASSWORD, "name": name });
        self.browser.post("/v1/users", &account).await.expect(201);
        self.log_in(name, &email, PASSWORD).await
    }

    /// Somebody without an account, who has opened a cart.
    pub(crate) async fn visitor(&self, name: &str) -> Shopper {
        let cart = self.browser.post("/v1/carts", &json!({})).await.expect(201);
        Shopper::new(self.browser.with_guest_token(name, text(&cart["guest_token"])))
    }

    /// Somebody with an account.
    pub(crate) async fn log_in(&self, name: &str, email: &str, password: &str) -> Shopper {
        let credentials = json!({ "email": email, "password": password });
        let session = self.browser.post("/v1/sessions", &credentials).await.expect(201);
        Shopper::new(self.browser.with_token(name, text(&session["access_token"])))
    }

    /// The administrator that the shop began with, who logs in once for all journeys.
    pub(crate) async fn admin(&self) -> Shopper {
        let log_in = async || {
            let credentials = json!({ "email": ADMIN, "password": PASSWORD });
            let session = self.world.guest().post("/v1/sessions", &credentials).await.expect(201);
            text(&session["access_token"]).to_owned()
        };
        let token = self.world.admin_token.get_or_init(log_in).await;
        Shopper::new(self.browser.with_token("admin", token))
    }

    /// Puts a product with one variant on sale.
    pub(crate) async fn publish(&self, name: &str, cents: i64, on_hand: u32) -> Goods {
        self.admin().await.publish(&self.own(name), cents, on_hand).await
    }
}
