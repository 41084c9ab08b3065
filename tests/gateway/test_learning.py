# SPDX-License-Identifier: ISC
"""A site learns what is spam there: from what users move into Junk, and from mailboxes that an admin has; the next of the kind is marked,
and said why. Real Postfix and Dovecot behind."""
import contextlib
import json
import re

import pytest

from lab import learning, needs, users
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, domains, running
from lab.imap_client import logged_in
from lab.learning import Learner, mail, mails
from lab.postfix import Postfix
from lab.process import wait_until
from lab.smtp_client import send

pytestmark = needs.root

MARKED = 'rule "like spam here" when spam.probability >= 0.9 then header add "X-Spam-Here" "{spam.probability}"\n'
EACH = 40  # that each user moves
MOVERS, POISONER = users.ADDRESSES[:3], users.ADDRESSES[7]


@pytest.fixture(scope="module")
def site(run_dir):
    folder = run_dir / "learning"
    folder.mkdir()
    postfix = Postfix(folder).start()
    dovecot = Dovecot(folder, postfix.mail).start()
    body = backend("mail", postfix.port, imap=["%d tls none" % dovecot.imap_port]) + domains("mail", *users.DOMAINS) + MARKED
    changes = learning.settings(folder, history={"text": "on"})
    try:
        with running(Gatepost(run_dir / "learning-gateway", body, changes, imap="backend mail"), ready=READY) as gateway:
            gateway.postfix = postfix
            yield gateway
    finally:
        dovecot.stop()
        postfix.stop()


@pytest.fixture(scope="module")
def learner(site):
    return Learner(site)


def deliver(site, user, messages):
    for message in messages:
        assert send(site.port, message.replace(b"\n", b"\r\n"), user, sender="a@client.example").code == 250


def move_all(site, user, count, into="Junk"):
    """All that is in the mailbox, once it is there."""
    with contextlib.closing(logged_in(site.imap_port, user, mailbox="INBOX")) as session:
        there = wait_until(lambda: len(found := session.fetch("1:*", "(FLAGS)", uid=True)) == count and found, 30)
        session.expect("UID MOVE %s %s" % (",".join(map(str, sorted(there))), into))


def moved(learner):
    return learner.status()["labels"]["moved"]


def build(learner):
    return learner.json("build")


def newest(site):
    return next(r for r in reversed(site.decisions()) if r["stage"] == "message")


def marked(site, message):
    """Whether the message that came in is marked, and the record of that."""
    deliver(site, users.ADDRESSES[4], [message])
    record = newest(site)
    return (record["facts"].get("spam.probability") or 0) >= 0.9, record


def test_what_three_users_move_into_junk_is_learnt_and_the_next_of_the_kind_is_marked(site, learner, tmp_path):
    assert not marked(site, mail("spam", 999))[0], "nothing is known yet"
    for number, user in enumerate(MOVERS):
        deliver(site, user, mails("spam", EACH, first=number * EACH))
        move_all(site, user, EACH)
    assert wait_until(lambda: moved(learner)["spam"] == len(MOVERS) * EACH, 30), moved(learner)
    inboxes = [learning.maildir(tmp_path / name, mails("good", 60, first=first)) for name, first in (("one", 0), ("two", 60))]
    built = learner.learn(inboxes)["build"]
    assert built["outcome"] == "published" and built["good"] == 120 and built["spam"] == len(MOVERS) * EACH
    assert wait_until(lambda: marked(site, mail("spam", 1000))[0], 20)
    is_marked, record = marked(site, mail("spam", 1001))
    assert is_marked and record["facts"]["spam.model"] == learner.status()["model"]["digest"]
    assert any(reason.startswith("+ ") for reason in record["facts"]["spam.reasons"])
    assert re.search(r"like spam +0\.9\d*: \+ [a-z ]+: \w+", site.control("why", record["id"]))
    assert not marked(site, mail("good", 1000))[0]
    (tmp_path / "spam.eml").write_bytes(mail("spam", 1003))
    checked = json.loads(site.control("check", "--json", str(tmp_path / "spam.eml")))
    assert checked["facts"]["spam.probability"] >= 0.9 and checked["facts"]["spam.model"] == record["facts"]["spam.model"]


def test_one_user_who_calls_good_mail_spam_moves_nothing(site, learner):
    before = learner.status()["model"]["digest"]
    deliver(site, POISONER, mails("good", EACH, first=500))
    told = moved(learner)["spam"]
    move_all(site, POISONER, EACH)
    assert wait_until(lambda: moved(learner)["spam"] == told + EACH, 30)
    build(learner)
    assert learner.status()["model"]["digest"] == before
    assert not marked(site, mail("good", 1001))[0]


def test_what_is_released_is_good_mail(start, new_backend, tmp_path):
    body = backend("behind", new_backend().port) + domains("behind", "example.com") \
        + 'rule "held" when message.subject contains "agenda" then quarantine "spam"\n' + MARKED
    gateway = start(body, changes=learning.settings(tmp_path))
    learner = Learner(gateway)
    assert gateway.wait_log("gatepost-release ready")
    assert wait_until(lambda: known_of(gateway) == 64, 20), "scanners have the model as well"
    send(gateway.port, mail("good", 1).replace(b"\n", b"\r\n").replace(b"Subject: ", b"Subject: agenda "), "user@example.com")
    assert learner.status()["labels"]["released"] == {"good": 0, "spam": 0}
    assert gateway.control("quarantine", "release", str(gateway.held()[0]["number"])) is not None
    assert wait_until(lambda: learner.status()["labels"]["released"] == {"good": 1, "spam": 0}, 20)


def test_who_learns_no_more_says_nothing_more_of_spam(start, new_backend, tmp_path):
    body = backend("behind", new_backend().port) + domains("behind", "example.com") + MARKED
    settings = learning.settings(tmp_path)
    gateway = start(body, changes=settings)
    Learner(gateway)
    assert wait_until(lambda: known_of(gateway) == 64, 20), "the digest of a model that has learnt nothing"
    gateway.configure(body, changes={**settings, "learn": {"enabled": "off"}})
    gateway.reload()
    assert wait_until(lambda: known_of(gateway) == 0, 20)


def known_of(gateway):
    send(gateway.port, mail("spam", 1).replace(b"\n", b"\r\n"), "user@example.com")
    return len(newest(gateway)["facts"]["spam.model"] or "")


def test_what_is_undone_leaves_the_model_that_was(site, learner, tmp_path):
    before = learner.status()["model"]["digest"]
    more = learning.maildir(tmp_path / "more", mails("spam", 30, first=700))
    assert learner.learn([], [more])["build"]["outcome"] == "published"
    assert learner.status()["model"]["digest"] != before
    assert learner("rollback").returncode == 0
    assert learner.status()["model"]["digest"] == before
    assert wait_until(lambda: marked(site, mail("spam", 1002))[1]["facts"]["spam.model"] == before, 20)
