# SPDX-License-Identifier: ISC
"""What the corpora know of POP3: servers that say odd things, what servers of others said, and cases that any proxy must pass."""
import json
import os
import re
import signal
import time

import pytest

from lab import east, needs, samples
from lab.backend import CLOSE, server_context
from lab.gatepost import Gatepost, backend, running
from lab.pop3_client import Session, differences, has_lines, logged_in, stuffed, unstuffed
from lab.pop3_logins import by_user_pass
from lab.pop3_stub import Pop3Stub

pytestmark = needs.root

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "1s", "connect": "1s", "command": "20s", "handshake": "2s", "scan": "2s", "verdict": "4s"}}
CLEAN, INFECTED = samples.clean("clean"), samples.with_attachment("setup.exe", samples.PROGRAM, "program")


def leaks(octets):
    """Whether something of the program is in there."""
    encoded = INFECTED[INFECTED.index(b"TVqQ"):].split(b"\r\n")
    return any(line in octets for line in encoded[:3])


def gateway_before(folder, servers):
    """A Gatepost, running, for {name: server behind}; a user NAME@corpus.example is sent to his."""
    body = RULES + "".join(backend("at_" + name, pop3=["%d tls %s" % (server.port, "opportunistic" if server.context else "none")])
                           for name, server in servers.items())
    options = "".join(' users { "%s@corpus.example" } backend at_%s\n' % (name, name) for name in servers)
    return running(Gatepost(folder, body, changes=CHANGES, pop3=options), servers.values())


# ---- EAST's servers

SCRIPTS = {"script_%d" % n: path for n, path in enumerate(sorted((needs.CORPORA / "smtp" / "east-fake-server" / "testcases" / "pop3").rglob("*.ron")))}
no_scripts = pytest.mark.skipif(not SCRIPTS, reason="corpus smtp/east-fake-server is not here")


@pytest.fixture(scope="module")
def odd_servers(run_dir, authority):
    """A gateway before a server for each script: (gateway, {name: server})."""
    context = server_context(authority.certificate("behind.example.com"))
    servers = {}
    for name, path in SCRIPTS.items():
        script, offers_tls = east.load_pop3(path)
        servers[name] = Pop3Stub([CLEAN, INFECTED], script, password=None, context=context if offers_tls else None).start()
    with gateway_before(run_dir / "pop3-odd", servers) as gateway:
        yield gateway, servers


@no_scripts
@pytest.mark.parametrize("name", SCRIPTS, ids=[path.stem for path in SCRIPTS.values()])
def test_an_odd_server_gives_its_mail_or_an_error_soon(name, odd_servers):
    gateway, servers = odd_servers
    proxies, began = gateway.pids("gatepost-proxy"), time.monotonic()
    with Session(gateway.pop3_port) as session:
        if by_user_pass(session, name + "@corpus.example", "any").startswith(b"+OK"):
            assert session.message(1) == CLEAN and not leaks(session.message(2))
            session.ask("CAPA")
            session.command("QUIT")
            assert len(servers[name].logins) == 1
    assert time.monotonic() - began < 6
    assert gateway.pids("gatepost-proxy") == proxies, "a proxy died"


# ---- what servers of others said

FOLDER = needs.CORPORA / "imap-pop3" / "mailkit" / "pop3"
NAMED = re.compile(r"(list|stat|uidl|dele|rset|retr|top|noop|utf8|getlang|setlang)(\d?)(-.*)?$")
REPLIES = {"%s-%s" % (path.parent.name, path.stem): path for path in sorted(FOLDER.glob("*/*.txt")) if NAMED.match(path.stem)}
BANNERS = ("imap-pop3", "banners.json")


def command_of(name):
    verb, number, _ = NAMED.match(name.partition("-")[2]).groups()
    verb = {"getlang": "LANG", "setlang": "LANG en", "top": "TOP"}.get(verb, verb.upper())
    return "%s %s" % (verb, number or "1") + " 2" * (verb == "TOP") if number or verb in ("RETR", "TOP") else verb


@pytest.fixture(scope="module")
def talker(run_dir):
    """A gateway before a server that says what the test writes into its script: (gateway, server)."""
    server = Pop3Stub([CLEAN, INFECTED], password=None).start()
    with gateway_before(run_dir / "pop3-talker", {"talker": server}) as gateway:
        yield gateway, server


@pytest.mark.skipif(not REPLIES, reason="corpus imap-pop3/mailkit is not here")
@pytest.mark.parametrize("name", REPLIES)
def test_what_other_servers_answer_comes_as_it_is_or_not_at_all(name, talker):
    gateway, server = talker
    command, reply = command_of(name), REPLIES[name].read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    server.forget()
    server.script[command] = [reply]
    with logged_in(gateway.pop3_port, "talker@corpus.example", "any") as session:
        if not has_lines(command) or not reply.startswith(b"+OK") or reply.endswith(b"\r\n.\r\n"):
            assert session.ask(command) == reply
            session.expect("NOOP")
        else:
            session.send(command + "\r\n")
            assert not session.rest().endswith(b"\r\n.\r\n")


