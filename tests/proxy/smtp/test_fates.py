# SPDX-License-Identifier: ISC
"""Recipients of one message who fare differently, each in a way drawn at random, and a sender who comes again until nobody is left:
each has it once, or hears a refusal that is his own."""
import random
import re

import pytest

from lab import samples
from lab.backend import CLOSE
from lab.gatepost import backend, domains
from lab.smtp_client import Session

MESSAGES, RECIPIENTS_MOST, TRIES_MOST = 40, 6, 30
RULE = 'rule "never" when recipient starts with "never" and message.subject contains "fate" then reject 550 5.7.1 "never"\n'


class Fates:
    """What the server behind says of each: `taken`, `refused`, or for so many tries something else."""

    def __init__(self, draw):
        self.of = {}
        for number in range(draw.randint(1, RECIPIENTS_MOST)):
            fate = draw.choice(["taken", "refused", "never", "later 1", "later 3", "breaks 1", "breaks 3", "closes 1"])
            self.of["%s%d" % ("never" if fate == "never" else "user", number)] = fate
        self.left = {who: int(fate.partition(" ")[2] or 0) for who, fate in self.of.items()}

    def __call__(self, session, line):
        who = re.search(rb"<(\w+)@", line)[1].decode()
        fate = self.of.get(who, "taken").partition(" ")[0]
        if fate == "refused":
            return "550 5.2.9 %s is refused" % who
        if not self.left.get(who):
            return None
        self.left[who] -= 1
        return {"later": "450 4.2.9 later", "breaks": [CLOSE], "closes": [b"421 4.3.2 closing\r\n", CLOSE]}[fate]

    def those(self, refused):
        return sorted(who for who, fate in self.of.items() if (fate in ("refused", "never")) == refused)


def attempt(gateway, todo, sender, size, message):
    """(who is taken, who is refused)"""
    with Session(gateway.port, timeout=30) as session:
        session.ehlo()
        session.expect("MAIL FROM:<%s>%s" % (sender, " SIZE=%d" % size if size else ""), 250)
        codes = {who: session.command("RCPT TO:<%s@example.com>" % who).code for who in todo}
        noted = [who for who in todo if codes[who] == 250]
        refused = [who for who in todo if codes[who] >= 500]
        final = session.data(message).code if noted else 0
        return noted if final == 250 else [], refused + (noted if final >= 500 else [])


@pytest.mark.parametrize("size", [None, 3000])
@pytest.mark.parametrize("lmtp", [False, True], ids=["SMTP", "LMTP"])
def test_each_has_it_once_or_hears_his_own_refusal(start, new_backend, lmtp, size):
    behind = new_backend(lmtp=lmtp)
    named = backend("behind", lmtp=[behind.port]) if lmtp else backend("behind", behind.port)
    gateway = start(named + domains("behind", "example.com") + RULE)
    draw = random.Random("%s %s" % (lmtp, size))
    for number in range(MESSAGES):
        behind.forget()
        fates, taken, refused = Fates(draw), [], []
        behind.script["DOT" if lmtp else "RCPT"] = fates
        todo, message = list(fates.of), samples.clean("fate %d" % number)
        for _ in range(TRIES_MOST):
            now = attempt(gateway, todo, "s%d@client.example" % number, size, message)
            taken, refused = taken + now[0], refused + now[1]
            todo = [who for who in todo if who not in now[0] + now[1]]
            if not todo:
                break
        had = sorted(address.partition("@")[0] for message in behind.messages for address in message.recipients)
        assert not todo and had == sorted(taken) == fates.those(refused=False) and sorted(refused) == fates.those(refused=True), (fates.of, todo, had, refused)
