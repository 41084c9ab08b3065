# SPDX-License-Identifier: ISC
"""What is learnt of mail that comes by SMTP: to addresses that nobody has, and with messages attached that users report; and of what the
helpdesk says was held wrongly. Real Postfix behind."""
import email.message
import email.policy
import os
import signal

import pytest

from lab import learning, needs, users
from lab.gatepost import READY, Gatepost, domains, running
from lab.gatepost import backend as behind
from lab.learning import Learner, mail
from lab.postfix import Sender
from lab.process import wait_until
from lab.smtp_client import Session, send, stuffed

pytestmark = needs.root

DOMAIN = users.DOMAINS[0]
TRAP, OTHER_TRAP = "left-in-2019@" + DOMAIN, "never-there@" + DOMAIN
SPAM, GOOD = "spam@report.example", "notspam@report.example"
USER, OTHER_USER = users.ADDRESSES[:2]
OUTSIDE, INSIDE = "127.0.0.9", "127.0.0.2"
RULES = 'rule "unheard" when client.ip == "127.0.0.67" then drop 554 5.7.1 "go away"\n' \
    'rule "listed" when client.ip == "127.0.0.66" then reject 550 5.7.1 "you are listed"\n' \
    'rule "held" when message.subject contains "agenda" then quarantine "spam"\n'


def teaching(folder, **more):
    """Changes of a gateway that learns from mail."""
    changes = learning.settings(folder, **more)
    changes["learn"].update(trap='{ "%s" "%s" }' % (TRAP, OTHER_TRAP), report_spam='{ "%s" }' % SPAM, report_good='{ "%s" }' % GOOD,
                            report_from='{ "%s" }' % INSIDE)
    return changes


@pytest.fixture(scope="module")
def site(run_dir, postfix):
    folder = run_dir / "learning-by-mail"
    folder.mkdir()
    body = behind("mail", postfix.port, options="probe off") + domains("mail", *users.DOMAINS) + RULES
    with running(Gatepost(folder, body, teaching(folder)), ready=READY) as gateway:
        gateway.learner = Learner(gateway)
        assert gateway.wait_log("gatepost-release ready")
        # Scanners have the model as well.
        assert wait_until(lambda: tell(gateway, SPAM, report(mail("spam", 188))).code == 250, 20)
        yield gateway


def labels(site):
    """What was learnt so far, by how it was said, without what there is none of."""
    told = site.learner.status()["labels"]
    return {how: (of["good"], of["spam"]) for how, of in told.items() if of["good"] + of["spam"]}


class Learnt:
    """What was learnt since."""

    def __init__(self, site, how):
        self.site, self.how, self.before = site, how, labels(site).get(how, (0, 0))

    def __call__(self):
        now = labels(self.site).get(self.how, (0, 0))
        return now[0] - self.before[0], now[1] - self.before[1]


def octets(message):
    return message.replace(b"\n", b"\r\n")


def record(site):
    return next(r for r in reversed(site.decisions()) if r["stage"] == "message")


# ---- traps


def test_mail_to_a_trap_is_learnt_as_spam_and_delivered_to_nobody(site, postfix):
    learnt = Learnt(site, "trap")
    assert send(site.port, octets(mail("spam", 1)), TRAP, source=OUTSIDE).code == 250
    assert learnt() == (0, 1), "before its sender was told 250"
    decision = record(site)
    assert decision["verdict"] == "discard" and decision["learnt"] == "trap: learnt as spam"
    assert decision["rcpt"] == [TRAP] and "backend" not in decision
    assert send(site.port, octets(mail("spam", 1)), TRAP, OTHER_TRAP, source=OUTSIDE).code == 250
    assert learnt() == (0, 1), "the same message again is the same label"


