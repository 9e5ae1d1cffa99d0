//! Surefoot beside nginx as a plain reverse proxy, to the same simulator, in one run: the gateway on
//! core 0, the simulator and the load on core 1, windows alternating. Surefoot is measured bare, as it
//! comes, and with limits and budgets.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use super::{
    load::{self, Target, Window, percentile},
    process::{Server, free_address, pin_self},
};
use crate::{
    clients,
    run::{command, root, step},
};

const NGINX: &str = "/usr/sbin/nginx";

/// Nothing is kept but what a request cost, and no answer waits for that.
const BARE: &str = "[records]\nkeep = \"nothing\"\nlevel = \"relaxed\"\n";
/// As it comes: every request's trace survives a kill before its answer ends.
const RECORDED: &str = "";
/// Limits, budgets and prices besides.
const GOVERNED: &str = "[limits.all]\nrequests = 100000000\ntokens = 100000000000\nconcurrent = 1000\n\
     [limits.each]\nper = \"user\"\nrequests = 100000000\n\
     [budgets.month]\nevery = \"month\"\nusd = 1000000\n\
     [budgets.user]\nper = \"user\"\nevery = \"day\"\nusd = 100000\n\
     [prices.\"up/ok\"]\ninput = 0.15\noutput = 0.60\n\
     [prices.\"up/words-40+gap-25ms\"]\ninput = 0.15\noutput = 0.60\n";

/// Measures the gateway.
#[derive(Args)]
pub(crate) struct Gateway {
    /// How often each window is measured.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// How long a window lasts, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// A way to the simulator, with its windows.
struct Way {
    name: &'static str,
    server: Server,
    cold: Duration,
    idle: f64,
    one: Vec<Window>,
    many: Vec<Window>,
    /// CPU microseconds a request, of each window with many connections.
    cpu: Vec<f64>,
    streams: Vec<Window>,
}

impl Gateway {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        clients::packages(&[(NGINX, "nginx-light")])?;
        step("release build", &mut command("cargo build --release --package surefoot"))?;
        pin_self(1)?;
        let folder = tempfile::tempdir()?;
        let surefoot = root().join("target/release/surefoot");
        let sim = free_address()?;
        let sim = Server::start(1, &surefoot, &["sim", "--bind", &sim.to_string()], sim)?;
        load::first_answer(&plain(sim.address, "ok"), sim.started)?;
        let mut ways = vec![nginx(folder.path(), sim.address)?];
        for (name, settings) in [("bare", BARE), ("recorded", RECORDED), ("governed", GOVERNED)] {
            ways.push(gateway(name, settings, folder.path(), &surefoot, sim.address)?);
        }
        let (mut direct_one, mut direct_streams) = (Vec::new(), Vec::new());
        let lasts = Duration::from_secs(self.seconds);
        for repeat in 0..self.repeats {
            eprintln!("    repeat {} of {}", repeat + 1, self.repeats);
            direct_one.push(load::closed(&plain(sim.address, "ok"), 1, lasts)?);
            direct_streams.push(load::closed(&streamed(sim.address), 50, lasts)?);
            for way in &mut ways {
                way.measure(lasts)?;
            }
        }
        report(&direct_one, &direct_streams, &ways)
    }
}

impl Way {
    fn measure(&mut self, lasts: Duration) -> anyhow::Result<()> {
        let (address, model) = (self.server.address, if self.name == "nginx" { "ok" } else { "up/ok" });
        self.one.push(load::closed(&plain(address, model), 1, lasts)?);
        let before = self.server.cpu()?;
        let many = load::closed(&plain(address, model), 64, lasts)?;
        let spent = self.server.cpu()?.saturating_sub(before);
        self.cpu.push(spent.as_secs_f64() * 1e6 / many.whole.len() as f64);
        self.many.push(many);
        let mut streams = streamed(address);
        if self.name != "nginx" {
            streams.body = body("up/words-40+gap-25ms", true);
        }
        self.streams.push(load::closed(&streams, 50, lasts)?);
        Ok(())
    }
}

