# SPDX-License-Identifier: ISC
"""A redis-server as Debian has it, in the jail that the private one has: it keeps, rewrites, mends and reads its file."""
import os
import subprocess

import pytest

from lab import needs
from lab.process import Process, wait_until
from lab.redis import SERVER

pytestmark = pytest.mark.skipif(not SERVER, reason="no redis-server")
OPTIONS = "--port 0 --unixsocket socket --appendonly yes --maxclients 100 --ignore-warnings ARM64-COW-BUG --enable-debug-command yes".split()


class Jailed:
    def __init__(self, folder):
        self.folder = folder / "redis"
        self.folder.mkdir()
        launcher = str(needs.BUILD / "tests" / "test_sandbox_server")
        self.process = Process("jailed", [launcher, "spawn", str(self.folder), SERVER, "--dir", str(self.folder), *OPTIONS, "--save", ""],
                               folder)

    def start(self):
        self.process.start()
        self.process.wait_ready(lambda: self.cli("PING") == "PONG")
        return self

    def cli(self, *words):
        done = subprocess.run(["redis-cli", "-s", str(self.folder / "socket"), *words], capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def end(self):
        self.cli("SHUTDOWN")
        assert self.process.popen.wait(20) == 0

    def files(self):
        return sorted(os.listdir(self.folder / "appendonlydir"))


@pytest.fixture
def jailed(own_dir):
    it = Jailed(own_dir)
    yield it.start()
    it.cli("SHUTDOWN", "NOSAVE")
    it.process.popen.wait(20)


def test_it_is_in_a_jail(jailed):
    pid = int(jailed.cli("INFO", "server").split("process_id:")[1].split()[0])
    status = open("/proc/%d/status" % pid).read()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status and "redis-server" in status.split()[1]
    limits = open("/proc/%d/limits" % pid).read()
    assert limits.split("Max open files")[1].split()[:2] == ["1024", "1024"]
    assert limits.split("Max core file size")[1].split()[:2] == ["0", "0"]


def test_what_it_kept_it_knows_again(jailed):
    assert jailed.cli("SET", "k", "v") == "OK"
    jailed.end()
    jailed.start()
    assert jailed.cli("GET", "k") == "v"


def test_it_rewrites_its_file(jailed):
    for n in range(100):
        jailed.cli("SET", "k", str(n))
    before = jailed.files()
    assert "started" in jailed.cli("BGREWRITEAOF")
    assert wait_until(lambda: jailed.files() != before and "aof_rewrite_in_progress:0" in jailed.cli("INFO", "persistence"))
    assert "aof_last_bgrewrite_status:ok" in jailed.cli("INFO", "persistence")
    jailed.end()
    jailed.start()
    assert jailed.cli("GET", "k") == "99"


def test_it_mends_a_file_that_was_cut(jailed):
    jailed.cli("SET", "k", "v")
    jailed.cli("SET", "other", "v" * 100)
    jailed.end()
    path, = (jailed.folder / "appendonlydir").glob("*.incr.aof")
    os.truncate(path, path.stat().st_size - 50)
    jailed.start()
    assert jailed.cli("GET", "k") == "v" and jailed.cli("GET", "other") == ""


def test_its_scripts_and_its_clock_work(jailed):
    assert jailed.cli("EVAL", "return {redis.call('TIME')[1] > '1', string.format('%d', 5), cjson.encode({1})}", "0").split() == ["1", "5", "[1]"]
    assert jailed.cli("SET", "k", "v", "PX", "50") == "OK"
    assert wait_until(lambda: jailed.cli("EXISTS", "k") == "0")


def test_it_may_not_lead_elsewhere(jailed):
    """Who may do everything in it, in its own words."""
    assert "OK" not in jailed.cli("CONFIG", "SET", "dir", "/etc")
    jailed.cli("REPLICAOF", "127.0.0.1", "1")
    assert wait_until(lambda: "master_link_status:down" in jailed.cli("INFO", "replication"))
    jailed.cli("REPLICAOF", "NO", "ONE")
    assert "OK" not in jailed.cli("CONFIG", "SET", "port", "16379") and jailed.cli("PING") == "PONG"
