# SPDX-License-Identifier: ISC
"""Redis dies, or stands still, in the middle of a load: no message is lost, none is refused for it, and it is used again
when it is back. GATEPOST_REDIS_LOSS sets how many messages (600)."""
import os
import signal
import time

import pytest

from lab import needs
from lab.gatepost import backend, domains, shipped_policy
from lab.load import MARK, Load, arrived
from lab.process import kill, wait_until
from lab.redis import Redis
from lab.sentinels import NAME, Watched

pytestmark = needs.root
MESSAGES = int(os.environ.get("GATEPOST_REDIS_LOSS", "200" if needs.SANITIZED else "600"))
QUICK = {"timeout": "300ms", "retry": "500ms"}
# Redis is asked for each message, also of networks that were known a moment ago.
ASKED = 'rule "asked" when greylist.first_seen is absent and recipient == "nobody@example.org" then reject 550 5.7.1 "nobody"\n'


@pytest.fixture
def site(start, new_backend, internet):
    def with_redis(**words):
        server = new_backend()
        it = start(backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + shipped_policy() + ASKED,
                   changes={"redis": dict(QUICK, **words)})
        it.behind = server
        return it
    return with_redis


def knows(gateway, since):
    """Of the messages decided since, of how many Redis told whether their senders are known; and how many there are."""
    told = [record["facts"].get("greylist.known") for record in gateway.decisions()[since:]]
    return sum(isinstance(known, bool) for known in told), len(told)


def under_load(gateway, harm, mend):
    """Harms and mends it in the middle of a load, twice. Returns the load."""
    with Load(gateway.port, senders=6, messages=MESSAGES) as load:
        for turn in (1, 2):
            assert wait_until(lambda: len(load.told) > turn * MESSAGES // 5, 60)
            harm()
            more = min(len(load.told) + MESSAGES // 10, MESSAGES - 1)  # a load that is nearly over has no tenth left
            assert wait_until(lambda: len(load.told) > more, 60), "mail stands still"
            mend()
        load.join(120)
    return load


def nothing_is_lost(gateway, load):
    found = arrived(gateway.behind)
    assert len(load.told) >= MESSAGES
    assert not load.refusals and not load.broken
    assert not load.told - set(found)
    assert max(found.values()) == 1
    print("%d messages, slowest %.0f ms, %d of %d decided with Redis" % (len(load.told), load.slowest * 1000, *knows(gateway, 0)))


def is_used_again(gateway):
    """Each proxy asks it again."""
    def works():
        since = len(gateway.decisions())
        with Load(gateway.port, senders=2, messages=10) as load:
            load.join(30)
        assert not load.refusals
        wait_until(lambda: len(gateway.decisions()) >= since + 10, 5)
        with_redis, all_of_them = knows(gateway, since)
        return with_redis == all_of_them
    assert wait_until(works, 20, 0.2), gateway.log()[-3000:]


def test_the_private_one_is_killed(site):
    it = site()
    is_used_again(it)

    def harm():
        for pid in it.pids("redis-server"):
            kill(pid)
    load = under_load(it, harm, lambda: None)
    nothing_is_lost(it, load)
    assert wait_until(lambda: it.pids("redis-server"), 20)
    is_used_again(it)


def test_the_private_one_stands_still(site):
    it = site()
    is_used_again(it)
    stopped = []

    def harm():
        for pid in it.pids("redis-server"):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)

    def mend():
        while stopped:
            os.kill(stopped.pop(), signal.SIGCONT)
    try:
        load = under_load(it, harm, mend)
    finally:
        mend()
    nothing_is_lost(it, load)
    assert load.slowest < (10 if needs.SANITIZED else 3)
    is_used_again(it)


def locked(server, password):
    """From now on it wants this password, of everybody who is connected too."""
    server.cli("CONFIG", "SET", "requirepass", password or "")
    server.password = password
    server.cli("CLIENT", "KILL", "TYPE", "normal")


@pytest.mark.parametrize("how", ["kill", "pause", "full", "locked"])
def test_another_one(site, own_dir, how):
    server = Redis(own_dir).start()
    try:
        it = site(server='"%s"' % server.address)
        is_used_again(it)
        if how == "kill":
            load = under_load(it, server.kill, server.start)
        elif how == "pause":
            load = under_load(it, server.pause, server.resume)
        elif how == "full":
            load = under_load(it, lambda: server.cli("CONFIG", "SET", "maxmemory", "1"), lambda: server.cli("CONFIG", "SET", "maxmemory", "0"))
        else:
            load = under_load(it, lambda: locked(server, "secret"), lambda: locked(server, None))
        nothing_is_lost(it, load)
        if how != "full":  # what needs no new key is answered even then
            assert knows(it, 0)[0] < knows(it, 0)[1]
        is_used_again(it)
        said = [line for line in it.log().splitlines() if "redis" in line and "warning" in line]
        print("\n".join(said[:6]))
        assert len(said) <= 16, "one line a minute and proxy"
    finally:
        server.stop()


def test_a_master_that_its_sentinels_replace(site, own_dir):
    """One master, two replicas, three sentinels: the master is killed in the midst of mail."""
    watched = Watched(own_dir).start()
    try:
        it = site(sentinel=" ".join('"%s"' % address for address in watched.addresses()), master='"%s"' % NAME)
        is_used_again(it)
        before = watched.master()
        with Load(it.port, senders=6, messages=6 * MESSAGES) as load:
            assert wait_until(lambda: len(load.told) > MESSAGES // 5, 60)
            before.kill()
            assert watched.wait_for_another(before), "the sentinels do not agree"
            load.join(240)
        nothing_is_lost(it, load)
        assert load.slowest < (10 if needs.SANITIZED else 3)
        assert watched.master() is not before
        is_used_again(it)
        assert len([line for line in it.log().splitlines() if "redis" in line and "warning" in line]) <= 8, "one line a minute and proxy"
    finally:
        watched.stop()


def test_none_at_all(site):
    """Nobody listens where it should be."""
    it = site(server='"127.0.0.1:1"')
    began = time.monotonic()
    with Load(it.port, senders=4, messages=50) as load:
        load.join(30)
    assert len(load.told) >= 50 and not load.refusals
    assert time.monotonic() - began < 15
    assert {MARK.search(m.content)[1].decode() for m in it.behind.messages} == load.told