def test_whatever_a_server_greets_with_its_mail_is_read(talker):
    gateway, server = talker
    banners = [entry["server_lines"][0] for entry in json.loads(needs.corpus(*BANNERS).read_text())["entries"] if entry["protocol"] == "pop3"]
    assert len(banners) > 3
    for banner in banners:
        server.forget()
        server.script["CONNECT"] = banner
        with logged_in(gateway.pop3_port, "talker@corpus.example", "any") as session:
            assert banner.encode() not in session.greeting and session.message(1) == CLEAN


# ---- cases for proxies


def infected(session, server, lines):
    server.mails[0] = INFECTED
    before = [session.ask(command) for command in ("STAT", "LIST")]
    shown = unstuffed(session.many(lines[0]))
    assert len(shown) == len(INFECTED) and not leaks(shown)
    assert [session.ask(command) for command in ("STAT", "LIST")] == before


def top(session, server, lines):
    server.mails[0] = INFECTED
    for line in [*lines, "TOP 1 9999"]:
        assert not leaks(session.many(line))


def deletes_nothing(session, server, lines):
    with logged_in(server.port, "direct", "any") as direct:
        assert differences(direct, session, lines) == []
    assert server.deleted == []


def no_final_dot(session, server, lines):
    server.script["RETR"] = [b"+OK\r\n" + stuffed(CLEAN)[:-3], CLOSE]
    session.send(lines[0] + "\r\n")
    seen = session.rest()
    assert not seen.startswith(b"+OK") or not seen.endswith(b"\r\n.\r\n")


def long_line(session, server, lines):
    server.mails[0] = b"Subject: long\r\n\r\n" + b"x" * (1 << 20) + b"\r\n"
    assert unstuffed(session.many(lines[0])) == server.mails[0]


def lf_only(session, server, lines):
    server.mails[0] = b"Subject: lf\r\n\r\nabove\n.\nbelow\n.\n\r\n"
    assert unstuffed(session.many(lines[0])) == server.mails[0]


def slow_scan(session, server, lines):
    """Of a scanner that hangs the client hears within timeouts.scan and timeouts.verdict."""
    server.mails[0] = samples.clean("nobody has read this before")
    workers = session.gateway.workers("gatepost-scan")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        session.expect(lines[0], "-ERR [SYS/TEMP]")
        assert time.monotonic() - began < 8
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def pipelining(session, server, lines):
    session.send("\r\n".join(["USER talker@corpus.example"] + lines[1:] + [""]))
    answers = [session.response(line) for line in ["USER", "PASS"] + lines[2:]]
    assert all(answer.startswith(b"+OK") for answer in answers) and b"uid-1" in answers[-1] and b"uid-1" not in answers[-2]


def apop(session, server, lines):
    assert b"<" not in session.greeting
    session.expect(lines[0], "-ERR")
    session.login("talker@corpus.example", "any")


def capa_filter(session, server, lines):
    assert {"SASL", "USER", "PIPELINING", "TOP", "UIDL"} <= set(session.capabilities())
    session.login("talker@corpus.example", "any")
    offered = unstuffed(session.many(lines[0])).split(b"\r\n")
    assert b"UTF8" in offered and b"STLS" not in offered


INSIDE = {"pop3-retr-infected": infected, "pop3-top": top, "pop3-uidl-dele": deletes_nothing, "pop3-no-final-dot": no_final_dot,
          "pop3-long-line": long_line, "pop3-lf-only": lf_only, "pop3-slow-scan": slow_scan}
OUTSIDE = {"pop3-pipelining": pipelining, "pop3-apop": apop, "pop3-capa-filter": capa_filter}


def proxy_cases():
    cases = json.loads(needs.corpus("imap-pop3", "proxy_cases.json").read_text())["cases"]
    return {case["id"]: case for case in cases if case["protocol"] == "pop3"}


def test_every_pop3_case_of_the_corpus_is_tested_here():
    assert set(proxy_cases()) == {*INSIDE, *OUTSIDE}


@pytest.mark.parametrize("name", [*INSIDE, *OUTSIDE])
def test_a_case_that_any_proxy_must_pass(name, talker):
    gateway, server = talker
    lines = [line for text in proxy_cases()[name]["client"] for line in text.splitlines()]
    server.forget()
    server.mails[0] = CLEAN
    with Session(gateway.pop3_port, timeout=30) as session:
        session.gateway = gateway
        if name in INSIDE:
            session.login("talker@corpus.example", "any")
            INSIDE[name](session, server, lines)
        else:
            OUTSIDE[name](session, server, lines)
    assert gateway.answers()
