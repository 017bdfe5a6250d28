//! The thread that starts the server, waits for it, and starts it again.
//!
//! It lives as long as the server: the kernel ends the server when the *thread* that spawned it
//! ends, which is what makes `kill -9` of our process end the server too.

use std::fs::TryLockError;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::wait::WaitPidFlag;
use nix::unistd::Pid;

use crate::cluster::{Cluster, make_private};
use crate::discovery::Installation;
use crate::error::{Error, Trying};
use crate::identity::Identity;
use crate::pidfile::{PidFile, Status};
use crate::process::{has_ended, orphans, pid_of, signal};

/// How many starts in a row may fail.
const STARTS_MAX: u32 = 5;
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often a condition outside our process is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Recovery after a crash may take a while; more than this is a fault.
const START_MAX: Duration = Duration::from_secs(120);
/// After this long a polite stop becomes an immediate one.
const STOP_MAX: Duration = Duration::from_secs(60);

/// Everything needed to start the server, again and again.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) cluster: Cluster,
    pub(crate) installation: Installation,
    pub(crate) identity: Identity,
    pub(crate) socket_dir: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
}

/// Where the server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Ready,
    /// Somebody else already runs a server on this data: it is theirs to watch.
    Attached,
    /// It was given up, for this reason.
    Failed(String),
    Stopped,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Our own server, from its spawning until just before it is reaped.
    pid: Option<Pid>,
    stop: Option<Signal>,
}

/// The handle on the thread.
#[derive(Debug)]
pub(crate) struct Supervisor {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Watch {
    launch: Launch,
    state: Mutex<State>,
    changed: Condvar,
}

/// How one run of the server went.
enum Run {
    WasReady,
    NeverReady,
    Attached,
    Stopped,
}

impl Supervisor {
    pub(crate) fn start(launch: Launch) -> Result<Self, Error> {
        let state = Mutex::new(State { phase: Phase::Starting, pid: None, stop: None });
        let watch = Arc::new(Watch { launch, state, changed: Condvar::new() });
        let thread = std::thread::Builder::new().name("postgres".to_owned());
        let thread = thread.spawn({
            let watch = Arc::clone(&watch);
            move || watch.supervise()
        });
        Ok(Self { thread: Some(thread.trying(|| "start a thread".to_owned())?), watch })
    }

    /// Waits until the server is ready, or somebody else's is, or neither will be.
    pub(crate) fn settled(&self) -> Phase {
        let state = self.watch.lock();
        let waiting = |state: &mut State| state.phase == Phase::Starting;
        let state = self.watch.changed.wait_while(state, waiting);
        state.unwrap_or_else(PoisonError::into_inner).phase.clone()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.watch.lock().phase.clone()
    }

    /// Ends the server and the thread, politely (`SIGINT`) or at once (`SIGQUIT`).
    pub(crate) fn stop(&mut self, signal: Signal) {
        let Some(thread) = self.thread.take() else { return };
        self.watch.stop(signal);
        let ended = self.watch.wait_for(STOP_MAX, |_| thread.is_finished());
        if !ended {
            tracing::warn!("PostgreSQL did not stop in {STOP_MAX:?}: stopping it at once");
            self.watch.stop(Signal::SIGQUIT);
        }
        // A panic of the thread was reported where it happened.
        let _ = thread.join();
    }
}

impl Watch {
    fn supervise(&self) {
        let mut failures = 0;
        loop {
            failures += 1;
            let reason = match self.run() {
                Ok(Run::Stopped) => return self.enter(Phase::Stopped),
                Ok(Run::Attached) => return self.enter(Phase::Attached),
                Ok(Run::WasReady) => {
                    failures = 1;
                    "it ended by itself".to_owned()
                }
                Ok(Run::NeverReady) => self.launch.cluster.last_words(),
                Err(error) => chain(&error),
            };
            if failures >= STARTS_MAX {
                tracing::error!(reason, "PostgreSQL was given up");
                return self.enter(Phase::Failed(reason));
            }
            tracing::warn!(reason, failures, "PostgreSQL ended: starting it again");
            self.enter(Phase::Starting);
            self.wait_for(BACK_OFF * 2_u32.pow(failures - 1), |state| state.stop.is_some());
        }
    }

