# SPDX-License-Identifier: ISC
"""A real Redis for a test: on a Unix socket, and on a TCP port when there is a password or TLS, or when asked."""
import ast
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lab import needs
from lab.ports import free_port
from lab.process import Process

SERVER = shutil.which("redis-server")
COMMON = needs.ROOT / "common"


def script(name):
    """The text of one of common/state_scripts.c."""
    text = (COMMON / "state_scripts.c").read_text().split("state_script_%s[] =" % name)[1]
    return "".join(ast.literal_eval(line) for line in re.findall(r'^ *("(?:[^"\\]|\\.)*");?$', text.split('";\n')[0] + '"', re.M))


def rights():
    """What a user must be allowed to run them: ["+get", ...]."""
    text = (COMMON / "state_scripts.h").read_text().split("define STATE_SCRIPT_RIGHTS")[1].split("\n\n")[0]
    return " ".join(re.findall(r'"([^"]*)"', text)).split()


def written(folder):
    """The commands in the append-only file of the Redis that keeps this folder: [["HINCRBY", KEY, ...], ...]."""
    commands = []
    for path in sorted(pathlib.Path(folder).glob("appendonlydir/*.aof")):
        lines = iter(path.read_bytes().split(b"\r\n"))
        commands += [[next(lines) for _ in range(int(line[1:])) if next(lines)] for line in lines if line.startswith(b"*")]
    return [[word.decode(errors="replace") for word in command] for command in commands]


class Redis:
    """`tls` is a Certificate: the port speaks TLS. `options` are more directives: {"maxmemory": "1mb"}. After kill() it can be
    started again, on the same folder."""

    def __init__(self, folder, password=None, tls=None, options=None):
        if not SERVER:
            pytest.skip("no redis-server")
        self.folder = os.path.join(str(folder), "redis")
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "socket")
        self.password = password
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        words = {"dir": self.folder, "unixsocket": self.socket, "unixsocketperm": "777", "save": "", "bind": "127.0.0.1",
                 "port": self.port, "requirepass": password or ""}
        if tls:
            words.update({"port": 0, "tls-port": self.port, "tls-cert-file": tls.chain, "tls-key-file": tls.key,
                          "tls-auth-clients": "no"})
        words.update(options or {})
        command = [SERVER]
        for name, value in words.items():
            command += ["--" + name, str(value)]
        self.process = Process("redis-%d" % self.port, command, self.folder)

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        self.process.start()
        self.process.wait_ready(self.answers)
        return self

    def answers(self):
        return b"PONG" in self.raw("PING") or b"NOAUTH" in self.raw("PING")

    def raw(self, *words):
        """The bytes of the answer to one command, unauthenticated; nothing when it is not there."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            try:
                s.connect(self.socket)
                s.sendall(" ".join(words).encode() + b"\r\n")
                return s.recv(4096)
            except OSError:
                return b""

    def cli(self, *words):
        """What redis-cli prints for this command."""
        environment = dict(os.environ, **({"REDISCLI_AUTH": self.password} if self.password else {}))
        done = subprocess.run(["redis-cli", "-s", self.socket, *map(str, words)], capture_output=True, text=True,
                              env=environment, timeout=20, check=True)
        return done.stdout.strip()

    def octets(self):
        """All that it keeps, as it is written to the disk, not compressed."""
        self.cli("CONFIG", "SET", "rdbcompression", "no")
        self.cli("SAVE")
        return pathlib.Path(self.folder, "dump.rdb").read_bytes()

    def kill(self):
        """As a crash would."""
        if self.process.running():
            self.process.signal(signal.SIGKILL)
        self.process.popen.wait()

    def pause(self):
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        if self.process.running():
            self.resume()
        return self.process.stop()