def test_others_of_a_message_to_a_trap_have_it_and_their_verdict(site, postfix):
    learnt = Learnt(site, "trap")
    assert send(site.port, octets(mail("spam", 10)), TRAP, USER, OTHER_TRAP, source=OUTSIDE).code == 250
    assert postfix.wait_for_message(USER, b"<spam10@x.example>")
    assert wait_until(lambda: learnt() == (0, 1), 20)
    decision = record(site)
    assert decision["verdict"] == "accept" and decision["learnt"] == "trap: to be learnt as spam"
    assert decision["rcpt"] == [USER, TRAP, OTHER_TRAP]
    assert [(fate["rcpt"], fate["verdict"]) for fate in decision["fates"]] == [(TRAP, "discard"), (OTHER_TRAP, "discard")]
    assert send(site.port, octets(mail("spam", 10)), TRAP, source=OUTSIDE).code == 250
    assert learnt() == (0, 1), "it is the same message, whoever else has it"
    assert send(site.port, octets(mail("spam", 11)), TRAP, USER, source=OUTSIDE).code == 250
    assert wait_until(lambda: learnt() == (0, 2), 20)


def test_what_others_are_refused_is_refused_and_learnt_nevertheless(site):
    learnt = Learnt(site, "trap")
    with Session(site.port, source=OUTSIDE) as session:
        session.ehlo()
        session.envelope(TRAP)
        assert session.command("RCPT TO:<nobody-there@%s>" % DOMAIN).code == 550
        assert session.data(octets(mail("spam", 20))).code == 250
    assert learnt() == (0, 1)


def test_who_is_refused_for_what_he_is_is_taken_for_a_trap(site):
    learnt = Learnt(site, "trap")
    with Session(site.port, source="127.0.0.66") as session:
        session.ehlo()
        session.envelope(TRAP)
        assert session.command("RCPT TO:<%s>" % USER).code == 550
        assert session.data(octets(mail("spam", 30))).code == 250
    assert learnt() == (0, 1)


def test_who_is_hung_up_on_is_not_heard_for_a_trap(site):
    with Session(site.port, source="127.0.0.67") as session:
        assert session.greeting.code == 554


@pytest.mark.parametrize("source, sender", [(OUTSIDE, ""), (INSIDE, "user@client.example"), ("127.0.0.1", "user@client.example")],
                         ids=["a bounce", "from inside", "from a server behind"])
def test_what_a_trap_is_sent_by_the_innocent_is_not_learnt(site, source, sender):
    learnt = Learnt(site, "trap")
    assert send(site.port, octets(mail("spam", 40)), TRAP, source=source, sender=sender).code == 250
    assert learnt() == (0, 0)
    assert record(site)["verdict"] == "discard" and record(site)["learnt"].startswith("trap, not learnt: from ")


def test_a_trap_at_a_domain_of_others_is_not_relayed_for(site):
    assert send(site.port, octets(mail("spam", 41)), "left-in-2019@elsewhere.example", source=OUTSIDE).code == 550


def test_a_trap_takes_what_comes_in_chunks(site):
    learnt, message = Learnt(site, "trap"), octets(mail("spam", 42))
    with Session(site.port, source=OUTSIDE) as session:
        session.ehlo()
        session.envelope(TRAP)
        session.send(b"BDAT %d LAST\r\n" % len(message) + message)
        assert session.reply().code == 250
    assert learnt() == (0, 1)


# ---- reports


def report(*messages, encoding=None, **fields):
    """A mail that has these attached. `encoding`: as a file of that encoding, said to be anything."""
    outer = email.message.EmailMessage(policy=email.policy.SMTP)
    outer["From"], outer["To"], outer["Subject"] = USER, SPAM, "FW: see attached"
    for name, value in fields.items():
        outer[name.replace("_", "-")] = value
    outer.set_content("This came today.\n")
    for message in messages:
        if encoding:
            outer.add_attachment(octets(message), maintype="application", subtype="octet-stream", filename="win.eml", cte=encoding)
        else:
            outer.add_attachment(email.message_from_bytes(message, policy=email.policy.SMTP))
    return bytes(outer)


def tell(site, to, message, source=INSIDE, sender=USER):
    return send(site.port, message, to, source=source, sender=sender)


def test_what_a_user_reports_is_learnt_before_he_is_thanked(site):
    learnt = Learnt(site, "reported")
    reply = tell(site, SPAM, report(mail("spam", 100)))
    assert reply.code == 250 and "learnt as spam" in reply.text
    assert learnt() == (0, 1)
    decision = record(site)
    assert decision["verdict"] == "discard" and decision["learnt"] == "report: learnt as spam"
    assert tell(site, GOOD, report(mail("good", 100))).code == 250
    assert learnt() == (1, 1)
    assert tell(site, SPAM, report(mail("spam", 100))).code == 250
    assert learnt() == (1, 1), "one user has one vote a message"
    assert tell(site, SPAM, report(mail("spam", 100)), sender=OTHER_USER).code == 250
    assert learnt() == (1, 2)
    assert tell(site, GOOD, report(mail("spam", 100))).code == 250
    assert learnt() == (2, 1), "he has changed his mind"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "7bit"])
