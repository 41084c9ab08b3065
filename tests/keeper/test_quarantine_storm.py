# SPDX-License-Identifier: ISC
"""Nothing is lost while processes die and the disk is full. GATEPOST_STORM sets how many messages (1000)."""
import contextlib
import json
import os
import random
import re
import sqlite3
import subprocess
import threading
import time
from collections import Counter

import pytest

from lab import needs, process
from lab.gatepost import backend, domains
from lab.load import MARK, Load

MESSAGES = int(os.environ.get("GATEPOST_STORM", "1000"))
RULES = ('rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
         'rule "spam" when message.subject contains "spam" then quarantine "spam"\n'
         'rule "v" when recipient == "v@example.com" then quarantine "for v"\n')
U, V, W = "u@example.com", "v@example.com", "w@example.com"
EVERY = 1.1  # seconds between two deaths of the same: one that has lived for a while is replaced at once
PACE = 0.06  # seconds before each try of a sender: so that much dies meanwhile
WAITING, LEAVING, AWAY = "waiting", "leaving", "away"


def kind(mark):
    """Of six messages one is held for all, one for one of its recipients."""
    return {0: "spam", 1: "mixed"}.get(int(mark, 16) % 6, "good")


def recipients(mark):
    return {"spam": [U, W], "mixed": [U, V], "good": [U]}[kind(mark)]


def held_for(mark):
    return {"spam": [U, W], "mixed": [V], "good": []}[kind(mark)]


def message(mark):
    time.sleep(PACE)
    return b"From: a@client.example\r\nSubject: %s %s\r\nX-Mark: %s\r\n\r\nhello\r\n" % (kind(mark).encode(), mark.encode(), mark.encode())


class Killing:
    """A keeper, a proxy and a scanner die in turn, until the end of the block."""

    def __init__(self, gateway, *more):
        self.gateway, self.more, self.deaths, self.seen = gateway, more, Counter(), {}
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def _scanners(self):
        return [pid for head in self.gateway.pids("gatepost-scan") for pid in process.children(head)]

    def _kill_one(self, name, pids):
        now = time.monotonic()
        old = [pid for pid in pids if now - self.seen.setdefault(pid, now) >= EVERY]
        if old and now - self.seen.get(name, 0) >= EVERY and process.kill(random.choice(old)):
            self.seen[name] = now
            self.deaths[name] += 1

    def _run(self):
        while not self.ending.wait(0.05):
            for name in ("gatepost-keeper", "gatepost-proxy", *self.more):
                self._kill_one(name, self.gateway.pids(name))
            self._kill_one("scanner", self._scanners())


