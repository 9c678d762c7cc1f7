"""Runs the commands of the operators' documentation against a server: operations.py HSC (make test-operations).

The server has what production has: Redis, PostgreSQL, Prometheus with the rules and the targets of this repository, the
probe, a webhook that fails. Everything listens on one loopback address and lies in a temporary folder. commands.py says which
commands these are; each must succeed, and say what stands after its `#` between quotes. A pod that a command drains is
started again, as Docker and Kubernetes do.
"""

import contextlib
import itertools
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from commands import ROOT, commands, definitions, is_only_mentioned, is_run

# The time limit of what is waited for.
PATIENCE_S = 90
# The time limit of a command: `hsc manuals warm` embeds a manual, here with a debug build.
COMMAND_S = 300
PRODUCT = "kettleby-ke-9"
# What the pages write for a value of the reader's own: the command, what it has, what it gets.
VALUES = [
    (r".*", r"https://chat\.example\.com|(?<![\w$])URL\b", "$URL"),
    (r".*", r"^target/release/hsc\b", "hsc"),
    (r"hsc user add .* admin", r"\bADDRESS\b", "lead@example.com"),
    (r"hsc user .*", r"\bADDRESS\b", "noa@example.com"),
    (r"hsc user .*", r"\bNAME\b", "Noa"),
    (r"hsc smoke .*", r"\bADDRESS\b", "{host}:{port}"),
    # The first conversation of the probe.
    (r"hsc privacy .*", r"\bWHO\b", '$(psql $DATABASE_URL -tAc "SELECT id FROM conversations ORDER BY began_ms LIMIT 1")'),
    # One manual is enough.
    (r"hsc manuals warm", r"$", " --product $PRODUCT"),
    (r".*", r"\bFILE\b", "{folder}/file-{number}"),
    (r".*", r"(?<![\w$])DIR\b", "$CATALOG"),
    (r".*", r"\bmanual\.pdf\b", "{folder}/manual.pdf"),
    (r"node .*", r"\btests/", f"{ROOT}/tests/"),
]
# A server without accounts has a first link, so these come first.
FIRST = re.compile(r"hsc user first-link.*")
# These need the models of the sentence encoder: `make model`, which does without where they cannot be downloaded.
MODELS = re.compile(r"hsc model check|hsc manuals warm")
# A probe runs until it is stopped.
ENDLESS = re.compile(r"(?<!timeout 20 )hsc smoke .*--every .*")


# An address of its own for all that listens: no other process has this number (22 bits), so every port is free.
HOST = f"127.{128 + (os.getpid() >> 16)}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
# Ports on it, each used once.
PORTS = itertools.count(20000)


def eventually(what, holds):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"operations: waited in vain for: {what}")
        time.sleep(0.1)


# A proxy of the machine does not lead to it.
HERE = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url):
    try:
        with HERE.open(url, timeout=5) as response:
            return response.read().decode()
    except (urllib.error.URLError, OSError):
        return None