def test_a_file_that_is_a_message_is_learnt_from_in_each_encoding(site, encoding):
    learnt = Learnt(site, "reported")
    assert tell(site, SPAM, report(mail("spam", 110 + len(encoding)), encoding=encoding)).code == 250
    assert learnt() == (0, 1)


def test_each_of_several_is_learnt_from_and_more_than_sixteen_are_refused(site):
    learnt = Learnt(site, "reported")
    assert tell(site, SPAM, report(*(mail("spam", n) for n in range(120, 123)))).code == 250
    assert learnt() == (0, 3)
    refused = tell(site, SPAM, report(*(mail("spam", n) for n in range(130, 147))))
    assert refused.code == 550 and "more than 16" in refused.text
    assert learnt() == (0, 3)


def test_the_reference_of_what_came_through_here_is_in_the_label(site, postfix):
    assert send(site.port, octets(mail("spam", 150)), USER, source=OUTSIDE).code == 250
    arrived = postfix.wait_for_message(USER, b"<spam150@x.example>")
    reference = record(site)["id"]
    assert tell(site, SPAM, report(arrived.replace(b"\r\n", b"\n"))).code == 250
    learnt = Learnt(site, "reported")
    assert site.learner("forget", "--reference", reference).returncode == 0
    assert learnt() == (0, -1)


def test_who_attaches_nothing_is_told_what_to_do(site):
    learnt = Learnt(site, "reported")
    refused = tell(site, SPAM, octets(mail("spam", 160)))
    assert refused.code == 550 and refused.enhanced == "5.6.0" and "Ctrl+Alt+F" in refused.text
    assert learnt() == (0, 0)


def test_reports_are_taken_from_inside_and_of_people_alone(site):
    learnt = Learnt(site, "reported")
    message = report(mail("spam", 170))
    assert tell(site, SPAM, message, source=OUTSIDE).enhanced == "5.7.1"
    assert tell(site, SPAM, message, sender="").enhanced == "5.7.1"
    assert tell(site, SPAM, message, sender="user@client.example").enhanced == "5.7.1", "his votes would be any number's"
    assert tell(site, SPAM, report(mail("spam", 170), Auto_Submitted="auto-replied")).code == 550
    assert learnt() == (0, 0)
    assert tell(site, SPAM, report(mail("spam", 170), Auto_Submitted="no")).code == 250
    assert learnt() == (0, 1)


def test_a_report_has_a_transaction_of_its_own(site, postfix):
    with Session(site.port, source=INSIDE) as session:
        session.ehlo()
        session.envelope(USER, sender=USER)
        assert session.command("RCPT TO:<%s>" % SPAM).code == 452
        assert session.data(report(mail("spam", 180))).code == 250
        session.envelope(SPAM, sender=USER)
        for other in (USER, GOOD, TRAP):
            assert session.command("RCPT TO:<%s>" % other).code == 452
        assert session.data(report(mail("spam", 180))).code == 250
    assert postfix.wait_for_message(USER, b"<spam180@x.example>")


def test_what_is_more_than_a_user_may_teach_in_a_day_waits_for_the_next(site):
    busy = "busy@" + DOMAIN
    for first in range(1000, 1096, 16):
        assert tell(site, SPAM, report(*(mail("spam", n) for n in range(first, first + 16))), sender=busy).code == 250
    learnt = Learnt(site, "reported")
    put_off = tell(site, SPAM, report(*(mail("spam", n) for n in range(1096, 1102))), sender=busy)
    assert (put_off.code, put_off.enhanced) == (452, "4.7.0")
    assert learnt() == (0, 4)
    assert tell(site, SPAM, report(mail("spam", 1096)), sender=busy).code == 250, "that one is there"


def stop_keeper(gateway):
    keeper = gateway.pids("gatepost-keeper")[0]
    os.kill(keeper, signal.SIGSTOP)
    return keeper


