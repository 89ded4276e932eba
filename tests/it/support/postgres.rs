//! A throw-away PostgreSQL: one server a test run, started by the first test that asks, one database a test.
//!
//! Under nextest each test is a process of its own; they find the server through a directory named after the run. A watcher
//! process stops the server and removes everything when the run is over, however it ends.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _};

static SERVER: OnceLock<PathBuf> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The URL of a new, empty database.
pub async fn new_database() -> String {
    let directory = SERVER.get_or_init(server);
    let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection =
        sqlx::PgConnection::connect(&url(directory, "postgres")).await.expect("the test PostgreSQL runs");
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    connection.execute(create).await.expect("a database can be made");
    url(directory, &name)
}

fn url(directory: &Path, database: &str) -> String {
    let host = directory.to_str().expect("a plain path").replace('/', "%2F");
    format!("postgres://postgres@{host}/{database}")
}

/// The directory of the running server, which holds its socket.
fn server() -> PathBuf {
    let (run, watched) = match std::env::var("NEXTEST_RUN_ID") {
        Ok(run) => (run, std::os::unix::process::parent_id()),
        Err(_) => (std::process::id().to_string(), std::process::id()),
    };
    let directory = std::env::temp_dir().join(format!("chartgate-pg-{run}"));
    let lock = File::create(std::env::temp_dir().join(format!("chartgate-pg-{run}.lock")))
        .expect("the temporary directory can be written");
    lock.lock().expect("files can be locked");
    if !directory.join("ready").exists() {
        start(&directory, watched);
        fs::write(directory.join("ready"), "").expect("the mark can be written");
    }
    directory
}

#[expect(clippy::zombie_processes, reason = "the watcher outlives this process on purpose")]
fn start(directory: &Path, watched: u32) {
    let user = User::for_server();
    fs::create_dir_all(directory).expect("the directory can be made");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    if let Some(user) = &user {
        chown(directory, Some(user.id), None).expect("root can give a directory away");
    }
    let data = directory.join("data");
    let log = directory.join("log");
    let socket = directory.display();
    run(as_user(user.as_ref(), &binary("initdb")).arg("-D").arg(&data).args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
    ]));
    let options = format!(
        "-c listen_addresses='' -c unix_socket_directories={socket} -c fsync=off -c synchronous_commit=off \
         -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB"
    );
    let pg_ctl = binary("pg_ctl");
    run(as_user(user.as_ref(), &pg_ctl)
        .arg("-D")
        .arg(&data)
        .arg("-l")
        .arg(&log)
        .arg("-o")
        .arg(options)
        .args(["-w", "-t", "30", "start"]));
    // Outlives this process; ends with the one that is watched.
    let script = "while kill -0 \"$1\" 2>/dev/null; do sleep 1; done; \
                  if [ -f \"$2/data/postmaster.pid\" ]; then kill -QUIT \"$(head -n 1 \"$2/data/postmaster.pid\")\"; fi; \
                  sleep 1; rm -rf \"$2\" \"$2.lock\"";
    Command::new("setsid")
        .args(["sh", "-c", script, "sh", &watched.to_string()])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh and setsid are there");
}

/// PostgreSQL refuses to run as root.
struct User {
    name: &'static str,
    id: u32,
}

impl User {
    /// `None` when this process is not root and so can run the server itself.
    fn for_server() -> Option<Self> {
        (id_of(None)? == 0).then(|| {
            ["postgres", "nobody"]
                .into_iter()
                .find_map(|name| Some(Self { name, id: id_of(Some(name))? }))
                .expect("as root the tests need a user postgres or nobody to run PostgreSQL as")
        })
    }
}

fn id_of(user: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg("-u").args(user).output().ok()?;
    output.status.success().then_some(())?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn as_user(user: Option<&User>, program: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user.name, "--"]).arg(program);
            command
        }
    };
    // The server must not hold the test's own directory or output.
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) {
    // Not `output()`: the server inherits a pipe and would keep it open.
    let log = tempfile::NamedTempFile::new().expect("the temporary directory can be written");
    let status = command
        .stdout(log.reopen().expect("it can be opened again"))
        .stderr(log.reopen().expect("it can be opened again"))
        .status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{command:?} failed ({status:?}): {}",
        fs::read_to_string(log.path()).unwrap_or_default()
    );
}

/// PostgreSQL's programs: in PATH, or where Debian puts them.
fn binary(name: &str) -> PathBuf {
    let mut places: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    places.extend(versions.into_iter().rev());
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{name} is not installed: the tests need PostgreSQL (Debian: apt-get install postgresql)")
    })
}
