# SPDX-License-Identifier: ISC
"""Nothing that leaves is lost, and nothing leaves twice but what is in doubt, while processes die: mail of our own servers, of users
who log in, and what is held on its way out. GATEPOST_CHAOS_LEAVING sets how many messages (600; under sanitizers 240)."""
import base64
import os
import re
from collections import Counter

import pytest

from lab import needs
from lab.chaos import doubts, kill_one
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.gatepost import READY, backend
from lab.load import MARK, PATIENCE, Load, arrived
from lab.ports import free_port
from lab.process import wait_until

pytest.importorskip("dkim", reason="no python3-dkim")
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="not built")

MESSAGES = int(os.environ.get("GATEPOST_CHAOS_LEAVING", "240" if needs.SANITIZED else "600"))
RULES = """
rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"
rule "counts" when rate(client.ip, 1h) > 1000000 then defer 451 4.7.0 "too many"
rule "holds" when message.subject == "held" then quarantine "leaks"
"""
LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0user@example.com\0secret").decode()
IN_DOUBT = re.compile(r"in-doubt .*from=sender@client\.example to=user@elsewhere\.example backend=\w+ .*message_id=<(\w+)@example\.com>")
DIE = ("gatepost-proxy", "gatepost-sign", "gatepost-proxy", "gatepost-scan", "gatepost-proxy", "gatepost-keeper", "gatepost-sign",
       "gatepost-proxy", "redis-server", "gatepost-release")
VERIFIED = 20  # of those that arrived
STEP = 12  # messages until the next one dies


def is_held(mark):
    return int(mark, 16) % 8 == 0


def message(mark):
    subject = b"held" if is_held(mark) else b"goes"
    return b"From: Anna <anna@example.com>\r\nMessage-ID: <%s@example.com>\r\nSubject: %s\r\nX-Mark: %s\r\n\r\nhello \r\n.\r\n" % (
        mark.encode(), subject, mark.encode())


class Site:
    """`out` is for servers, `users` for those who log in; all of it arrives at `relay`."""

    def __init__(self, start, new_backend, folder):
        self.keys = [Key(folder, "example.com", "2026a"), Key(folder, "example.com", "2026e", "ed25519")]
        self.relay = new_backend({"AUTH": "235 2.7.0 in", "DOT": [0.02, b"250 2.0.0 taken\r\n"]}, extensions=("PIPELINING", "SIZE 104857600", "AUTH PLAIN"))
        self.out, self.users = free_port(), free_port()
        body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % self.out
        body += 'listen submission "users" on "127.0.0.1:%d" { allow_cleartext  backend own }\n' % self.users
        self.gateway = start(body + self.servers() + RULES + sentence(["example.com"], *self.keys),
                             changes={"process": {"scanners": 2}, "timeouts": {"drain": "5s", "verdict": "10s", "signing": "2s"}})
        for line in READY:
            assert self.gateway.wait_log(line, 20)

    def servers(self):
        return backend("smart", self.relay.port) + backend("own", submission=["%d tls none" % self.relay.port])

    def disturb(self, turn):
        """Somebody dies, or all are replaced."""
        if turn % 12 == 11:
            self.gateway.reload()
            return
        name = DIE[turn % len(DIE)]
        kill_one(self.gateway.workers(name) if name == "gatepost-scan" else self.gateway.pids(name))


@pytest.fixture
def site(start, new_backend, own_dir):
    needs.to_be_root("keys that only root may read")
    return Site(start, new_backend, own_dir)


def lost(told, found, held):
    return {mark for mark in told if not (held if is_held(mark) else found)[mark]}


def held_marks(gateway):
    """How often each is held: the keeper may have been killed just now."""
    shown = wait_until(lambda: gateway.control("quarantine", "list", "--json") is not None and gateway.held(), 40)
    return Counter(re.search(r"<(\w+)@", entry["message_id"])[1] for entry in shown or [])


def advanced(load, count):
    """True once so many were told 250; false when that is all, or nothing goes on. Who dies does so after as much work each time,
    however busy the machine is."""
    before = -1
    while load.working() and len(load.told) < count and before < len(load.told):
        before = len(load.told)
        wait_until(lambda: len(load.told) > before or not load.working(), PATIENCE)
    return load.working() and len(load.told) >= count


@pytest.mark.parametrize("way", ["server", "user"])
def test_all_that_was_told_250_leaves_signed_or_is_held_and_twice_only_what_is_in_doubt(site, way):
    port, login = (site.out, None) if way == "server" else (site.users, LOGIN)
    with Load(port, senders=6, messages=MESSAGES // 2, message=message, recipients=lambda mark: ["user@elsewhere.example"], login=login) as load:
        turn = 0
        while advanced(load, STEP * (turn + 1)):
            site.disturb(turn)
            turn += 1
    assert len(load.told) >= MESSAGES // 2, "%d; refused: %s" % (len(load.told), load.refusals[-5:])
    found, held, uncertain = arrived(site.relay), held_marks(site.gateway), doubts(site.gateway)
    duplicates = sum(count - 1 for count in found.values())
    print("%d turns, %d told 250, %d held, %d duplicates, %d in doubt, %d refused for now, %d sessions broken"
          % (turn, len(load.told), len(held), duplicates, len(uncertain), len(load.refusals), load.broken))
    assert not lost(load.told, found, held)
    assert not [mark for mark in found if is_held(mark)] and not [mark for mark in held if not is_held(mark)]
    assert all(400 <= reply.code <= 499 for reply in load.refusals), load.refusals
    named = Counter(found[1] for found in map(IN_DOUBT.search, uncertain) if found)
    assert not {mark: count for mark, count in found.items() if count - 1 > named[mark]}
    contents = [one.content for one in site.relay.messages]
    assert not [MARK.search(content) for content in contents if content.count(b"DKIM-Signature:") != 2]
    for content in contents[::len(contents) // VERIFIED]:
        assert [good for _, _, good in verify(content, *site.keys)] == [True, True]
