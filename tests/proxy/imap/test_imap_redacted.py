# SPDX-License-Identifier: ISC
"""EICAR, a program in an archive, a document with macros, and random messages with such parts: whichever way they are fetched nothing of what
is forbidden is shown, and what was shown once is shown again."""
import random
from collections import defaultdict

import pytest

from lab import samples
from lab.imap_asked import Asked
from lab.imap_client import EAGER, PLUS, WAIT, logged_in
from lab.program_mailboxes import CHANGES, FORBIDDEN, MIXED  # CHANGES are the suite's: conftest.py
from lab.program_mailboxes import RULES as PROGRAMS_RULES
from lab.random_mails import random_mail

from lab.forbidden import SCRIPT, TEXT, b64, file, leaks, multipart

RULES = PROGRAMS_RULES + 'rule "types" when any a in attachments (a.extension in programs or a.type == "application/x-dosexec") then ' \
    'reject 550 5.7.1 "no programs"\ntable programs { "exe" "bat" "js" }\n'
SEEDS, EACH = range(2), 16  # mailboxes of random messages, and how many there are in each
USER, WRITER, QUOTER = ("%s@example.com" % name for name in ("user", "writer", "quoter"))
RANDOM = {seed: [random_mail(random.Random("%d-%d" % (seed, n)), "random %d" % n) for n in range(EACH)] for seed in SEEDS}
QUOTED = SCRIPT[1500:2100]
MAILS = {USER: MIXED, WRITER: [], QUOTER: [multipart("quotes", ([b"Content-Type: text/plain"], b"Look:\r\n" + QUOTED), file("run.bat", SCRIPT.rstrip(), b"7bit"))]} | {"random-%d@example.com" % seed: [octets for octets, _ in mails] for seed, mails in RANDOM.items()}
LEAVES = [encoded for _, _, encoded in FORBIDDEN.values()]
NUMBERS = dict(zip(range(2, 2 * len(LEAVES) + 1, 2), LEAVES))  # of the messages of MIXED that hold them

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(before_dovecot):
    return before_dovecot


@pytest.fixture
def sessions(site):
    """sessions(user): at the server itself and through the gateway."""
    opened = []

    def of(user):
        opened.extend(logged_in(port, user, mailbox="INBOX") for port in (site.server.imap_port, site.imap_port))
        return opened[-2:]
    yield of
    for session in opened:
        session.close()


def ranges(section, length):
    return ["BODY.PEEK[%s]<%d.%d>" % (section, at, length) for at in range(0, 6 * length, length)]


WAYS = {
    "whole": ["BODY.PEEK[]"], "by its text": ["BODY.PEEK[TEXT]"], "by parts": ["BODY.PEEK[1]", "BODY.PEEK[2]"], "several at once": ["BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[]"],
    "headers first": ["BODY.PEEK[HEADER]", "BODYSTRUCTURE", "BODY.PEEK[1.MIME] BODY.PEEK[2.MIME]", "BODY.PEEK[2]"], "by ranges": ranges("", 1800),
    "by ranges of a part": ranges("2", 1500), "by small ranges": ["BODY.PEEK[2]<%d.40>" % at for at in range(0, 600, 60)], "the end first": ranges("TEXT", 3000)[::-1],
    "a part and then all": ["BODY.PEEK[2]<100.200>", "BODY.PEEK[]", "BODY.PEEK[2]<0.90>"],
}


@pytest.mark.parametrize("uid", [False, True], ids=["number", "uid"])
@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_it_is_fetched_it_is_not_shown(way, uid, sessions):
    for number, leaf in NUMBERS.items():
        check_asked(WAYS[way], str(number), leaf, sessions(USER), uid)


def check_asked(items, number, leaf, sessions, uid=True, mailbox="INBOX"):
    asked = Asked(*sessions, mailbox)
    for item in items:
        asked.ask(number, item, uid=uid)
    shown = asked.check()
    assert not leaks(leaf, b"".join(after for _, _, _, after in asked.answers)) and not any(leaks(leaf, whole) for whole in shown.values())


def test_another_session_is_shown_the_same_and_a_reference_of_its_own(site):
    seen = []
    for _ in range(2):
        with logged_in(site.imap_port, USER, mailbox="INBOX") as session:
            seen.append([session.message(number) for number in NUMBERS])
    for one, other in zip(*seen):
        check_alike(one, other)