    /// Starts the server and waits for its end.
    fn run(&self) -> Result<Run, Error> {
        let Launch { cluster, installation, identity, socket_dir, settings } = &self.launch;
        let lock = cluster.lock_file()?;
        let mut locked = Ok(());
        self.wait_for(START_MAX, |state| {
            locked = lock.try_lock();
            state.stop.is_some() || !matches!(locked, Err(TryLockError::WouldBlock))
        });
        locked.trying(|| "lock the cluster: another process is busy starting it".to_owned())?;
        if self.other_is_ready() {
            return Ok(Run::Attached);
        }
        remove_stale(cluster)?;
        make_private(socket_dir)?;
        identity.give(socket_dir)?;
        let mut command = cluster.postgres(installation, settings)?;
        identity.assume(&mut command);
        let mut child = {
            let mut state = self.lock();
            if state.stop.is_some() {
                return Ok(Run::Stopped);
            }
            let child = command.spawn().trying(|| format!("run {command:?}"))?;
            state.pid = Some(pid_of(&child));
            child
        };
        let was_ready = self.becomes_ready(&mut child);
        drop(lock);
        if was_ready {
            self.enter(Phase::Ready);
        } else {
            signal(pid_of(&child), Signal::SIGQUIT);
        }
        let stopped = self.wait_for_end(child);
        Ok(if stopped {
            Run::Stopped
        } else if was_ready {
            Run::WasReady
        } else {
            Run::NeverReady
        })
    }

    /// Whether a server of another process serves this data. One that is starting or stopping is
    /// waited for.
    fn other_is_ready(&self) -> bool {
        let data = &self.launch.cluster.data;
        let mut ready = false;
        self.wait_for(START_MAX, |state| {
            let other = PidFile::read_live(data).map(|other| other.status);
            ready = other == Some(Status::Ready);
            ready || other.is_none() || state.stop.is_some()
        });
        ready
    }

    fn becomes_ready(&self, child: &mut Child) -> bool {
        let (data, pid) = (&self.launch.cluster.data, pid_of(child));
        let mut ready = false;
        self.wait_for(START_MAX, |state| {
            ready =
                PidFile::read(data).is_some_and(|it| it.pid == pid && it.status == Status::Ready);
            ready || state.stop.is_some() || has_ended(pid, WaitPidFlag::WNOHANG)
        });
        ready
    }

    /// Waits for the child's end; says whether that was our wish.
    fn wait_for_end(&self, mut child: Child) -> bool {
        while !has_ended(pid_of(&child), WaitPidFlag::empty()) {}
        // From here on its number is free for others: nobody may signal it any more.
        let mut state = self.lock();
        state.pid = None;
        let stopped = state.stop.is_some();
        drop(state);
        // It has ended, so this only reaps it.
        let _ = child.wait();
        stopped
    }

    fn stop(&self, how: Signal) {
        let mut state = self.lock();
        state.stop = Some(how);
        if let Some(pid) = state.pid {
            signal(pid, how);
        }
        self.changed.notify_all();
    }

    fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
        self.changed.notify_all();
    }

    /// Looks until the condition holds; `false` when it does not within the limit.
    fn wait_for(&self, limit: Duration, mut holds: impl FnMut(&State) -> bool) -> bool {
        let since = Instant::now();
        let mut state = self.lock();
        while !holds(&state) {
            if since.elapsed() >= limit {
                return false;
            }
            let (next, _) =
                self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Clears what a server that was killed left behind. The caller holds the lock and has seen that
/// no server is alive.
fn remove_stale(cluster: &Cluster) -> Result<(), Error> {
    let path = PidFile::path(&cluster.data);
    // Its backends may still be busy and would keep the next server from starting.
    for pid in orphans(&cluster.data) {
        signal(pid, Signal::SIGQUIT);
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).trying(|| format!("remove the stale {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The error and its causes in one line.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |it| it.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
