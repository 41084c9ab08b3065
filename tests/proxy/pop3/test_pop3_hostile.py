# SPDX-License-Identifier: ISC
"""Servers behind that speak no POP3, or stop in the middle: a client never sees half a message as a whole one, nor one answer
for another, and no proxy dies of it."""
import email
import itertools
import re
import signal
import time

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG, RESET, server_context
from lab.gatepost import Gatepost, backend, running
from lab.pop3_client import Session, differences, logged_in, stuffed, unstuffed
from lab.pop3_logins import by_plain_initial, by_user_pass, told_to_login
from lab.pop3_stub import Pop3Stub, never_ending, not_stuffed
from lab.process import resident, wait_until
from lab.smtp_client import Closed

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "1s", "connect": "1s", "command": "20s", "handshake": "2s", "data": "2s"}}
SOON = 8  # seconds, for what ends when a second of the server's silence is over

CLEAN = samples.clean("clean")
DOTS = b"Subject: dots\r\n\r\nabove\r\n.\r\n+OK a secret answer\r\nbelow\r\n"
OUT_OF_STEP = "backend out of step"


def drip(line, pause=0.3):
    """An action: one octet after the other, so that each comes in time and all of them do not."""
    return [part for octet in line for part in (bytes([octet]), pause)]


# {what: the script}. Those of one kind are asked the same.
GREETINGS = {
    "busy": {"CONNECT": "-ERR [IN-USE] busy"}, "another protocol": {"CONNECT": "220 mx.example.com ESMTP"}, "IMAP": {"CONNECT": "* OK IMAP4rev1"},
    "no sign": {"CONNECT": "OK ready"}, "+ERR": {"CONNECT": "+ERR ready"}, "closed": {"CONNECT": [CLOSE]}, "reset": {"CONNECT": [RESET]},
    "silent": {"CONNECT": [HANG]}, "half a line": {"CONNECT": [b"+OK rea", HANG]}, "without an end": {"CONNECT": [b"+OK " + b"x" * 1000000, HANG]},
    "dripping": {"CONNECT": drip(b"+OK ready, but not soon\r\n")}, "100 KB": {"CONNECT": [b"+OK " + b"x" * 100000 + b"\r\n"]},
    "endless": {"CONNECT": [itertools.repeat(b"+OK ready\r\n" * 1000)]}, "blank lines": {"CONNECT": [b"\r\n" * 1000, HANG]},
    "NULs": {"CONNECT": [b"\0" * 5000 + b"\r\n"]}, "TLS": {"CONNECT": [b"\x15\x03\x01\x00\x02\x02\x28", HANG]},
}
LOGINS = {
    "+ERR": "+ERR no", "no sign": "OK come in", "empty": [b"\r\n"], "closed": [CLOSE], "reset": [RESET], "silent": [HANG], "half a line": [b"+OK in", HANG],
    "without an end": [b"+OK " + b"x" * 1000000, HANG], "100 KB": [b"+OK " + b"x" * 100000 + b"\r\n"], "dripping": drip(b"+OK you are in\r\n"),
    "NULs": [b"\0" * 100 + b"+OK\r\n"], "lines": [b"1 2\r\n.\r\n"], "a challenge": "+ VXNlcm5hbWU6", "garbage": [b"\x00\xff\xfe\r\n"],
}
# Of these a client may get an error or the end, and never a message.
BROKEN_MESSAGES = {
    "garbage for a status line": ["OK message follows\r\n\r\nbody\r\n.\r\n".encode()],
    "a message for a status line": [CLEAN + b".\r\n"],
    "NULs for a status line": [b"\0\0\0\r\n"],
    "an empty status line": [b"\r\n"],
    "a status line without an end": [b"+OK " + b"x" * 1000000, HANG],
    "100 KB for a status line": [b"+OK " + b"x" * 100000 + b"\r\n" + CLEAN + b".\r\n"],
    "drops for a status line": [*drip(b"+OK message"), b" follows\r\n" + CLEAN + b".\r\n"],
    "a status line alone": [b"+OK message follows\r\n", HANG],
    "a line without an end": [b"+OK message follows\r\nSubject: x\r\n\r\n", itertools.repeat(b"x" * 65536)],
    "silence for a status line": [HANG],
    "silence in the middle": [b"+OK message follows\r\n" + CLEAN, HANG],
    "silence before the last newline": [b"+OK message follows\r\n" + CLEAN + b".", HANG],
    "the end in the middle": [b"+OK message follows\r\n" + CLEAN, CLOSE],
    "the end behind a dot": [b"+OK message follows\r\n" + CLEAN + b".\r", CLOSE],
    "a reset in the middle": [b"+OK message follows\r\n" + CLEAN * 50, RESET],
    "no final newline": [b"+OK message follows\r\nSubject: x\r\n\r\nthe last line.\r\n", HANG],
    "newlines alone at the end": [b"+OK message follows\nSubject: x\n\nbody\n.\n", HANG],
    "CRs alone at the end": [b"+OK message follows\r\nSubject: x\r\n\r\nbody\r.\r", HANG],
}
# These are odd and whole, and come as they are.
ODD_MESSAGES = {
    "nothing": b"", "a blank line": b"\r\n", "a header alone": b"Subject: alone\r\n", "NULs": b"Subject: nul\r\n\r\n\0\0a\0\r\n\0",
    "a megabyte in one line": b"Subject: long\r\n\r\n" + b"x" * 1000000 + b"\r\n", "a megabyte of header": b"Subject: " + b"y" * 1000000 + b"\r\n\r\n",
    "a dot between newlines alone": b"Subject: lf\r\n\r\nabove\n.\nbelow\n..\n\r\n", "a dot behind a CR alone": b"Subject: cr\r\n\r\nabove\r.\r\nbelow\r\n",
    "nothing but dots": b".\r\n" * 3000, "answers": b"Subject: x\r\n\r\n+OK\r\n-ERR\r\n+ERR\r\n+ \r\n", "5 MB": samples.of_size(5 << 20),
}
ONE_BY_ONE = {
    "in single octets": [bytes([octet]) for octet in b"+OK message follows\r\n" + CLEAN + b".\r\n"],
    "with pauses": [b"+OK", 0.2, b" message follows\r", 0.2, b"\n" + CLEAN[:-1], 0.2, b"\n.", 0.2, b"\r", 0.2, b"\n"],
}
STRAY = {
    "a line behind NOOP": ("NOOP", [b"+OK\r\n+OK a secret answer\r\n"]),
    "a line behind STAT": ("STAT", [b"+OK 1 2\r\n-ERR a secret answer\r\n"]),
    "lines behind NOOP": ("NOOP", [b"+OK\r\n1 a secret answer\r\n.\r\n"]),
    "lines behind STAT": ("STAT", [b"+OK 1 2\r\n1 2\r\n.\r\n+OK a secret answer\r\n"]),
    "lines behind a UIDL of one": ("UIDL 1", [b"+OK 1 uid\r\n2 a secret answer\r\n.\r\n"]),
    "lines behind an error": ("RETR 1", [b"-ERR no\r\na secret answer\r\n.\r\n"]),
    "a line behind LIST": ("LIST", [b"+OK\r\n1 2\r\n.\r\n+OK a secret answer\r\n"]),
    "a line behind a message": ("RETR 1", [b"+OK message follows\r\n" + CLEAN + b".\r\n+OK a secret answer\r\n"]),
    "a line that comes later": ("NOOP", [b"+OK\r\n", 0.3, b"+OK a secret answer\r\n"]),
    "a message that is not stuffed": ("RETR 1", not_stuffed(DOTS)),
    "a message with half its dots stuffed": ("RETR 1", not_stuffed(b"Subject: x\r\n\r\n..stuffed\r\n.not\r\n+OK a secret answer\r\n")),
    "a TOP that is not stuffed": ("TOP 1 5", not_stuffed(DOTS)),
}

