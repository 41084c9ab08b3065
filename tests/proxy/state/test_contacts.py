# SPDX-License-Identifier: ISC
"""Who writes to somebody for the first time, in a real Redis; and the secret that this is remembered under."""
import itertools
import os
import re
import stat

import pytest

from lab import needs, samples
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = needs.root
OBSERVED = 'observe rule "observed" when sender.first_contact then log "x"\n'
REFUSED = 'rule "new" when sender.first_contact and recipient.local == "strict" then reject 550 5.7.1 "you are new to {recipient}"\n'
MARKED = 'rule "new" when sender.first_contact then header add "X-First-Contact" "{recipient}"\n'
HELD = 'rule "held" when message.subject == "held" then quarantine "spam"\n'


@pytest.fixture
def gateway(start, new_backend):
    def run(policy=OBSERVED, script=None, **changes):
        server = new_backend(script)
        it = start(backend("behind", server.port) + domains("behind", "example.com") + policy, changes=changes)
        it.behind = server
        return it
    return run


def say(gateway, sender="a@client.example", to=("user",), subject="hello"):
    """(code, what the record says of the first recipient's contact); what is known counts once it is written down."""
    with Session(gateway.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<%s>" % sender, 250)
        replies = [client.command("RCPT TO:<%s@example.com>" % local) for local in to]
        if all(reply.code != 250 for reply in replies):
            return replies[0].code
        return client.data(samples.clean(subject)).code


def firsts(gateway, count):
    """What the records say, in their order."""
    def told():
        return [r["facts"].get("sender.first_contact") for r in gateway.decisions() if r["stage"] == "message"]
    assert wait_until(lambda: len(told()) >= count)
    return told()


def test_the_first_message_to_somebody_is_a_first_contact_and_the_next_is_none(gateway):
    it = gateway()
    for _ in range(2):
        assert say(it) == 250
    assert say(it, to=["second"]) == 250 and say(it, sender="b@client.example") == 250 and say(it, sender="") == 250
    assert firsts(it, 5) == [True, False, True, True, None]


def test_it_is_each_recipients_own(gateway):
    it = gateway(REFUSED + OBSERVED)
    assert say(it, to=["strict"]) == 550
    assert say(it, to=["user", "strict"]) == 250
    assert it.behind.messages[-1].recipients == ["user@example.com"]
    assert say(it, to=["strict"]) == 550, "what it was refused does not make it known"
    it.configure(backend("behind", it.behind.port) + domains("behind", "example.com") + OBSERVED)
    it.reload()
    assert it.wait_log("generation ended", 20)
    assert say(it, to=["strict", "third"]) == 250
    it.configure(backend("behind", it.behind.port) + domains("behind", "example.com") + REFUSED)
    it.reload()
    assert wait_until(lambda: it.log().count("generation ended") == 2, 20)
    assert say(it, to=["strict"]) == 250


def test_recipients_who_differ_are_taken_one_after_the_other(gateway):
    it = gateway(MARKED)
    assert say(it, to=["user"]) == 250 and say(it, to=["user", "second"]) == 451
    assert say(it, to=["user", "second"]) == 250 and say(it, to=["second"]) == 250
    marks = [re.findall(rb"X-First-Contact: (\S+)", message.content) for message in it.behind.messages]
    assert sorted(marks) == sorted([[b"user@example.com"], [], [b"second@example.com"]]), marks


@pytest.mark.parametrize("verdict", ["held", "refused", "put off"])
def test_what_was_not_delivered_makes_nobody_known(gateway, verdict):
    it = gateway(HELD + OBSERVED, script={"held": {}, "refused": {"DOT": "550 5.7.1 no"}, "put off": {"DOT": "451 4.3.0 later"}}[verdict])
    assert it.wait_log("gatepost-release ready")
    assert say(it, subject=verdict) == {"held": 250, "refused": 550, "put off": 451}[verdict]
    say(it, subject=verdict)
    assert firsts(it, 2) == [True, True]


def test_a_message_that_is_held_for_one_of_its_recipients_is_known_to_the_others_alone(gateway):
    it = gateway('rule "held" when recipient.local == "held" and message.size > 0 then quarantine "spam"\n' + OBSERVED)
    assert it.wait_log("gatepost-release ready")
    assert say(it, to=["user", "held"]) == 250 and it.behind.messages[-1].recipients == ["user@example.com"]
    assert say(it, to=["held"]) == 250 and say(it, to=["user"]) == 250
    assert firsts(it, 3) == [True, True, False]


def test_without_redis_it_is_unknown_and_mail_passes(gateway):
    it = gateway(OBSERVED + REFUSED, redis={"server": '"127.0.0.1:1"'})
    assert say(it, to=["strict"]) == 250
    assert firsts(it, 1) == ["unknown"]


def test_it_is_known_after_a_restart(gateway, own_dir):
    it = gateway()
    assert say(it) == 250
    secret = open(os.path.join(it.dir, "contacts.key"), "rb").read()
    assert firsts(it, 1) == [True] and it.stop() == 0
    it.start()
    told = itertools.count(2)
    assert wait_until(lambda: say(it) == 250 and firsts(it, next(told))[-1] != "unknown", 20), "Redis is there, for whichever proxy"
    assert firsts(it, 2)[-1] is False
    assert open(os.path.join(it.dir, "contacts.key"), "rb").read() == secret


# ---- the secret


def test_it_is_made_for_root_alone(gateway):
    it = gateway()
    status = os.stat(os.path.join(it.dir, "contacts.key"))
    assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_size == 32 and status.st_uid == 0
    assert not os.path.exists(os.path.join(it.dir, "contacts.key.new"))


def test_where_no_rule_asks_there_is_none(gateway):
    it = gateway('rule "x" when helo == "x" then defer 451 4.7.1 "x"\n')
    assert not os.path.exists(os.path.join(it.dir, "contacts.key"))


@pytest.mark.parametrize("octets, mode, words", [(b"x" * 31, 0o600, "expected a file of 32 octets"), (b"x" * 32, 0o640, "others may read it; chmod 600")])
def test_one_that_is_none_is_refused_and_the_old_one_goes_on(gateway, octets, mode, words):
    it = gateway()
    path = os.path.join(it.dir, "contacts.key")
    with open(path, "wb") as f:
        f.write(octets)
    os.chmod(path, mode)
    it.reload()
    assert it.wait_log("reload refused, nothing is changed", 20) and words in it.log()
    assert say(it) == 250
