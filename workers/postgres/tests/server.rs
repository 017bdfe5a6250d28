//! The life of a server: real processes, real signals.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use perennial_postgres::{Discovery, Durability, Error, Options, Server};

/// A folder of the test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self::within(&std::env::temp_dir(), name)
    }

    fn within(parent: &Path, name: &str) -> Self {
        let folder = parent.join(format!("perennial test {name} {}", std::process::id()));
        // Leftover of an earlier process with the same number.
        let _ = fs::remove_dir_all(&folder);
        fs::DirBuilder::new().mode(0o755).create(&folder).unwrap();
        Self(folder)
    }

    fn options(&self) -> Options {
        let mut options = Options::new(Discovery::default(), self.0.join("pg"));
        options.durability = Durability::ForTests;
        options
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let found = Discovery::default().find().unwrap();
    let output = found.command("psql").args(["-AtX", url, "-c", sql]).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// Waits for a condition; the pause is the time of one look.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::yield_now();
    }
}

fn send(signal: Signal, pid: u32) {
    kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
}

fn is_gone(pid: u32) -> bool {
    // Where nobody reaps orphans, a dead process keeps its number but has no program any more.
    kill(Pid::from_raw(pid.try_into().unwrap()), None).is_err()
        || (cfg!(target_os = "linux") && fs::read_link(format!("/proc/{pid}/exe")).is_err())
}

#[test]
fn a_cluster_is_created_started_attached_to_stopped_and_keeps_its_data() {
    let folder = Folder::new("life");
    let server = Server::start(&folder.options()).unwrap();
    let url = server.url("postgres");
    psql(&url, "create table kept as select 42 as answer").unwrap();
    assert_eq!(psql(&url, "show listen_addresses").unwrap(), "");
    assert_eq!(psql(&url, "show data_checksums").unwrap(), "on");
    assert!(server.describe().starts_with("managed PostgreSQL 1"), "{}", server.describe());

    let second = Server::start(&folder.options()).unwrap();
    assert!(second.is_attached() && !server.is_attached());
    assert_eq!((second.url("postgres"), second.pid()), (url.clone(), server.pid()));
    drop(second);
    assert_eq!(psql(&url, "select answer from kept").unwrap(), "42");

    let pid = server.pid().unwrap();
    server.stop();
    assert!(is_gone(pid));
    let again = Server::start(&folder.options()).unwrap();
    assert_eq!(psql(&again.url("postgres"), "select answer from kept").unwrap(), "42");
}

#[test]
fn data_is_durable_unless_it_is_for_tests() {
    let folder = Folder::new("durability");
    let settings = "select current_setting('fsync') || current_setting('full_page_writes')
                    || current_setting('synchronous_commit') || current_setting('max_connections')";
    let server = Server::start(&Options { durability: Durability::Full, ..folder.options() });
    let server = server.unwrap();
    assert_eq!(psql(&server.url("postgres"), settings).unwrap(), "ononon100");
    drop(server);
    let server = Server::ephemeral(Discovery::default(), Durability::ForTests, 300).unwrap();
    assert_eq!(psql(&server.url("postgres"), settings).unwrap(), "offoffon300");
    let home = server.home().to_owned();
    drop(server);
    assert!(!home.exists());
}

