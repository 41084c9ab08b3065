# SPDX-License-Identifier: ISC
"""What users answer is learnt as good mail. Which messages that come in are waited for is chance, so one is sent after the other until
one is. Real Postfix behind, who also takes what leaves; a real Dovecot has its mailboxes and knows who logs in."""
import base64
import contextlib
import itertools
import os
import signal
import sqlite3

import pytest

from lab import learning, needs, users
from lab.dovecot import Dovecot, knows_logins
from lab.gatepost import READY, Gatepost, backend, certificate, domains, running
from lab.imap_client import logged_in
from lab.learning import Learner
from lab.ports import free_port
from lab.postfix import Postfix, logs_in
from lab.process import wait_until
from lab.smtp_client import Session, send

pytestmark = needs.root

BOB, OUTSIDE = "bob@client.example", "127.0.0.9"
TRAP = "left-in-2019@example.com"
USERS = ["user%d@example.com" % n for n in range(1, 60)]
HERS = "her@example.com"
TRIES = 60  # one of four is waited for
BY_HAND = "Dear Bob, thank you for your letter. We shall meet on Tuesday, as you say.\r\n\r\nOn Monday Bob wrote:\r\n> shall we meet?\r\n"
RULES = 'rule "marked" when message.subject contains "mark me" then header add "X-Site-Spam" "yes"\n' \
    'rule "prefixed" when message.subject contains "warn me" then subject prefix "[odd] "\n' \
    'rule "bannered" when message.subject contains "banner me" then banner "from outside"\n' \
    'rule "held for her" when message.subject contains "hold hers" and recipient == "%s" then quarantine "spam"\n' % HERS + \
    'rule "held" when message.subject contains "hold me" then quarantine "spam"\n'
ACCOUNTS = 'observe rule "busy" when account.burst >= 3 then log "busy"\n'


class Site:
    """A gateway before Postfix and Dovecot: mail comes in at `port`, leaves by `out` and by `submission`."""

    def __init__(self, gateway, out, submission, postfix):
        self.gateway, self.out, self.submission, self.postfix = gateway, out, submission, postfix
        self.learner = Learner(gateway)
        self.numbers, self.names = itertools.count(1), iter(USERS)

    def user(self):
        return next(self.names)

    def status(self):
        return self.learner.status()

    def waiting(self):
        return self.status()["answerable"]

    def answered(self):
        return self.status()["labels"]["answered"]["good"]

    def incoming(self, *to, sender=BOB, subject="hello", fields=(), code=250, name=None):
        """Sends a message from outside; its Message-ID."""
        name = name or "<%d@client.example>" % next(self.numbers)
        lines = ["From: Bob <%s>" % (sender or BOB), "Subject: " + subject, "Message-ID: " + name, *fields, "",
                 "shall we meet for the project review %s" % name, ""]
        assert send(self.gateway.port, "\r\n".join(lines).encode(), *to, sender=sender, source=OUTSIDE).code == code
        return name

    def arrives(self, *to, **how):
        """The Message-ID of one that is waited for."""
        before = self.waiting()
        for _ in range(TRIES):
            name = self.incoming(*to, **how)
            if self.waiting() > before:
                return name
        raise AssertionError("none of them is waited for: " + self.gateway.log()[-3000:])

    def none_arrives(self, *to, **how):
        before = self.waiting()
        for _ in range(24):
            self.incoming(*to, **how)
        return self.waiting() == before

    def answers(self, user, name, *to, by="out", text=BY_HAND, fields=(), sender=None, login=None, author=None, field="In-Reply-To"):
        lines = ["From: Anna <%s>" % (author or user), "Subject: Re: hello", "%s: %s" % (field, name), *fields, "", text]
        message = "\r\n".join(lines).encode()
        sender = user if sender is None else sender
        if by == "out":
            assert send(self.out, message, *(to or [BOB]), sender=sender).code == 250
            return
        with Session(self.submission) as session:
            session.ehlo()
            session.starttls()
            session.ehlo()
            session.expect("AUTH PLAIN " + base64.b64encode(("\0%s\0%s" % (login or user, users.PASSWORD)).encode()).decode(), 235)
            session.envelope(*(to or [BOB]), sender=sender)
            assert session.data(message).code == 250

    def teaches(self, *words, **how):
        """How many labels an answer makes."""
        before = self.answered()
        self.answers(*words, **how)
        return self.answered() - before

    def rows(self, query, *values):
        with contextlib.closing(sqlite3.connect(os.path.join(self.gateway.dir, "keeper", "labels.db"), timeout=20)) as db:
            found = db.execute(query, values).fetchall()
            db.commit()
            return found

    def kill_keeper(self):
        keeper, = self.gateway.pids("gatepost-keeper")
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: self.gateway.pids("gatepost-keeper") not in ([], [keeper]), 20)
        self.status()


