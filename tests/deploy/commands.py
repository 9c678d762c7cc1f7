"""Every command of docs/operations and README.md, and where it is run: commands.py KUBECTL FOLDER RENDERED

A command is a line of an indented or a sh, bash or console block, or code between backticks that begins with the name of
a program. Each is one of these, else the exit code is 1:

- run by operations.py (`make test-operations`), if its programs are all of PROGRAMS;
- a `kubectl create`, which is run here with --dry-run=client; FOLDER has the files that it names;
- in ELSEWHERE, with the file that runs it and the text there;
- in NOT_RUN, with the reason, which is printed; one of `kubectl` gets as far as the cluster, so its options exist, and
  RENDERED has the objects that it names;
- code between backticks that another command begins with: a mention of it.
"""

import dataclasses
import functools
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What operations.py may run on the machine of a test: it reads, or it changes what that test started.
PROGRAMS = {
    *("hsc", "curl", "psql", "redis-cli", "admin", "metrics", "prom", "restart_pod"),
    *("ulimit", "test", "timeout", "grep", "sed", "head", "cat", "echo", "node"),
}
# What else begins a command between backticks.
OTHERS = {
    *("docker", "podman", "buildah", "mmdebstrap", "kubectl", "systemctl", "sysctl", "make", "install"),
    *("pg_dump", "pg_restore", "docker/production/secrets.sh", "docker/production/roll.sh", "docker/production/rotate.sh"),
}
# Whatever cluster the machine knows: not that one.
NO_CLUSTER = os.environ | {"KUBECONFIG": os.devnull}
# Blocks that are no commands, by their first line.
NO_COMMANDS = {
    "[server]": "settings",
    "# en.txt": "synonyms",
    "ignore_startup_parameters = extra_float_digits": "settings of PgBouncer",
    "backend hsc": "settings of HAProxy",
}
# The command as a regular expression for the whole of it, the file that runs it, and the text there.
ELSEWHERE = [
    (r"make test", ".ci/run", "make test"),
    (r"make model", "Makefile", "test: need-all web check model"),
    (r"make deny", "Makefile", "check: fmt lint rustdoc tidy deny"),
    (r"make test-deploy", "Makefile", "\ttests/deploy/deploy.sh"),
    (r"hsc serve --config FILE", "tests/deploy/operations.py", '"serve", "--config"'),
    (r"hsc backup FILE", "tests/promises/archiving.rs", '&["backup", &copy]'),
    (r"hsc reproject", "tests/promises/archive_events.rs", '&["reproject"]'),
    (r"hsc restore FILE", "tests/promises/archiving.rs", '&["restore", &copy]'),
    (r"hsc load resume-storm", "tests/promises/secrets.rs", '"load", "resume-storm"'),
    (r"hsc model convert WHEEL…", ".ci/model", '"$@" model convert --into "$dir" "$wheel"'),
    (r"mmdebstrap .* base\.tar", "tests/deploy/machine.sh", "mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm"),
    (r"podman import base\.tar .*", "tests/deploy/machine.sh", 'podman import --quiet "$work/base.tar" docker.io/library/debian:bookworm-slim'),
    (r"buildah bud .*", "tests/deploy/machine.sh", "buildah bud --layers --format docker --runtime runc --isolation chroot"),
    (r"podman healthcheck run CONTAINER", "tests/deploy/machine.sh", 'podman healthcheck run "$(container "$1")"'),
    (r"docker exec CONTAINER hsc …", "docker/production/roll.sh", '"$ENGINE" exec "$(container "$1")" hsc ping'),
    (r"docker restart", "tests/deploy/soak.sh", "podman restart"),
    (r"docker/production/secrets\.sh create chat\.example\.com", "tests/deploy/static.sh", "docker/production/secrets.sh create chat.example.com"),
    (r"HSC_PUBLIC_URL=.* docker compose -f docker/compose\.production\.yaml up -d", "tests/deploy/machine.sh", "compose up -d --no-build --no-deps nginx backup prometheus"),
    (r"docker compose .* up -d probe", "tests/deploy/deploy.sh", "compose up -d --no-build --no-deps probe"),
    (r"docker compose .* exec backup sh /etc/hsc/backup\.sh once", "tests/deploy/deploy.sh", "sh /etc/hsc/backup.sh once"),
    (r"docker compose .* exec backup sh /etc/hsc/backup\.sh list", "tests/deploy/deploy.sh", "sh /etc/hsc/backup.sh list"),
    (r"docker compose .* exec backup sh /etc/hsc/backup\.sh restore .*", "tests/deploy/deploy.sh", "sh /etc/hsc/backup.sh restore"),
    (r"docker compose .* (stop|start) pod-a pod-b pod-c", "tests/deploy/deploy.sh", r"compose \1 pod-a pod-b pod-c"),
    (r"docker/production/roll\.sh IMAGE", "tests/deploy/deploy.sh", '"$root/docker/production/roll.sh" localhost/hsc-jit:next'),
    (r"docker/production/rotate\.sh (begin|finish) token_keys", "tests/deploy/deploy.sh", r'"$root/docker/production/rotate.sh" \1 "$name"'),
]
CLUSTER = "needs a cluster; `make test` has `kubectl` read it"
WORKFLOW = "needs a cluster, where the workflow `deploy` runs it; `make test` has `kubectl` read it"
SYSTEMD = "needs systemd as the first process, and changes the machine; `make test` verifies the unit"
NOT_RUN = [
    (r"(HSC__\w+=\w+ )?make run( ARGS=.*)?", "serves until it is stopped; it builds what the tests build, and `hsc serve` is run"),
    (r"make test-previous PREVIOUS=FILE", "needs the binary of another release"),
    (r"hsc model fetch", "downloads 560 MiB from other hosts; `make test` gets the models by `make model`"),
    (r"sysctl .*", "changes the machine"),
    (r"install -m .*|systemctl .*", SYSTEMD),
    (r"docker compose -f docker/compose\.yaml up --build", "needs Docker and a registry; `make test` checks the file, `make test-deploy` builds the image"),
    (r"kubectl apply -k docker/kubernetes/overlays/production( --selector .*)?", "needs a cluster; `make test` renders and validates what it applies, the workflow `deploy` applies it"),
    (r"kubectl -n hsc-production (delete job|wait|rollout (status|undo)) .*", WORKFLOW),
    (r"kubectl (scale|delete pod|exec|rollout restart) .*", CLUSTER),
]