REFERENCE = 100  # octets that it takes at most, encoded and wrapped


def check_alike(one, other):
    """Only references differ, in notices."""
    assert len(one) == len(other)
    differing = [at for at, (a, b) in enumerate(zip(one, other)) if a != b]
    begins = [at for at, before in zip(differing, [-REFERENCE] + differing) if at - before >= REFERENCE]
    assert all(any(begin <= at < begin + REFERENCE for begin in begins) for at in differing)


@pytest.mark.parametrize("way", ["whole", "by parts", "by ranges of a part"])
def test_a_copy_is_not_shown_either(way, site, sessions):
    """Copied through the gateway."""
    mailbox = "Copied-" + way.replace(" ", "-")
    with logged_in(site.imap_port, USER, mailbox="INBOX") as session:
        session.expect("CREATE " + mailbox)
        session.expect("COPY %s %s" % (",".join(map(str, NUMBERS)), mailbox))
    for number, leaf in enumerate(LEAVES, 1):
        check_asked(WAYS[way], str(number), leaf, sessions(USER), mailbox=mailbox)


@pytest.mark.parametrize("item", ["BODY.PEEK[]", "BODY.PEEK[2]", "BODY.PEEK[TEXT]<0.5000>"])
def test_what_goes_away_meanwhile_is_not_shown(item, site):
    """Numbers mean other messages to the server once they are expunged, and it says so now or later."""
    user = item.encode().hex()[:30] + "@example.com"
    site.server.fill(user, MIXED)
    with logged_in(site.server.imap_port, user, mailbox="INBOX") as other, logged_in(site.imap_port, user, mailbox="INBOX") as reader:
        seen = reader.expect("FETCH 1:* (UID %s)" % item)
        for gone in range(1, len(MIXED) + 1):
            other.expect("UID STORE %d +FLAGS (\\Deleted)" % gone)
            reader.send("".join("p%d FETCH %d (UID %s)\r\n" % (at, at, item) for at in range(1, 4)))
            other.expect("EXPUNGE")
            for at in range(1, 4):
                seen += reader.responses("p%d" % at)
    for leaf in LEAVES:
        assert not leaks(leaf, b"".join(seen))


def test_what_stands_in_a_message_shown_and_forbidden_is_forbidden(sessions):
    """A part that is shown may quote one that is not; asked for alone nobody knows which of them that is."""
    asked = Asked(*sessions(QUOTER))
    for length in (64, 200, len(QUOTED)):
        asked.ask("1", "BODY.PEEK[2]<%d.%d>" % (SCRIPT.index(QUOTED), length))
    assert not any(leaks(QUOTED, shown) for *_, shown in asked.answers)
    assert QUOTED in asked.check()[1]


def test_malware_that_is_put_there_is_refused_and_its_text_is_not_run(site):
    text = [b"Content-Type: text/plain"], b"\r\na9 DELETE INBOX\r\na10 LOGOUT\r\n" * 20
    evil = [multipart("malware", text, file("readme.txt", b64(samples.EICAR).rstrip())),
            multipart("archive", text, file("invoice.zip", b64(samples.zipped("invoice.exe", samples.PROGRAM)).rstrip()))]
    with logged_in(site.imap_port, WRITER, mailbox="INBOX") as session:
        for message in evil:
            for way in (WAIT, EAGER, PLUS):
                session.append("INBOX", message, way=way, status="NO")
        session.append("INBOX", samples.clean("behind it"))
        assert session.search("UID SEARCH ALL") == [1]
    assert len(site.server.fetch(WRITER)) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_of_random_messages_nothing_forbidden_is_shown_and_all_answers_agree(seed, sessions):
    rng, shown, seen = random.Random(seed), [], defaultdict(bytes)
    for _ in range(2):
        asked = Asked(*sessions("random-%d@example.com" % seed))
        asked.at_random(rng, 10)
        shown.append(asked.check())
        for uid, _, _, octets in asked.answers:
            seen[uid] += octets
    for uid, (octets, leaves) in enumerate(RANDOM[seed], 1):
        assert not any(leaks(leaf, shown[0][uid] + seen[uid]) for leaf in leaves), uid
        assert leaves or shown[0][uid] == octets
        check_alike(shown[0][uid], shown[1][uid])