KINDS = {"greeting": GREETINGS, "login": {name: {"PASS": action, "AUTH": action} for name, action in LOGINS.items()},
         "broken": {name: {"RETR 1": action, "TOP 1 9": action} for name, action in BROKEN_MESSAGES.items()},
         "odd": {name: {} for name in ODD_MESSAGES}, "slow": {name: {"RETR 1": action} for name, action in ONE_BY_ONE.items()},
         "stray": {name: {command: action} for name, (command, action) in STRAY.items()},
         "other": {name: {} for name in ("plain", "endless", "lists", "gone", "slow reader", "ambiguous", "ahead", "dripping", "a million")}}
CASES = [(kind, name) for kind, scripts in KINDS.items() for name in scripts]


@pytest.fixture(scope="module")
def site(run_dir):
    """One gateway, and behind it a server for each case, each with a user of its own: site.case(kind, name)."""
    needs.to_be_root("Gatepost's parent")
    servers = {}
    for kind, name in CASES:
        mails = [ODD_MESSAGES[name]] if kind == "odd" else [CLEAN, samples.clean("second")]
        servers[kind, name] = Pop3Stub(mails, KINDS[kind][name], password=None).start()
    body = RULES + "".join(backend("case_%d" % n, pop3=["%d tls none" % servers[case].port]) for n, case in enumerate(CASES))
    gateway = Gatepost(run_dir / "pop3-hostile", body, changes=CHANGES, pop3="".join(
        ' users { "case-%d@hostile.example" } backend case_%d\n' % (n, n) for n in range(len(CASES))))
    gateway.case = lambda kind, name: ("case-%d@hostile.example" % CASES.index((kind, name)), servers[kind, name])
    with running(gateway, servers.values()):
        yield gateway


pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture
def log(site):
    """log(): what was logged since the test began."""
    before = len(site.log())
    return lambda: site.log()[before:]


def answer(session, command):
    """All octets that answer it, or those that came until the session ended."""
    try:
        return session.ask(command)
    except (Closed, ConnectionError):
        return session.pending


def ends(session):
    """Whether the session is closed by now, or soon."""
    session.socket.settimeout(SOON)
    return session.rest() is not None


def said_out_of_step(log):
    lines = wait_until(lambda: [line for line in log().splitlines() if OUT_OF_STEP in line], 3)
    return bool(lines) and all("warn" in line.lower() for line in lines)


# ---- before there is a mailbox


@pytest.mark.parametrize("name", GREETINGS)
def test_a_server_that_does_not_greet_is_a_temporary_refusal(name, site):
    user, _ = site.case("greeting", name)
    began = time.monotonic()
    with Session(site.pop3_port) as session:
        assert re.match(rb"-ERR \[(SYS/TEMP|IN-USE)\] .", by_user_pass(session, user, "any"))
        session.expect("STAT", "-ERR")
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("way", [by_user_pass, by_plain_initial], ids=["PASS", "AUTH"])
@pytest.mark.parametrize("name", LOGINS)
def test_only_ok_is_a_login(name, way, site):
    user, _ = site.case("login", name)
    began = time.monotonic()
    with Session(site.pop3_port) as session:
        assert way(session, user, "any").startswith(b"-ERR")
        assert answer(session, "STAT").startswith((b"-ERR", b"")) and not answer(session, "STAT").startswith(b"+OK")
    assert time.monotonic() - began < SOON


