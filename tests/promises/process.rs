//! Child processes of tests; each wait has a deadline and names what it waits for.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::eventually::PAUSE;

/// Time limit of a child process, from when it is waited for.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
/// Time limit for a process to vanish after it was killed.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Runs a command to its end, and returns its output.
pub(crate) fn output(what: &str, command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finished(what, command.spawn().unwrap_or_else(|error| panic!("{what}: {error}")))
}

/// Runs a command to its end, which must be a success.
pub(crate) fn succeeds(what: &str, command: &mut Command) {
    let Output { status, stderr, .. } = output(what, command);
    assert!(status.success(), "{what}: {status}: {}", String::from_utf8_lossy(&stderr));
}

/// Waits for a process whose output is piped, and returns its output. Closes its input.
pub(crate) fn finished(what: &str, mut child: Child) -> Output {
    drop(child.stdin.take());
    // Concurrently with the wait: a process whose pipe is full does not end.
    let (stdout, stderr) = (child.stdout.take().map(read), child.stderr.take().map(read));
    let status = ended(what, &mut child);
    let read = |reader: Option<JoinHandle<Vec<u8>>>| {
        reader.map(|reader| reader.join().expect("reading does not panic")).unwrap_or_default()
    };
    Output { status, stdout: read(stdout), stderr: read(stderr) }
}

/// Waits for the end of a process; one that does not end in time is killed, and the test fails.
pub(crate) fn ended(what: &str, child: &mut Child) -> ExitStatus {
    if let Some(status) = within(ENDS_WITHIN, child) {
        return status;
    }
    killed(child);
    panic!("did not end within {ENDS_WITHIN:?} and was killed: {what}");
}

/// Kills a process and waits until it is gone. Also used in destructors: never panics.
pub(crate) fn killed(child: &mut Child) {
    // A process that has ended already needs no kill.
    let _ = child.kill();
    if within(GONE_WITHIN, child).is_none() {
        eprintln!("process {} was killed and is not gone after {GONE_WITHIN:?}", child.id());
    }
}

/// Sends a signal to a process of this test.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    succeeds("kill", Command::new("kill").args([format!("-{name}"), id]));
}

fn within(time: Duration, child: &mut Child) -> Option<ExitStatus> {
    let until = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(PAUSE / 10);
    }
}

fn read(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The bytes before an error are the whole output.
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

#[test]
fn a_process_that_does_not_end_is_killed_and_long_output_is_read() {
    let mut sleeps = Command::new("sleep").arg("600").spawn().expect("there is a sleep");
    assert!(within(Duration::from_millis(1), &mut sleeps).is_none());
    killed(&mut sleeps);
    assert!(sleeps.try_wait().expect("ours").is_some());
    let much = output("head", Command::new("head").args(["-c", "1000000", "/dev/zero"]));
    assert_eq!((much.status.success(), much.stdout.len()), (true, 1_000_000));
}
