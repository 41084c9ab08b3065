# SPDX-License-Identifier: ISC
"""What users say of one campaign counts at once: for all when several have said it, for him alone who has. Real Postfix, Dovecot and
redis-server behind and beside."""
import contextlib
import json
import os
import signal

import pytest

from lab import learning, needs, users
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, domains, running
from lab.imap_client import logged_in
from lab.learning import Learner
from lab.postfix import Postfix
from lab.process import wait_until
from lab.smtp_client import Session, send

pytestmark = needs.root

RULES = """
rule "many have said so" when campaign.seen >= 3 then header add "X-Campaign" "{campaign.seen}"
rule "he has said so" when reported.by_recipient then header add "X-Reported" "yes"
rule "held" when recipient == "third@example.com" and message.size > 0 then quarantine "spam"
"""
HELD = "third@example.com"
MOVERS, (PROBE, REPORTER, OTHER, CLUB) = users.ADDRESSES[:2] + users.ADDRESSES[4:5], (users.ADDRESSES[n] for n in (5, 7, 8, 12))

PARTS = ["we are pleased to tell you that the account committee has chosen your address among many thousands for the yearly payment",
         "of our foundation and its friends. To receive the amount in question please confirm your name and the number of your bank",
         "within three days or the claim goes to somebody else. Our officer guides you through each of the steps and answers",
         "whatever you may want to know about the transfer, the fees of the notary and the law of the country where it is deposited."]
VARIANTS = ["Greetings from the office!", "Good morning to you and your family.", "Hello again my friend.", "Attention please.", "How are you today?"]


def campaign(number, author=None):
    """Each in other words, to another name and from another author."""
    words = " ".join([VARIANTS[number % len(VARIANTS)], "Dear customer%s," % ("abcdefghij"[number % 10] * 3), *PARTS,
                      "Your reference is X-%d, see https://t%d.example/c/%d." % (1000 + number, number, number)])
    return message(author or "office%d@winner%d.example" % (number, number), words)


def news(author, words):
    return message(author, " ".join("%s number %s of %s goes on sale this week and %s follows" % (word, word[::-1], word, word.upper())
                                    for word in words.split()))


def message(author, words):
    return ("From: Somebody <%s>\r\nTo: you@example.com\r\nSubject: hello\r\nMessage-ID: <%x@x.example>\r\n\r\n%s\r\n"
            % (author, hash(words) & 0xffffffff, words)).encode()


@pytest.fixture(scope="module")
def site(run_dir):
    folder = run_dir / "campaign"
    folder.mkdir()
    postfix = Postfix(folder).start()
    dovecot = Dovecot(folder, postfix.mail).start()
    body = backend("mail", postfix.port, imap=["%d tls none" % dovecot.imap_port]) + domains("mail", *users.DOMAINS) + RULES
    try:
        with running(Gatepost(run_dir / "campaign-gateway", body, learning.settings(folder), imap="backend mail"), ready=READY) as gateway:
            gateway.postfix = postfix
            yield gateway
    finally:
        dovecot.stop()
        postfix.stop()


@pytest.fixture(scope="module")
def learner(site):
    """Once the scanners have a key: until then nothing is alike."""
    it = Learner(site)
    assert wait_until(lambda: seen(site, campaign(0)) == 0, 30), facts(site)
    return it


def deliver(site, user, *messages):
    for one in messages:
        assert send(site.port, one, user, sender="a@client.example").code == 250


def facts(site):
    return next(r for r in reversed(site.decisions()) if r["stage"] == "message")["facts"]


def seen(site, one):
    deliver(site, PROBE, one)
    return facts(site)["campaign.seen"]


def reported(site, user, one):
    deliver(site, user, one)
    return facts(site)["reported.by_recipient"]


def move(site, learner, user, count=1, start="INBOX", to="Junk"):
    """All that is there, once so many are; until the gateway has heard of it."""
    kind = "spam" if to == "Junk" else "good"
    before = moved(learner)[kind]
    with contextlib.closing(logged_in(site.imap_port, user, mailbox=start)) as session:
        there = wait_until(lambda: len(found := session.fetch("1:*", "(FLAGS)", uid=True)) == count and found, 30)
        session.expect("UID MOVE %s %s" % (",".join(map(str, sorted(there))), to))
    assert wait_until(lambda: moved(learner)[kind] == before + count, 30)


def moved(learner):
    return learner.status()["labels"]["moved"]


def test_three_users_say_so_and_the_next_variant_is_known(site, learner):
    for number, user in enumerate(MOVERS):
        assert seen(site, campaign(9)) == number
        deliver(site, user, campaign(number))
        move(site, learner, user)
    deliver(site, OTHER, campaign(4))
    assert facts(site)["campaign.seen"] == 3
    with contextlib.closing(logged_in(site.imap_port, OTHER, mailbox="INBOX")) as session:
        assert wait_until(lambda: b"X-Campaign: 3" in str(session.fetch("1:*", "(BODY[HEADER])")).encode(), 20)
    assert seen(site, news("a@shop.example", "garden window letter kitchen bottle")) == 0


