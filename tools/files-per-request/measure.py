"""Counts the source files that a request passes: measure.py HSC [ROOT]

Starts HSC (a build with line tables, such as target/release/hsc) under callgrind with the demo catalog in memory, without
Redis, without a language model and without the sentence encoder; a client opens a socket, says hello and repeats a message
until it is answered from warm caches. Then instructions are recorded, first for five seconds without a message, then for one
message. The files of ROOT (default: this checkout) in which an instruction of the second recording was executed and none of
the first are the files of the request: so timers and workers do not count. monitoring/ does not count either. A file with a
single helper function counts; a file whose functions the compiler inlined counts as well.

The last request is a question about a product whose manual was never read; it is read without an isolated process.

Prints each list. Needs valgrind. Takes about two minutes.
"""

import base64
import json
import os
import pathlib
import re
import secrets
import socket
import struct
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 120
# What is typed for two products of the demo catalog.
PRODUCTS = ("ke-9", "pl-300")
QUESTION = "How heavy is it?"
OURS = ("src/", "actors/", "answers/", "catalogs/", "conversation/", "manuals/", "config/")


class Client:
    """The little of a WebSocket client that is needed."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head

    def say(self, message):
        payload = json.dumps(message).encode()
        assert len(payload) < 126
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + masked)

    def _take(self, count):
        while len(self.buffer) < count:
            more = self.socket.recv(65536)
            assert more, "the server closed the socket"
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def hear(self, *kinds):
        """The next message of one of these types."""
        while True:
            first, second = self._take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._take(8))
            payload = self._take(length)
            if first & 15 == 1:
                message = json.loads(payload)
                assert message["type"] != "error", message
                if message["type"] in kinds:
                    return message


class Server:
    def __init__(self, hsc, folder):
        self.folder = pathlib.Path(folder)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HSC__SERVER__HOST": "127.0.0.1",
            "HSC__SERVER__PORT": "0",
            "HSC__SERVER__WORKERS": "1",
            "HSC__CATALOG__DIR": str(pathlib.Path(__file__).resolve().parents[2] / "catalogs/data"),
            "HSC__ANSWERS__ENCODER__ENABLED": "false",
            "HSC__ARCHIVE__PATH": "",
            # A question whose answer is cached passes fewer files.
            "HSC__CACHE__ANSWERS__ENTRIES": "0",
            "HSC__MANUALS__ISOLATE": "never",
            # Asked before it is opened ahead, for the last one.
            "HSC__SESSIONS__PREFETCH_AFTER_MS": "60000",
            "HSC__LOG__FORMAT": "json",
        }
        self.log = self.folder / "log"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-line=yes", "--fn-skip=*none*",
            f"--callgrind-out-file={folder}/out", "--trace-children=no", hsc, "serve"]  # fmt: skip
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        self.port = int(self._wait(r"http://127\.0\.0\.1:(\d+)|\"address\":\"127\.0\.0\.1:(\d+)"))

    def _wait(self, pattern):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = re.search(pattern, self.log.read_text(errors="replace"))
            if found:
                return next(group for group in found.groups() if group)
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            time.sleep(0.2)
        sys.exit(f"the server did not start:\n{self.log.read_text(errors='replace')}")

    def control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments, str(self.process.pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE_S)

    def recorded(self, root, act):
        """The files of ROOT in which an instruction was executed during `act`."""
        before = set(self.folder.glob("out*"))
        self.control("-z")
        self.control("-i", "on")
        act()
        self.control("-d")
        self.control("-i", "off")
        files = set()
        for dump in set(self.folder.glob("out*")) - before:
            files |= executed(dump.read_text(errors="replace"), root)
        return files

    def stop(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)


def executed(dump, root):
    """Files of ROOT with a cost line of their own in a dump of callgrind."""
    names, current, found = {}, None, set()
    # After `calls=` comes the cost of the callee, which is not executed in this file.
    skip = False
    for line in dump.splitlines():
        if match := re.match(r"(?:fl|fi|fe)=\((\d+)\)(?: (.*))?$", line):
            number, name = match.groups()
            if name:
                names[number] = name
            current = names.get(number)
        elif match := re.match(r"cf[il]=\((\d+)\) (.*)$", line):
            names[match[1]] = match[2]
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+\-*\d]", line):
            if not skip and current and re.search(r" [1-9]", line):
                found.add(current)
            skip = False
    inside = set()
    for name in found:
        path = name
        for part in OURS:
            at = path.rfind("/" + part)
            relative = path if path.startswith(part) else path[at + 1 :] if at >= 0 else None
            if relative and (root / relative).is_file():
                inside.add(relative)
    return inside


def main():
    hsc = os.path.realpath(sys.argv[1])
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parents[2]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(hsc, folder)
        try:
            client = Client(server.port)
            client.say({"type": "hello", "locale": "en"})
            client.hear("welcome")
            idle = server.recorded(root, lambda: time.sleep(5))

            def type_in(text):
                client.say({"type": "typing", "content": text})
                return client.hear("prediction")["data"][0]["product"]["id"]

            def ask(product):
                client.say({"type": "query", "id": secrets.token_hex(4), "product_id": product, "query": QUESTION})
                client.hear("final_answer")
                # What happens after the last message belongs to it.
                time.sleep(0.5)

            warm, cold = (type_in(text) for text in PRODUCTS)
            for _ in range(3):
                type_in(PRODUCTS[0])
                ask(warm)
            for name, act in (
                ("keystroke, cached", lambda: type_in(PRODUCTS[0])),
                ("question, manual cached", lambda: ask(warm)),
                ("question, manual never read", lambda: ask(cold)),
            ):
                files = sorted(server.recorded(root, act) - idle)
                print(f"{name}: {len(files)} files")
                for file in files:
                    print(f"  {file}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
