//! The thresholds of the system's allocator, kept where they are when the server starts.
//!
//! glibc maps a large allocation by itself and gives it back when it is freed; what is smaller comes out of heaps,
//! of which it gives back the free end. By default both thresholds move: each mapped allocation that is freed
//! raises the first to its size (up to 32 MiB) and the second to twice as much. After one message of 6 MiB the next
//! ones come out of heaps, their ends are not given back, and the process keeps what an attack had it hold.
//!
//! The thresholds are read from the environment when a process starts, so the server replaces itself with itself,
//! once: the same process id, arguments and descriptors.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The values that glibc begins with, in bytes. Where one is set, neither moves.
const THRESHOLDS: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];
/// The newer way to set the same.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// Replaces this process by one whose thresholds do not move. Returns where they are set already, by this or
/// by the operator, and where there is another allocator.
///
/// # Errors
/// Why the process could not be replaced; it goes on as it is.
pub(super) fn fix_thresholds() -> io::Result<()> {
    let is_set = THRESHOLDS.iter().map(|(name, _)| *name).chain([TUNABLES]);
    if !cfg!(target_env = "gnu") || is_set.into_iter().any(|name| std::env::var_os(name).is_some())
    {
        return Ok(());
    }
    let mut arguments = std::env::args_os();
    let mut itself = Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        itself.arg0(name);
    }
    Err(itself.args(arguments).envs(THRESHOLDS).exec())
}
