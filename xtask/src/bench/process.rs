//! Servers under measurement: started on one core, their CPU and memory read from /proc.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;

/// Clock ticks in a second: what /proc counts CPU time in on Linux.
const TICKS: f64 = 100.0;

/// A running server; stopped when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Server {
    /// Starts a program on one core.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(core: u32, program: &Path, arguments: &[&str], address: SocketAddr) -> anyhow::Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string()]).arg(program).args(arguments);
        let started = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).spawn();
        let child =
            child.with_context(|| format!("cannot start {} by taskset (Debian: util-linux)", program.display()))?;
        Ok(Self { child, address, started })
    }

    /// CPU time so far, its children's too.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let ticks: u64 = self.family().iter().map(|&pid| ticks(pid)).sum::<anyhow::Result<u64>>()?;
        Ok(Duration::from_secs_f64(ticks as f64 / TICKS))
    }

    /// Resident memory in MiB, its children's too.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let of = |pid: u32| -> anyhow::Result<f64> {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
            Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
        };
        self.family().into_iter().map(of).sum()
    }

    /// The process and its children (nginx answers in a worker).
    fn family(&self) -> Vec<u32> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(pid).chain(children).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's master ends its worker on SIGTERM, which Child cannot send.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn ticks(pid: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces: count the fields after it. User and system time are 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).context("/proc/PID/stat");
    Ok(field(11)? + field(12)?)
}

/// A free address on loopback.
///
/// # Errors
/// When there is none.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Keeps this process, and so the load that it makes, on one core.
///
/// # Errors
/// When taskset is missing.
pub(crate) fn pin_self(core: u32) -> anyhow::Result<()> {
    let pid = std::process::id().to_string();
    let status =
        Command::new("taskset").args(["-a", "-p", "-c", &core.to_string(), &pid]).stdout(Stdio::null()).status();
    anyhow::ensure!(status.context("taskset is missing (Debian: util-linux)")?.success(), "taskset failed");
    Ok(())
}
