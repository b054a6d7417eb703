//! `rialto up`: every process of the topology on this machine, in one terminal.
//!
//! Each process is a child with its output under its name. What dies is started again, a little later
//! each time. Ctrl-C drains those who answer the world first, and then the others, so that nobody asks a
//! neighbour that is gone. The children hold a pipe of ours: should we die without a word, it ends, and
//! they drain too.

mod board;

use std::{
    env,
    io::IsTerminal,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rand::{
    RngExt,
    distr::{Alphanumeric, SampleString},
};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Layers, Loaded, LogFormat},
    topology::Seat,
};
use board::{Board, State};

/// The length of a secret that nobody chose, in letters and digits.
const SECRET: usize = 48;
/// The first pause before what died is started again; it doubles with each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Who has lived so long begins with the first pause again.
const SETTLED: Duration = Duration::from_secs(30);
/// How a process ends that cannot read its configuration: starting it again would not help.
const MISCONFIGURED: i32 = 2;

/// Starts everything, keeps it running, and drains it when told to stop.
///
/// # Errors
/// When this binary cannot host the topology, or a process refuses its configuration.
pub async fn run(loaded: &Loaded, layers: &Layers) -> Result<()> {
    let layout = &loaded.layout;
    let missing = layout.unbuilt(&layout.processes);
    ensure!(missing.is_empty(), "this binary is not enough\n{missing}");
    let mut seats = Vec::new();
    for place in &layout.processes {
        seats.extend((1..=place.replicas).map(|replica| Seat { place: place.clone(), replica }));
    }
    let secret = match loaded.config.topology.secret.expose_secret() {
        "" => Alphanumeric.sample_string(&mut rand::rng(), SECRET),
        chosen => chosen.to_owned(),
    };
    let board = Arc::new(Board::of(&seats));
    eprint!("{board}");
    let (edge, inner): (Vec<_>, Vec<_>) =
        seats.into_iter().enumerate().partition(|(_, seat)| seat.public().is_some());
    let mut rings = Vec::new();
    for ring in [edge, inner] {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        for (line, seat) in ring {
            let start = start_of(&seat, loaded, layers, &secret);
            let (board, stop) = (board.clone(), stop.clone());
            running.spawn(async move { supervise(line, seat, &start, &board, &stop).await });
        }
        rings.push((stop, running));
    }
    let watching = CancellationToken::new();
    let watch = tokio::spawn(board.clone().watch(watching.clone()));
    let outcome = until_told(&mut rings).await;
    for (stop, mut running) in rings {
        stop.cancel();
        while let Some(ended) = running.join_next().await {
            ended?.unwrap_or_else(|error| eprintln!("rialto up: {error:#}"));
        }
    }
    watching.cancel();
    watch.await?;
    eprint!("{board}");
    outcome
}

/// Waits for a signal, or for a process that cannot run.
async fn until_told(rings: &mut [(CancellationToken, JoinSet<Result<()>>)]) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let [(_, edge), (_, inner)] = rings else { bail!("there are two rings") };
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        Some(ended) = edge.join_next() => ended?,
        Some(ended) = inner.join_next() => ended?,
    }
}

/// The words after `rialto`, and what is in the environment.
struct Start {
    words: Vec<String>,
    secret: String,
}

fn start_of(seat: &Seat, loaded: &Loaded, layers: &Layers, secret: &str) -> Start {
    let mut words = vec!["serve".to_owned(), "--stop-with-stdin".to_owned()];
    if !loaded.config.topology.processes.is_empty() {
        words.extend(["--process".to_owned(), seat.place.name.clone()]);
        words.extend(["--replica".to_owned(), seat.replica.to_string()]);
    }
    for file in &layers.files {
        words.extend(["--config".to_owned(), file.display().to_string()]);
    }
    for flag in &layers.flags {
        words.extend(["--set".to_owned(), flag.clone()]);
    }
    if loaded.config.log.format == LogFormat::Auto && std::io::stdout().is_terminal() {
        words.extend(["--set".to_owned(), "log.format = \"pretty\"".to_owned()]);
    }
    Start { words, secret: secret.to_owned() }
}

/// Keeps one replica running until `stop`.
async fn supervise(
    line: usize,
    seat: Seat,
    start: &Start,
    board: &Arc<Board>,
    stop: &CancellationToken,
) -> Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        let mut child = spawn(start).with_context(|| format!("{seat} does not start"))?;
        // Held here, because waiting for a child closes the pipe that it has, and it would stop.
        let _pipe = child.stdin.take();
        board.set(line, State::Starting { pid: child.id().unwrap_or_default() });
        let output =
            tokio::spawn(echo(line, board.clone(), child.stdout.take(), child.stderr.take()));
        let ended = tokio::select! {
            ended = child.wait() => Some(ended?),
            () = stop.cancelled() => None,
        };
        let Some(status) = ended else {
            board.set(line, State::Draining);
            drain(&mut child).await?;
            output.await?;
            board.set(line, State::Stopped);
            return Ok(());
        };
        output.await?;
        if status.code() == Some(MISCONFIGURED) {
            board.set(line, State::Stopped);
            bail!("{seat} refuses its configuration; see what it says above");
        }
        if begun.elapsed() > SETTLED {
            pause = FIRST_PAUSE;
        }
        let wait = pause.mul_f64(rand::rng().random_range(0.75..1.0));
        board.set(line, State::Ended { how: how(status), wait });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {
                board.set(line, State::Stopped);
                return Ok(());
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn how(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was killed".to_owned(),
    }
}

/// In a group of its own, so that Ctrl-C reaches us alone, and we choose the order of draining.
fn spawn(start: &Start) -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command
        .args(&start.words)
        .env("RIALTO_TOPOLOGY__SECRET", format!("{:?}", start.secret))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command.spawn()?)
}

/// Asks it to stop and waits until it has. It knows itself how long it may take.
async fn drain(child: &mut Child) -> Result<()> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::TERM)?;
    }
    child.wait().await?;
    Ok(())
}

/// Repeats what a child says, under its name.
async fn echo(
    line: usize,
    board: Arc<Board>,
    out: Option<impl AsyncRead + Unpin>,
    err: Option<impl AsyncRead + Unpin>,
) {
    tokio::join!(repeat(line, &board, out), repeat(line, &board, err));
}

async fn repeat(line: usize, board: &Board, stream: Option<impl AsyncRead + Unpin>) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        board.say(line, &text);
    }
}