@pytest.fixture(scope="module")
def injected(run_dir, authority):
    """Servers that send plaintext behind their +OK to STLS, refuse STLS, or hide it: with TLS required."""
    context = server_context(authority.certificate("behind.example.com"))
    login = {word: "-ERR [AUTH] inside TLS nobody gets in" for word in ("PASS", "AUTH")}
    scripts = {"inject": dict(login, STLS=[b"+OK begin\r\n+OK injected\r\n+OK injected\r\n+OK injected\r\n"]),
               "refuse": {"STLS": "-ERR not now"}, "garble": {"STLS": "OK begin"}, "plus": {"STLS": "+ERR begin"},
               "hide": {"CAPA": [b"+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"], "STLS": "-ERR unknown"}, "drop": {"STLS": [CLOSE]},
               "silent": {"STLS": [HANG]}, "no handshake": {"STLS": [b"+OK begin\r\n", 0.1, CLOSE]}}
    stubs = {name: Pop3Stub([CLEAN], script, password=None, context=context).start() for name, script in scripts.items()}
    body = "".join(backend(name.replace(" ", "_"), pop3=["%d tls required" % stub.port]) for name, stub in stubs.items())
    gateway = Gatepost(run_dir / "pop3-injected", body, changes=CHANGES, pop3="".join(
        ' users { "%s@tls.example" } backend %s\n' % ((name.replace(" ", "_"),) * 2) for name in stubs))
    gateway.stubs = stubs
    with running(gateway, stubs.values()):
        yield gateway


@pytest.mark.parametrize("name", ["inject", "refuse", "garble", "plus", "hide", "drop", "silent", "no handshake"])
def test_plaintext_opens_no_mailbox_where_tls_is_required(name, injected):
    user = name.replace(" ", "_") + "@tls.example"
    with Session(injected.pop3_port) as session:
        assert by_user_pass(session, user, "a-secret").startswith(b"-ERR")
        session.expect("STAT", "-ERR")
    stub = injected.stubs[name]
    assert all(login.tls for login in stub.logins + stub.refused)
    if name != "inject":
        assert not any(b"a-secret" in line or line.startswith(b"AUTH") for line in stub.commands)


# ---- messages


@pytest.mark.parametrize("command, name", [("RETR 1", name) for name in BROKEN_MESSAGES]
                         + [("TOP 1 9", name) for name, action in BROKEN_MESSAGES.items() if HANG not in action or "middle" in name])
def test_half_a_message_is_never_shown_as_a_whole_one(command, name, site):
    user, _ = site.case("broken", name)
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        seen = answer(session, command)
        assert not (seen.startswith(b"+OK") and seen.endswith(b"\r\n.\r\n")), seen
        assert not answer(session, "NOOP").startswith(b"+OK") or seen.startswith(b"-ERR")
    assert site.answers()


@pytest.mark.parametrize("name", [name for name in BROKEN_MESSAGES if "for a status line" in name and not name.startswith(("silence", "drops"))] + ["an empty status line"])
def test_what_is_no_status_line_ends_the_session_and_is_said(name, site, log):
    user, _ = site.case("broken", name)
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        answer(session, "RETR 1")
        assert ends(session)
    assert said_out_of_step(log), log()[-2000:]


@pytest.mark.parametrize("name", ODD_MESSAGES)
def test_an_odd_message_comes_as_it_is(name, site):
    user, stub = site.case("odd", name)
    with logged_in(site.pop3_port, user, "any", timeout=30) as through, logged_in(stub.port, user, "any") as direct:
        assert differences(direct, through, ["RETR 1", "TOP 1 2", "NOOP", "RETR 1"]) == []


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_a_message_that_comes_in_pieces_is_whole(name, site):
    user, _ = site.case("slow", name)
    with logged_in(site.pop3_port, user, "any") as session:
        assert session.message(1) == CLEAN
        session.expect("NOOP")


@pytest.mark.parametrize("name", STRAY)
def test_a_line_too_many_answers_no_command_and_ends_the_session(name, site, log):
    user, _ = site.case("stray", name)
    command = STRAY[name][0]
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        answer(session, command)
        session.pending = b""
        wait_until(lambda: OUT_OF_STEP in log(), 1)
        try:
            session.send("UIDL 2\r\n")
        except ConnectionError:
            pass
        assert b"a secret answer" not in session.rest()
    assert said_out_of_step(log), log()[-2000:]


