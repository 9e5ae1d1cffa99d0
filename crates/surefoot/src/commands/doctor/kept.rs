//! The data folder, the store, keys and replicas.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use surefoot_store::Level;
use surefoot_types::{Clock, Fault, SystemClock, key::Admin, ports::Store, replica::Replica};

use super::Finding;
use crate::{
    assemble,
    commands::Place,
    follow::BEAT_LIVES,
    settings::{self, Settings, StoreSettings},
};

/// Free space under which things are bad, and under which they are worth a warning.
const SPACE: [u64; 2] = [200 << 20, 2 << 30];
/// How far this machine's clock may be from the store's.
const CLOCKS: Duration = Duration::from_secs(2);

/// Looks at all of them.
pub(super) async fn look(place: &Place, settings: Option<&Settings>) -> Vec<Finding> {
    let data = place.data();
    let mut found = vec![folder(&data)];
    let store = match settings {
        Some(settings) => settings.store.clone(),
        // A project with mistakes may still say where its store is.
        None => match settings::upkeep(&place.project) {
            Ok(upkeep) => upkeep.store,
            Err(_) => return found,
        },
    };
    if store.url.is_none() && !assemble::file(&data).exists() {
        found.push(Finding::note("store", "there is none yet: the first start makes it"));
        return found;
    }
    match opened(&store, &data, &mut found).await {
        Ok(open) => {
            found.push(reached(&*open, &store).await);
            found.extend(keys(&*open, settings).await);
            found.extend(replicas(&*open, settings).await);
            open.close().await;
        }
        Err(fault) => found.push(Finding::bad("store", fault.message).hint(match store.url {
            Some(_) => "Check that Postgres runs, and what the address of [store] names.",
            None => "Check the disk, and who may write in the data folder.",
        })),
    }
    found
}

/// The store, with what waits to reach it.
async fn opened(settings: &StoreSettings, data: &Path, found: &mut Vec<Finding>) -> Result<Arc<dyn Store>, Fault> {
    if settings.url.is_none() {
        return assemble::open(settings, data).await;
    }
    let store = assemble::open_postgres(settings, data, false).await?;
    found.push(match store.waiting_here().await {
        Ok((0, _)) => Finding::good("spool", "no record waits here for Postgres"),
        Ok((many, spools)) => {
            Finding::note("spool", format!("{many} records in {spools} spools wait here for Postgres"))
                .hint("They are being moved now: look again in a moment. If they stay, read the log of `surefoot up`.")
        }
        Err(error) => Finding::bad("spool", error.to_string()).hint("Check the disk, and who may read there."),
    });
    Ok(Arc::new(store))
}

/// Whether state can be kept there, and how much.
fn folder(data: &Path) -> Finding {
    let there = data.ancestors().find(|folder| folder.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let probe = there.join(format!(".surefoot-doctor-{}", std::process::id()));
    let written = fs::write(&probe, b"x").and_then(|()| fs::remove_file(&probe));
    if let Err(error) = written {
        return Finding::bad("data", format!("{} cannot be written: {error}", there.display()))
            .hint("Let the user that Surefoot runs as own the folder, or name another one with --data.");
    }
    let told = |space: u64| format!("{} can be written; {} MB are free", data.display(), space / 1_000_000);
    match fs4::available_space(&there) {
        Err(_) => Finding::good("data", format!("{} can be written", data.display())),
        Ok(space) if space < SPACE[0] => {
            Finding::bad("data", told(space)).hint("Free some space: on a full disk requests are refused.")
        }
        Ok(space) if space < SPACE[1] => {
            Finding::warning("data", told(space)).hint("Free some space, or set [retention].")
        }
        Ok(space) => Finding::good("data", told(space)),
    }
}

async fn reached(store: &dyn Store, settings: &StoreSettings) -> Finding {
    let what = if settings.url.is_some() { "Postgres" } else { "SQLite" };
    let survives = match settings.level {
        Level::Relaxed => "relaxed: an answer does not wait for its record",
        Level::Crash => "crash: records survive the end of the process, not a power cut",
        Level::Power => "power: records survive a power cut",
    };
    match store.check().await {
        Ok(()) => Finding::good("store", format!("{what} can be written; level {survives}")),
        Err(error) => Finding::bad("store", error.to_string()).hint("Check the disk, and who may write there."),
    }
}

/// Whether those beyond this machine can come in, and somebody can administer.
async fn keys(store: &dyn Store, settings: Option<&Settings>) -> Option<Finding> {
    let settings = settings?;
    let now = SystemClock.now();
    let minted = store.key_list().await.ok()?;
    let live: Vec<_> = settings.project.keys.iter().chain(&minted).filter(|key| key.is_live(now)).collect();
    let beyond = settings.bind.is_some_and(|address| !address.ip().is_loopback());
    let admins = live.iter().filter(|key| key.scope.admin == Admin::All).count();
    let told = format!("{} live keys, {admins} of them open every door", live.len());
    Some(match (beyond, live.len(), admins) {
        (false, ..) => Finding::good("keys", format!("{told}; on loopback none is needed")),
        (true, 0, _) => Finding::note("keys", "there are none: the first start makes one and shows it once"),
        (true, _, 0) => Finding::warning("keys", told)
            .hint("`surefoot keys create ops --admin all` makes one for keys, erasure and audit over HTTP."),
        (true, ..) => Finding::good("keys", told),
    })
}

/// Whether those who share the store are alike, and its clock is right.
async fn replicas(store: &dyn Store, settings: Option<&Settings>) -> Vec<Finding> {
    let now = SystemClock.now();
    let own = Replica {
        holder: store.holder().to_owned(),
        version: env!("CARGO_PKG_VERSION").into(),
        project_version: settings.map(|settings| settings.project.version.clone()).unwrap_or_default(),
        url: None,
        at: now,
    };
    let all = match store.replica_beat(&own, BEAT_LIVES).await {
        Ok(all) => all,
        Err(error) => return vec![Finding::bad("replicas", error.to_string())],
    };
    let mut found = Vec::new();
    let apart = all.iter().find(|replica| replica.holder == own.holder).map(|told| told.at.duration_since(now).abs());
    if let Some(apart) = apart.and_then(|apart| Duration::try_from(apart).ok()).filter(|apart| *apart > CLOCKS) {
        let told = format!("this machine's clock is {:.0} s from the store's", apart.as_secs_f64());
        found.push(Finding::warning("clock", told).hint("Set both by NTP: windows of budgets go by the clock."));
    }
    let serving: Vec<&Replica> = all.iter().filter(|replica| replica.url.is_some()).collect();
    let differing = |what: fn(&Replica) -> &str| {
        serving.first().is_some_and(|first| serving.iter().any(|replica| what(replica) != what(first)))
    };
    let urls: Vec<&str> = serving.iter().filter_map(|replica| replica.url.as_deref()).collect();
    let told = format!("{} serve: {}", serving.len(), urls.join(", "));
    found.push(match serving.len() {
        0 => Finding::note("replicas", "none serves now"),
        _ if differing(|replica| &replica.version) => {
            Finding::warning("replicas", format!("{told}; their versions of Surefoot differ"))
                .hint("Roll out one version.")
        }
        _ if differing(|replica| &replica.project_version) => {
            Finding::warning("replicas", format!("{told}; their projects differ"))
                .hint("Roll out the same files to all.")
        }
        _ => Finding::good("replicas", told),
    });
    found
}