class Stack(contextlib.ExitStack):
    """What was started, ended in the reverse order."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def start(self, name, command, **more):
        log = self.enter_context(open(self.folder / f"{name}.log", "ab"))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
        self.callback(end, process)
        return process

    def keep(self, name, command, **more):
        """Starts it again whenever it ends, until the stack ends. Returns how often it was started."""
        state = {"process": self.start(name, command, **more), "starts": 1, "ended": False}

        def watch():
            while state["process"].wait() is not None and not state["ended"]:
                # A server that cannot start is not started as fast as possible.
                time.sleep(0.2)
                if state["ended"]:
                    return
                with open(self.folder / f"{name}.log", "ab") as log:
                    state["process"] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
                state["starts"] += 1

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()

        def stop():
            state["ended"] = True
            end(state["process"])
            thread.join(PATIENCE_S)

        self.callback(stop)
        return lambda: state["starts"]


def print_logs(folder):
    """The ends of the logs, unless all passed."""
    for log in sorted(folder.glob("*.log")) if not (folder / "passed").exists() else []:
        print("\n".join([f"{log.name}:", *log.read_text().splitlines()[-8:]]))


def end(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def postgres(stack, port):
    """It refuses to run as root."""
    bin_ = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda it: int(it.parent.name))
    data = stack.folder / "postgres"
    data.mkdir()
    user = {}
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    subprocess.run(
        [bin_ / "initdb", "--username=hsc", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata", data],
        check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S, cwd="/", **user,
    )  # fmt: skip
    options = ["-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    stack.start("postgres.server", [bin_ / "postgres", "-D", data, "-p", str(port), *options], cwd="/", **user)
    eventually("PostgreSQL", lambda: subprocess.run([bin_ / "pg_isready", "-q", "-h", HOST, "-p", str(port)]).returncode == 0)
    subprocess.run([bin_ / "createdb", "-h", HOST, "-p", str(port), "-U", "hsc", "hsc"], check=True, timeout=PATIENCE_S)


def prometheus(stack, port, pod, probe):
    """With the configuration and the rules of the repository: the addresses are other ones, the intervals shorter."""
    text = (ROOT / "monitoring/prometheus/prometheus.yml").read_text()
    for what, by in (("127.0.0.1:9090", pod), ("127.0.0.1:9115", probe), ("../alerts", f"{ROOT}/monitoring/alerts"), ("15s", "1s")):
        assert what in text, what
        text = text.replace(what, by)
    (stack.folder / "prometheus.yml").write_text(text)
    stack.start("prometheus", ["prometheus", f"--config.file={stack.folder}/prometheus.yml",
        f"--storage.tsdb.path={stack.folder}/prometheus", f"--web.listen-address={HOST}:{port}"])  # fmt: skip
    eventually("Prometheus", lambda: answers(f"http://{HOST}:{port}/-/ready"))


def wanted(expected):
    """Of what a page expects, the part that can be compared: quoted words or JSON at its beginning, up to an ellipsis."""
    found = re.match(r"'([^']+)'|(\{.*?\}|\"\w+\":\"[^\"]*\")(?=;|$)|(\{.*?)(?=…)", expected)
    return found and next(it for it in found.groups() if it is not None).split("…")[0].rstrip(",}")


def says(wanted, output):
    return re.sub(r"\s", "", wanted) in re.sub(r"\s", "", output)


def main(hsc):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hsc-operations-"))
    # PostgreSQL runs as another user.
    folder.chmod(0o755)
    failed = 0
    with Stack(folder) as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(print_logs, folder)
        pod, operations, redis, database, prom, probe, webhook = itertools.islice(PORTS, 7)
        token = secrets.token_hex(32)
        shutil.copytree(ROOT / "catalogs/data", folder / "catalog")
        shutil.copy(next(iter(sorted((ROOT / "catalogs/data/manuals").glob("*.pdf")))), folder / "manual.pdf")
        (folder / "bin").mkdir()
        (folder / "bin/hsc").symlink_to(pathlib.Path(hsc).resolve())
        (folder / "hsc.toml").write_text(f"""
