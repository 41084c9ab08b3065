# SPDX-License-Identifier: ISC
"""Dovecot, Courier and Cyrus behind: each shows through Gatepost over IMAP the octets that it shows without."""
import random
import re

import pytest

from lab import imap_busy, samples
from lab.imap_client import EAGER, PLUS, WAIT, Literal, Session, differences, logged_in, random_commands
from lab.imap_stub import section
from lab.odd_mails import ODD
from lab.smtp_client import client_context

from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program

# It makes that every message is looked into.
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "20s"}}


def as_delivered(octets):
    """Newlines as every mail server makes them of what it delivers: Cyrus shows those alone as they are."""
    return re.sub(rb"\r?\n", b"\r\n", octets)


# What is called a header and is none comes later than it would, as it has to be read before; see below. Courier shows as one two empty lines,
# for instance, of a long one without its field.
LATER = ("nothing that is a header", "a long header line")
NAMES = [name for name in ODD if name not in LATER]
MAILBOX = [as_delivered(ODD[name]) for name in NAMES]
PROGRAM = b64(random_program()).rstrip()
MIXED = [multipart("a program", TEXT, file("setup.exe", PROGRAM), file("notes.txt", b64(b"harmless\r\n" * 30))), samples.clean("second")]
CONVERSATIONS = 4
MAILBOXES = {"user": MAILBOX, "twin": MAILBOX, "later": [as_delivered(ODD[name]) for name in LATER] + MAILBOX[:2],
             "mixed": MIXED, "empties": MAILBOX[:5], "writer": MAILBOX[:1], "watched": MAILBOX[:1]}
MAILBOXES |= {"busy-%d-%d" % (seed, at_once): [] for seed in range(2) for at_once in (1, 4)}
MAILBOXES |= {"%s-%d" % (kind, seed): MAILBOX for kind in ("changes", "changed") for seed in range(CONVERSATIONS)}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


# ---- what is read


@pytest.mark.parametrize("name", NAMES)
def test_a_message_comes_as_it_came_without_us(name, direct, reader):
    items = ["BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[2]", "BODY.PEEK[1.MIME]", "BODY.PEEK[]<3.1000>",
             "BODY.PEEK[HEADER.FIELDS (Subject)]", "RFC822.HEADER", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "(BODY.PEEK[] UID)", "FULL"]
    for session in (direct, reader):
        session.select(read_only=True)
    number = NAMES.index(name) + 1
    assert differences(direct, reader, ["FETCH %d %s" % (number, item) for item in items]
                       + ["UID FETCH %d (BODY.PEEK[TEXT])" % number, "FETCH %d RFC822" % number, "FETCH %d BODY[]<0.10>" % number]) == []


@pytest.mark.parametrize("item", ["BODY.PEEK[HEADER]", "BODY.PEEK[HEADER.FIELDS.NOT (Subject)]", "RFC822.HEADER", "BODY.PEEK[]"])
def test_a_header_that_is_none_comes_in_whatever_order_as_it_came_without_us(item, front, both_of):
    with both_of(front.name, "later") as sessions:
        for session in sessions:
            session.select(read_only=True)
        shown, through = (session.expect("FETCH 1:* (UID %s)" % item)[:-1] for session in sessions)
        assert sorted(shown) == sorted(through) and len(shown) == 4
        assert differences(*sessions, ["FETCH 3 (BODY.PEEK[])"]) == []


@pytest.mark.parametrize("tls", ["plain", "starttls", "imaps"])
def test_a_whole_mailbox_comes_as_it_came_without_us(tls, front, direct):
    port = front.gateway.imaps_port if tls == "imaps" else front.gateway.imap_port
    with Session(port, tls=client_context() if tls == "imaps" else None) as through:
        if tls == "starttls":
            through.starttls()
        through.login("user@%s.example" % front.name)
        through.select()
        commands = ["NAMESPACE", 'LIST "" "*"', "EXAMINE INBOX", "UID SEARCH ALL", "FETCH 1:* (UID FLAGS RFC822.SIZE)", "UID FETCH 1:* (UID BODY.PEEK[])",
                    "UID FETCH 1:* (UID BODY.PEEK[1])", "CLOSE"]
        assert differences(direct, through, commands) == []