#[test]
fn a_killed_server_comes_back_even_if_its_backends_are_busy() {
    let folder = Folder::new("killed");
    let server = Server::start(&folder.options()).unwrap();
    let url = server.url("postgres");
    psql(&url, "create table kept as select 1 as n").unwrap();
    // Never looks at whether the server is still there.
    let spin = "do $$ begin perform 1 from pg_stat_activity; loop end loop; end $$";
    let found = Discovery::default().find().unwrap();
    let mut busy = found.command("psql").args(["-X", &url, "-c", spin]).spawn().unwrap();
    let spinning = "select count(*) from pg_stat_activity where query like 'do %loop end%'";
    eventually("busy", || psql(&url, spinning).unwrap() == "1");

    let pid = server.pid().unwrap();
    send(Signal::SIGKILL, pid);
    eventually("reachable again", || psql(&url, "select n from kept").is_ok());
    assert_ne!(server.pid().unwrap(), pid);
    assert!(!busy.wait().unwrap().success());
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let folder = Folder::new("parent");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_server_for_another_test", "--nocapture"])
        .env("PERENNIAL_TEST_HOME", folder.0.join("pg"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = |what| lines.find_map(|it| it.strip_prefix(what).map(str::to_owned)).unwrap();
    let pids: [u32; 2] = [said("pid ").parse().unwrap(), said("ephemeral pid ").parse().unwrap()];
    let ephemeral = PathBuf::from(said("in "));
    assert!(pids.iter().all(|&pid| !is_gone(pid)) && ephemeral.exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the servers are gone", || pids.iter().all(|&pid| is_gone(pid)));
    assert!(!folder.0.join("pg/data/postmaster.pid").exists(), "it did not stop cleanly");

    let next = Server::ephemeral(Discovery::default(), Durability::ForTests, 20).unwrap();
    assert_eq!(psql(&next.url("postgres"), "select 1").unwrap(), "1");
    eventually("the next one has cleared up", || !ephemeral.exists());
}

#[test]
fn what_an_interrupted_removal_left_is_removed_by_the_next() {
    let temp = std::env::temp_dir();
    let leftover = temp.join(format!("perennial-pg-leftover-{}", std::process::id()));
    fs::create_dir_all(leftover.join("data/base")).unwrap();
    fs::write(leftover.join("owner"), "").unwrap();
    fs::write(leftover.join("data/base/1"), "").unwrap();
    let _next = Server::ephemeral(Discovery::default(), Durability::ForTests, 20).unwrap();
    eventually("it is removed", || !leftover.exists());
}

/// Not a test by itself: another test runs it as a process of its own.
#[test]
fn holds_a_server_for_another_test() {
    #[expect(clippy::disallowed_methods, reason = "how one test process tells another what to do")]
    let Some(home) = std::env::var_os("PERENNIAL_TEST_HOME") else { return };
    let server = Server::start(&Options::new(Discovery::default(), home)).unwrap();
    let ephemeral = Server::ephemeral(Discovery::default(), Durability::ForTests, 20).unwrap();
    let (pid, ephemeral_pid) = (server.pid().unwrap(), ephemeral.pid().unwrap());
    #[expect(clippy::print_stdout, reason = "the other process reads it")]
    {
        println!("\npid {pid}\nephemeral pid {ephemeral_pid}");
        println!("in {}", ephemeral.home().display());
    }
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn a_home_only_root_can_reach_works_too() {
    if !geteuid().is_root() {
        return;
    }
    let folder = Folder::new("closed");
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
    let server = Server::start(&folder.options()).unwrap();
    assert_eq!(psql(&server.url("postgres"), "select 1").unwrap(), "1");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid().unwrap())).unwrap();
    assert!(status.contains("Uid:\t0\t0\t0\t0"), "in the namespace's parent it is still root");
    drop(server);
    // Once created so, it stays so.
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o755)).unwrap();
    drop(Server::start(&folder.options()).unwrap());
}

#[test]
fn a_stale_pid_file_is_no_obstacle() {
    let folder = Folder::new("stale");
    drop(Server::start(&folder.options()).unwrap());
    // Alive, but somebody else: this test.
    let stale = format!("{}\n/nowhere\n0\n5432\n/nowhere\n\n0 0\nready\n", std::process::id());
    fs::write(folder.0.join("pg/data/postmaster.pid"), stale).unwrap();
    let server = Server::start(&folder.options()).unwrap();
    assert!(!server.is_attached());
    assert_eq!(psql(&server.url("postgres"), "select 1").unwrap(), "1");
}

#[test]
fn of_two_starts_at_once_one_attaches() {
    let folder = Folder::new("race");
    let start = || Server::start(&folder.options()).unwrap();
    let servers = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(servers.iter().filter(|it| !it.is_attached()).count(), 1);
    for server in &servers {
        assert_eq!(psql(&server.url("postgres"), "select 1").unwrap(), "1");
    }
}

#[test]
fn a_long_and_odd_path_works() {
    let folder = Folder::new("ünusual, \"odd\" & 100%");
    let home = folder.0.join("long".repeat(25));
    let server = Server::start(&Options { home, ..folder.options() }).unwrap();
    assert_eq!(psql(&server.url("postgres"), "select 1").unwrap(), "1");
}

#[test]
fn data_of_another_major_version_is_left_alone() {
    let folder = Folder::new("major");
    fs::create_dir_all(folder.0.join("pg/data")).unwrap();
    fs::set_permissions(folder.0.join("pg"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.0.join("pg/data/PG_VERSION"), "9\n").unwrap();
    let error = Server::start(&folder.options()).unwrap_err();
    assert!(matches!(error, Error::OtherMajor { major: 9, .. }), "{error}");
    assert!(error.to_string().contains("Install postgresql-9"), "{error}");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let folder = Folder::new("refused");
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let error = Server::start(&Options { settings, ..folder.options() }).unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}
