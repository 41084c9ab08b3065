# SPDX-License-Identifier: ISC
"""What servers and clients are known to do in the field, each case once. ("+ERR" for an error: test_pop3_hostile.py; cut headers, and
messages without a last newline, from real servers: lab/odd_mails.py.)"""
import contextlib
import os
import time

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG
from lab.gatepost import READY, Gatepost, backend, running, shipped_policy
from lab.pop3_client import Session, differences, logged_in, stuffed, unstuffed
from lab.pop3_logins import by_user_pass, told_to_login
from lab.pop3_stub import Pop3Stub, not_stuffed
from lab.process import is_running, kill, wait_until
from lab.smtp_client import Closed

from lab.forbidden import TEXT, b64, check_put_out, file, fragment, leaks, multipart, random_lines, random_program

RULES = """
rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many failed logins"
rule "programs" when any a in attachments (a.extension == "exe" or a.type == "application/x-dosexec") then reject 550 5.7.1 "no programs"
"""
CHANGES = {"timeouts": {"backend": "1s", "connect": "1s"}, "limits": {"errors": 1000}}

PROGRAM = b64(random_program()).rstrip()
MAILS = [samples.clean("clean"), multipart("program", TEXT, file("setup.exe", PROGRAM)), samples.clean("another")]

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def servers():
    """{name: a server behind that takes any password}"""
    stubs = {name: Pop3Stub(MAILS, password=None).start() for name in ("behind", "flooding", "second")}
    yield stubs
    for stub in stubs.values():
        stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, servers):
    needs.to_be_root("Gatepost's parent")
    port = {name: "%d tls none" % stub.port for name, stub in servers.items()}
    body = RULES + backend("behind", pop3=[port["behind"]]) + backend("busy", pop3=[port["flooding"] + " priority 10", port["second"] + " priority 20"])
    gateway = Gatepost(run_dir / "pop3-field", body, changes=CHANGES, pop3='backend behind  users { "busy@example.com" } backend busy')
    with running(gateway, ready=READY):
        yield gateway


@pytest.fixture
def behind(servers):
    """The usual server; it behaves, and has forgotten what was before."""
    stub = servers["behind"]
    stub.forget()
    stub.mails[:] = MAILS
    return stub


def says(site, user, password="any"):
    """What answers a login."""
    return told_to_login(site.pop3_port, user, password)


# ---- logins and sessions


EXCHANGE = "+OK The Microsoft Exchange POP3 service is ready. [TQBYADEA]"


def test_what_exchange_limits_is_said_when_it_is_known_by_its_greeting(site, behind):
    """The first of these tests, as it is said once."""
    behind.script["CONNECT"] = EXCHANGE
    logged_in(site.pop3_port, "limits@example.com", "any").close()
    assert site.wait_log("MaxConnectionFromSingleIP")


def test_authenticated_but_not_connected_is_neither_a_failure_nor_a_success(site, behind):
    """Exchange's words for one who has too many sessions: the password was right, and nothing is open."""
    behind.script["CONNECT"] = EXCHANGE
    throttled = "-ERR User is authenticated but not connected."
    behind.script["PASS"] = throttled
    assert {says(site, "throttled@example.com", "right%d" % n) for n in range(5)} == {throttled.encode()}, "counted as failures"
    behind.script["PASS"] = "-ERR [AUTH] wrong"
    assert says(site, "throttled@example.com", "guess1") == b"-ERR [AUTH] wrong"
    behind.script["PASS"] = throttled
    assert says(site, "throttled@example.com", "guess2") == throttled.encode()
    behind.script["PASS"] = "-ERR [AUTH] wrong"
    assert says(site, "throttled@example.com", "guess3") == b"-ERR [AUTH] wrong"
    assert b"too many failed logins" in says(site, "throttled@example.com", "guess4"), "it was forgiven as if by a success"


def test_who_is_authenticated_but_not_connected_has_no_mailbox(site, behind):
    behind.script["CONNECT"] = EXCHANGE
    behind.script["PASS"] = "-ERR User is authenticated but not connected."
    with Session(site.pop3_port) as session:
        assert by_user_pass(session, "not-connected@example.com", "any").startswith(b"-ERR")
        session.expect("STAT", "-ERR")
    assert b"STAT" not in behind.commands


def test_a_session_has_one_connection_to_the_server_whatever_is_read(site, behind):
    """Exchange allows few of one user, and of one address."""
    with logged_in(site.pop3_port, "one@example.com", "any") as session:
        for command in ("TOP 1 0", "TOP 2 5", "RETR 1", "RETR 2", "TOP 2 0", "LIST", "RETR 3"):
            assert session.ask(command).startswith(b"+OK")
        assert (behind.connections, behind.most_open) == (1, 1)
        logged_in(site.pop3_port, "one@example.com", "any").close()
    assert behind.connections == 2


