# SPDX-License-Identifier: ISC
"""A Redis of the test's own, on a loopback port, that keeps nothing on the disk."""
import subprocess

from lab.ports import free_port
from lab.process import Process, kill


class RedisServer(Process):
    def __init__(self, run_dir, *options):
        self.port = free_port()
        super().__init__("redis-%d" % self.port,
                         ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                          "--appendonly", "no", "--dir", run_dir] + list(options), run_dir)

    def start(self):
        super().start()
        self.wait_ready(lambda: self.answers("PING"))
        return self

    def answers(self, *words):
        return subprocess.run(self._command(words), capture_output=True).returncode == 0

    def ask(self, *words):
        """The answer of redis-cli, line by line."""
        done = subprocess.run(self._command(words), capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.splitlines()

    def keys(self):
        return sorted(filter(None, self.ask("KEYS", "*")))

    def ttl(self, key):
        return int(self.ask("TTL", key)[0])

    def kill(self):
        kill(self.pid)
        self.popen.wait()

    def _command(self, words):
        return ["redis-cli", "-e", "-p", str(self.port)] + [str(word) for word in words]
