# SPDX-License-Identifier: ISC
"""What the corpora know of IMAP: whatever servers of others have said passes to the octet, in whatever pieces it comes; and cases that any
proxy must pass."""
import base64
import json
import re
from collections import defaultdict

import pytest

from lab import needs, samples
from lab.gatepost import READY, Gatepost, backend, running
from lab.imap_client import Literal, Session, differences, logged_in
from lab.imap_said import by_lines, conversations, net_imap
from lab.imap_stub import CAPABILITIES, FIRST_UID, TAG, ImapStub, literal
from lab.process import wait_until

from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "5s", "response": "5s", "connect": "1s"}, "limits": {"errors": 1000}}
USER = "user@example.com"
PROGRAM = b64(random_program()).rstrip()
CLEAN, INFECTED = samples.clean("clean"), multipart("program", TEXT, file("setup.exe", PROGRAM))
MAILS = [CLEAN, INFECTED, CLEAN, CLEAN, INFECTED]
OK = TAG + b" OK done\r\n"

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def server():
    """It takes any password."""
    stub = ImapStub(MAILS, password=None, boxes={"Sent": [], "Drafts": []}, capabilities=(*CAPABILITIES, "AUTH=XOAUTH2")).start()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, server, certified):
    needs.to_be_root("Gatepost's parent")
    body = certified + RULES + backend("behind", imap=["%d tls none" % server.port])
    with running(Gatepost(run_dir / "imap-corpora", body, changes=CHANGES, imap='backend behind  mechanisms { "USER" "PLAIN" "XOAUTH2" }'), ready=READY) as gateway:
        yield gateway


@pytest.fixture
def behind(server):
    server.forget()
    return server


# ---- what servers of others said

TOO_LARGE = "quirky_behaviors invalid literal numeric format (too large)"  # nobody can tell where it ends
SAID = {"mailkit": lambda: [(name, list(by_lines(octets))) for name, octets in conversations().items()],
        "net-imap": lambda: [(name, list(by_lines(octets))) for name, octets, _ in net_imap() if name != TOO_LARGE]}
NUMBER = re.compile(rb"\* (\d+) FETCH ", re.IGNORECASE)
IN_QUOTES = re.compile(rb'(?:BODY\[[^]]*\](?:<\d+>)?|RFC822(?:\.TEXT)?) "([^"]*)"', re.IGNORECASE)
LEAVES = re.compile(rb"(?i)\* (BYE|PREAUTH)\b")  # a session that has begun
NOT_RELAYED = re.compile(rb"\* (\d+ )?(NOOP|UIDFETCH)\b")  # it is none, or of an extension that is hidden
ENDS = re.compile(rb"(?i)[^*+ ]\S* (OK|NO|BAD)\b")
LISTS = re.compile(rb"(?is)((?:\* )?(?:OK \[)?CAPABILITY )([^]\r]*)(.*)")


class Said:
    """Answers of FETCH: first all that was said; then the message of which that was a part, and the part again."""

    def __init__(self, responses, pieces):
        self.all, self.pieces = b"".join(response for response, _ in responses), pieces
        self.of_number, self.contents = defaultdict(list), defaultdict(list)
        for response, literals in responses:
            if number := NUMBER.match(response):
                self.of_number[number[1]].append(response)
                self.contents[number[1]] += literals + IN_QUOTES.findall(response)

    def __call__(self, session, line):
        number, _, items = line.split(b" ", 1)[1].partition(b" ")
        if number == b"1:*":
            return [self.pieces(self.all), OK]
        if items == b"(UID BODY.PEEK[])":
            message = b"Subject: said\r\n\r\n" + b"\r\n".join(self.contents[number])
            return [b"* %s FETCH (UID %d BODY[] %s)\r\n" % (number, FIRST_UID, literal(message)) + OK]
        return [b"".join(self.of_number[number]) + OK]


def octet_by_octet(octets):
    return (octets[at:at + 1] for at in range(len(octets)))


def is_same(response, shown):
    """As it is; but of capabilities those that are relayed, and ours."""
    offered, told = LISTS.match(response), LISTS.match(shown)
    if not offered or not told:
        return response == shown
    return set(told[2].upper().split()) <= {b"INPROGRESS", *offered[2].upper().split()} and told[1].upper() == offered[1].upper() and told[3] == offered[3]


@pytest.mark.parametrize("pieces", [lambda octets: octets, octet_by_octet], ids=["whole", "octet by octet"])
@pytest.mark.parametrize("corpus", SAID)
def test_what_servers_of_others_said_passes_to_the_octet(corpus, pieces, site, behind):
    passed = 0
    for name, responses in SAID[corpus]():
        responses = [(response, literals) for response, literals in responses if response.startswith(b"* ") and not LEAVES.match(response)]
        behind.script["FETCH"] = Said(responses, pieces)
        with logged_in(site.imap_port, USER, "any", "INBOX") as session:
            came = session.expect("FETCH 1:* (FLAGS)")
        for response, _ in responses:
            assert any(is_same(response, one) for one in came) != bool(NOT_RELAYED.match(response)), (name, response)
            passed += 1
    print("\n%d responses" % passed)
    assert passed > 100


