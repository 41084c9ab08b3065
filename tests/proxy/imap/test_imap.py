# SPDX-License-Identifier: ISC
"""IMAP in front of a real Dovecot: what passes is as it is without us, and what must not be seen is not."""
import random

import pytest

from lab import samples
from lab.imap_asked import Asked
from lab.imap_client import EAGER, PLUS, Session, differences, logged_in, random_commands
from lab.odd_mails import ODD

from lab.forbidden import TEXT, b64, blocked_leaves, file, leaks, multipart, random_program

PROGRAM = b64(random_program()).rstrip()
# What is called a header and is none comes later than it would: it has to be read before. See below.
NO_HEADER = "nothing that is a header"
CLEAN = [octets for name, octets in ODD.items() if name != NO_HEADER]
MIXED = [multipart("a program", TEXT, file("setup.exe", PROGRAM), file("notes.txt", b64(b"harmless\r\n" * 30))), samples.clean("second")]
RULES = """
rule "programs" when any a in attachments (a.extension in programs or a.type == "application/x-dosexec") then reject 550 5.7.1 "no programs"
rule "malware" when any a in attachments (a.name == "readme.txt") then reject 550 5.7.1 "malware"
rule "macros" when any a in attachments (a.macros) then quarantine "macros"
rule "put off" when any a in attachments (a.name == "later.txt") then defer 451 4.7.1 "not now"
table programs { "exe" "bat" "js" }
"""
READER, TWIN, VICTIM = ("%s@example.com" % name for name in ("reader", "twin", "victim"))
MAILS = {READER: CLEAN, TWIN: CLEAN, VICTIM: MIXED}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(before_dovecot):
    return before_dovecot


@pytest.fixture
def direct(site):
    with logged_in(site.server.imap_port, TWIN, mailbox="INBOX") as session:
        yield session


@pytest.fixture
def reader(site):
    with logged_in(site.imap_port, READER, mailbox="INBOX") as session:
        yield session


def test_a_user_logs_in_and_reads(site):
    with Session(site.imap_port) as session:
        assert "IMAP4REV1" in str(session.capabilities()).upper()
        session.login(READER)
        session.select()
        session.expect("NOOP")
        session.expect("LOGOUT")


def writes(gateway):
    """How often its proxies have called write, which is how TLS is sent."""
    counts = []
    for pid in gateway.pids("gatepost-proxy"):
        with open("/proc/%d/io" % pid, encoding="ascii") as file:
            counts += [int(line.split()[1]) for line in file if line.startswith("syscw:")]
    return sum(counts)


def test_responses_that_come_together_go_out_together(site):
    with Session(site.imap_port) as session:
        session.starttls()
        session.login(READER)
        messages = session.select()
        before = writes(site)
        came = session.expect("FETCH 1:* (FLAGS)")
        assert len(came) > messages > 20
        assert writes(site) - before < 10


@pytest.mark.parametrize("item", ["BODY.PEEK[]", "RFC822", "BODY[]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[HEADER]", "BODY.PEEK[]<0.100>",
                                  "BODY.PEEK[1]<10.50>", "BODY.PEEK[1.MIME]", "BODY.PEEK[HEADER.FIELDS (Subject From)]", "ENVELOPE", "BODYSTRUCTURE",
                                  "RFC822.TEXT", "RFC822.HEADER", "FLAGS UID RFC822.SIZE INTERNALDATE"])
@pytest.mark.parametrize("numbers", ["1:*", "3", "2,4:5"])
@pytest.mark.parametrize("uid", [False, True], ids=["number", "uid"])
def test_what_is_fetched_is_as_it_is_without_us(uid, numbers, item, direct, reader):
    assert differences(direct, reader, ["%sFETCH %s (%s)" % ("UID " if uid else "", numbers, item)]) == []


def test_a_header_that_is_none_is_read_before_it_is_shown(site):
    site.server.fill("odd@example.com", [ODD[NO_HEADER], samples.clean("second")])
    with logged_in(site.server.imap_port, "odd@example.com") as direct, logged_in(site.imap_port, "odd@example.com") as reader:
        for session in (direct, reader):
            session.expect("EXAMINE INBOX")
        for command in ("FETCH 1:2 (BODY.PEEK[HEADER])", "UID FETCH 1:2 (UID BODY.PEEK[HEADER.FIELDS.NOT (Date)])", "FETCH 1 RFC822.HEADER"):
            shown, through = (session.command(command) for session in (direct, reader))
            assert sorted(shown[:-1]) == sorted(through[:-1]), command


@pytest.mark.parametrize("seed", range(6))
def test_any_conversation_has_the_octets_that_it_has_without_us(seed, direct, reader):
    assert differences(direct, reader, random_commands(random.Random(seed), 60, len(CLEAN))) == []


@pytest.mark.parametrize("fetch", ["BODY.PEEK[]", "RFC822", "BODY.PEEK[TEXT]", "BODY.PEEK[2]", "RFC822.TEXT", "BODY.PEEK[]<0.100000>", "BODY.PEEK[2]<0.1000>",
                                   "BODY.PEEK[2]<100.500>", "BODY.PEEK[TEXT]<300.1000>", "BODY.PEEK[2] BODY.PEEK[]"])
