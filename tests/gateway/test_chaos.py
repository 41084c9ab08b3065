# SPDX-License-Identifier: ISC
"""Nothing is lost while processes die and the configuration is reloaded. GATEPOST_CHAOS sets how many messages (10000; under
sanitizers 3000)."""
import os
import re
import time

from lab import needs
from lab.chaos import doubts, kill_one
from lab.gatepost import backend, domains
from lab.load import Load, arrived, marked

MESSAGES = int(os.environ.get("GATEPOST_CHAOS", "3000" if needs.SANITIZED else "10000"))
LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'


IN_DOUBT = re.compile(r"in-doubt .*from=sender@client\.example to=\S.* backend=behind .*message_id=<\w+@client\.example>")


def message(mark):
    return b"Message-ID: <%s@client.example>\r\n" % mark.encode() + marked(mark)


def recipients(mark):
    """One message of four is also for somebody who has left, which the server says at delivery only."""
    return ["gone@example.com", "user@example.com"] if int(mark, 16) % 4 == 0 else ["user@example.com"]


def test_every_250_is_behind_and_every_duplicate_is_in_doubt(start, new_backend):
    server = new_backend({"RCPT": lambda session, line: "550 5.1.1 has left" if b"gone@" in line else None})
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + LOOKS_INSIDE,
                    changes={"process": {"scanners": 2}, "timeouts": {"drain": "5s"}})
    deadline = time.monotonic() + 60 + MESSAGES / 20
    with Load(gateway.port, senders=8, messages=MESSAGES, message=message, recipients=recipients) as load:
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
    assert all(reply.code == 550 for _, reply in load.final) and len(load.final) >= MESSAGES // 8
    duplicates = sum(count - 1 for count in found.values())
    uncertain = doubts(gateway)
    print("%d told 250, %d duplicates, %d in doubt, %d refused for now, %d for good, %d sessions broken"
          % (len(load.told), duplicates, len(uncertain), len(load.refusals), len(load.final), load.broken))
    assert duplicates <= len(uncertain)
    assert not [line for line in uncertain if not IN_DOUBT.search(line)]
