//! Cores: a server has one of its own while load comes from the others, as it would from another machine.

use std::fs;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, getpid};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A server and this process on different cores, until this ends.
#[derive(Debug)]
pub(crate) struct Parted {
    all: CpuSet,
}

impl Parted {
    /// Gives one core to the server and the others to this process. `None` where there is only one.
    ///
    /// # Errors
    ///
    /// When the system does not let them be parted.
    pub(crate) fn from(server: Pid) -> Result<Option<Self>> {
        let all = sched_getaffinity(None)?;
        let Some(first) = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core)) else {
            return Ok(None);
        };
        if all.count() < 2 {
            return Ok(None);
        }
        let (mut one, mut others) = (CpuSet::new(), all);
        one.set(first);
        others.unset(first);
        give(server, &one)?;
        give(getpid(), &others)?;
        Ok(Some(Self { all }))
    }
}

impl Drop for Parted {
    fn drop(&mut self) {
        // What is measured on fewer cores afterwards is slower, and no more than that.
        let _same = give(getpid(), &self.all);
    }
}

/// Has every thread of a process run on these cores; threads that are made later do as the one that makes them.
fn give(process: Pid, cores: &CpuSet) -> Result<()> {
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let name = thread?.file_name();
        let id = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let id = id.context("a thread has an identifier")?;
        match sched_setaffinity(Some(id), cores) {
            // It has ended meanwhile.
            Err(rustix::io::Errno::SRCH) => {}
            set => set?,
        }
    }
    Ok(())
}
