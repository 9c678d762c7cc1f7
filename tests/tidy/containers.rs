//! Checks of docker/ that need no image build.

use std::fs;

use crate::tree::{assert_none, root};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The instructions of the Dockerfile, each on one line, without comments.
fn instructions() -> Vec<String> {
    read("docker/Dockerfile")
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// The instructions of the final stage.
fn last_stage() -> Vec<String> {
    let all = instructions();
    let start = all.iter().rposition(|line| line.starts_with("FROM ")).expect("there is a stage");
    all[start..].to_vec()
}

#[test]
fn every_file_copied_into_the_image_exists_and_is_in_the_build_context() {
    let sent: Vec<String> = read(".dockerignore")
        .lines()
        .filter_map(|line| line.strip_prefix('!').map(str::to_owned))
        .collect();
    let mut breaches = Vec::new();
    for line in instructions() {
        let Some(rest) = line.strip_prefix("COPY ") else { continue };
        if rest.starts_with("--from=") {
            continue;
        }
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (_, sources) = words.split_last().expect("COPY names where to");
        for source in sources {
            let source = source.trim_end_matches('/');
            if !root().join(source).exists() {
                breaches.push(format!("{line}: there is no {source}"));
            }
            let top = source.split('/').next().unwrap_or(source);
            if !sent.iter().any(|name| name == top) {
                breaches.push(format!("{line}: .dockerignore keeps {top} back"));
            }
        }
    }
    assert_none("The image cannot be built:", &breaches);
}

#[test]
fn every_crate_of_the_workspace_is_copied_into_the_image() {
    let copied = instructions().join("\n");
    let manifest = read("Cargo.toml");
    let members = manifest
        .lines()
        .find_map(|line| line.strip_prefix("members = ["))
        .expect("the workspace lists its members on one line");
    for member in members.split('"').skip(1).step_by(2) {
        assert!(copied.contains(&format!("COPY {member}/ {member}/")), "{member} is not copied");
    }
}

#[test]
fn the_image_runs_without_root_and_has_a_health_check() {
    let stage = last_stage();
    let line = |word: &str| -> String {
        stage
            .iter()
            .rfind(|line| line.starts_with(word))
            .unwrap_or_else(|| panic!("the last stage has no {word}"))
            .clone()
    };
    let user = line("USER ");
    assert!(!user.contains("root") && !user.ends_with(" 0"), "{user}");
    assert!(line("HEALTHCHECK ").contains(r#"CMD ["hsc", "ping"]"#));
    assert_eq!(line("ENTRYPOINT "), r#"ENTRYPOINT ["hsc"]"#);
    assert_eq!(line("CMD "), r#"CMD ["serve"]"#);
}

#[test]
fn the_container_files_use_the_separate_port_of_the_metrics() {
    let stage = last_stage().join("\n");
    assert!(stage.contains("HSC__SERVER__OPERATIONS_LISTEN=0.0.0.0:9090"), "{stage}");
    assert!(stage.contains("EXPOSE 8000 9090"), "{stage}");
    // Published on the loopback interface only: they reveal internal details.
    assert!(read("docker/compose.yaml").contains("\"127.0.0.1:9090:9090\""));
    assert!(read("monitoring/prometheus/prometheus.yml").contains("targets: [\"127.0.0.1:9090\"]"));
}

#[test]
fn the_image_is_built_with_the_compiler_of_the_workspace() {
    let manifest = read("Cargo.toml");
    let expected = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .expect("the workspace names its compiler")
        .trim_end_matches('"');
    assert!(
        instructions().iter().any(|line| line.starts_with(&format!("FROM rust:{expected}-"))),
        "no stage is built from rust:{expected}"
    );
}

#[test]
fn the_stop_grace_period_exceeds_the_drain_timeout() {
    let drain_ms: u64 = number_after(&read("config/default.toml"), "drain_timeout_ms = ");
    for compose in ["docker/compose.yaml", "docker/compose.production.yaml"] {
        let grace_s: u64 = number_after(&read(compose), "stop_grace_period: ");
        assert!(
            grace_s * 1000 > drain_ms,
            "{compose}: killed after {grace_s} s while draining for {drain_ms} ms"
        );
    }
}

fn number_after(text: &str, key: &str) -> u64 {
    let rest = text.split_once(key).unwrap_or_else(|| panic!("there is no {key}")).1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{key} has no number"))
}