LISTLESS = {"a status line alone": [b"+OK 2 messages\r\n", HANG], "half a list": [b"+OK\r\n1 10\r\n", HANG], "half a line": [b"+OK\r\n1 10\r\n2 2", CLOSE],
            "a list that drips": [b"+OK\r\n", *drip(b"1 1", 1.5)], "newlines alone": [b"+OK\n1 10\n.\n", HANG]}


@pytest.mark.parametrize("name, command", [(name, "LIST") for name in LISTLESS]
                         + [("half a line", "UIDL"), ("half a list", "CAPA"), ("a status line alone", "LANG")])
def test_lines_that_do_not_come_end_the_session_and_nothing_else_is_taken_for_them(name, command, site):
    user, stub = site.case("other", "plain")
    began = time.monotonic()
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        stub.script[command] = LISTLESS[name]
        try:
            session.send(command + "\r\nNOOP\r\nRETR 1\r\n")
            seen = session.rest()
        finally:
            stub.script.clear()
    assert not seen.endswith(b"\r\n.\r\n") and b"nothing" not in seen and b"Subject" not in seen, seen
    assert time.monotonic() - began < SOON


AHEAD = {"a login": ("CONNECT", [b"+OK ready\r\n+OK\r\n+OK you are in\r\n"]), "half a login": ("USER", [b"+OK\r\n+OK you are in\r\n"]),
         "STAT": ("NOOP", [b"+OK\r\n+OK 9 a secret answer\r\n"]), "a message": ("NOOP", [b"+OK\r\n+OK a secret answer\r\nSubject: x\r\n\r\nx\r\n.\r\n"])}


@pytest.mark.parametrize("name", AHEAD)
def test_what_a_server_says_before_it_is_asked_answers_nothing(name, site, log):
    """Also when the client has asked already, and its commands wait for their turn."""
    user, stub = site.case("other", "ahead")
    stub.forget()
    verb, stub.script[verb] = AHEAD[name]
    with Session(site.pop3_port, timeout=SOON) as session:
        session.send("USER %s\r\nPASS any\r\nNOOP\r\n%s\r\nQUIT\r\n" % (user, "RETR 1" if name == "a message" else "STAT"))
        seen = session.rest()
    assert b"you are in" not in seen and b"a secret answer" not in seen, seen
    assert said_out_of_step(log), log()[-2000:]


def test_a_server_that_gives_up_unasked_is_told_and_is_no_answer_to_anything(site):
    """As Dovecot does when it cannot open the mailbox: behind its answer to the password."""
    user, stub = site.case("other", "ahead")
    stub.forget()
    stub.script["PASS"] = [b"+OK Logged in.\r\n-ERR [SYS/TEMP] Internal error occurred.\r\n", CLOSE]
    with Session(site.pop3_port, timeout=SOON) as session:
        assert by_user_pass(session, user, "any").startswith(b"+OK Logged in.")
        assert session.rest().startswith(b"-ERR [SYS/TEMP] ")


def test_a_message_that_drips_without_end_ends_with_the_client(site):
    user, stub = site.case("other", "dripping")
    stub.script["RETR 1"] = [b"+OK message follows\r\n", *drip(b"Subject: slow\r\n" * 10, 0.2)]
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session, logged_in(site.pop3_port, user, "any") as other:
        session.send("RETR 1\r\n")
        assert session.silent(0.6)
        other.expect("NOOP")
    assert wait_until(lambda: stub.open == 0, 4), "the server behind is still read"