@pytest.mark.parametrize("pieces", [lambda octets: octets, octet_by_octet], ids=["whole", "octet by octet"])
def test_how_commands_ended_at_servers_of_others_passes_to_the_octet(pieces, site, behind):
    ends = [response for corpus in SAID.values() for _, responses in corpus() for response, _ in responses if ENDS.match(response)]
    with logged_in(site.imap_port, USER, "any", "INBOX") as session:
        for response in ends:
            told = response.partition(b" ")[2]
            behind.script["NOOP"] = [TAG + b" ", pieces(told)]
            came, = session.command("NOOP")
            assert is_same(told, came.partition(b" ")[2]), response
    print("\n%d responses" % len(ends))
    assert len(ends) > 100


# ---- what servers greet with


def banners():
    entries = json.loads(needs.corpus("imap-pop3", "banners.json").read_text())["entries"]
    return [[line.encode() for line in entry["server_lines"]] for entry in entries if entry["protocol"] == "imap"]


def test_whatever_a_server_greets_with_it_is_not_shown_and_its_mail_is_read(site, behind):
    assert len(banners()) > 10
    for greeting, *lines in banners():
        said = b"".join(line + b"\r\n" for line in lines if line.startswith(b"* ") and not LEAVES.match(line))
        behind.script.update({"CONNECT": [(greeting if greeting.startswith(b"* ") else b"* OK") + b"\r\n"], "NOOP": [said + OK]})
        with logged_in(site.imap_port, USER, "any", "INBOX") as session:
            assert greeting[5:] not in session.greeting and session.message(1) == CLEAN
            assert all(map(is_same, by_line(said + b"a4 OK done\r\n"), session.command("NOOP"))), greeting


def by_line(octets):
    return octets.splitlines(keepends=True)


# ---- cases for proxies


def octets_of(case):
    """What the client sends, line by line, where nothing has to be filled in."""
    return [line.encode("latin-1") for line in case["client"]]


def answered(session, octets, tag="a1"):
    session.send(octets)
    return session.responses(tag)


def not_waited_for(session, behind, lines):
    assert [line[:5] for line in answered(session, *lines)] == [b"a1 OK"]
    assert [(login.user, login.password) for login in behind.logins] == [("user", "pass")]


def refused_at_once(session, behind, lines):
    session.send(b"".join(lines))
    assert re.match(rb"a1 (BAD|NO) |\* BYE ", session.response())
    assert behind.commands == []


def is_no_literal(session, behind, lines):
    assert [line[:5] for line in answered(session, *lines)] == [b"a1 OK"]
    assert [(login.user, login.password) for login in behind.logins] == [("user{4}", 'pa"ss')]


def cancelled(session, behind, lines):
    session.send(lines[0])
    assert session.response().startswith(b"+")
    assert answered(session, lines[1])[-1].startswith(b"a1 BAD")
    session.expect("SELECT INBOX", status="BAD")
    session.login(USER, "any")


def token_passes(session, behind, lines):
    token = base64.b64encode(b"user=%s\1auth=Bearer token\1\1" % USER.encode())
    problem, heard = base64.b64encode(b'{"status":"401"}'), []

    def exchange(server, line):
        initial = line.split(b" ")[2:]
        heard.extend([*(initial or [server._asked(b"")]), server._asked(problem)])
        return "NO [AUTHENTICATIONFAILED] an old token"
    behind.script["AUTHENTICATE"] = exchange
    session.send(lines[0].replace(b"<token>", token))
    assert session.response() == b"+ " + problem + b"\r\n"
    assert b"an old token" in answered(session, b"\r\n")[-1]
    assert heard == [token, b""]


def hides_the_same_everywhere(session, behind, lines):
    offered = b"[CAPABILITY IMAP4rev1 IDLE COMPRESS=DEFLATE BINARY]"
    behind.script["CONNECT"] = [b"* OK %s ready\r\n" % offered]
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = [TAG + b" OK %s in\r\n" % offered]
    seen = session.greeting + b"".join(session.login(USER, "any")) + str(session.capabilities()).encode()
    assert b"IDLE" in seen and b"COMPRESS" not in seen and b"BINARY" not in seen


def long_line(session, behind, lines):
    session.send(lines[0])
    assert re.match(rb"a1 BAD |\* BYE ", session.response())
    assert behind.commands == []


def no_tags(session, behind, lines):
    for line in lines:
        session.send(line)
        assert b" BAD " in session.response(), line
    session.login(USER, "any")


def in_the_middle_of_a_literal(session, behind, lines):
    session.send(lines[0])
    assert session.response().startswith(b"+")
    session.close()
    assert wait_until(lambda: behind.open == 0)


OUTSIDE = {
    "imap-literal-nonsync": not_waited_for, "imap-literal-huge": refused_at_once, "imap-literal-overflow": refused_at_once,
    "imap-literal-negative": refused_at_once, "imap-literal-in-quoted": is_no_literal, "imap-preauth-caps": hides_the_same_everywhere,
    "imap-auth-cancel": cancelled, "imap-auth-oauth": token_passes, "imap-line-too-long": long_line, "imap-tag-chars": no_tags,
    "imap-nul": refused_at_once, "imap-logout-midliteral": in_the_middle_of_a_literal,
}