fn body(model: &str, stream: bool) -> bytes::Bytes {
    let question = "What is the answer to a question of ordinary length, such as this one?";
    format!(r#"{{"model":"{model}","stream":{stream},"user":"u","max_tokens":100,"messages":[{{"role":"user","content":"{question}"}}]}}"#).into()
}

fn plain(address: SocketAddr, model: &str) -> Target {
    Target { address, body: body(model, false) }
}

fn streamed(address: SocketAddr) -> Target {
    Target { address, body: body("words-40+gap-25ms", true) }
}

fn nginx(folder: &Path, sim: SocketAddr) -> anyhow::Result<Way> {
    let address = free_address()?;
    let config = format!(
        "daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/error.log;
         events {{ worker_connections 1024; }}
         http {{
           access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;
           fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
           upstream sim {{ server {sim}; keepalive 256; }}
           server {{
             listen {address}; keepalive_requests 100000000;
             location / {{ proxy_pass http://sim; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }}
           }}
         }}",
        folder.display()
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, config)?;
    start("nginx", Path::new(NGINX), &["-c", &path.to_string_lossy()], address, "ok")
}

fn gateway(name: &'static str, settings: &str, folder: &Path, surefoot: &Path, sim: SocketAddr) -> anyhow::Result<Way> {
    let project: PathBuf = folder.join(name);
    fs::create_dir_all(&project)?;
    let settings = format!("[providers.up]\nkind = \"openai\"\nbase_url = \"http://{sim}/v1\"\n{settings}");
    fs::write(project.join("surefoot.toml"), settings)?;
    let address = free_address()?;
    let arguments = ["up", &project.to_string_lossy(), "--bind", &address.to_string()];
    start(name, surefoot, &arguments, address, "up/ok")
}

fn start(
    name: &'static str,
    program: &Path,
    arguments: &[&str],
    address: SocketAddr,
    model: &str,
) -> anyhow::Result<Way> {
    let server = Server::start(0, program, arguments, address)?;
    let cold = load::first_answer(&plain(address, model), server.started)?;
    let idle = server.memory()?;
    Ok(Way { name, server, cold, idle, one: vec![], many: vec![], cpu: vec![], streams: vec![] })
}

/// The median over the windows of what `figure` reads in each.
fn median(windows: &[Window], figure: impl Fn(&Window) -> f64) -> f64 {
    let mut values: Vec<f64> = windows.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    percentile(&values, 0.5)
}

fn report(direct_one: &[Window], direct_streams: &[Window], ways: &[Way]) -> anyhow::Result<()> {
    let whole = |p: f64| move |window: &Window| percentile(&window.whole, p);
    let first = |p: f64| move |window: &Window| percentile(&window.first, p);
    let spread = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        percentile(&sorted, 0.5)
    };
    let names: String = ways.iter().map(|way| format!(" {} |", way.name)).collect();
    println!("| figure |{names}\n|---|{}", "---|".repeat(ways.len()));
    // Each figure with its ratio to nginx's.
    let row = |name: &str, unit: &str, digits: usize, figure: &dyn Fn(&Way) -> f64| {
        let nginx = figure(&ways[0]);
        let cells = ways.iter().enumerate().map(|(at, way)| match figure(way) {
            value if at == 0 => format!(" {value:.digits$} {unit} |"),
            value => format!(" {value:.digits$} {unit} ({:.2}) |", value / nginx),
        });
        println!("| {name} |{}", cells.collect::<String>());
    };
    for p in [0.5, 0.9, 0.99] {
        let direct = median(direct_one, whole(p));
        row(&format!("added latency, 1 connection, p{:.0}", p * 100.0), "µs", 0, &|way| {
            median(&way.one, whole(p)) - direct
        });
    }
    row("requests a second, 64 connections", "", 0, &|way| median(&way.many, Window::rate));
    row("CPU a request, 64 connections", "µs", 1, &|way| spread(&way.cpu));
    for p in [0.5, 0.99] {
        let direct = median(direct_streams, first(p));
        row(&format!("added time to first token, 50 streams, p{:.0}", p * 100.0), "µs", 0, &|way| {
            median(&way.streams, first(p)) - direct
        });
    }
    row("cold start to first answer", "ms", 0, &|way| way.cold.as_secs_f64() * 1e3);
    row("memory at rest", "MiB", 1, &|way| way.idle);
    row("memory after load", "MiB", 1, &|way| way.server.memory().unwrap_or(f64::NAN));
    println!("\nDirect to the simulator, 1 connection: p50 {:.0} µs.", median(direct_one, whole(0.5)));
    Ok(())
}