def test_a_million_lines_come_as_they_are_and_cost_no_memory(site):
    user, stub = site.case("other", "a million")
    rows = b"".join(b"%d 1234\r\n" % n for n in range(1, 1000001))
    stub.script["LIST"] = [b"+OK 1000000 messages\r\n" + rows + b".\r\n"]
    before = sum(map(resident, site.pids("gatepost-proxy")))
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        assert session.many("LIST") == rows + b".\r\n"
        session.expect("NOOP")
    assert needs.SANITIZED or sum(map(resident, site.pids("gatepost-proxy"))) - before < 20 << 20


@pytest.mark.parametrize("command", ["LIST", "RETR 1"])
def test_a_client_that_takes_nothing_holds_nobody_longer_than_it_may(command, site):
    user, stub = site.case("other", "a million")
    rows = b"1 1234\r\n" * 1000
    stub.script["LIST"] = [b"+OK\r\n", itertools.repeat(rows)]
    stub.mails[0] = samples.of_size(12 << 20)
    with logged_in(site.pop3_port, user, "any", timeout=SOON) as session:
        session.send(command + "\r\n")
        assert wait_until(lambda: stub.open == 0, SOON + 4), "it still waits"


def test_a_plus_err_is_an_error_of_one_line(site):
    user, stub = site.case("other", "plain")
    with logged_in(site.pop3_port, user, "any") as session:
        for command in ("RETR 2", "LIST", "DELE 1"):
            stub.script[command] = "+ERR no such message"
            assert not answer(session, command).startswith(b"+OK")
            stub.script.clear()
            assert answer(session, "NOOP").startswith((b"+OK", b""))


def test_lists_of_100000_lines_come_as_they_are(site):
    user, stub = site.case("other", "lists")
    rows = [b"%d %d\r\n" % (n, n * 7) for n in range(1, 100001)]
    stub.script.update({"LIST": [b"+OK 100000 messages\r\n" + b"".join(rows) + b".\r\n"],
                        "UIDL": [b"+OK\r\n" + b"".join(b"%d %032x\r\n" % (n, n) for n in range(1, 100001)) + b".\r\n"]})
    with logged_in(site.pop3_port, user, "any") as through, logged_in(stub.port, user, "any") as direct:
        assert differences(direct, through, ["LIST", "UIDL", "RETR 2"]) == []
        assert differences(direct, through, ["UIDL", "STAT", "LIST", "NOOP"], pipelined=True) == []


def test_a_message_without_end_costs_no_memory_and_ends_with_the_client(site):
    user, stub = site.case("other", "endless")
    stub.script["RETR 1"] = never_ending()
    before = sum(map(resident, site.pids("gatepost-proxy")))
    with logged_in(site.pop3_port, user, "any", timeout=2) as session:
        session.send("RETR 1\r\n")
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            try:
                if not session.socket.recv(1 << 16):
                    break
            except TimeoutError:
                pass
        assert site.answers()
        grown = sum(map(resident, site.pids("gatepost-proxy"))) - before
    assert needs.SANITIZED or grown < 100 << 20, "%d MiB" % (grown >> 20)
    assert wait_until(lambda: stub.open == 0, SOON), "the server behind is still read"


# ---- clients


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_open(site):
    user, stub = site.case("other", "gone")
    stub.mails[0] = samples.of_size(3 << 20)
    for command in ("RETR 1", "TOP 1 999999", "LIST", "RETR 1\r\nRETR 1\r\nRETR 1"):
        with logged_in(site.pop3_port, user, "any") as session:
            session.send(command + "\r\n")
    assert wait_until(lambda: stub.open == 0)


def test_a_client_that_reads_slowly_has_it_all(site):
    user, stub = site.case("other", "slow reader")
    stub.mails[0] = samples.of_size(3 << 20)
    with logged_in(site.pop3_port, user, "any", timeout=30) as session:
        session.send("RETR 1\r\nNOOP\r\n")
        for _ in range(5):
            time.sleep(0.2)  # the wait is what is tested
            session.pending += session.socket.recv(1000)
        assert session.status().startswith(b"+OK")
        assert unstuffed(session.lines()) == stub.mails[0]
        assert session.status().startswith(b"+OK")