def test_a_server_that_greets_with_refusals_without_end_is_left_for_the_next(site, servers):
    servers["flooding"].script["CONNECT"] = [b"-ERR [SYS/TEMP] too busy\r\n" * 2000, HANG]
    began = time.monotonic()
    with logged_in(site.pop3_port, "busy@example.com", "any") as session:
        assert session.message(1) == MAILS[0]
    assert [login.user for login in servers["second"].logins] == ["busy@example.com"]
    assert wait_until(lambda: servers["flooding"].open == 0) and time.monotonic() - began < 5


@pytest.mark.parametrize("full", [[CLOSE], "-ERR [IN-USE] too many connections", "-ERR Maximum connection limit reached"],
                         ids=["it closes", "in use", "its words"])
def test_when_the_best_server_is_full_the_next_is_asked(full, start):
    """As it says itself; Courier closes what MAXPERIP does not allow."""
    best = Pop3Stub(MAILS, {"CONNECT": lambda *_: full if best.open > 2 else None}, password=None).start()
    spare = Pop3Stub(MAILS, password=None).start()
    gateway = start(backend("two", pop3=["%d tls none  priority 10" % best.port, "%d tls none  priority 20" % spare.port]), pop3="backend two")
    try:
        with contextlib.ExitStack() as sessions:
            for n in range(3):
                sessions.enter_context(logged_in(gateway.pop3_port, "user%d" % n, "any")).expect("STAT")
        assert [[login.user for login in server.logins] for server in (best, spare)] == [["user0", "user1"], ["user2"]]
    finally:
        best.stop()
        spare.stop()


def test_a_server_that_says_goodbye_without_end_is_left(site, behind):
    behind.script["NOOP"] = [b"-ERR [SYS/TEMP] closing\r\n" * 2000, HANG]
    with logged_in(site.pop3_port, "goodbye@example.com", "any") as session:
        session.expect("NOOP", "-ERR")
        assert session.rest().count(b"\r\n") <= 1
    assert wait_until(lambda: behind.open == 0)


@pytest.mark.parametrize("where", ["before the login", "behind the login"])
def test_compression_that_was_not_offered_is_refused_and_the_session_stays_in_step(where, site, behind):
    with Session(site.pop3_port) as session:
        if where == "behind the login":
            session.login("compresses@example.com", "any")
        for command in ("COMPRESS DEFLATE", "XCOMPRESS", "COMPRESS"):
            session.expect(command, "-ERR")
        if where == "before the login":
            session.login("compresses@example.com", "any")
        assert session.message(1) == MAILS[0]
    assert not any(b"COMPRESS" in line for line in behind.commands)


def test_an_idle_client_outlasts_the_patience_with_the_server(site, behind):
    with logged_in(site.pop3_port, "idle@example.com", "any") as session:
        time.sleep(1.5)  # the wait is what is tested: a server has a second to answer
        assert session.message(1) == MAILS[0]


def test_a_server_that_hangs_up_on_an_idle_client_ends_the_session_with_a_reason(site, behind):
    behind.script["NOOP"] = [b"+OK\r\n", 0.1, CLOSE]
    with logged_in(site.pop3_port, "left@example.com", "any") as session:
        session.expect("NOOP")
        assert session.rest().startswith(b"-ERR [SYS/TEMP] ")


# ---- messages


@pytest.mark.parametrize("size", ["0", "1", "99999999", "18446744073709551616"])
def test_a_size_that_is_wrong_passes_and_decides_nothing(size, site, behind):
    """Exchange's are estimates, off by a factor of three; a message ends with its dot alone."""
    for number, content in enumerate(MAILS, 1):
        behind.script["LIST %d" % number] = "+OK %d %s" % (number, size)
        response = [("+OK %s octets\r\n" % size).encode() + stuffed(content)]
        behind.script["RETR %d" % number], behind.script["TOP %d 999999999" % number] = response, response
    behind.script["STAT"], behind.script["LIST"] = "+OK 3 " + size, [("+OK\r\n1 %s\r\n2 %s\r\n3 %s\r\n.\r\n" % (size, size, size)).encode()]
    with logged_in(site.pop3_port, "sizes@example.com", "any") as through, logged_in(behind.port, "sizes@example.com", "any") as direct:
        commands = ["STAT", "LIST", "LIST 1", "LIST 2", "RETR 1", "TOP 1 2", "RETR 3", "LIST 3"]
        assert differences(direct, through, commands) == []
        assert through.expect("RETR 2") == ("+OK %s octets" % size).encode()
        check_put_out(MAILS[1], unstuffed(through.lines()), PROGRAM)
        assert differences(direct, through, ["NOOP", "RETR 3"]) == []


@pytest.mark.parametrize("line", [b".\r\n", b".x\r\n"], ids=["a dot alone", "a dot and more"])
def test_a_server_that_does_not_double_dots_ends_the_session_and_is_said(line, site, behind):
    """It is smuggling for POP3: what stands behind the dot would answer the next command."""
    before = len(site.log())
    behind.script["RETR 1"] = not_stuffed(b"Subject: dots\r\n\r\nabove\r\n" + line + b"+OK 1 a secret answer\r\n")
    with logged_in(site.pop3_port, "dots@example.com", "any") as session:
        session.send("RETR 1\r\nUIDL 1\r\n")
        assert b"a secret answer" not in session.rest()
    assert wait_until(lambda: "backend out of step" in site.log()[before:])