@pytest.fixture(scope="module")
def servers(run_dir, authority):
    folder = run_dir / "answered"
    folder.mkdir()
    logins = free_port()
    dovecot = Dovecot(folder, str(folder / "mail"), settings=knows_logins(logins)).start()
    postfix = Postfix(folder, authority.certificate("behind.example.com"), addresses=[HERS, *USERS],
                      options=logs_in(logins, "permit_mynetworks, reject") + "mynetworks = 127.0.0.0/8\ndefault_transport = discard:\n").start()
    yield postfix, dovecot
    postfix.stop()
    dovecot.stop()


@pytest.fixture(scope="module")
def new_site(run_dir, servers, authority):
    postfix, dovecot = servers
    with contextlib.ExitStack() as all_of_them:
        def go(name, rules=RULES, learn=(), **more):
            folder = run_dir / ("answered-" + name)
            folder.mkdir()
            out, submission = free_port(), free_port()
            body = certificate(authority.certificate("mx.example.com"))
            body += 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % out
            body += 'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % submission
            body += backend("smart", postfix.port)
            body += backend("behind", postfix.port, submission=["%d tls required" % postfix.port], imap=["%d tls none" % dovecot.imap_port])
            body += domains("behind", "example.com") + rules
            settings = learning.settings(folder, **more)
            settings["learn"].update(trap='{ "%s" }' % TRAP, **dict(learn))
            gateway = all_of_them.enter_context(running(Gatepost(folder, body, settings, imap="backend behind"), ready=READY))
            return Site(gateway, out, submission, postfix)
        yield go


@pytest.fixture(scope="module")
def site(new_site):
    return new_site("on")


# ---- what is learnt

@pytest.mark.parametrize("by", ["out", "submission"])
def test_what_a_user_answers_by_hand_is_good_mail_and_can_be_forgotten(site, by):
    user, other = site.user(), site.user()
    name = site.arrives(user)
    waiting = site.waiting()
    assert site.teaches(other, name, by=by) == 0, "another has not had it"
    assert site.teaches(user, name, "carol@client.example", by=by) == 0, "another has not written it"
    assert site.teaches(user, "<0@client.example>", fields=["References: " + name], by=by) == 0, "he answers something else"
    assert site.teaches(user, "<0@client.example> " + name, by=by, field="References") == 1
    assert site.waiting() == waiting - 1
    assert site.teaches(user, name, by=by) == 0, "once"
    assert "answered" in site.learner("status").stdout
    site.learner("forget", "--account", user)
    assert site.answered() == 0


def test_a_sender_and_a_user_are_one_however_they_are_spelt(site):
    user = site.user()
    name = site.arrives(user.upper())
    assert site.teaches(user, name, BOB.upper()) == 1


def test_each_of_its_recipients_answers_for_himself(site):
    user, other = site.user(), site.user()
    name = site.arrives(user, other)
    assert site.teaches(other, name, "carol@client.example", BOB) == 1
    assert site.teaches(user, name) == 1


def test_a_keeper_that_is_killed_in_between_knows_what_waits(site):
    user = site.user()
    name = site.arrives(user)
    site.kill_keeper()
    before = site.answered()
    assert site.teaches(user, name) == 1
    site.kill_keeper()
    assert site.answered() == before + 1


def test_what_is_answered_too_late_says_nothing(site):
    user = site.user()
    name = site.arrives(user)
    site.rows("UPDATE pending SET time = time - 15 * 86400")
    assert site.teaches(user, name) == 0
    site.kill_keeper()
    assert site.waiting() == 0


def test_nobody_needs_redis_for_it(site):
    assert not site.gateway.pids("redis-server")


# ---- what is no answer

@pytest.mark.parametrize("how", [
    {"fields": ["Auto-Submitted: auto-replied"]}, {"fields": ["Precedence: bulk"]}, {"fields": ["X-Autoreply: yes"]},
    {"fields": ["List-Id: <all.example.com>"]}, {"fields": ["Content-Type: multipart/report; report-type=disposition-notification; boundary=b"]},
    {"sender": ""}, {"author": "bob@client.example"}, {"text": "unsubscribe\r\n\r\nOn Monday Bob wrote, as he does:\r\n> buy our pills, they are cheap and good\r\n"},
    {"to": [BOB] + ["r%d@client.example" % n for n in range(16)]}], ids=str)
def test_what_a_program_writes_or_says_little_or_goes_to_many_is_no_answer(site, how):
    how = dict(how)
    user, to = site.user(), how.pop("to", [BOB])
    name = site.arrives(user)
    assert site.teaches(user, name, *to, **how) == 0
    assert site.teaches(user, name) == 1, "of the same message, by hand"