@pytest.mark.parametrize("command", ["FETCH 0 BODY[]", "FETCH 99 BODY[]", "FETCH x BODY[]", "FETCH 1", "FETCH 1 BODY[", "FETCH 1 NOTHING", "UID FETCH 9999 BODY[]",
                                     "STORE 1 FLAGS", "COPY 1 \"no such\"", "SELECT \"no such\"", "SEARCH NOTHING", "STATUS INBOX ()"])
def test_the_session_stays_in_step_behind_what_is_none(command, direct, reader):
    for session in (direct, reader):
        session.command(command)
    assert differences(direct, reader, ["SELECT INBOX", "FETCH 1 (BODY.PEEK[])"]) == []


def test_a_wrong_password_is_refused_and_the_right_one_taken_after_it(front):
    """Courier waits five seconds before it says so, Cyrus three."""
    with Session(front.gateway.imap_port) as session:
        session.expect("LOGIN user@%s.example wrong" % front.name, status="NO")
        session.login("user@%s.example" % front.name)
        session.select()


# ---- any conversation


def ways(name):
    """Of sending literals; Courier has not LITERAL+."""
    return (None, WAIT, EAGER) + ((PLUS,) if name != "courier" else ())


def differing(front, seed, direct, reader, writes):
    """Where their conversation differs."""
    way = ways(front.name)[seed % len(ways(front.name))]
    commands = random_commands(random.Random(seed), 80, len(MAILBOX), writes, (front.server.junk,), way)
    return differences(direct, reader, commands, ordered=front.name != "courier")


@pytest.mark.parametrize("seed", range(CONVERSATIONS))
def test_any_conversation_that_changes_nothing_has_the_octets_that_it_has_without_us(seed, front, direct, reader):
    assert differing(front, seed, direct, reader, writes=False) == []


@pytest.mark.parametrize("seed", range(CONVERSATIONS))
def test_any_conversation_that_changes_things_has_the_octets_that_it_has_without_us(seed, front, both_of):
    with both_of(front.name, "changes-%d" % seed, "changed-%d" % seed) as (direct, reader):
        assert differing(front, seed, direct, reader, writes=True) == []


@pytest.mark.parametrize("seed", range(CONVERSATIONS))
def test_commands_all_at_once_have_the_answers_that_they_have_without_us(seed, front, direct, reader):
    assert differences(direct, reader, list(random_commands(random.Random(seed), 60, len(MAILBOX), False, (front.server.junk,))), pipelined=True) == []


# ---- while somebody else puts messages there and takes them away


def numbered(n):
    """Each is unlike any other, and each third is forbidden."""
    text = [b"Content-Type: text/plain"], b"\r\n".join(b"line %d of message %d" % (at, n) for at in range(30))
    return multipart("message %d" % n, text, file("setup.exe", PROGRAM) if n % 3 == 0 else file("notes.txt", b64(b"note %d\r\n" % n * 50)))


def expected(octets, item):
    """What an item holds of a message."""
    name, origin = re.fullmatch(r"BODY\[(.*)\](?:<(\d+)>)?", item.replace('"', "")).groups()
    whole = section(octets, name.encode())
    return whole[int(origin):] if origin else whole


def check_shown(octets, item, shown, forbidden):
    whole = expected(octets, item)
    assert forbidden or shown == whole[:len(shown)], "content of another message"
    assert len(shown) == len(whole) or "<" in item
    assert not leaks(PROGRAM, shown)
    if item == "BODY[]":
        assert octets[:octets.index(b"--outer")] in shown