[webhooks]
allowed_hosts = ["{HOST}:{webhook}"]
max_attempts = 1
[[webhooks.endpoints]]
url = "http://{HOST}:{webhook}/"
events = ["all"]
secret = "whsec_{'MDEy' * 11}"
""")
        environment = {
            **{key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ},
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "URL": f"http://{HOST}:{pod}",
            "POD": f"http://{HOST}:{pod}",
            "OPS": f"http://{HOST}:{operations}",
            "PROM": f"http://{HOST}:{prom}",
            "PROBE": f"http://{HOST}:{probe}",
            "TOKEN": token,
            "CONFIG": f"{folder}/hsc.toml",
            "CATALOG": f"{folder}/catalog",
            "PRODUCT": PRODUCT,
            "REDIS_URL": f"redis://{HOST}:{redis}",
            "DATABASE_URL": f"postgres://hsc@{HOST}:{database}/hsc",
            "HSC__SERVER__HOST": HOST,
            "HSC__SERVER__PORT": str(pod),
            "HSC__SERVER__OPERATIONS_LISTEN": f"{HOST}:{operations}",
            "HSC__ADMIN__TOKEN": token,
            "HSC__CONVERSATIONS__TOKEN_KEYS": secrets.token_hex(32),
            "HSC__CATALOG__DIR": f"{folder}/catalog",
            "HSC__IDENTITY__FIRST_LINK_FILE": f"{folder}/first-link",
            "HSC__MANUALS__CACHE_DIR": f"{folder}/manuals",
            "HSC__UPLOADS__DIR": f"{folder}/uploads",
            "HSC__ARCHIVE__SPILL_DIR": f"{folder}/unwritten",
            "HSC__ANSWERS__ENCODER__ENABLED": "false",
            "HSC__ANSWERS__ENCODER__DIR": f"{ROOT}/data/model",
            # Short, so that a pod that is drained is back soon.
            "HSC__SERVER__DRAIN_TIMEOUT_MS": "5000",
        }
        functions, names = definitions()
        if missing := set(names) - environment.keys():
            sys.exit(f"operations: the runbook exports {missing}, which this test does not set")

        stack.start("redis", ["redis-server", "--port", str(redis), "--bind", HOST, "--save", ""], cwd=folder)
        postgres(stack, database)
        starts = stack.keep("hsc", ["hsc", "serve", "--config", f"{folder}/hsc.toml"], env=environment, cwd=folder)
        eventually("the server is ready", lambda: answers(f"{environment['OPS']}/ready"))
        stack.start("probe", ["hsc", "smoke", environment["URL"], "--every", "1m", "--listen", f"{HOST}:{probe}"], env=environment)
        prometheus(stack, prom, f"{HOST}:{operations}", f"{HOST}:{probe}")
        eventually("a run of the probe", lambda: 'outcome="passed"} 1' in (answers(f"{environment['PROBE']}/metrics") or ""))
        eventually("Prometheus reads both", lambda: (answers(f"{environment['PROM']}/api/v1/query?query=up==1") or "").count('"job"') == 2)
        # An event that no endpoint takes: a dead letter for the commands that read it.
        request = urllib.request.Request(f"{environment['POD']}/admin/webhooks/test", method="POST", headers={"Authorization": f"Bearer {token}"})
        HERE.open(request, timeout=10).close()

        has_models = (ROOT / "data/model/minilm").is_dir()
        # A command that stands in several places is run once for each thing that is expected of it.
        every = {(it.text, wanted(it.expected)): it for it in reversed(commands()) if is_run(it.text) and not is_only_mentioned(it)}
        run_first = sorted(reversed(every.values()), key=lambda it: not FIRST.fullmatch(it.text))
        compared, restarts = 0, 0
        for number, command in enumerate(run_first):
            text = command.text
            if MODELS.fullmatch(text) and not has_models:
                print(f"no model, left out: {command}")
                continue
            for pattern, what, value in VALUES:
                if re.fullmatch(pattern, text):
                    value = value.replace("{host}", HOST).replace("{port}", str(next(PORTS))).replace("{number}", str(number)).replace("{folder}", str(folder))
                    text = re.sub(what, value, text)
            if ENDLESS.fullmatch(text):
                text = f"timeout 3 {text}; test $? = 124"
            if MODELS.fullmatch(command.text):
                text = f"HSC__ANSWERS__ENCODER__ENABLED=true {text}"
            script = "\n".join([*functions, *command.before, text])
            eventually("the server is ready", lambda: answers(f"{environment['OPS']}/ready"))
            try:
                run = subprocess.run(["bash", "-o", "pipefail", "-c", script], env=environment, cwd=folder, input="a long pass phrase of Noa\n",
                    capture_output=True, text=True, timeout=COMMAND_S)  # fmt: skip
                code, output = run.returncode, run.stdout + run.stderr
            except subprocess.TimeoutExpired as late:
                code, output = f"none within {COMMAND_S} s", str(late.stdout or "")
            if "restart_pod" in text:
                restarts += 1
                eventually("the pod is started again", lambda: starts() > restarts)
            expected = wanted(command.expected)
            compared += bool(expected)
            if code == 0 and says(expected or "", output):
                print(f"ok      {command}")
            else:
                failed += 1
                print(f"FAILED  {command}\n        ran: {text}\n        exit code {code}; expected: {command.expected or 'success'}")
                print("\n".join(f"        {line}" for line in output.splitlines()[-8:]))
        if starts() != restarts + 1:
            failed += 1
            print(f"FAILED  the server ended {starts() - 1} times and was drained {restarts} times")
        print(f"{len(every)} commands, {failed} failed; of {compared} the output was compared")
        if not failed:
            (folder / "passed").touch()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    # So that what was started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(*sys.argv[1:])
