# SPDX-License-Identifier: ISC
"""Nothing is lost while processes die and the configuration is reloaded. GATEPOST_CHAOS sets how many messages (10000)."""
import json
import os
import random
import time

from lab.gatepost import backend, domains
from lab.load import Load, arrived
from lab.process import kill

MESSAGES = int(os.environ.get("GATEPOST_CHAOS", "10000"))
LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'


def kill_one(pids):
    if pids:
        kill(random.choice(pids))


def test_every_250_is_behind_and_every_duplicate_is_in_doubt(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + LOOKS_INSIDE,
                    changes={"process": {"scanners": 2}, "timeouts": {"drain": "5s"}})
    deadline = time.monotonic() + 60 + MESSAGES / 20
    with Load(gateway.port, senders=8, messages=MESSAGES) as load:
        turn = 0
        while load.working() and time.monotonic() < deadline:
            kill_one(gateway.workers("gatepost-scan") if turn % 2 else gateway.pids("gatepost-proxy"))
            if turn % 4 == 3:
                gateway.reload()
            turn += 1
            load.join(0.2)
    found = arrived(server)
    assert len(load.told) >= MESSAGES, "%d of %d; refused: %s" % (len(load.told), MESSAGES, load.refusals[-5:])
    lost = load.told - set(found)
    assert not lost
    assert all(400 <= reply.code <= 499 for reply in load.refusals), load.refusals
    duplicates = sum(count - 1 for count in found.values())
    records = gateway.log().splitlines() + [json.dumps(record) for record in gateway.decisions()]
    in_doubt = sum("in-doubt" in record for record in records)
    print("%d told 250, %d duplicates, %d in doubt, %d refused for now, %d sessions broken"
          % (len(load.told), duplicates, in_doubt, len(load.refusals), load.broken))
    assert duplicates <= in_doubt