def eight_bits(session, behind, lines):
    session.send(lines[0])
    if session.response().startswith(b"+"):
        session.send(lines[1])
    session.expect("NOOP")
    assert [it.octets for it in behind.appended] in ([], [b"a\0b\0c"])


def append_is_scanned(session, behind, lines):
    before = lines[0].split(b" ", 1)[1].replace(b"{N}\r\n", b"")
    session.expect(before, Literal(INFECTED), status="NO")
    session.expect(before, Literal(CLEAN))
    assert [it.octets for it in behind.appended] == [CLEAN]


def all_or_none(session, behind, lines):
    session.expect("APPEND Sent ", Literal(CLEAN), " ", Literal(INFECTED), status="NO")
    assert behind.appended == []


def is_refused(session, behind, lines):
    assert "CATENATE" not in session.capabilities()
    session.send(lines[0])
    if (came := session.response()).startswith(b"+"):
        came = answered(session, lines[1])[-1]
    assert came.startswith(b"a1 BAD") and "APPEND" not in behind.verbs()


def in_order(session, behind, lines):
    session.send(lines[0])
    assert [session.response()[:5] for _ in range(3)] == [b"a1 OK", b"a2 OK", b"a3 OK"]


def idle(session, behind, lines):
    behind.script["IDLE"] = [b"+ idling\r\n", 0.1, b"* 6 EXISTS\r\n"]
    session.send(lines[0])
    assert [session.response(), session.response()] == [b"+ idling\r\n", b"* 6 EXISTS\r\n"]
    session.send(lines[-1])
    assert session.response().startswith(b"a1 OK")


def in_slices(session, behind, lines):
    shown = b""
    for at in range(0, len(INFECTED), 1000):
        command = lines[0].decode().split(" ", 1)[1].replace(" 5 ", " %d " % (FIRST_UID + 1)).replace("0.16384", "%d.1000" % at).strip()
        shown += session.expect(command)[0].split(b"}\r\n", 1)[1].rsplit(b")", 1)[0]
    assert len(shown) == len(INFECTED) and not leaks(PROGRAM, shown)


def in_sections(session, behind, lines):
    for line in lines:
        seen = b"".join(session.expect(line.decode().split(" ", 1)[1].strip().replace(" 1 ", " 2 ")))
        assert not leaks(PROGRAM, seen) and b"BODY[2" in seen


def as_long_as_it_says(session, behind, lines):
    for number, message in ((1, CLEAN), (2, INFECTED)):
        values = session.fetch(number, "(RFC822.SIZE BODY[])")[number]
        assert int(values["RFC822.SIZE"]) == len(values["BODY[]"]) == len(message)


def odd_length(session, behind, lines):
    response = b"* 1 FETCH (BODY[] {0%d}\r\n%s)\r\n" % (len(CLEAN), CLEAN)
    behind.script["FETCH"] = [response + OK]
    assert session.expect("FETCH 1 BODY.PEEK[]")[0] == response


def no_lf_alone(session, behind, lines):
    session.send(lines[0] + b"a2 DELETE INBOX\r\n")
    session.rest()
    assert "DELETE" not in behind.verbs() and not any(b"\n" in line for line in behind.commands)


def names_pass(session, behind, lines):
    with logged_in(behind.port, USER, "any", "INBOX") as direct:
        assert differences(direct, session, [lines[0].partition(b" ")[2].rstrip()]) == []
    assert lines[0].partition(b" ")[2].rstrip() in [line.partition(b" ")[2] for line in behind.commands]


INSIDE = {
    "imap-literal8": eight_bits, "imap-append-scan": append_is_scanned, "imap-append-infected-multi": all_or_none, "imap-catenate": is_refused,
    "imap-pipelined": in_order, "imap-idle": idle, "imap-fetch-partial": in_slices, "imap-fetch-sections": in_sections,
    "imap-fetch-rfc822size": as_long_as_it_says, "imap-fetch-literal-odd": odd_length, "imap-bare-lf": no_lf_alone, "imap-mutf7": names_pass,
}


def proxy_cases():
    cases = json.loads(needs.corpus("imap-pop3", "proxy_cases.json").read_text())["cases"]
    return {case["id"]: case for case in cases if case["protocol"] == "imap"}


def test_every_imap_case_of_the_corpus_is_tested_here():
    assert set(proxy_cases()) == {*INSIDE, *OUTSIDE}


@pytest.mark.parametrize("name", [*INSIDE, *OUTSIDE])
def test_a_case_that_any_proxy_must_pass(name, site, behind):
    lines = octets_of(proxy_cases()[name])
    with Session(site.imap_port, timeout=10) as session:
        if name in INSIDE:
            session.login(USER, "any")
            session.select()
            INSIDE[name](session, behind, lines)
        else:
            OUTSIDE[name](session, behind, lines)
    assert site.answers()
