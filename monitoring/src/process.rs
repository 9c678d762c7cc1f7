//! Resource usage of this process, for `/health`.
//!
//! Reads `/proc`; without it (on another system than Linux) the figures are zero.

use std::sync::Mutex;
use std::time::Instant;

/// Reads the usage of memory and processor.
pub struct Process {
    started: Instant,
    last: Mutex<(Instant, f64)>,
}

/// Usage of the process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUsage {
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
    /// Resident memory in percent of the machine's (or the control group's) memory.
    pub memory_usage_percent: f64,
    /// Processor time since the last reading in percent of one core.
    pub cpu_usage_percent: f64,
    /// Seconds since the start.
    pub uptime_seconds: f64,
}

impl Process {
    /// Starts the measurement.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, last: Mutex::new((now, cpu_seconds())) }
    }

    /// The current usage.
    pub fn read(&self) -> ProcessUsage {
        let (now, cpu) = (Instant::now(), cpu_seconds());
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, before) = *last;
        let wall = now.duration_since(since).as_secs_f64();
        // Two readings at once would divide by zero; the older pair stays for the next one.
        let cpu_usage_percent =
            if wall < 0.05 { 0.0 } else { ((cpu - before) / wall * 100.0).max(0.0) };
        if wall >= 0.05 {
            *last = (now, cpu);
        }
        let memory_bytes = resident_bytes();
        ProcessUsage {
            memory_bytes,
            memory_usage_percent: rounded(
                memory_bytes as f64 / (memory_limit_bytes().max(1) as f64) * 100.0,
            ),
            cpu_usage_percent: rounded(cpu_usage_percent),
            uptime_seconds: rounded(self.started.elapsed().as_secs_f64()),
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// User and system time of this process, all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may contain spaces: fields are counted after it. 14 and 15 are utime and stime.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // USER_HZ is 100 on every Linux that Rust runs on.
    (ticks(11) + ticks(12)) / 100.0
}

pub(crate) fn resident_bytes() -> u64 {
    kib_of("/proc/self/status", "VmRSS:") * 1024
}

/// The control group's limit if it has one, else the machine's memory.
fn memory_limit_bytes() -> u64 {
    let machine = kib_of("/proc/meminfo", "MemTotal:") * 1024;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse().ok());
    group.map_or(machine, |group: u64| group.min(machine))
}

fn kib_of(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_reading_contains_the_memory_of_this_process() {
        let reading = Process::start().read();
        assert!(reading.memory_bytes > 100_000);
        assert!(reading.memory_usage_percent > 0.0 && reading.memory_usage_percent < 100.0);
    }
}