@contextlib.contextmanager
def full(disk):
    """But for a few pages, which do for some messages and not for the rows of them."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(b"x" * 4096)
    os.truncate(ballast, ballast.stat().st_size - 4 * 4096)
    yield
    ballast.unlink()


@pytest.fixture
def disk(own_dir):
    path = own_dir / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=0755" % (16 + MESSAGES // 100), "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here: %s" % mounted.stderr.decode())
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def ctl(gateway, *words):
    """What it printed, and whether it could do all."""
    done = subprocess.run([str(gateway.build / "gatepostctl"), "quarantine", *words, "--config", gateway.file], capture_output=True, text=True, timeout=120)
    return done.stdout, done.returncode == 0


def entries(gateway):
    """All copies, whatever became of them; asked until somebody answers."""
    def ask():
        out, done = ctl(gateway, "list", "--all", "--json", "--most", "1000000")
        return [[json.loads(line) for line in out.splitlines()]] if done else None
    return process.wait_until(ask, 120, 0.2)[0]


def in_state(gateway, *states):
    return [e["number"] for e in entries(gateway) if e["state"] in states]


def tell(gateway, words, numbers):
    for at in range(0, len(numbers), 500):
        ctl(gateway, *words, *map(str, numbers[at:at + 500]))


def due_now(disk, *states):
    """What is tried again later is tried now; of what is away nobody has anything any more."""
    with contextlib.closing(sqlite3.connect(str(disk / "keeper" / "held" / "held.db"), timeout=10)) as database:
        database.execute("UPDATE recipient SET due = 0 WHERE state IN (%s)" % ",".join(map(str, states)))
        database.commit()


def arrivals(server):
    """How often each copy arrived: by mark and recipient."""
    return Counter((MARK.search(m.content)[1].decode(), to) for m in server.messages for to in m.recipients)


def settle(gateway, disk, server):
    """Until nothing is on its way any more."""
    deadline = time.monotonic() + 120 + MESSAGES / 20
    while time.monotonic() < deadline:
        before = len(server.messages)
        time.sleep(3)
        left = in_state(gateway, LEAVING, AWAY)
        if not left:
            return
        if len(server.messages) == before:
            due_now(disk, 2, 3)
    raise AssertionError("still on their way: %s" % left)


@needs.root
def test_every_250_is_behind_or_held_and_what_is_released_arrives_once(start, new_backend, disk):
    server = new_backend({"DOT": [0.02, b"250 2.0.0 accepted\r\n"]})  # so that one or the other dies before it is heard
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + RULES,
                    changes={"keeper": {"folder": '"%s/keeper"' % disk}, "process": {"scanners": 2},
                             "timeouts": {"drain": "5s", "verdict": "6s"}, "history": {"enabled": "off"}, "log": {"level": '"info"'}})
    assert process.wait_until(lambda: "gatepost-release ready" in gateway.log(), 20)
    began = time.monotonic()
    load = Load(gateway.port, senders=8, messages=MESSAGES, message=message, recipients=recipients)
    with Killing(gateway) as killing, load:
        for share in (0.3, 0.6):
            assert process.wait_until(lambda: len(load.told) >= share * MESSAGES, 120 + MESSAGES / 5, 0.2)
            with full(disk):
                time.sleep(4)
        assert process.wait_until(lambda: not load.working(), 120 + MESSAGES / 5, 0.2), "%d of %d told" % (len(load.told), MESSAGES)
    took = time.monotonic() - began
    assert all(400 <= reply.code <= 499 for reply in load.refusals) and not load.final, load.refusals[-5:]

    found, held = arrivals(server), entries(gateway)
    copies = Counter((e["subject"].split()[1], e["to"]) for e in held)
    wanted = {(mark, to) for mark in load.told for to in held_for(mark)}
    direct = {(mark, to) for mark in load.told for to in recipients(mark)} - wanted
    lost = [copy for copy in direct if not found[copy]] + [copy for copy in wanted if not copies[copy]]
    print("%d messages, %d copies held, %d sent on at once in %.0f s; %d deaths (%s), %d put off, %d sessions broken, %d duplicates, %d lost"
          % (len(load.told), len(copies), len(direct), took, sum(killing.deaths.values()), dict(killing.deaths), len(load.refusals), load.broken,
             sum(found.values()) - len(found), len(lost)))
    assert not lost
    assert sum(found.values()) - len(found) <= load.broken, "delivered twice, and nothing had broken off"
    assert not [copy for copy in wanted if found[copy]], "held, and delivered without being released"
    assert max(copies.values()) == 1, "held twice: %s" % copies.most_common(3)
    assert {e["state"] for e in held} == {WAITING}

    began = time.monotonic()
    with Killing(gateway, "gatepost-release") as killing:
        while numbers := in_state(gateway, WAITING):
            tell(gateway, ["release"], numbers)
        time.sleep(5 + MESSAGES / 200)
    settle(gateway, disk, server)
    found, held = arrivals(server), entries(gateway)
    arrived = {(e["subject"].split()[1], e["to"]): (e["state"], found[e["subject"].split()[1], e["to"]]) for e in held}
    states = Counter(arrived.values())
    print("released in %.0f s; %d deaths; state and arrivals: %s" % (time.monotonic() - began, sum(killing.deaths.values()), dict(states)))
    assert set(states) <= {("delivered", 1), ("in doubt", 0), ("in doubt", 1)}, states

    absent = [e["number"] for e in held if e["state"] == "in doubt" and not found[e["subject"].split()[1], e["to"]]]
    while numbers := [n for n in in_state(gateway, "in doubt") if n in absent]:
        tell(gateway, ["release", "--again"], numbers)
        settle(gateway, disk, server)
    found = arrivals(server)
    assert all(found[copy] == 1 for copy in wanted), [(copy, found[copy]) for copy in wanted if found[copy] != 1][:5]
    tell(gateway, ["delete"], in_state(gateway, "in doubt"))
    assert process.wait_until(lambda: not list((disk / "keeper" / "held").glob("*.sealed")))
    assert not re.search(r"cannot be (read|opened)", gateway.log())
    assert gateway.stop() == 0
