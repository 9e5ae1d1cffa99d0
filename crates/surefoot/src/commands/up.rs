//! `surefoot up`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use surefoot_gateway::identify::mint;
use surefoot_server::{Parts, Workshop};
use surefoot_types::{
    key::{Key, Scope},
    replica::Replica,
};
use tokio::{net::TcpListener, signal, time::sleep};

use super::{data, dataset::Guard, note, read};
use crate::{
    assemble::House,
    follow::{self, Tells},
    live::{Live, Status},
    settings::Settings,
    terminal::{say_json, tell},
    workshop::Folder,
};

/// Where to serve when nobody says.
const ADDRESS: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 4141));
/// What keeps it from serving at first.
const READING: &str = "the documents are being read";
/// What keeps it from being ready when it began without its store.
const UNREACHED: &str = "the store was not reached yet: keys and budgets are not known";
/// How often it is seen whether the store was reached.
const LOOK: Duration = Duration::from_millis(200);

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
    /// Most pages of 4 KiB that the store's file may have: beyond them the disk is taken to be full
    #[arg(long, value_name = "PAGES", hide = true)]
    most_pages: Option<u32>,
    /// Do not pick up edits
    #[arg(long)]
    no_watch: bool,
    /// Print where it serves as JSON
    #[arg(long)]
    json: bool,
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut settings = read(&self.project)?;
        settings.store.pages = self.most_pages;
        let address = self.bind.or(settings.bind).unwrap_or(ADDRESS);
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot serve on {address}"))?;
        let address = listener.local_addr()?;
        let data = data(&self.project, self.data.as_deref());
        let house = Arc::new(House::assemble_to_serve(&settings, &data).await?);
        let loopback = address.ip().is_loopback();
        let status = Arc::new(Status::default());
        let known = house.minted_keys.load().is_complete();
        if known && !loopback {
            key_needed(&house, &settings.project.keys).await?;
        }
        let tells = tells(&house, Some(address));
        let mut following = follow::start(&house, &status, &tells);
        if !known {
            status.set_busy(UNREACHED, true);
            following.spawn(reached(Arc::clone(&house), Arc::clone(&status), loopback));
        }
        let workshop: Arc<dyn Workshop> = Arc::new(Folder::new(self.project.clone(), Box::new(Guard::new()?)));
        let parts = Parts { workshop: Some(workshop), ..parts(&house, &status, &settings, tells, loopback) };
        if self.json {
            say_json(&json!({"url": format!("http://{address}")}))?;
        }
        banner(address, &settings);
        // Before the first request can come.
        status.set_busy(READING, true);
        settings.knowledge.iter().for_each(|source| house.unread.begin(&source.knowledge));
        let live = Live { house: Arc::clone(&house), status, folder: self.project, data, sources: settings.knowledge };
        let watching = tokio::spawn(background(live, self.no_watch));
        let served = surefoot_server::serve(parts, listener, ended()).await;
        watching.abort();
        drop(following);
        house.close().await;
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
        live.once(read).await;
    } else {
        live.watch(read).await;
    }
}

/// What this process tells of itself to those that share its store; `address` is where it serves, if it does.
pub(super) fn tells(house: &Arc<House>, address: Option<SocketAddr>) -> Tells {
    let house = Arc::clone(house);
    Arc::new(move || Replica {
        holder: house.store.holder().to_owned(),
        version: env!("CARGO_PKG_VERSION").into(),
        project_version: house.project.load().version.clone(),
        url: address.map(|address| format!("http://{address}")),
        at: house.clock.now(),
    })
}

pub(super) fn parts(house: &House, status: &Arc<Status>, settings: &Settings, replica: Tells, loopback: bool) -> Parts {
    let (busy, refused) = (Arc::clone(status), Arc::clone(status));
    Parts {
        gateway: house.gateway.clone(),
        store: Arc::clone(&house.store),
        shelves: house.shelves.clone(),
        clock: Arc::clone(&house.clock),
        chance: Arc::clone(&house.chance),
        loopback,
        strangers: settings.strangers,
        proxies: settings.proxies.clone(),
        feedback: settings.feedback.clone(),
        body_limit: settings.body_limit,
        drain: settings.drain,
        replica,
        not_ready: Arc::new(move || busy.busy()),
        notice: Arc::new(move || refused.refused()),
        workshop: None,
    }
}

/// Makes a key where there is none, and shows it this once.
async fn key_needed(house: &House, written: &[Key]) -> anyhow::Result<()> {
    if !written.is_empty() || !house.minted_keys.load().is_empty() {
        return Ok(());
    }
    let (minted, secret) = mint(house.clock.as_ref(), house.chance.as_ref(), "admin");
    let key = Key { scope: Scope::all(), ..minted };
    house.store.key_add(&key).await?;
    note(&*house.store, "key.create", &key.name, json!({"why": "the first start beyond this machine"})).await?;
    house.gateway.keys_changed(vec![key]);
    tell(format!(
        "\nA key is needed beyond this machine. This one opens every door; it was made now and is shown only once:\n\n  {}\n",
        secret.reveal()
    ));
    Ok(())
}

/// Ends what waited for the store, once it was reached.
async fn reached(house: Arc<House>, status: Arc<Status>, loopback: bool) {
    while !house.minted_keys.load().is_complete() {
        sleep(LOOK).await;
    }
    if !loopback && let Err(error) = key_needed(&house, &house.project.load().keys).await {
        tell(format!("no key was made: {error}"));
    }
    status.set_busy(UNREACHED, false);
    tell("the store was reached");
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