def test_more_commands_than_a_stranger_may_give_are_answered_in_order(site):
    user, _ = site.case("other", "plain")
    with logged_in(site.pop3_port, user, "any", timeout=30) as session:
        commands = list(itertools.islice(itertools.cycle(["NOOP", "UIDL 1", "UIDL 2", "LIST 1"]), 12000))
        for at in range(0, len(commands), 500):
            session.send("".join(command + "\r\n" for command in commands[at:at + 500]))
            wanted = {"NOOP": b"+OK nothing", "UIDL 1": b"+OK 1 uid-1", "UIDL 2": b"+OK 2 uid-2", "LIST 1": b"+OK 1 "}
            for command in commands[at:at + 500]:
                assert session.response(command).startswith(wanted[command])


@pytest.mark.parametrize("octets", [b"\0" * 65536, b"RETR " + b"1" * 100000 + b"\r\n", b"STAT\n" * 20, b"\r\n" * 500, b"\xff\xfe\r\n" * 50, b"STAT\r" * 500],
                         ids=["NULs", "a long number", "newlines alone", "blank lines", "no letters", "CRs alone"])
def test_garbage_of_a_client_ends_no_session_but_its_own(octets, site):
    user, _ = site.case("other", "plain")
    with logged_in(site.pop3_port, user, "any") as other, logged_in(site.pop3_port, user, "any") as session:
        try:
            session.send(octets + b"\r\nQUIT\r\n")
            session.rest()
        except ConnectionError:
            pass
        other.expect("NOOP")


def test_what_clients_may_read_in_two_ways_is_not_shown_and_stays(site):
    """Dovecot 2.3 does not double a dot that a message begins with: some clients take it away, and see another header."""
    user, stub = site.case("other", "ambiguous")
    stub.script.update({"RETR 1": [b"+OK\r\n.Content-Type: text/html\r\n\r\nbody\r\n.\r\n"]})
    with logged_in(site.pop3_port, user, "any") as session:
        session.expect("RETR 1", "-ERR [SYS/PERM] ")
        session.expect("DELE 1", "-ERR [SYS/TEMP] ")
        session.expect("NOOP")


def test_of_any_number_of_messages_that_could_not_be_shown_none_is_deleted(own_dir):
    stub = Pop3Stub([CLEAN] * 70, {}, password=None).start()
    body = backend("behind", pop3=["%d tls none" % stub.port]) + 'rule "malware" when av.result == infected then reject 554 5.7.1 "malware"\n'
    changes = dict(CHANGES, antivirus={"enabled": "on", "database": '"%s"' % (own_dir / "none")})
    with running(Gatepost(own_dir, body, changes=changes, pop3="backend behind"), [stub], ready=["scanners down"]) as gateway:
        with logged_in(gateway.pop3_port, "user", "any") as session:
            for number in range(1, 71):
                session.expect("RETR %d" % number, "-ERR [SYS/TEMP] ")
            for number in (1, 2, 64, 65, 70):
                session.expect("DELE %d" % number, "-ERR [SYS/TEMP] ")


def test_a_command_is_answered_before_the_service_stops(own_dir):
    stub = Pop3Stub([CLEAN], {"NOOP": [0.5, b"+OK done\r\n"]}, password=None).start()
    body = backend("behind", pop3=["%d tls none" % stub.port])
    with running(Gatepost(own_dir, body, changes=CHANGES, pop3="backend behind"), [stub]) as gateway:
        with logged_in(gateway.pop3_port, "user", "any") as busy, logged_in(gateway.pop3_port, "user", "any") as idle:
            busy.send("NOOP\r\n")
            gateway.process.signal(signal.SIGTERM)
            assert idle.status().startswith(b"-ERR [SYS/TEMP] service is stopping")
            assert busy.status() == b"+OK done"
            assert busy.status().startswith(b"-ERR [SYS/TEMP] service is stopping")
            assert ends(busy) and ends(idle)


