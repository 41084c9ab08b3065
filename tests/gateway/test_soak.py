# SPDX-License-Identifier: ISC
"""With all of it on (DNS, lists, SPF, DKIM, DMARC, ARC, greylisting, attachments) processes do not grow, and keep no descriptors.
GATEPOST_SOAK sets how many messages (1500)."""
import functools
import os
import random
import time

from lab import needs, samples
from lab.gatepost import backend, domains, shipped_policy
from lab.internet import LISTS
from lab.load import Load, arrived
from lab.process import descriptors, kill, resident

pytestmark = needs.root
MESSAGES = int(os.environ.get("GATEPOST_SOAK", "400" if needs.SANITIZED else "1500"))
GROWTH = 6 * 1024 * 1024


def look(gateway):
    """{process: (resident octets, descriptors)}; scanners are young ones, so their heads and the largest worker count."""
    found = {"proxy %d" % n: (resident(pid), descriptors(pid)) for n, pid in enumerate(gateway.pids("gatepost-proxy"))}
    workers = gateway.workers("gatepost-scan")
    found["scan head"] = [(resident(pid), descriptors(pid)) for pid in gateway.pids("gatepost-scan")][0]
    found["scan worker"] = (max(map(resident, workers)), max(map(descriptors, workers)))
    found["parent"] = (resident(gateway.process.pid), descriptors(gateway.process.pid))
    return found


def marked(signed, mark):
    """The same mail for another: to sign it takes longer than all that Gatepost does with it, and the mark is not signed."""
    return signed.replace(b"X-Mark: MARK", b"X-Mark: " + mark.encode(), 1)


def test_nothing_grows(start, new_backend, internet):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + LISTS + shipped_policy(),
                    changes={"log": {"level": '"info"'}})
    zipped = samples.zipped("notes.txt", b"nothing to see\n" * 100)

    @functools.lru_cache(maxsize=None)
    def signed(which):
        mail = samples.message("soak", "see http://www.nothing%s.example/\n" % which, sender="a@good.example", X_Mark="MARK")
        mail.add_attachment(zipped, maintype="application", subtype="zip", filename="notes.zip")
        return internet.sign(samples.octets(mail), ed25519=which[0] in "0123")

    def message(mark):
        return marked(signed(mark[:2]), mark)

    def run(messages):
        with Load(gateway.port, senders=6, messages=messages, message=message) as load:
            load.join(600)
        assert len(load.told) >= messages and not load.refusals, load.refusals[:3]
        return load

    run(MESSAGES // 3)
    before = look(gateway)
    told = run(MESSAGES).told
    after = look(gateway)
    for name in before:
        print("%-12s %6.1f MiB, %3d descriptors; after %d more messages %6.1f MiB, %3d descriptors"
              % (name, before[name][0] / 2**20, before[name][1], len(told), after[name][0] / 2**20, after[name][1]))
    assert told <= set(arrived(server))
    for name in before:
        assert after[name][1] <= before[name][1] + 8, name
        if not needs.SANITIZED:
            assert after[name][0] <= before[name][0] + GROWTH, name
    assert all(record["facts"]["dmarc.result"] == "pass" for record in gateway.decisions())


def test_deaths_and_reloads_with_all_of_it_lose_nothing(start, new_backend, internet):
    """Proxies, scanners, Redis: each dies in turn, while sessions wait for what they were to say."""
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + LISTS + shipped_policy(),
                    changes={"process": {"scanners": 2}, "timeouts": {"drain": "5s"}, "redis": {"timeout": "300ms", "retry": "500ms"}})
    turns = [lambda: gateway.pids("gatepost-proxy"), lambda: gateway.workers("gatepost-scan"), lambda: gateway.pids("redis-server"), None]

    signed = internet.sign(samples.clean("deaths", sender="a@good.example", X_Mark="MARK"))

    def message(mark):
        return marked(signed, mark)

    wanted, turn = MESSAGES // 2, 0
    deadline = time.monotonic() + 120
    with Load(gateway.port, senders=6, messages=wanted, message=message) as load:
        while load.working() and time.monotonic() < deadline:
            victims = turns[turn % 4] and turns[turn % 4]()
            if victims:
                kill(random.choice(victims))
            elif turn % 4 == 3:
                gateway.reload()
            turn += 1
            load.join(0.2)
    found = arrived(server)
    assert len(load.told) >= wanted, load.refusals[-5:]
    assert not load.told - set(found)
    assert all(400 <= reply.code <= 499 for reply in load.refusals), load.refusals
    print("%d turns, %d messages, %d refused for now, %d sessions broken" % (turn, len(load.told), len(load.refusals), load.broken))