def test_what_waits_for_a_keeper_that_is_killed_is_learnt_by_the_next(site):
    learnt, message = Learnt(site, "reported"), report(mail("spam", 190))
    keeper, ready = stop_keeper(site), site.log().count("keeper ready")
    with Session(site.port, source=INSIDE, timeout=60) as session:
        session.ehlo()
        session.envelope(SPAM, sender=USER)
        session.command("DATA")
        session.send(stuffed(message))
        assert session.silent(0.5), "nobody is thanked before it is on the disk"
        os.kill(keeper, signal.SIGKILL)
        assert session.reply().code in (250, 451)
    assert wait_until(lambda: site.log().count("keeper ready") > ready, 20)
    assert wait_until(lambda: tell(site, SPAM, message).code == 250, 20)
    assert learnt() == (0, 1)


def test_while_the_keeper_does_not_answer_reports_are_put_off_and_traps_discarded(start, postfix, own_dir):
    body = behind("mail", postfix.port) + domains("mail", *users.DOMAINS)
    gateway = start(body, changes=teaching(own_dir, timeouts={"verdict": "1s"}))
    gateway.learner = Learner(gateway)
    keeper = stop_keeper(gateway)
    try:
        put_off = tell(gateway, SPAM, report(mail("spam", 195)))
        assert put_off.code == 451 and put_off.enhanced == "4.3.0"
        assert send(gateway.port, octets(mail("spam", 196)), TRAP, source=OUTSIDE).code == 250
        assert "trap not learnt" in gateway.log()
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert wait_until(lambda: tell(gateway, SPAM, report(mail("spam", 195))).code == 250, 20)
    assert labels(gateway)["reported"] == (0, 1)


def test_where_no_scanner_serves_reports_are_put_off_and_traps_discarded(start, postfix, own_dir):
    body = behind("mail", postfix.port) + domains("mail", *users.DOMAINS)
    gateway = start(body, changes=teaching(own_dir, timeouts={"verdict": "1s"}))
    gateway.learner = Learner(gateway)
    assert wait_until(lambda: tell(gateway, SPAM, report(mail("spam", 194))).code == 250, 20)
    for worker in gateway.workers("gatepost-scan"):
        os.kill(worker, signal.SIGSTOP)
    try:
        assert tell(gateway, SPAM, report(mail("spam", 195))).code == 451
        assert send(gateway.port, octets(mail("spam", 196)), TRAP, source=OUTSIDE).code == 250
    finally:
        for worker in gateway.workers("gatepost-scan"):
            os.kill(worker, signal.SIGCONT)
    assert record(gateway)["learnt"] == "trap, not learnt: no scanner has made anything of it"


def test_a_real_server_inside_brings_a_report_and_the_mail_of_others_with_it(start, postfix, own_dir):
    changes = teaching(own_dir)
    changes["learn"]["report_from"] = '{ "127.0.0.1" }'
    gateway = start(behind("mail", postfix.port) + domains("mail", *users.DOMAINS), changes=changes)
    gateway.learner = Learner(gateway)
    server = Sender(own_dir, gateway.port, "inside.example").start()
    try:
        assert send(server.port, report(mail("spam", 300)), USER, SPAM, sender=OTHER_USER).code == 250
        assert server.comes_until(lambda: labels(gateway).get("reported") == (0, 1))
        assert postfix.wait_for_message(USER, b"<spam300@x.example>")
    finally:
        server.stop()


# ---- what was held


def test_what_was_held_wrongly_is_learnt_as_good_mail_and_stays(site):
    learnt = Learnt(site, "reported")
    message = octets(mail("good", 200)).replace(b"Subject: ", b"Subject: agenda ")
    assert send(site.port, message, USER, source=OUTSIDE).code == 250
    number = site.held()[0]["number"]
    assert site.control("quarantine", "report-false", str(number)) is not None
    assert wait_until(lambda: learnt() == (1, 0), 20)
    assert [held["number"] for held in site.held()] == [number], "it waits as before"
    released = Learnt(site, "released")
    assert site.control("quarantine", "release", str(number)) is not None
    assert wait_until(lambda: released() == (1, 0), 20)
    assert learnt() == (0, 0), "of one message the helpdesk has one vote"