def test_a_message_whose_end_does_not_come_is_none_and_the_client_does_not_hang(site, behind):
    """Exchange without CheckPop3Tail: the last line and the dot run together."""
    behind.script["RETR 1"] = [b"+OK\r\nSubject: tail\r\n\r\nthe last line.\r\n", HANG]
    began = time.monotonic()
    with logged_in(site.pop3_port, "tail@example.com", "any") as session:
        try:
            seen = session.ask("RETR 1")
        except Closed:
            seen = session.pending
        assert not (seen.startswith(b"+OK") and seen.endswith(b"\r\n.\r\n"))
        assert session.rest().count(b"\r\n") <= 1
    assert time.monotonic() - began < 5


NULS = {"before it": (b"preamble", b"pre\0amble\0"), "in a field": (b"Subject: nuls", b"X-Nul: \0\r\nSubject: n\0uls"), "in its name": (b"setup", b"set\0up"),
        "at the ends of its lines": (PROGRAM, PROGRAM.replace(b"\r\n", b"\0\r\n")), "in its lines": (PROGRAM, PROGRAM.replace(b"AAAA", b"A\0AAA"))}


@pytest.mark.parametrize("name", ["setup.exe", "photo.jpg"])
@pytest.mark.parametrize("where", NULS)
def test_nuls_hide_nothing_and_stay_where_they_are(where, name, site, behind):
    """Dovecot passes them unless told otherwise (outlook-no-nuls)."""
    before, after = NULS[where]
    behind.mails[0] = original = multipart("nuls", TEXT, file(name, PROGRAM)).replace(before, after)
    leaf = after if before == PROGRAM else PROGRAM
    start = original.index(leaf)
    with logged_in(site.pop3_port, "nuls@example.com", "any") as session:
        shown = session.message(1)
    assert len(shown) == len(original) and not leaks(leaf, shown)
    assert shown[:start] == original[:start] and shown[start + len(leaf):] == original[start + len(leaf):]


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["cut", "whole"])
def test_a_header_alone_is_looked_at_and_passes(end, site, behind):
    behind.mails[0] = b"From: sender@client.example\r\nSubject: alone\r\nContent-Type: text/plain" + end
    with logged_in(site.pop3_port, "alone@example.com", "any") as through, logged_in(behind.port, "alone@example.com", "any") as direct:
        assert differences(direct, through, ["RETR 1", "TOP 1 0", "TOP 1 10"]) == []
    records = wait_until(lambda: [record for record in site.decisions() if record.get("login") == "alone@example.com" and record.get("verdict") == "accept"])
    assert records


PAGE = samples.with_attachment("page.html", b"<html>" + os.urandom(20) * 60000)  # takes a scanner a good while


def test_a_message_whose_scanner_is_gone_is_put_off_and_stays(site, behind):
    behind.mails[:] = [PAGE + b"%d\r\n" % number for number in range(20)]  # what was found in one is known
    user = "scanner@example.com"
    with logged_in(site.pop3_port, user, "any", timeout=30) as session:
        for number in range(1, len(behind.mails) + 1):
            worker = site.workers("gatepost-scan")[0]
            session.send("RETR %d\r\n" % number)
            wait_until(lambda: is_running(worker), 0.5, 0.0005)
            kill(worker)
            answer = session.response("RETR %d" % number)
            if answer.startswith(b"-ERR"):
                break
        assert answer.startswith(b"-ERR [SYS/TEMP] ")
        session.expect("DELE %d" % number, "-ERR [SYS/TEMP] ")
        session.expect("NOOP")
        session.expect("QUIT")
        session.rest()
    assert behind.deleted == [] and not any(line.startswith(b"DELE") for line in behind.commands)
    with logged_in(site.pop3_port, user, "any", timeout=30) as session:
        assert session.message(number) == behind.mails[number - 1]


def test_a_fragment_of_a_message_is_not_shown_by_the_shipped_policy(start, behind):
    """What is put together by the reader only can be looked into by nobody before."""
    content = random_lines()
    behind.mails[:] = [fragment(number, content)[0] for number in (1, 2)] + MAILS[:1]
    gateway = start(backend("behind", pop3=["%d tls none" % behind.port]) + shipped_policy(), pop3="backend behind")
    assert wait_until(lambda: "gatepost-release ready" in gateway.log(), 20)
    with logged_in(gateway.pop3_port, "parts@example.com", "any") as session:
        for number in (1, 2):
            shown = session.message(number)
            assert len(shown) == len(behind.mails[number - 1]) and shown.startswith(fragment(number, content)[1])
            assert not leaks(content, shown) and b"Gatepost" in shown
        assert session.message(3) == MAILS[0]
