//! Runs a reader that may panic or never end.
//!
//! A panic becomes a reason. A reader that does not end is given up; its thread cannot be stopped and goes on until
//! the process ends, so only so many of them may be: past that, no file is read that could add another one.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Readers of some formats recurse over what the file says.
const STACK: usize = 32 << 20;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Readers that were given up and still run.
const STUCK_MOST: usize = 4;

static STUCK: AtomicUsize = AtomicUsize::new(0);

pub(super) fn guarded<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    guarded_for(PATIENCE, read)
}

fn guarded_for<T: Send + 'static>(
    patience: Duration,
    read: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    if STUCK.load(Ordering::Relaxed) >= STUCK_MOST {
        return Err(format!("{STUCK_MOST} other files have not ended being read: restart the program without them"));
    }
    let (done, wait) = mpsc::sync_channel(1);
    let worker = move || {
        let outcome =
            catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("its reader broke down on it".into()));
        // Nobody waits any more: the count that was raised for this thread goes down again.
        if done.send(outcome).is_err() {
            STUCK.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let started = thread::Builder::new().name("reader".into()).stack_size(STACK).spawn(worker);
    started.map_err(|error| format!("no thread to read it on: {error}"))?;
    match wait.recv_timeout(patience) {
        Ok(outcome) => outcome,
        Err(_) => {
            STUCK.fetch_add(1, Ordering::Relaxed);
            // It may have ended between the two.
            if let Ok(outcome) = wait.try_recv() {
                STUCK.fetch_sub(1, Ordering::Relaxed);
                return outcome;
            }
            Err(format!("reading it took over {} seconds", patience.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_or_does_not_end_is_a_reason() {
        let broken = guarded(|| -> Result<(), String> { panic!("on purpose") });
        assert_eq!(broken, Err("its reader broke down on it".into()));
        let (release, wait) = mpsc::channel::<()>();
        let endless = guarded_for(Duration::from_millis(10), move || {
            let _ = wait.recv();
            Ok(())
        });
        assert!(endless.unwrap_err().contains("took over"));
        assert_eq!(STUCK.load(Ordering::Relaxed), 1);
        drop(release);
        while STUCK.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
