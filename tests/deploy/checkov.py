"""Runs checkov, without a network, and fails for what it finds beside ACCEPTED: checkov.py CHECKOV RENDERED.

RENDERED is the output of `kubectl kustomize`. The Dockerfiles and the workflows have checks of their own; checkov knows no
compose files, so those are searched for secrets, as the rest is, and compose.py checks them.
"""

import json
import os
import subprocess
import sys

# Check, resource: why it stays.
ACCEPTED = {
    ("CKV_K8S_43", "CronJob.hsc-production.hsc-backup"): "PostgreSQL's minor releases come with the tag of its major one",
    ("CKV_K8S_15", "CronJob.hsc-production.hsc-backup"): "a backup does not wait for a registry",
    ("CKV_GHA_7", "on(deploy)"): "a deployment by hand names an environment, its address and a digest, which must be signed",
    ("CKV_DOCKER_2", "/images/Dockerfile."): "stand-ins of a test; the compose file has their health checks",
    ("CKV_DOCKER_3", "/images/Dockerfile."): "stand-ins of a test; the compose file names their users",
}
SCANS = {
    ("kubernetes",): ["--file", sys.argv[2]],
    ("dockerfile", "github_actions", "secrets"): [
        *("--directory", "docker", "--directory", ".github", "--directory", "tests/deploy"),
        # Where an operator has the secrets; git ignores it.
        *("--skip-path", "production/secrets/"),
    ],
}


def results(text):
    """Checkov prints a document for each directory: a result, or a list of them."""
    text = text.strip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        yield from document if isinstance(document, list) else [document]
        text = text[end:].strip()


found = set()
for kinds, where in SCANS.items():
    command = [sys.argv[1], "--framework", *kinds, *where, "--skip-download", "--quiet", "--compact", "--output", "json", "--soft-fail"]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"LOG_LEVEL": "ERROR"})
    if run.returncode:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}: {run.stderr}")
    passed = dict.fromkeys(kinds, 0)
    for result in results(run.stdout):
        # A folder without files for any of the kinds has a summary alone.
        passed[result.get("check_type", kinds[0])] += result.get("summary", result)["passed"]
        for it in result.get("results", {}).get("failed_checks", []):
            found.add((it["check_id"], it["resource"]))
            if (it["check_id"], it["resource"]) not in ACCEPTED:
                print(f"FAILED   {it['check_id']} {it['check_name']}: {it['resource']} ({it['file_path']})")
    for kind in kinds:
        # A search for secrets counts only what it finds.
        if not passed[kind] and kind != "secrets":
            print(f"FAILED   {kind}: nothing was checked")
            found.add((kind, ""))
for it in sorted(found & ACCEPTED.keys()):
    print(f"accepted {it[0]} {it[1]}: {ACCEPTED[it]}")
for it in sorted(ACCEPTED.keys() - found):
    print(f"FAILED   {it[0]} {it[1]} is accepted, and passes: remove it from the list")
sys.exit(1 if found ^ ACCEPTED.keys() else 0)
