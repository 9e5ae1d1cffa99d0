//! `surefoot up`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use surefoot_gateway::identify::secret_hash;
use surefoot_server::Parts;
use surefoot_types::{Fault, Secret, ids::KeyId, key::Key, ports::Ledger};
use tokio::{net::TcpListener, signal};

use super::{data, read};
use crate::{
    assemble::House,
    live::{Live, Status},
    settings::Settings,
    terminal::{say_json, tell},
};

/// Where to serve when nobody says.
const ADDRESS: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 4141));
/// What keeps it from serving at first.
const READING: &str = "the documents are being read";
/// How often the store is tried.
const PROBE: Duration = Duration::from_secs(5);

/// Serve a project, and pick up edits live
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot up examples/docs-assistant
  surefoot up --bind 127.0.0.1:8080
  surefoot up /srv/assistant --bind 0.0.0.0:4141 --data /var/lib/surefoot
  surefoot up --bind 127.0.0.1:0 --json | jq '.url'

Bound beyond this machine, every caller needs a key; the first start makes one where the project names none.")]
pub(crate) struct Up {
    /// The project's folder
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The address to serve on [default: 127.0.0.1:4141, or what the project says]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<SocketAddr>,
    /// Where state is kept [default: .surefoot in the project's folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not pick up edits
    #[arg(long)]
    no_watch: bool,
    /// Print where it serves as JSON
    #[arg(long)]
    json: bool,
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.project)?;
        let address = self.bind.or(settings.bind).unwrap_or(ADDRESS);
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot serve on {address}"))?;
        let address = listener.local_addr()?;
        let data = data(&self.project, self.data.as_deref());
        let house = Arc::new(House::assemble(settings.project.clone(), &data).await?);
        let loopback = address.ip().is_loopback();
        if !loopback {
            key_needed(&house, &settings).await?;
        }
        let status = Arc::new(Status::default());
        let parts = parts(&house, &status, &settings, loopback);
        if self.json {
            say_json(&json!({"url": format!("http://{address}")}))?;
        }
        banner(address, &settings);
        // Before the first request can come.
        status.set_busy(READING, true);
        settings.knowledge.iter().for_each(|source| house.unread.begin(&source.knowledge));
        let live = Live {
            house: Arc::clone(&house),
            status: Arc::clone(&status),
            folder: self.project,
            data,
            sources: settings.knowledge,
        };
        let watching = tokio::spawn(background(live, self.no_watch));
        let probing = tokio::spawn(probe(Arc::clone(&house), status));
        let served = surefoot_server::serve(parts, listener, ended()).await;
        watching.abort();
        probing.abort();
        house.store.close().await;
        served?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Ends on Ctrl-C or SIGTERM.
pub(crate) async fn ended() {
    let interrupted = signal::ctrl_c();
    #[cfg(unix)]
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => drop(interrupted.await),
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

async fn background(live: Live, once: bool) {
    let status = Arc::clone(&live.status);
    let read = move || status.set_busy(READING, false);
    if once {
        live.ingest_all().await;
        read();
    } else {
        live.watch(read).await;
    }
}

/// Tries the store from time to time, so that readiness says when it cannot be written.
async fn probe(house: Arc<House>, status: Arc<Status>) {
    loop {
        let broken = house.store.check().await.is_err();
        status.set_busy("the store cannot be written", broken);
        tokio::time::sleep(PROBE).await;
    }
}

fn parts(house: &House, status: &Arc<Status>, settings: &Settings, loopback: bool) -> Parts {
    let (busy, refused) = (Arc::clone(status), Arc::clone(status));
    Parts {
        gateway: house.gateway.clone(),
        journal: Arc::new(house.store.clone()),
        library: Arc::new(house.store.clone()),
        notebook: Arc::new(house.store.clone()),
        clock: Arc::clone(&house.clock),
        chance: Arc::clone(&house.chance),
        loopback,
        body_limit: settings.body_limit,
        not_ready: Arc::new(move || busy.busy()),
        notice: Arc::new(move || refused.refused()),
    }
}

/// Makes a key where there is none, and shows it this once.
async fn key_needed(house: &House, settings: &Settings) -> Result<(), Fault> {
    if !settings.project.keys.is_empty() || !house.minted_keys.load().is_empty() {
        return Ok(());
    }
    let secret = Secret::new(format!("sf-{:032x}", house.chance.bits()));
    let key = Key {
        id: KeyId::mint(house.clock.as_ref(), house.chance.as_ref()),
        name: "admin".into(),
        hash: secret_hash(&secret),
        tenant: None,
        created: house.clock.now(),
    };
    house.store.key_add(&key).await?;
    house.minted_keys.store(Arc::new(vec![key]));
    tell(format!(
        "\nA key is needed beyond this machine. This one was made now and is shown only once:\n\n  {}\n",
        secret.reveal()
    ));
    Ok(())
}

fn banner(address: SocketAddr, settings: &Settings) {
    tell(format!("listening on http://{address}"));
    let functions: Vec<&str> = settings.project.functions.keys().map(String::as_str).collect();
    if !functions.is_empty() {
        tell(format!("  functions   {}", functions.join(", ")));
    }
    tell(format!("  console     http://{address}/"));
    tell(format!("  OpenAI SDK  base_url=\"http://{address}/v1\""));
}
