//! Requests to other processes, kept within their deadline.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::Bytes;
use discovery::{Instance, Instances};
use http::{HeaderValue, Request, Response, header::HOST};
use identity::InternalTokens;
use ports::{Transport, Unreachable};

use super::{
    Body, Incoming, Options,
    body::Unread,
    dial::Dialed,
    neighbour::{Connection, Neighbour, Neighbours},
};

/// What a turn moves on by: the golden ratio of all numbers, so that turns never fall into step with the
/// requests that take them.
const GOLDEN: usize = 0x9E37_79B9_7F4A_7C15;
/// The bits of a turn that are not spread well.
const SPREAD: u32 = 33;

/// Talks to the internal listeners of other processes. Cloning shares the connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    process: Box<str>,
    tokens: InternalTokens,
    body_limit: usize,
    neighbours: Neighbours,
    turn: AtomicUsize,
}

/// Why a request that is forwarded has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// There was no connection and nothing was sent: the request may go to another instance.
    #[error("{cause}")]
    Refused {
        /// The request as it was.
        request: Box<Request<Body>>,
        /// Why there was no connection.
        cause: String,
    },
    /// No answer began before the deadline.
    #[error("no answer before the deadline")]
    DeadlineExceeded,
    /// The request may have been carried out, but nothing that can be read came back.
    #[error("{0}")]
    NoReply(String),
}

impl From<ForwardError> for Unreachable {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Refused { cause, .. } => Self::NotTaken(cause),
            ForwardError::DeadlineExceeded => Self::DeadlineExceeded,
            ForwardError::NoReply(cause) => Self::NoReply(cause),
        }
    }
}

impl Client {
    /// Talks as the process named `process`, with tokens of this deployment.
    pub fn new(process: &str, tokens: InternalTokens, options: Options) -> Self {
        Self(Arc::new(Inner {
            process: process.into(),
            tokens,
            body_limit: options.body_limit,
            neighbours: Neighbours::new(&options),
            turn: AtomicUsize::new(0),
        }))
    }

    /// The way from `caller` to `module`, which lives in `instances`. Nothing is connected yet.
    pub fn dial(
        &self,
        caller: &'static str,
        module: &'static str,
        instances: Instances,
    ) -> Arc<dyn Transport> {
        Arc::new(Dialed::new(self.clone(), caller, module, instances))
    }

    /// The tokens of this deployment.
    pub fn tokens(&self) -> &InternalTokens {
        &self.0.tokens
    }

    /// The `authorization` by which this process itself asks `audience`, a module or a subscriber group.
    pub fn authorization(&self, audience: &str) -> HeaderValue {
        bearer(&self.0.tokens.sign(&self.0.process, audience))
    }

    /// Sends a request to any of the instances and reads the whole answer. The request's URI is a path;
    /// `host` is added. An instance that refuses the connection is followed by the next one, because
    /// nothing was sent; one that took the request is not.
    ///
    /// # Errors
    /// [`Unreachable::NotTaken`] when nobody could be reached; [`Unreachable::NoReply`] when no whole answer
    /// came, also for what is not HTTP; [`Unreachable::DeadlineExceeded`]; [`Unreachable::Broken`] when the answer is too large.
    pub async fn exchange(
        &self,
        to: &Instances,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, Unreachable> {
        let (head, body) = request.into_parts();
        let request = || Ok(Request::from_parts(head.clone(), Body::from(body.clone())));
        let took = |_: &Response<Bytes>| true;
        Ok(self.ask(to, self.turn(), deadline, request, took).await?.1)
    }

    /// The same to one instance.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub async fn exchange_at(
        &self,
        instance: &Instance,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, Unreachable> {
        let neighbour = self.at(instance)?;
        let asked = async {
            let response = send(&neighbour, request.map(Body::from)).await?;
            self.read(&neighbour, response).await
        };
        within(deadline, asked).await?
    }

    /// Sends a request whose body may still be arriving to one instance, and returns the answer as soon as
    /// its head is there. The deadline is the head's: how long the body may take is for the caller to say.
    ///
    /// # Errors
    /// [`ForwardError::Refused`] brings the request back, for another instance.
    pub async fn forward(
        &self,
        instance: &Instance,
        request: Request<Body>,
        head_deadline: Instant,
    ) -> Result<Response<Incoming>, ForwardError> {
        let neighbour = match self.0.neighbours.at(&instance.address) {
            Ok(neighbour) => neighbour,
            Err(cause) => return Err(ForwardError::Refused { request: Box::new(request), cause }),
        };
        let answer = within(head_deadline, send(&neighbour, request)).await;
        answer.map_err(|_| ForwardError::DeadlineExceeded)?
    }

    /// [`Client::forward`] to any of the instances, passing over those that refuse the connection.
    ///
    /// # Errors
    /// [`ForwardError::Refused`] when all of them refuse, or there is none.
    pub async fn forward_any(
        &self,
        to: &Instances,
        request: Request<Body>,
        head_deadline: Instant,
    ) -> Result<Response<Incoming>, ForwardError> {
        let mut refused = (Box::new(request), "no instance is known".to_owned());
        for neighbour in self.in_turn(to, self.turn()) {
            let (request, _) = refused;
            let answer = within(head_deadline, send(&neighbour, *request)).await;
            match answer.map_err(|_| ForwardError::DeadlineExceeded)? {
                Err(ForwardError::Refused { request, cause }) => refused = (request, cause),
                answer => return answer,
            }
        }
        Err(ForwardError::Refused { request: refused.0, cause: refused.1 })
    }

    /// Asks the instances in turn, beginning with the one that `turn` chooses, until one takes the request.
    /// Returns who answered, and what.
    pub(super) async fn ask(
        &self,
        to: &Instances,
        turn: usize,
        deadline: Instant,
        request: impl Fn() -> Result<Request<Body>, Unreachable>,
        took: impl Fn(&Response<Bytes>) -> bool,
    ) -> Result<(Arc<Neighbour>, Response<Bytes>), Unreachable> {
        let asked = async {
            let mut answer = Err(Unreachable::NotTaken("no instance is known".to_owned()));
            for neighbour in self.in_turn(to, turn) {
                match send(&neighbour, request()?).await {
                    Ok(response) => {
                        let response = self.read(&neighbour, response).await?;
                        if took(&response) {
                            return Ok((neighbour, response));
                        }
                        answer = Ok((neighbour, response));
                    }
                    Err(ForwardError::Refused { cause, .. }) => {
                        answer = Err(Unreachable::NotTaken(cause));
                    }
                    Err(lost) => return Err(lost.into()),
                }
            }
            answer
        };
        within(deadline, asked).await?
    }

    /// The instances in the order in which they are to be asked.
    fn in_turn(&self, to: &Instances, turn: usize) -> Vec<Arc<Neighbour>> {
        let all = to.now();
        let first = turn.checked_rem(all.len()).unwrap_or_default();
        let turned = all[first..].iter().chain(&all[..first]);
        let known = turned.filter_map(|instance| self.at(instance).ok());
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|neighbour| neighbour.is_passed_over());
        known
    }