# Courier hangs up when a message goes away under its hands.
@pytest.mark.parametrize("front", ["dovecot", "cyrus"], indirect=True)
@pytest.mark.parametrize("at_once", [1, 4], ids=["one at a time", "some at once"])
@pytest.mark.parametrize("seed, qresync", [(0, False), (1, True)], ids=["EXPUNGE", "VANISHED"])
def test_a_message_is_never_taken_for_another_while_they_come_and_go(seed, qresync, at_once, front):
    user, rng = "busy-%d-%d@%s.example" % (seed, at_once, front.name), random.Random(seed)
    with imap_busy.Busy(front.server.imap_port, user, random.Random(seed), numbered) as busy, logged_in(front.gateway.imap_port, user) as session:
        watcher = imap_busy.Watcher(session)
        watcher.select(qresync)
        for _ in range(60 // at_once):
            watcher.ask(*(imap_busy.random_command(rng, watcher) for _ in range(at_once)))
    assert watcher.vanished == qresync and len(watcher.seen) > 30 and len({uid for uid, _, _ in watcher.seen}) > 5
    for uid, item, shown in watcher.seen:
        check_shown(busy.mails[uid], item, shown, forbidden=PROGRAM in busy.mails[uid])


# ---- what is changed


def test_what_is_marked_is_gone_after_expunge_alone(front):
    user = "empties@%s.example" % front.name
    with logged_in(front.gateway.imap_port, user, mailbox="INBOX") as session:
        kept = session.message(2)
        session.expect(r"STORE 1 +FLAGS (\Deleted)")
    with logged_in(front.gateway.imap_port, user) as session:
        assert session.select() == 5
        session.expect("EXPUNGE")
        assert session.message(1) == kept
    with logged_in(front.server.imap_port, user) as session:
        assert session.select() == 4
        assert session.message(1) == kept


def test_what_is_put_there_comes_back_as_it_was(front):
    user, message = "writer@%s.example" % front.name, samples.with_attachment("data.bin", bytes(range(256)) * 400)
    with logged_in(front.gateway.imap_port, user) as session:
        for way in filter(None, ways(front.name)):
            session.append("INBOX", message, r"\Seen \Flagged", "15-Jan-2026 10:00:00 +0000", way)
        session.select()
        for port in (front.server.imap_port, front.gateway.imap_port):
            with logged_in(port, user, mailbox="INBOX") as reader:
                values = reader.fetch("*", "(FLAGS INTERNALDATE BODY.PEEK[])").popitem()[1]
                assert values["BODY[]"] == message and values["INTERNALDATE"] == b"15-Jan-2026 10:00:00 +0000"
                assert {rb"\Seen", rb"\Flagged"} <= set(values["FLAGS"].strip(b"()").split())


def test_a_login_may_be_made_of_literals(front):
    for way in filter(None, ways("any")):
        with Session(front.gateway.imap_port) as session:
            session.expect("LOGIN ", Literal(b"user@%s.example" % front.name.encode(), way), " ", Literal(b"secret", way))
            session.select()


def test_who_waits_is_told_of_what_comes(front):
    user = "watched@%s.example" % front.name
    with logged_in(front.gateway.imap_port, user) as session:
        count = session.select()
        session.idle()
        with logged_in(front.server.imap_port, user) as other:
            other.append("INBOX", samples.clean("new"))
        # Courier looks once a minute, and when asked.
        if front.name != "courier":
            while session.response() != b"* %d EXISTS\r\n" % (count + 1):
                pass
        assert b" OK " in session.done()[-1]
        session.expect("NOOP")
        assert b"Subject: new" in session.message(count + 1)


# ---- what is forbidden


@pytest.mark.parametrize("item", ["BODY.PEEK[]", "RFC822", "BODY.PEEK[TEXT]", "BODY.PEEK[2]", "BODY.PEEK[]<0.100000>", "BODY.PEEK[2]<100.500>", "RFC822.TEXT"])
def test_of_what_is_forbidden_nothing_is_shown_but_its_length(item, front, both_of):
    with both_of(front.name, "mixed") as sessions:
        for session in sessions:
            session.select(read_only=True)
        whole, shown = (session.fetch(1, "(%s)" % item)[1] for session in sessions)
        assert {name: len(octets) for name, octets in whole.items()} == {name: len(octets) for name, octets in shown.items()} and whole != shown
        assert all(leaks(PROGRAM, octets) for octets in whole.values()) and not any(leaks(PROGRAM, octets) for octets in shown.values())
        assert differences(*sessions, ["FETCH 1 (BODY.PEEK[1])", "FETCH 1 (BODY.PEEK[3])", "FETCH 1 BODYSTRUCTURE", "FETCH 2 (BODY.PEEK[])"]) == []