WHOLE, PROGRAM = "TOP 1 999999999", samples.with_attachment("setup.exe", samples.PROGRAM, "program")


def decoded_attachment(octets):
    """The last part of a message, decoded."""
    return email.message_from_bytes(octets).get_payload()[-1].get_payload(decode=True)


def message(content):
    """The response that gives it."""
    return [b"+OK message follows\r\n" + stuffed(content)]


@pytest.fixture
def lying(own_dir):
    """lying(script, rules): a server behind that says this, and a Gatepost with these rules before it."""
    started = []

    def start(script, rules=RULES):
        stub = Pop3Stub([CLEAN], script, password=None).start()
        started.extend([stub, Gatepost(own_dir, backend("behind", pop3=["%d tls none" % stub.port]) + rules, changes=CHANGES, pop3="backend behind")])
        return started[-1].start()
    yield start
    for it in reversed(started):
        assert it.stop() in (0, None)


def test_a_beginning_that_is_none_of_the_whole_is_examined_by_itself(lying):
    """A server says one thing when all is asked for, and another when the client asks."""
    with logged_in(lying({WHOLE: message(CLEAN), "TOP": message(PROGRAM)}).pop3_port, "user", "any") as session:
        shown = unstuffed(session.many("TOP 1 50"))
        assert len(shown) == len(PROGRAM) and shown != PROGRAM and b"Gatepost" in decoded_attachment(shown)


def test_a_beginning_that_is_none_of_a_forbidden_whole_shows_its_header_alone(lying):
    with logged_in(lying({WHOLE: message(PROGRAM), "TOP": message(CLEAN)}).pop3_port, "user", "any") as session:
        shown = unstuffed(session.many("TOP 1 50"))
        header, _, body = CLEAN.partition(b"\r\n\r\n")
        assert len(shown) == len(CLEAN) and shown.startswith(header + b"\r\n\r\n") and body not in shown


@pytest.mark.parametrize("end", [CLOSE, RESET, HANG])
def test_of_a_forbidden_message_that_breaks_off_nothing_is_shown(end, lying):
    encoded = [line for line in PROGRAM.split(b"\r\n") if line.startswith(b"TVqQ")]
    assert encoded
    half = PROGRAM[:PROGRAM.index(encoded[0]) + 200]
    gateway = lying({verb: [b"+OK message follows\r\n" + half, end] for verb in ("RETR", "TOP")})
    for command in ("RETR 1", "TOP 1 0", "TOP 1 50")[:1 if end == HANG else 3]:
        with logged_in(gateway.pop3_port, "user", "any") as session:
            session.send(command + "\r\n")
            seen = session.rest()
        assert seen.startswith(b"-ERR [SYS/TEMP]") and not any(line in seen for line in encoded)
    assert gateway.answers()


def test_what_stands_behind_the_whole_is_not_taken_for_the_beginning(lying):
    """Without rules the next command goes out while the rest of the response is still in hand."""
    gateway = lying({WHOLE: [message(CLEAN)[0] + message(b"Subject: secret\r\n\r\nanother answer\r\n")[0]]}, rules="")
    with logged_in(gateway.pop3_port, "user", "any") as session:
        assert b"secret" not in answer(session, "TOP 1 50")
        assert ends(session)
    assert OUT_OF_STEP in gateway.log()


def test_a_password_counts_as_tried_when_the_server_does_not_answer(lying):
    gateway = lying({"PASS": [HANG]}, rules='rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many"\n')
    for number, expected in enumerate((b"-ERR [SYS/TEMP]", b"-ERR [SYS/TEMP]", b"-ERR [AUTH] too many")):
        assert told_to_login(gateway.pop3_port, "user", "guess%d" % number).startswith(expected)