    /// Reads an answer to its end.
    async fn read(
        &self,
        from: &Neighbour,
        response: Response<Incoming>,
    ) -> Result<Response<Bytes>, Unreachable> {
        let (head, body) = response.into_parts();
        let whole = body.whole(self.0.body_limit).await.map_err(|unread| {
            let address = &from.address;
            match unread {
                Unread::TooLarge => Unreachable::Broken(format!(
                    "the answer of {address} is larger than {} bytes",
                    self.0.body_limit
                )),
                Unread::BrokeOff(cause) => {
                    Unreachable::NoReply(format!("the answer of {address} broke off: {cause}"))
                }
            }
        })?;
        Ok(Response::from_parts(head, whole))
    }

    /// A number whose remainders are spread evenly, whatever the pattern of the requests.
    fn turn(&self) -> usize {
        self.0.turn.fetch_add(GOLDEN, Relaxed) >> SPREAD
    }

    fn at(&self, instance: &Instance) -> Result<Arc<Neighbour>, Unreachable> {
        self.0.neighbours.at(&instance.address).map_err(Unreachable::NotTaken)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("process", &self.0.process).finish_non_exhaustive()
    }
}

/// The `authorization` that shows `token`.
pub(super) fn bearer(token: &str) -> HeaderValue {
    let value = HeaderValue::try_from(format!("Bearer {token}"));
    value.expect("a token is made of letters, digits, dots, dashes and underscores")
}

/// Sends one request, on a connection that is kept or on a new one.
async fn send(
    to: &Arc<Neighbour>,
    mut request: Request<Body>,
) -> Result<Response<Incoming>, ForwardError> {
    request.headers_mut().entry(HOST).or_insert_with(|| to.host.clone());
    loop {
        let mut connection = match to.clone().connection().await {
            Ok(connection) => connection,
            Err(cause) => return Err(ForwardError::Refused { request: Box::new(request), cause }),
        };
        let mut lost = match connection.sender.try_send_request(request).await {
            Ok(response) => return Ok(received(response, connection)),
            Err(lost) => lost,
        };
        match lost.take_message() {
            // The other side closed a kept connection before it was used again.
            Some(unsent) if connection.is_reused => request = unsent,
            Some(unsent) => {
                to.pass_over();
                let cause = format!("{} closes every connection", to.address);
                return Err(ForwardError::Refused { request: Box::new(unsent), cause });
            }
            // It may be stopping: others are asked first for a moment.
            None => {
                to.pass_over();
                return Err(ForwardError::NoReply(no_reply(to, &lost.into_error())));
            }
        }
    }
}

fn received(response: Response<hyper::body::Incoming>, by: Connection) -> Response<Incoming> {
    let (head, body) = response.into_parts();
    Response::from_parts(head, Incoming::new(body, by))
}

fn no_reply(from: &Neighbour, cause: &hyper::Error) -> String {
    let address = &from.address;
    if cause.is_parse() {
        return format!("what answers at {address} does not speak HTTP: {cause}");
    }
    if cause.is_incomplete_message() {
        return format!("{address} closed the connection without an answer");
    }
    format!("the connection to {address} broke: {cause}")
}

async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, Unreachable> {
    let answer = tokio::time::timeout_at(deadline.into(), work).await;
    answer.map_err(|_| Unreachable::DeadlineExceeded)
}