def test_who_logs_in_answers_for_himself_alone(site):
    user, other = site.user(), site.user()
    name = site.arrives(user)
    assert site.teaches(user, name, by="submission", login=other) == 0
    assert site.teaches(user, name, by="submission") == 1


# ---- what is not waited for

@pytest.mark.parametrize("subject", ["mark me", "warn me", "hold me"])
def test_what_a_rule_marks_or_holds_is_not_waited_for(site, subject):
    user = site.user()
    assert site.none_arrives(user, subject=subject)
    assert site.arrives(user, subject="banner me"), "a banner is on all mail"


def test_of_a_message_that_is_held_for_one_the_others_wait(site):
    user = site.user()
    waiting = site.waiting()
    name = site.arrives(HERS, user, subject="hold hers")
    assert site.waiting() == waiting + 1 and site.teaches(HERS, name) == 0 and site.teaches(user, name) == 1


@pytest.mark.parametrize("how", [{"sender": ""}, {"sender": "boss@example.com"}, {"fields": ["List-Unsubscribe: <mailto:x@client.example>"]},
                                 {"fields": ["X-Site-Spam: no"]}], ids=str)
def test_what_nobody_answers_or_somebody_forges_is_not_waited_for(site, how):
    user = site.user()
    assert site.none_arrives(user, **how) and "labels are lost" not in site.gateway.log()
    assert site.arrives(user)


def test_what_went_to_a_trap_as_well_is_not_waited_for(site):
    user = site.user()
    assert site.none_arrives(TRAP, user)
    assert site.arrives(user)


def test_what_the_server_refuses_is_not_waited_for(site):
    assert site.none_arrives("nobody-there@example.com", code=550)


# ---- what somebody says of it

def move_to_junk(site, user, name):
    moved = site.status()["labels"]["moved"]["spam"]
    with logged_in(site.gateway.imap_port, user, mailbox="INBOX") as session:
        found = session.expect("UID SEARCH HEADER Message-ID %s" % name)
        numbers = str(found).split("SEARCH")[1].split("\\r")[0].split()
        session.expect("UID MOVE %s Junk" % numbers[0])
    assert wait_until(lambda: site.status()["labels"]["moved"]["spam"] == moved + 1)


def test_what_he_has_moved_into_junk_is_not_good_for_being_answered(site):
    user = site.user()
    name = site.arrives(user)
    assert wait_until(lambda: any(name.encode() in m for m in site.postfix.messages(user)))
    waiting = site.waiting()
    move_to_junk(site, user, name)
    assert site.waiting() == waiting - 1 and site.teaches(user, name) == 0


def test_what_he_moves_into_junk_later_is_known_to_be_what_he_has_answered(site):
    user = site.user()
    name = site.arrives(user)
    assert site.teaches(user, name) == 1
    assert wait_until(lambda: any(name.encode() in m for m in site.postfix.messages(user)))
    move_to_junk(site, user, name)
    assert site.rows("SELECT count(*), count(DISTINCT how) FROM label AS l WHERE EXISTS"
                     " (SELECT 1 FROM label AS o WHERE o.how = 7 AND o.account = l.account AND o.reference = l.reference AND l.reference <> ''"
                     " AND EXISTS (SELECT 1 FROM label AS s WHERE s.class = 1 AND s.account = o.account AND s.reference = o.reference))") == [(2, 2)]


def test_a_message_that_comes_in_the_name_of_another_teaches_nothing(site):
    for _ in range(4):
        user = site.user()
        name = site.arrives(user)
        waiting = site.waiting()
        site.incoming(user, name=name, subject="cheap pills")
        assert site.waiting() == waiting + 1, "where the first is waited for, so is the second"
        assert site.teaches(user, name) == 0 and site.waiting() == waiting - 1


# ---- without

def test_an_account_that_looks_taken_over_teaches_nothing(new_site):
    site = new_site("busy", RULES + ACCOUNTS)
    user, other = site.user(), site.user()
    name, others = site.arrives(user), site.arrives(other)
    site.answers(user, "<0@client.example>", *["r%d@client.example" % n for n in range(65)])
    assert site.teaches(user, name) == 0
    assert site.teaches(other, others) == 1


@pytest.mark.parametrize("what, rules, learn", [("never", RULES, {"answered": "0s"}), ("unseen", "", {})])
def test_where_answers_say_nothing_or_no_rule_looks_at_mail_nothing_waits(new_site, what, rules, learn):
    site = new_site(what, rules, learn)
    assert site.none_arrives(site.user())
