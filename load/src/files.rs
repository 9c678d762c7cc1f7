//! The limit of open files: each socket needs one.

/// Open files besides the sockets: the runtime, the terminal, the report.
const BESIDE: u64 = 64;

/// Raises the limit of open files to what `sockets` need.
///
/// # Errors
/// When the system refuses; the message says what to do.
pub fn allow_sockets(sockets: usize) -> Result<(), String> {
    let needed = sockets as u64 + BESIDE;
    let allowed = rlimit::increase_nofile_limit(needed)
        .map_err(|error| format!("cannot raise the limit of open files: {error}"))?;
    enough(needed, allowed)
}

fn enough(needed: u64, allowed: u64) -> Result<(), String> {
    if allowed >= needed {
        return Ok(());
    }
    Err(format!(
        "{needed} open files are needed and {allowed} allowed; run `ulimit -Hn {needed}` as root \
         first, or start `hsc load` several times with fewer users each"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_sockets_are_always_allowed() {
        assert_eq!(allow_sockets(10), Ok(()));
    }

    #[test]
    fn a_limit_that_is_too_small_is_reported_with_a_remedy() {
        let error = enough(50_064, 20_000).expect_err("too few");
        assert!(error.contains("ulimit -Hn 50064"), "{error}");
    }
}
