# SPDX-License-Identifier: ISC
"""Who reads mail and leaves it where it is says that it is good, after a week, if he uses Junk. Of his messages some are looked at, by chance: so he
reads many, and what is asked is whether any of them counts. Real Dovecot behind."""
import contextlib
import os
import signal
import sqlite3

import pytest

from lab import learning, needs
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, domains, running
from lab.imap_client import logged_in
from lab.learning import Learner, mails
from lab.ports import free_port
from lab.process import wait_until

pytestmark = needs.root

READ = 60  # of which one in four is looked at
WEEK = 7 * 86400
MARKS = 'rule "marked" when message.subject contains "nothing has this" then header add "X-Site-Spam" "yes"\n'
LOOKS = 'rule "looks" when spam.probability >= 0.99 then quarantine "spam"\n'
SENT = "namespace inbox {\n  mailbox Outgoing {\n    special_use = \\Sent\n    auto = create\n  }\n  mailbox Lists {\n    auto = create\n  }\n}\n"
OURS = b"Received: from x ([192.0.2.1]) by mx.example.com (Gatepost) with ESMTP id 0123456789ab.1; Sat, 28 Nov 2026 10:00:00 +0000\n"


class Site:
    """A gateway that learns, before a Dovecot whose users are made as they are asked for."""

    def __init__(self, folder, gateway, server):
        self.folder, self.gateway, self.server = folder, gateway, server
        self.learner = Learner(gateway)
        self.users = 0

    @contextlib.contextmanager
    def user(self, uses_junk=True, mailbox="INBOX", messages=None):
        """(address, a session of his): he has READ new messages, and another one that he has moved to Junk, or not."""
        self.users += 1
        address = "user%d@example.com" % self.users
        first = 1000 * self.users
        messages = messages or mails("good", READ, first=first)
        if uses_junk:
            self.server.fill(address, mails("spam", 1, first=first))
            with logged_in(self.gateway.imap_port, address, mailbox="INBOX") as session:
                before = self.labels("moved")
                session.expect("UID MOVE %s Junk" % numbered(session))
                assert wait_until(lambda: self.labels("moved") == before + 1)
        if mailbox == "INBOX":
            self.server.fill(address, messages)
        with logged_in(self.gateway.imap_port, address, mailbox="INBOX") as session:
            if mailbox != "INBOX":
                for message in messages:
                    session.append(mailbox, message.replace(b"\n", b"\r\n"))
                session.select(mailbox)
            yield address, session

    def status(self):
        return self.learner.status()

    def labels(self, how):
        return sum(self.status()["labels"][how].values())

    def pending(self):
        return self.status()["pending"]

    def awaits(self, least=1):
        return wait_until(lambda: self.pending() >= least, 20)

    def pass_time(self, seconds):
        """It is so much later for what was read, and the keeper is one that comes anew: none is asked to wait."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.gateway.dir, "keeper", "labels.db"), timeout=20)) as db:
            db.execute("UPDATE pending SET time = time - ?", (seconds,))
            db.commit()
        keeper, = self.gateway.pids("gatepost-keeper")
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: self.gateway.pids("gatepost-keeper") not in ([], [keeper]), 20)
        self.status()

    def forget_all(self):
        self.learner("forget", "--all")


@pytest.fixture(scope="module", params=["rules look at what is read", "no rule does"])
def site(request, run_dir):
    folder = run_dir / ("left%d" % request.param_index)
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail"), settings=SENT).start()
    body = backend("mail", free_port(), imap=["%d tls none" % server.imap_port]) + domains("mail", "example.com")
    body += MARKS + LOOKS if request.param_index == 0 else ""
    try:
        with running(Gatepost(folder, body, learning.settings(folder), imap="backend mail"), ready=READY) as gateway:
            yield Site(folder, gateway, server)
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def nothing_waits(request):
    yield
    if "site" in request.fixturenames:
        request.getfixturevalue("site").forget_all()


def uids(session):
    return sorted(session.fetch("1:*", "(FLAGS)", uid=True))


def numbered(session):
    return ",".join(map(str, uids(session)))


def read_all(session, items="BODY[]"):
    for uid in uids(session):
        session.expect("UID FETCH %d (UID %s)" % (uid, items))


def test_what_who_uses_junk_has_read_and_left_for_a_week_is_good_mail(site):
    with site.user() as (address, session):
        read_all(session)
    assert site.awaits() and site.pending() <= 5
    site.pass_time(WEEK - 3600)
    assert site.pending() and site.labels("left") == 0
    waiting = site.pending()
    site.pass_time(3601)
    assert wait_until(lambda: site.pending() == 0)
    assert site.status()["labels"]["left"] == {"good": waiting, "spam": 0}
    assert "left" in site.learner("status").stdout
    site.learner("forget", "--account", address)
    assert site.labels("left") == 0


def test_who_does_not_use_junk_says_nothing_by_it(site):
    with site.user(uses_junk=False) as (_, session):
        read_all(session)
    assert site.awaits()
    site.pass_time(WEEK + 1)
    assert wait_until(lambda: site.pending() == 0) and site.labels("left") == 0


def test_who_is_given_it_unread_and_marks_it_then_has_read_it(site):
    with site.user() as (_, session):
        read_all(session, "BODY.PEEK[]")
        for uid in uids(session):
            session.expect("UID STORE %d +FLAGS (\\Seen)" % uid)
    assert site.awaits()


def test_who_marks_what_he_was_not_given_or_is_given_all_at_once_reads_nothing(site):
    with site.user() as (_, session):
        session.fetch("1:*", "(UID BODY.PEEK[])", uid=True)
        session.expect("UID STORE 1:* +FLAGS (\\Seen)")
        session.expect("FETCH 1:* BODY[]")
    with site.user() as (_, session):
        for uid in uids(session):
            session.expect("UID STORE %d +FLAGS (\\Seen)" % uid)
        session.select("INBOX", read_only=True)
        read_all(session)
    with site.user() as (_, session):
        read_all(session)
    assert site.awaits() and site.pending() <= 5, "of the last alone"


@pytest.mark.parametrize("command", ["UID STORE %s +FLAGS (\\Deleted)", "UID MOVE %s Trash", "UID COPY %s Trash"])
@pytest.mark.parametrize("when", ["at once", "later"])
def test_what_he_deletes_he_does_not_leave(site, command, when):
    with site.user() as (address, session):
        read_all(session)
        if when == "at once":
            session.expect(command % "1:*")
    if when == "later":
        assert site.awaits()
        with logged_in(site.gateway.imap_port, address, mailbox="INBOX") as session:
            session.expect(command % numbered(session))
    assert wait_until(lambda: site.pending() == 0)
    with site.user() as (_, session):
        read_all(session)
    assert site.awaits() and site.pending() <= 5, "of the other alone"


@pytest.mark.parametrize("command", ["DELETE Lists", "RENAME Lists Others"])
@pytest.mark.parametrize("when", ["at once", "later"])
def test_what_is_in_a_mailbox_that_he_deletes_or_renames_he_does_not_leave(site, command, when):
    with_reference = [OURS + message for message in mails("good", READ, first=600000)]
    with site.user(mailbox="Lists", messages=with_reference) as (address, session):
        read_all(session)
        if when == "at once":
            session.expect(command)
    if when == "later":
        assert site.awaits()
        with logged_in(site.gateway.imap_port, address, mailbox="INBOX") as session:
            session.expect(command)
    assert wait_until(lambda: site.pending() == 0)
    with site.user() as (_, session):
        read_all(session)
    assert site.awaits() and site.pending() <= 5, "of the other alone"


def test_what_he_moves_into_junk_is_spam_and_not_good(site):
    with site.user() as (address, session):
        read_all(session)
    assert site.awaits()
    moved = site.labels("moved")
    with logged_in(site.gateway.imap_port, address, mailbox="INBOX") as session:
        session.expect("UID MOVE %s Junk" % numbered(session))
    assert wait_until(lambda: site.pending() == 0)
    assert wait_until(lambda: site.labels("moved") == moved + READ, 20)
    site.pass_time(WEEK + 1)
    assert site.labels("left") == 0


def test_what_is_not_mail_that_came_in_is_not_waited_for(site):
    with_reference = [OURS + message for message in mails("good", READ, first=700000)]
    with site.user(mailbox="Outgoing", messages=with_reference) as (_, session):
        read_all(session)
    with site.user(mailbox="Lists") as (_, session):
        read_all(session)
    with site.user(mailbox="Junk", messages=with_reference) as (_, session):
        read_all(session)
    waiting = site.pending()
    with site.user(mailbox="Lists", messages=with_reference) as (_, session):
        read_all(session)
    assert waiting == 0 and site.awaits()


def test_what_a_rule_has_marked_is_not_waited_for(site):
    if "marked" not in open(site.gateway.file).read():
        pytest.skip("no rule marks anything here")
    with site.user(messages=[b"X-Site-Spam: yes\n" + message for message in mails("good", READ, first=800000)]) as (_, session):
        read_all(session)
    with site.user(messages=mails("good", READ, first=900000)) as (_, session):
        read_all(session)
    assert site.awaits() and site.pending() <= 5, "of the other alone"


def test_where_nothing_is_learnt_or_leaving_says_nothing_no_scanner_is_asked(run_dir):
    folder = run_dir / "left-off"
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail")).start()
    body = backend("mail", free_port(), imap=["%d tls none" % server.imap_port]) + domains("mail", "example.com")
    settings = {**learning.settings(folder), "learn": {**learning.settings(folder)["learn"], "left": "0s"}}
    try:
        with running(Gatepost(folder, body, settings, imap="backend mail"), ready=READY) as gateway:
            site = Site(folder, gateway, server)
            with site.user() as (_, session):
                read_all(session)
            assert site.pending() == 0
    finally:
        server.stop()