def test_one_user_counts_once(site, learner):
    deliver(site, MOVERS[0], campaign(5), campaign(6))
    move(site, learner, MOVERS[0], 2)
    assert seen(site, campaign(7)) == 3


def test_who_takes_it_back_takes_away(site, learner):
    move(site, learner, MOVERS[1], start="Junk", to="INBOX")
    assert seen(site, campaign(8)) == 1, "two say spam, one says good"
    move(site, learner, MOVERS[1])
    assert seen(site, campaign(8)) == 3


def test_who_has_reported_an_author_finds_his_next_mail_told_and_others_do_not(site, learner):
    author = "News@Shop.example"
    assert reported(site, REPORTER, news(author, "garden window letter kitchen bottle")) is False
    move(site, learner, REPORTER)
    assert reported(site, REPORTER, news(author.lower(), "village orange purple silver copper")) is True
    assert reported(site, PROBE, news(author, "marble timber leather cotton station")) is False
    assert reported(site, REPORTER, news("news@another.example", "minute engine monday flower hammer")) is False
    assert reported(site, REPORTER, news("news@third.example", "garden window letter kitchen bottle")) is True, "alike, whoever wrote it"


def test_a_report_is_over_once_he_calls_mail_of_the_author_good(site, learner):
    author, user = "club@sport.example", CLUB
    deliver(site, user, news(author, "summer winter spring autumn season"))
    move(site, learner, user)
    assert reported(site, user, news(author, "village orange purple silver copper")) is True
    move(site, learner, user, start="Junk", to="INBOX")
    assert reported(site, user, news(author, "marble timber leather cotton station")) is False


def test_each_recipient_of_one_message_has_his_own(site, learner):
    """Those who differ by a header come one after the other."""
    one = news("news@shop.example", "chapter window sentence comma letter")
    for recipients, code in (([PROBE, REPORTER], 451), ([OTHER, users.ADDRESSES[9]], 250)):
        with Session(site.port) as client:
            client.ehlo()
            client.expect("MAIL FROM:<a@client.example>", 250)
            for recipient in recipients:
                client.expect("RCPT TO:<%s>" % recipient, 250)
            assert client.data(one).code == code


def test_what_is_released_is_one_good_opinion_for_all_who_release(site, learner):
    for number in range(2):
        deliver(site, HELD, campaign(number))
        assert site.control("quarantine", "release", str(site.held()[-1]["number"])) is not None
        assert wait_until(lambda: learner.status()["labels"]["released"]["good"] == number + 1, 20)
        assert seen(site, campaign(3)) == 2, "three say spam"


def test_check_asks_no_redis(site, learner, tmp_path):
    (tmp_path / "mail.eml").write_bytes(campaign(1))
    checked = json.loads(site.control("check", "--json", str(tmp_path / "mail.eml")))
    assert checked["facts"]["campaign.seen"] == "unknown" and checked["facts"]["reported.by_recipient"] == "unknown"


# ---- without


@pytest.fixture
def simple(start, new_backend, tmp_path):
    def run(**changes):
        body = backend("behind", new_backend().port) + domains("behind", "example.com") + RULES
        gateway = start(body, changes={**learning.settings(tmp_path), **changes})
        assert gateway.wait_log("keeper ready", 20)
        return gateway
    return run


def told(gateway, one):
    assert send(gateway.port, one, "user@example.com").code == 250
    return [facts(gateway)[name] for name in ("campaign.seen", "reported.by_recipient")]


def test_without_redis_it_is_unknown_and_mail_passes(simple):
    gateway = simple(redis={"server": '"127.0.0.1:1"'})
    Learner(gateway)
    assert wait_until(lambda: told(gateway, campaign(1)) == ["unknown", "unknown"], 20)


def test_what_has_few_words_is_like_nothing(simple):
    gateway = simple()
    Learner(gateway)
    assert wait_until(lambda: told(gateway, message("a@b.example", "See you at eight.")) == [0, False], 20)


def test_who_learns_nothing_is_told_of_no_campaign(simple):
    assert told(simple(learn={"enabled": "off"}), campaign(1)) == [None, None]


def test_a_report_that_the_keeper_has_not_taken_is_no_vote(start, postfix, own_dir):
    changes = learning.settings(own_dir, timeouts={"verdict": "1s"})
    changes["learn"].update(report_spam='{ "spam@report.example" }', report_from='{ "127.0.0.2" }')
    gateway = start(backend("mail", postfix.port) + domains("mail", *users.DOMAINS) + RULES, changes=changes)
    assert wait_until(lambda: seen(gateway, campaign(0)) == 0, 30)
    report = b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + campaign(1)

    def tell():
        return send(gateway.port, report, "spam@report.example", sender=REPORTER, source="127.0.0.2").code
    keeper = gateway.pids("gatepost-keeper")[0]
    os.kill(keeper, signal.SIGSTOP)
    try:
        assert tell() == 451
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert seen(gateway, campaign(2)) == 0
    assert tell() == 250
    assert seen(gateway, campaign(3)) == 1