@pytest.mark.parametrize("uid", [False, True], ids=["number", "uid"])
def test_of_what_is_forbidden_nothing_is_shown_however_it_is_asked_for(uid, fetch, site):
    command = "%sFETCH 1 (%s)" % ("UID " if uid else "", fetch)
    with logged_in(site.server.imap_port, VICTIM) as direct, logged_in(site.imap_port, VICTIM) as reader:
        direct.expect("EXAMINE INBOX")
        reader.expect("EXAMINE INBOX")
        whole, shown = (b"".join(session.command(command)[:-1]) for session in (direct, reader))
    assert len(whole) == len(shown) and whole != shown
    assert not leaks(PROGRAM, shown)


def test_its_neighbours_are_shown_as_they_are(site):
    with logged_in(site.server.imap_port, VICTIM, mailbox="INBOX") as direct, logged_in(site.imap_port, VICTIM, mailbox="INBOX") as reader:
        assert differences(direct, reader, ["FETCH 1 (BODY.PEEK[1])", "FETCH 1 (BODY.PEEK[3])", "FETCH 1 (BODY.PEEK[1]<0.3>)", "FETCH 2 (BODY.PEEK[])",
                                            "FETCH 1 (BODYSTRUCTURE ENVELOPE RFC822.SIZE BODY.PEEK[2.MIME])"]) == []


def test_what_a_client_puts_there_is_put_there(site):
    message = samples.clean("appended")
    with logged_in(site.imap_port, "writer@example.com") as session:
        session.append("INBOX", message)
    assert site.server.fetch("writer@example.com") == [message]


def test_a_program_is_not_put_into_a_mailbox_and_its_text_is_not_run(site):
    evil = multipart("a program", ([b"Content-Type: text/plain"], b"\r\na9 DELETE INBOX\r\na10 LOGOUT\r\n"), file("setup.exe", PROGRAM))
    with logged_in(site.imap_port, "writer2@example.com") as session:
        session.append("INBOX", evil, status="NO")
        session.append("INBOX", evil, way=EAGER, status="NO")
        session.append("INBOX", evil, way=PLUS, status="NO")
        session.expect("NOOP")
    assert site.server.fetch("writer2@example.com") == []


@pytest.mark.parametrize("outer", [b"DELETE nosuch b ", b"SUBSCRIBE a b ", b"SEARCH SUBJECT ", b"SELECT nosuch ", b"CREATE "])
def test_what_stands_in_a_literal_is_never_run_as_a_command(outer, site):
    """Dovecot reads DELETE to its first argument, and what follows as the next commands."""
    message = samples.clean("smuggled")
    inner = b"x APPEND Smuggled {%d+}\r\n%s\r\n" % (len(message), message)
    with logged_in(site.server.imap_port, "writer3@example.com") as direct, logged_in(site.imap_port, "writer3@example.com") as reader:
        direct.command("CREATE Smuggled")
        reader.send(b"q1 %s{%d+}\r\n%s\r\nq2 NOOP\r\n" % (outer, len(inner), inner))
        assert reader._until(b"q2 OK")
        assert b"MESSAGES 0" in b"".join(direct.command("STATUS Smuggled (MESSAGES)"))


@pytest.mark.parametrize("command", ["FETCH 1 BINARY[1]", "FETCH 1 (BINARY.PEEK[1])", "COMPRESS DEFLATE", "NOTIFY NONE", "URLFETCH x", "GENURLAUTH x", "FETCH 1 PREVIEW",
                                     "APPEND INBOX CATENATE (URL x)", "SELECT INBOX (UIDONLY)", "LIST (REMOTE) \"\" *", "UNAUTHENTICATE", "STARTTLS", "LOGIN a b", "X"])
def test_what_is_not_relayed_is_refused_and_the_session_stays_in_step(command, reader):
    reader.expect(command, status="BAD")
    reader.expect("NOOP")


@pytest.mark.parametrize("uid", ["", "UID "], ids=["number", "uid"])
@pytest.mark.parametrize("item", ["BODY.PEEK[]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1]<0.5>"])
def test_what_cannot_be_judged_now_is_left_out_and_the_command_says_so(item, uid, site):
    user = "later-%s@example.com" % (item + uid).encode().hex()
    later = samples.with_attachment("later.txt", b"not now\n")
    site.server.fill(user, [later, samples.clean("one"), later, samples.clean("two")])
    with logged_in(site.imap_port, user, mailbox="INBOX") as reader:
        *responses, end = reader.command("%sFETCH 1:4 (%s)" % (uid, item))
        assert [response.split()[1] for response in responses] == [b"2", b"4"]
        assert b"NO [UNAVAILABLE]" in end
        reader.expect("NOOP")
        reader.expect("%sFETCH 2,4 (%s)" % (uid, item))
        assert b"NO [UNAVAILABLE]" in reader.command("%sFETCH 3 (%s)" % (uid, item))[-1]
        reader.expect("FETCH 1:* (FLAGS ENVELOPE BODY.PEEK[HEADER])")


# ---- whatever is asked for, in whatever order

BLOCKED = blocked_leaves()


@pytest.fixture(scope="module")
def blocked(site):
    """A mailbox with all kinds of what is forbidden: its user."""
    site.server.fill("blocked@example.com", [message for message, _ in BLOCKED.values()])
    return "blocked@example.com"


@pytest.mark.parametrize("seed", range(4))
def test_however_it_is_asked_for_all_answers_agree_and_nothing_forbidden_is_in_them(seed, blocked, site):
    with logged_in(site.server.imap_port, blocked) as direct, logged_in(site.imap_port, blocked) as reader:
        asked = Asked(direct, reader)
        asked.at_random(random.Random(seed), 25)
        shown = asked.check()
    for number, (name, (_, leaf)) in enumerate(BLOCKED.items(), 1):
        assert not leaks(leaf, shown[number]), name