@dataclasses.dataclass
class Command:
    page: str
    line: int
    text: str
    # What stands after the command as a comment.
    expected: str
    # The assignments before it in the same block.
    before: list[str]
    # Between backticks.
    is_mention: bool = False

    def __str__(self):
        return f"{self.page}:{self.line}: {self.text}"


def pages():
    """In the order of the table of docs/operations/README.md, as an operator goes through them."""
    table = (ROOT / "docs/operations/README.md").read_text()
    listed = [f"docs/operations/{name}" for name in re.findall(r"^\| \[[\w-]+\.md\]\(([\w-]+\.md)\)", table, re.M)]
    there = {str(it.relative_to(ROOT)) for it in ROOT.glob("docs/operations/*.md")} - {"docs/operations/README.md"}
    if set(listed) != there:
        sys.exit(f"docs/operations/README.md does not list {sorted(there ^ set(listed))}")
    return ["README.md", *listed]


def blocks(text):
    """The first line and the lines of each block: indented by four, or fenced as a shell's."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if fence := re.match(r"```(\w*)$", lines[at]):
            begin = at = at + 1
            while not lines[at].startswith("```"):
                at += 1
            if fence[1] in ("sh", "bash", "shell", "console"):
                yield begin, [line.removeprefix("$ ") for line in lines[begin:at]]
            at += 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            begin = at
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            yield begin, [line[4:] for line in lines[begin:at]]
        else:
            at += 1


def program(text):
    """The first word of a command that is no assignment; of a path to hsc, hsc."""
    words = [it for it in text.split() if not re.match(r"\w+=", it)]
    return re.sub(r"^target/release/hsc$", "hsc", words[0]) if words else ""


def alternatives(text):
    """`hsc user disable|enable ADDRESS` is two commands."""
    found = None if re.search(r"['\"]", text) else re.search(r"\b[a-z]+(\|[a-z]+)+\b", text)
    if not found:
        return [text]
    return [it for word in found[0].split("|") for it in alternatives(text.replace(found[0], word, 1))]


@functools.cache
def commands():
    """All of them, in the order of the pages."""
    return list(read())


def is_only_mentioned(command):
    return command.is_mention and any(it.text.startswith(f"{command.text} ") for it in commands())


def read():
    """All of them, without what stands for a name alone: functions and exported names."""
    for page in pages():
        text = (ROOT / page).read_text()
        for begin, lines in blocks(text):
            if lines[0].strip() in NO_COMMANDS:
                continue
            before, names, number = [], {}, begin
            while lines:
                number += 1
                at, line = number, lines.pop(0)
                while line.endswith("\\"):
                    number += 1
                    line = f"{line[:-1].rstrip()} {lines.pop(0).strip()}"
                line, _, expected = line.partition("  #")
                line = line.strip()
                if name := re.fullmatch(r'(\w+)="([^"]*)"', line):
                    names[f"${name[1]}"] = name[2]
                elif line and not is_definition(line):
                    for name, value in names.items():
                        line = re.sub(re.escape(name) + r"\b", value, line)
                    for it in alternatives(line):
                        yield Command(page, at, it, expected.strip(), list(before))
                    if re.fullmatch(r"\w+=\$\(.*\)", line):
                        before.append(line)
        # Blocks have backticks that are no code.
        prose = re.sub(r"^```.*?^```", lambda it: "\n" * it[0].count("\n"), text, flags=re.M | re.S)
        for number, line in enumerate(prose.splitlines(), 1):
            if not line.startswith("    "):
                for code in re.findall(r"`([^`]+)`", line):
                    if program(code) in PROGRAMS | OTHERS and " " in code:
                        yield Command(page, number, code, "", [], is_mention=True)


def definitions():
    """The functions of the runbook, and the names that it exports."""
    lines = [line for _, block in blocks((ROOT / "docs/operations/runbook.md").read_text()) for line in block]
    functions = [line for line in lines if is_definition(line) and not line.startswith("export ")]
    names = [name for line in lines if line.startswith("export ") for name in re.findall(r"(\w+)=", line)]
    return functions, names


def is_definition(text):
    return re.match(r"\w+\(\) \{.*\}$|export ", text) is not None


def programs(text):
    """Every program of a command line; what is in quotes is none."""
    bare = re.sub(r"^\w+=\$\((.*)\)$", r"\1", re.sub(r"'[^']*'|\"[^\"]*\"", "''", text))
    return {program(part) for part in re.split(r"\|\||&&|[|;{}]", bare) if program(part)}


def elsewhere(text):
    """The file that runs it, and the text there."""
    for pattern, file, evidence in ELSEWHERE:
        if found := re.fullmatch(pattern, text):
            return file, found.expand(evidence) if found.groups() else evidence
    return None


def not_run(text):
    return next((reason for pattern, reason in NOT_RUN if re.fullmatch(pattern, text)), None)


def is_run(text):
    """Whether operations.py runs it. The service manager is asked only where a server is not ready."""
    known = elsewhere(text) or not_run(text)
    return not known and programs(text.replace("|| systemctl restart hsc", "")) <= PROGRAMS


def is_dry(text):
    return re.match(r"kubectl (-n [\w-]+ )?create ", text) is not None


def without_cluster(text, kubectl, rendered):
    """What is wrong with a command that needs a cluster: kubectl refuses it, or there is no such object."""
    line = text.replace("kubectl", f"{kubectl} --server=http://127.0.0.1:1", 1)
    run = subprocess.run(line, shell=True, cwd=ROOT, env=NO_CLUSTER, capture_output=True, text=True, timeout=60)
    if not run.returncode or "connection refused" not in run.stderr and "was refused" not in run.stderr:
        yield run.stderr.strip() or "reaches a cluster"
    objects = pathlib.Path(rendered).read_text().split("\n---\n")
    for kind, name in re.findall(r"\b(deployment|job)[/ ]([\w-]+)", text):
        if not any(f"\nkind: {kind.title()}\n" in f"\n{it}" and f"\n  name: {name}\n" in it for it in objects):
            yield f"the production overlay has no {kind} {name}"


def main(kubectl, folder, rendered):
    there = (ROOT / "docs/operations/README.md").read_text()
    found, ran, unused = [], {}, {pattern for pattern, *_ in ELSEWHERE + NOT_RUN}
    for command in commands():
        text = command.text
        if is_only_mentioned(command):
            continue
        unused -= {pattern for pattern, *_ in ELSEWHERE + NOT_RUN if re.fullmatch(pattern, text)}
        if known := elsewhere(text):
            file, evidence = known
            if evidence not in (ROOT / file).read_text():
                found.append(f"{command}: {file} does not have: {evidence}")
            ran.setdefault(file, set()).add(text)
        elif reason := not_run(text):
            if reason not in there:
                found.append(f"{command}: docs/operations/README.md does not say why it is not run: {reason}")
            ran.setdefault(f"not run: {reason}", set()).add(text)
            if text.startswith("kubectl "):
                found += [f"{command}: {it}" for it in without_cluster(text, kubectl, rendered)]
        elif is_dry(text):
            dry = f"{text.replace('kubectl', kubectl, 1).replace('…', 'x')} --dry-run=client --output name"
            run = subprocess.run(dry, shell=True, cwd=folder, env=NO_CLUSTER, capture_output=True, text=True, timeout=60)
            if run.returncode:
                found.append(f"{command}: {run.stderr.strip()}")
            ran.setdefault("kubectl --dry-run=client", set()).add(text)
        elif is_run(text):
            ran.setdefault("tests/deploy/operations.py", set()).add(text)
        else:
            found.append(f"{command}: nothing runs it: add it to a test and to ELSEWHERE, or to NOT_RUN with the reason")
    found += [f"no page has the command {it}" for it in sorted(unused)]
    for where, texts in sorted(ran.items(), key=lambda it: (it[0].startswith("not run"), it[0])):
        if where == "tests/deploy/operations.py":
            print(f"{where}: {len(texts)} commands")
        else:
            print(where)
            print("\n".join(f"    {it}" for it in sorted(texts)))
    for it in found:
        print(f"FAILED {it}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
