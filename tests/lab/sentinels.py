# SPDX-License-Identifier: ISC
"""A Redis with replicas, watched by sentinels that agree within some seconds on another master."""
import contextlib
import os
import subprocess

from lab.ports import free_port
from lab.process import Process, wait_until
from lab.redis import SERVER, Redis

NAME = "senders"
DOWN_AFTER = 1500  # milliseconds; a busy machine may leave a server alone for some hundred


class Sentinel:
    def __init__(self, folder, master, quorum, password=None, more=()):
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.master, self.more = master, list(more)
        os.makedirs(folder)
        path = os.path.join(folder, "sentinel.conf")
        lines = ["bind 127.0.0.1", "dir %s" % folder, "unixsocket %s/socket" % folder, "sentinel monitor %s 127.0.0.1 %d %d" % (NAME, master.port, quorum),
                 "sentinel down-after-milliseconds %s %d" % (NAME, DOWN_AFTER), "sentinel failover-timeout %s 3000" % NAME, *self.more]
        if not any(line.startswith("tls-port") for line in self.more):
            lines.append("port %d" % self.port)
        if password:
            lines.append("requirepass %s" % password)
        with open(path, "w") as out:
            out.write("\n".join(line.replace("@PORT@", str(self.port)) for line in lines) + "\n")
        self.folder, self.password = folder, password
        self.process = Process("sentinel-%d" % self.port, [SERVER, path, "--sentinel"], folder)

    def cli(self, *words):
        environment = dict(os.environ, **({"REDISCLI_AUTH": self.password} if self.password else {}))
        done = subprocess.run(["redis-cli", "-s", os.path.join(self.folder, "socket"), *map(str, words)], capture_output=True, text=True,
                              env=environment, timeout=20)
        return done.stdout.strip()

    def start(self):
        self.process.start()
        self.process.wait_ready(lambda: self.cli("PING") == "PONG")
        return self

    def master_port(self):
        return int(self.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME).split()[1])

    def knows_all(self, replicas, sentinels):
        told = self.cli("SENTINEL", "MASTER", NAME).splitlines()
        facts = dict(zip(told[::2], told[1::2]))
        return (facts.get("num-slaves"), facts.get("num-other-sentinels"), facts.get("flags")) == (str(replicas), str(sentinels - 1), "master")


class Watched:
    """`nodes` Redis servers, of which the first is the master at the beginning, and `sentinels`. `options` are those of each Redis,
    `more` lines of each sentinel's configuration; `password` is the sentinels' own, `node_password` each Redis'."""

    def __init__(self, folder, nodes=3, sentinels=3, options=None, more=(), password=None, node_password=None, tls=None):
        self.nodes = [Redis(os.path.join(str(folder), "node%d" % n), password=node_password, tls=tls, options=options) for n in range(nodes)]
        self.sentinels = [Sentinel(os.path.join(str(folder), "sentinel%d" % n), self.nodes[0], sentinels // 2 + 1, password, more)
                          for n in range(sentinels)]

    def start(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes[1:]:
            node.cli("REPLICAOF", "127.0.0.1", self.nodes[0].port)
        assert wait_until(lambda: all("master_link_status:up" in node.cli("INFO", "replication") for node in self.nodes[1:]), 20)
        for sentinel in self.sentinels:
            sentinel.start()
        assert wait_until(lambda: all(s.knows_all(len(self.nodes) - 1, len(self.sentinels)) for s in self.sentinels), 40)
        return self

    def addresses(self):
        return [sentinel.address for sentinel in self.sentinels]

    def master(self):
        """As most sentinels have it now."""
        ports = [sentinel.master_port() for sentinel in self.sentinels if sentinel.process.running()]
        port = max(ports, key=ports.count)
        return next(node for node in self.nodes if node.port == port)

    def wait_for_another(self, before, seconds=30):
        """The master that all agree on after this one."""
        def agreed():
            ports = {sentinel.master_port() for sentinel in self.sentinels if sentinel.process.running()}
            node = self.master()
            with contextlib.suppress(subprocess.CalledProcessError):  # whose role changes hangs up on all who ask
                return ports == {node.port} and node is not before and "role:master" in node.cli("INFO", "replication") and node
            return False
        return wait_until(agreed, seconds)

    def stop(self):
        for one in self.sentinels:
            one.process.stop()
        for node in self.nodes:
            node.stop()
