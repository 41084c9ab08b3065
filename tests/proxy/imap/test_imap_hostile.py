# SPDX-License-Identifier: ISC
"""Servers behind that speak no IMAP, or stop in the middle, and clients that want to be understood in two ways: nobody sees what is
forbidden, or one answer for another, and no proxy dies of it."""
import contextlib
import itertools
import re
import time

import pytest

from lab import needs, samples, steered, users
from lab.backend import CLOSE, HANG, RESET, server_context
from lab.gatepost import Gatepost, backend, running
from lab.imap_client import EAGER, PLUS, WAIT, Literal, Session, differences, logged_in, plain
from lab.imap_stub import CAPABILITIES, TAG, ImapStub, literal, never_ending
from lab.process import resident, wait_until
from lab.smtp_client import Closed

from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "1s", "response": "2s", "connect": "1s", "command": "20s", "handshake": "2s", "data": "2s"},
           "limits": {"fetched_size": "3MiB", "message_size": "2MiB", "errors": 20}}
MESSAGE_SIZE = 2 << 20
SOON = 8  # seconds, for what ends when a second of the server's silence is over

PROGRAM = b64(random_program()).rstrip()
CLEAN, EVIL = samples.clean("clean"), multipart("program", TEXT, file("setup.exe", PROGRAM))
MAILS = [CLEAN, EVIL, samples.clean("another")]
OK = TAG + b" OK done\r\n"
OUT_OF_STEP = "backend out of step"
USER = "user@example.com"
NO_LITERALS = tuple(word for word in CAPABILITIES if word != "LITERAL+")

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def servers(authority):
    """{name: a server behind that takes any password}"""
    context = server_context(authority.certificate("behind.example.com"))
    how = {"behind": {}, "first": {}, "second": {}, "waits": {"capabilities": NO_LITERALS}, "tls": {"context": context}}
    stubs = {name: ImapStub(MAILS, password=None, **extra).start() for name, extra in how.items()}
    yield stubs
    for stub in stubs.values():
        stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, servers, certified):
    needs.to_be_root("Gatepost's parent")
    port = {name: "%d tls %s" % (stub.port, "required" if name == "tls" else "none") for name, stub in servers.items()}
    body = certified + RULES + "".join(backend(name, imap=[port[name]]) for name in ("behind", "waits", "tls")) \
        + backend("pair", imap=[port["first"] + " priority 10", port["second"] + " priority 20"])
    gateway = Gatepost(run_dir / "imap-hostile", body, changes=CHANGES, imap="backend behind" + "".join(
        '  users { "%s@example.com" } backend %s' % (name, name) for name in ("waits", "tls", "pair")))
    with running(gateway, servers.values()):
        yield gateway


@pytest.fixture
def behind(servers):
    """The usual server; it behaves, and has forgotten what was before."""
    stub = servers["behind"]
    stub.forget()
    return stub


@pytest.fixture
def reader(site, behind):
    with logged_in(site.imap_port, USER, "any", "INBOX", timeout=SOON) as session:
        yield session


@pytest.fixture
def log(site):
    """log(): what was logged since the test began."""
    before = len(site.log())
    return lambda: site.log()[before:]


def is_out_of_step(log):
    return wait_until(lambda: [line for line in log().splitlines() if OUT_OF_STEP in line], 3)


def told(site, user, password="any"):
    """What answers a login, without its tag; empty: nothing, the session ended."""
    with Session(site.imap_port, timeout=SOON) as session:
        try:
            return session.command('LOGIN %s "%s"' % (user, password))[-1].partition(b" ")[2]
        except Closed:
            return b""


def all_that_comes(session, octets):
    """What is said to these octets until the session ends, or a while after them."""
    try:
        session.send(octets)
        return session.rest()
    except (ConnectionError, TimeoutError):
        return session.pending


# ---- before there is a mailbox


GREETINGS = {
    "BYE": [b"* BYE busy\r\n"], "BYE and more": [b"* BYE busy\r\n* OK ready\r\n", HANG], "PREAUTH": [b"* PREAUTH you are root\r\n"],
    "PREAUTH with capabilities": [b"* PREAUTH [CAPABILITY IMAP4rev1] root\r\n", HANG], "NO": [b"* NO\r\n"], "another protocol": [b"+OK POP3 ready\r\n"],
    "SMTP": [b"220 mx.example.com ESMTP\r\n"], "a tag": [b"a1 OK ready\r\n"], "a plus": [b"+ ready\r\n"], "closed": [CLOSE], "reset": [RESET],
    "silent": [HANG], "half a line": [b"* OK rea", HANG], "without an end": [b"* OK " + b"x" * 1000000, HANG], "a literal": [b"* LIST {5}\r\nhello\r\n", HANG],
    "endless": [itertools.repeat(b"* XOK ready\r\n" * 1000)], "blank lines": [b"\r\n" * 1000, HANG], "NULs": [b"\0" * 5000 + b"\r\n"],
    "TLS": [b"\x15\x03\x01\x00\x02\x02\x28", HANG],
}


@pytest.mark.parametrize("name", GREETINGS)
def test_a_server_that_does_not_greet_is_left_for_the_next(name, site, servers):
    for stub in (servers["first"], servers["second"]):
        stub.forget()
    servers["first"].script["CONNECT"] = GREETINGS[name]
    began = time.monotonic()
    with logged_in(site.imap_port, "pair@example.com", "any", "INBOX", timeout=SOON) as session:
        assert session.message(1) == CLEAN
    assert servers["first"].logins == [] and len(servers["second"].logins) == 1
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("name", GREETINGS)
def test_where_there_is_no_other_the_login_is_refused_for_now(name, site, behind):
    behind.script["CONNECT"] = GREETINGS[name]
    with Session(site.imap_port, timeout=SOON) as session:
        assert session.command("LOGIN user@example.com any")[-1].split(b" ", 1)[1].startswith(b"NO [UNAVAILABLE] ")
        session.expect("SELECT INBOX", status="BAD")


LOGINS = {
    "a foreign tag": [b"zz OK in\r\n"], "an untagged OK": [b"* OK in\r\n", HANG], "PREAUTH": [b"* PREAUTH in\r\n", HANG], "BYE": [b"* BYE\r\n", HANG],
    "no status": [TAG + b" FINE in\r\n", HANG], "no text": [TAG + b"\r\n", HANG], "a plus": [b"+ go on\r\n" * 5, HANG], "empty": [b"\r\n", HANG], "closed": [CLOSE],
    "reset": [RESET], "silent": [HANG], "half a line": [TAG + b" OK in", HANG], "without an end": [TAG + b" OK " + b"x" * 1000000, HANG],
    "NULs": [b"\0" * 100 + b" OK\r\n", HANG], "a message": [b"* 1 FETCH (BODY[] " + literal(EVIL) + b")\r\n", HANG],
    "a literal": [b"* LIST () NIL {4}\r\nname\r\n", HANG],
}


@pytest.mark.parametrize("name", LOGINS)
def test_only_ok_with_its_tag_is_a_login(name, site, behind):
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = LOGINS[name]
    began = time.monotonic()
    with Session(site.imap_port, timeout=SOON) as session:
        came = session.command("LOGIN user@example.com any")
        assert came[-1].split(b" ")[1] in (b"NO", b"BAD") and not leaks(PROGRAM, b"".join(came))
        session.expect("SELECT INBOX", status="BAD")
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("octets", [b"* 1 EXISTS\r\n", b"* FLAGS (a)\r\n", b"* XSECRET x\r\n", b"* LIST () NIL secret\r\n", b"* CAPABILITY IMAP4rev1 XSECRET\r\n",
                                    b"* OK [REFERRAL imap://a.example/] secret\r\n"])
def test_what_is_said_before_the_login_is_not_passed(octets, site, behind):
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = [octets + TAG + b" OK in\r\n"]
    with Session(site.imap_port, timeout=SOON) as session:
        assert session.login(USER, "any") == [b"a1 OK in\r\n"]


# ---- TLS


INJECTED = b"* CAPABILITY IMAP4rev1 INJECTED\r\na OK injected\r\ngp OK injected\r\n"
LATER = 0.2  # seconds, until the octets before are another segment


@pytest.mark.parametrize("answers", [
    [b"gp OK begin\r\n" + INJECTED], [b"gp OK begin\r\n", LATER, INJECTED], [b"gp OK be", LATER, b"gin\r\n" + INJECTED], [INJECTED],
    [b"gp OK begin\r\n" + b"* OK injected\r\n" * 3000], [b"gp OK begin\r\n* OK hal"], [b"gp OK begin\r\n\x15\x03\x01\x00\x02\x01\x00"],
    [b"gp OK begin\r\n", CLOSE], [b"* BYE\r\n", HANG], [b"gp NO\r\n"], [b"gp BAD\r\n"], [b"zz OK\r\n", HANG], [b"+ OK\r\n", HANG], [HANG]],
    ids=["at once", "later", "in two", "lines", "much", "half a line", "an alert", "the end", "BYE", "NO", "BAD", "a foreign tag", "a plus", "silence"])
def test_whatever_a_server_says_in_plaintext_is_not_believed(answers, site, servers):
    stub = servers["tls"]
    stub.forget()
    stub.script["STARTTLS"] = answers
    with Session(site.imap_port, timeout=SOON) as session:
        came = session.command('LOGIN tls@example.com "a-secret"')
        if b" OK " in came[-1][:10]:
            assert [login.tls for login in stub.logins] == [True]
            assert "INJECTED" not in session.capabilities()
        else:
            assert came[-1].split(b" ", 1)[1].startswith(b"NO [UNAVAILABLE]")
    plaintext = stub.commands[:stub.commands.index(b"gp STARTTLS") + 1]
    assert not any(b"LOGIN" in line or b"AUTH" in line or b"a-secret" in line for line in plaintext), plaintext


def test_what_there_is_behind_is_what_was_said_in_tls(site, servers):
    stub = servers["tls"]
    stub.forget()
    stub.script["CONNECT"] = [b"* OK [CAPABILITY IMAP4rev1 INJECTED LITERAL+] ready\r\n"]
    stub.script["LOGIN"] = stub.script["AUTHENTICATE"] = "OK in"
    stub.script["CAPABILITY"] = [b"* CAPABILITY IMAP4rev1\r\n" + OK]
    with logged_in(site.imap_port, "tls@example.com", "a-secret", timeout=SOON) as session:
        assert "INJECTED" not in session.capabilities()


BEHIND_STARTTLS = {
    "CAPABILITY": b"a2 CAPABILITY\r\n", "LOGOUT": b"a2 LOGOUT\r\n", "a login": b"a2 LOGIN %s %s\r\n" % (USER.encode(), users.PASSWORD.encode()),
    "another login": b"a2 AUTHENTICATE PLAIN " + plain(USER) + b"\r\n", "half a line": b"a2 LOGIN user@exam", "blank lines": b"\r\n" * 50,
    "much": b"a2 NOOP\r\n" * 1000, "a literal": b"a2 LOGIN {5}\r\n", "a literal that does not wait": b"a2 LOGIN {500+}\r\nuser",
}


@pytest.mark.parametrize("name", BEHIND_STARTTLS)
def test_whatever_stands_behind_starttls_is_thrown_away(name, site, behind):
    with Session(site.imap_port, timeout=SOON) as session:
        session.send(b"a1 STARTTLS\r\n" + BEHIND_STARTTLS[name])
        assert session.response().startswith(b"a1 OK")
        try:
            session.handshake()
        except (OSError, Closed):  # what came too late for that is no handshake
            assert len(BEHIND_STARTTLS[name]) > 1000
            return
        assert session.silent(0.3), "what stood behind STARTTLS was answered in TLS"
        session.expect("SELECT INBOX", status="BAD")
        session.login(USER, "any")
    assert [login.user for login in behind.logins] == [USER]


# ---- out of step


STRAY = {
    "a foreign tag": [b"zz OK a secret answer\r\n"], "a foreign tag before its own": [b"zz OK a secret answer\r\n" + OK],
    "a plus": [b"+ a secret answer\r\n"], "a plus before its answer": [b"+ a secret answer\r\n" + OK], "the answer twice": [OK, TAG + b" OK a secret answer\r\n"],
    "the next answer": [OK + b"a4 OK a secret answer\r\n"], "PREAUTH with its tag": [TAG + b" PREAUTH a secret answer\r\n"],
    "BYE with its tag": [TAG + b" BYE a secret answer\r\n"],
    "a literal where none can be": [b"* SEARCH {15}\r\na secret answer\r\n" + OK], "a literal of what nobody knows": [b"* XBLOB {15}\r\na secret answer\r\n" + OK],
    "a literal behind a tag": [TAG + b" XOK {15}\r\na secret answer\r\n"], "a literal that may be text": [b"* LIST () NIL \"a {15}\r\na secret answer\r\n" + OK],
    "a literal of a size that is none": [b"* LIST () NIL {99999999999999999999}\r\na secret answer\r\n" + OK],
    "a literal in FETCH of a size that is none": [b"* 1 FETCH (BODY[] {99999999999999999999}\r\na secret answer)\r\n" + OK],
    "a literal in quotes": [b'* 1 FETCH (X "a {15}\r\na secret answer")\r\n' + OK],
}


@pytest.mark.parametrize("name", STRAY)
def test_what_cannot_be_placed_answers_no_command_and_ends_the_session(name, behind, reader, log):
    behind.script["NOOP"] = STRAY[name]
    reader.send("a3 NOOP\r\n")
    wait_until(lambda: OUT_OF_STEP in log(), 1)
    assert b"a secret answer" not in all_that_comes(reader, "a4 UID SEARCH 2\r\n")
    assert is_out_of_step(log), log()[-2000:]


@pytest.mark.parametrize("name", ["a foreign tag", "a plus", "BYE"])
def test_what_comes_while_nothing_was_asked_answers_nothing(name, behind, reader):
    behind.script["NOOP"] = [OK, 0.2, {"a foreign tag": b"zz OK x\r\n", "a plus": b"+ x\r\n", "BYE": b"* BYE [UNAVAILABLE] x\r\n"}[name], HANG]
    reader.expect("NOOP")
    seen = reader.rest()
    assert seen.count(b"\r\n") == 1 and seen.startswith(b"* BYE ")


HIDDEN = [b"REFERRAL imap://elsewhere.example/INBOX", b"BADURL x", b"URLMECH INTERNAL", b"COMPRESSIONACTIVE"]


@pytest.mark.parametrize("code", HIDDEN)
@pytest.mark.parametrize("line", [b"* OK [%s] text\r\n", b"* [%s] text\r\n", b"* NO [%s]\r\n", TAG + b" NO [%s] text\r\n", TAG + b" OK [%s] text\r\n"])
def test_a_code_that_leads_past_us_is_not_passed(line, code, behind, reader):
    behind.script["NOOP"] = [line % code + (b"" if line.startswith(TAG) else OK)]
    seen = b"".join(reader.command("NOOP"))
    assert code.split(b" ")[0] not in seen.upper() and b"elsewhere" not in seen
    reader.expect("NOOP") if b" OK" in line or not line.startswith(TAG) else None


@pytest.mark.parametrize("code", HIDDEN)
def test_a_refused_login_leads_nobody_past_us(code, site, behind):
    behind.script["LOGIN"] = behind.script["AUTHENTICATE"] = [TAG + b" NO [%s] not here\r\n" % code]
    assert told(site, USER) == b"NO not here\r\n"


@pytest.mark.parametrize("where", ["CAPABILITY", "a code", "the login", "unasked", "in small letters"])
def test_what_is_not_relayed_is_not_offered(where, site, behind):
    hidden = ("COMPRESS=DEFLATE", "BINARY", "CATENATE", "URLAUTH", "NOTIFY", "PREVIEW", "STARTTLS", "AUTH=PLAIN", "IMAP4rev2", "LOGINDISABLED", "X-NEW", "URL-PARTIAL",
              "CONVERT", "MULTISEARCH", "UIDONLY", "REPLACE", "CONTEXT=SEARCH", "QUOTA=a{5}", "THREAD=\"x")
    words = " ".join(("IMAP4rev1", "IDLE") + hidden).encode()
    lines = {"CAPABILITY": b"* CAPABILITY %s\r\n", "a code": b"* OK [CAPABILITY %s] hello\r\n", "unasked": b"* 1 RECENT\r\n* CAPABILITY %s\r\n",
             "in small letters": b"* capability %s\r\n", "the login": TAG + b" OK [CAPABILITY %s] in\r\n"}
    octets = lines[where] % words
    behind.script.update({"LOGIN": [octets], "AUTHENTICATE": [octets]} if where == "the login" else {"NOOP": [octets + OK]})
    with Session(site.imap_port, timeout=SOON) as session:
        login, noop = session.login(USER, "any"), session.expect("NOOP")
        seen = b"".join(login if where == "the login" else noop)
    shown = re.search(rb"(?i)CAPABILITY ([^\]\r]*)", seen)[1].decode().split()
    assert set(shown) == {"IMAP4rev1", "IDLE", "INPROGRESS"}


# ---- content


def a_message(item, content=EVIL, number=2):
    return b"* %d FETCH (%s %s)\r\n" % (number, item, literal(content))


UNASKED = {
    "a message": a_message(b"BODY[]"), "a message with its UID": a_message(b"UID 102 BODY[]"), "a message of no number": a_message(b"BODY[]", number=77),
    "a message of number nought": a_message(b"BODY[]", number=0), "RFC822": a_message(b"RFC822"), "a text": a_message(b"BODY[TEXT]", PROGRAM), "a part": a_message(b"UID 102 BODY[2]", PROGRAM),
    "a part in binary": a_message(b"BINARY[2]", PROGRAM), "a header": a_message(b"BODY[HEADER]", PROGRAM), "some of it": a_message(b"BODY[]<0>", EVIL[:6000]),
    "a preview": a_message(b"PREVIEW", PROGRAM), "a thing that nobody knows": a_message(b"X-CONTENT", PROGRAM), "in lower case": a_message(b"uid 102 body[]").replace(b"FETCH", b"fetch"),
    "in two literals": b"* 2 FETCH (UID 102 BODY[1] {3}\r\nabc BODY[2] " + literal(PROGRAM) + b")\r\n",
    "URLFETCH": b"* URLFETCH imap://x/ " + literal(PROGRAM) + b"\r\n", "URLFETCH in quotes": b'* URLFETCH imap://x/ "' + PROGRAM.replace(b"\r\n", b"") + b'"\r\n',
    "CONVERTED": b'* 2 CONVERTED (TAG "a") (BODYPARTSTRUCTURE[1] ' + literal(PROGRAM) + b")\r\n",
    "a message in quotes": b'* 2 FETCH (BODY[2] "' + PROGRAM.replace(b"\r\n", b"") + b'")\r\n',
    "quotes within quotes": b'* 2 FETCH (ENVELOPE ("a" b") BODY[2] "' + PROGRAM.replace(b"\r\n", b"") + b'")\r\n',
    "in parentheses": b"* 2 FETCH (FLAGS (BODY[2] " + literal(PROGRAM) + b"))\r\n", "in more of them": b"* 2 FETCH ((BODY[2] " + literal(PROGRAM) + b"))\r\n",
    "a blank in it": a_message(b"BODY []"), "a tab for a blank": a_message(b"BODY[]").replace(b" {", b"\t{"), "newlines alone": a_message(b"BODY[2]", PROGRAM).replace(b"}\r\n", b"}\n"),
    "a literal for nine": b"* 2 FETCH (BODY[2] ~" + literal(PROGRAM) + b")\r\n", "in a list's name": b"* LIST (BODY[2] " + literal(PROGRAM) + b")\r\n",
    "in a status": b"* OK BODY[] {%d}\r\n" % len(EVIL) + EVIL, "in no response": b"BODY[] {%d}\r\n" % len(EVIL) + EVIL, "a plus": b"+ BODY[] " + literal(EVIL) + b"\r\n",
    "a longer line": b"* 2 FETCH (X-LONG " + b"x" * 200000 + b" BODY[2] " + literal(PROGRAM) + b")\r\n",
    "beside a long string": b'* 2 FETCH (ENVELOPE ("' + b"x" * 200000 + b'") BODY[2] ' + literal(PROGRAM) + b")\r\n",
    "numbered twice": b"* 2 2 FETCH (BODY[2] " + literal(PROGRAM) + b")\r\n", "blanks": b"*  2  FETCH  (BODY[2]  " + literal(PROGRAM) + b")\r\n",
    "a thing that nobody knows in quotes": b'* 2 FETCH (X-CONTENT "' + PROGRAM.replace(b"\r\n", b"") + b'" FLAGS ())\r\n',
    "a list that nobody knows": b"* 2 FETCH (X-CONTENT (a " + literal(PROGRAM) + b" (b \"" + PROGRAM.replace(b"\r\n", b"") + b'")) FLAGS ())\r\n',
    "a thing that nobody can read": b"* 2 FETCH (X-CONTENT [" + literal(PROGRAM) + b"] FLAGS ())\r\n",
    "a number too large": b"* 99999999999 FETCH (BODY[2] " + literal(PROGRAM) + b")\r\n",
}


@pytest.mark.parametrize("command", ["NOOP", "FETCH 1 (BODY.PEEK[])", "UID FETCH 101 (BODY.PEEK[1])", "UID SEARCH ALL", "IDLE"])
@pytest.mark.parametrize("name", UNASKED)
def test_content_that_comes_unasked_shows_nothing_that_is_forbidden(name, command, behind, reader):
    verb = "UID " + command.split()[1] if command.startswith("UID") else command.split()[0]
    usual = {"NOOP": OK, "UID SEARCH": b"* SEARCH 101\r\n" + OK, "IDLE": b"+ idling\r\n"}

    def action(session, line):
        if verb in usual:
            return [usual[verb] + UNASKED[name]] if verb == "IDLE" else [UNASKED[name] + usual[verb]]
        numbers, items = line.split(b" ", 2)[2 if verb.startswith("UID") else 1:][0], line.split(b" ", 3 if verb.startswith("UID") else 2)[-1]
        return [UNASKED[name]] + session.usual_fetch(numbers + b" " + items, uid=verb.startswith("UID"))
    behind.script[verb] = action
    seen = all_that_comes_in(reader, command)
    assert not leaks(PROGRAM, seen) and not leaks(PROGRAM.replace(b"\r\n", b""), seen)


def all_that_comes_in(session, command):
    """What answers it, or what came until the session ended; within IDLE, a while of it."""
    session.send("a9 %s\r\n" % command)
    if command == "IDLE":
        time.sleep(0.2)
        session.send("DONE\r\n")
    seen = b""
    session.socket.settimeout(0.7)
    try:
        while b"a9 " not in seen:
            octets = session.socket.recv(1 << 20)
            if not octets:
                break
            seen += octets
    except (TimeoutError, ConnectionError):
        pass
    return session.pending + seen


def test_content_comes_unasked_and_clean_as_it_is(behind, reader):
    octets = a_message(b"FLAGS () UID 101 BODY[]", CLEAN, 1)
    behind.script["NOOP"] = [octets + OK]
    assert reader.expect("NOOP")[0] == octets
    reader.expect("NOOP")


CLEAN_TEXT = CLEAN.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("item", ["PREVIEW", "X-CONTENT"])
@pytest.mark.parametrize("value", [literal, lambda octets: b'"%s"' % octets.split(b"\r\n")[0], lambda octets: b"(a %s (1 %s))" % (literal(octets), literal(octets))],
                         ids=["a literal", "a string", "a list"])
def test_what_nobody_knows_and_is_of_a_clean_message_comes_as_it_is(value, item, behind, reader):
    response = b"* 1 FETCH (FLAGS () %s %s UID 101)\r\n" % (item.encode(), value(CLEAN_TEXT))
    behind.script["UID FETCH 101 (FLAGS)"] = [response + OK]
    assert response in reader.expect("UID FETCH 101 (FLAGS)")


@pytest.mark.parametrize("value", [b'"other"', b"(a (other {5}\r\nother) b)"], ids=["a string", "a list"])
def test_what_nobody_knows_keeps_its_length(value, behind, reader):
    response = b"* 1 FETCH (UID 101 X-CONTENT %s FLAGS ())\r\n" % value
    behind.script["UID FETCH 101 (FLAGS)"] = [response + OK]
    shown = reader.expect("UID FETCH 101 (FLAGS)")[0]
    assert len(shown) == len(response) and shown != response and shown.endswith(b" FLAGS ())\r\n")


# ---- what does not end


BROKEN = {
    "silence": [HANG], "half a line": [b"* 2 FETCH (BODY[] {10", HANG], "a literal that does not come": [b"* 2 FETCH (BODY[] {100}\r\n", HANG],
    "half a literal": [b"* 2 FETCH (BODY[] {%d}\r\n" % len(EVIL) + EVIL[:-9], HANG], "half a large literal": [b"* 2 FETCH (BODY[] {900000}\r\n" + EVIL * 40, HANG],
    "no end behind a literal": [b"* 2 FETCH (BODY[] " + literal(EVIL), HANG], "no tag": [a_message(b"BODY[]"), HANG],
    "the end in a literal": [b"* 2 FETCH (BODY[] {%d}\r\n" % len(EVIL) + EVIL[:-9], CLOSE], "the end in a large one": [b"* 2 FETCH (BODY[] {900000}\r\n" + EVIL * 40, CLOSE],
    "the end behind a literal": [b"* 2 FETCH (BODY[] " + literal(EVIL), CLOSE], "a reset in a literal": [b"* 2 FETCH (BODY[] {%d}\r\n" % len(EVIL) + EVIL[:-9], RESET],
    "the end": [CLOSE], "half a LIST": [b"* LIST () NIL {100}\r\nabc", HANG], "the end of a LIST": [b"* LIST () NIL {100}\r\nabc", CLOSE],
    "a message and the end": [a_message(b"BODY[]"), CLOSE],
}


@pytest.mark.parametrize("command", ["FETCH 2 (BODY.PEEK[])", "FETCH 2 (BODY.PEEK[2])", "NOOP"])
@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_come_to_its_end_ends_the_session_in_time(name, command, behind, reader):
    behind.script[command.split()[0]] = BROKEN[name]
    began = time.monotonic()
    seen = all_that_comes(reader, "a9 %s\r\n" % command)
    assert time.monotonic() - began < SOON
    assert b"a9 OK" not in seen and not leaks(PROGRAM, seen)
    assert wait_until(lambda: behind.open == 0)


def dripping(*begins):
    """An action: more comes for ever, an octet now and then."""
    return [*begins, itertools.cycle([b"x", 0.3])]


@pytest.mark.parametrize("begins", [b"* 2 FETCH (BODY[] {100000}\r\n" + EVIL[:1000], b"* OK ", b"* LIST () NIL {1000}\r\n"], ids=["a message", "a line", "a literal"])
def test_what_comes_an_octet_now_and_then_ends_the_session_in_time(begins, behind, reader, log):
    behind.script["NOOP"] = dripping(begins)
    began = time.monotonic()
    assert not leaks(PROGRAM, all_that_comes(reader, "a9 NOOP\r\n"))
    assert time.monotonic() - began < SOON and "too slowly" in log()
    assert wait_until(lambda: behind.open == 0)


ENDLESS = {
    "a message": never_ending(number=2), "a message with its UID": never_ending("UID 102 BODY[]", 2), "a LIST": [b"* LIST () NIL {1000000000}\r\n", itertools.repeat(b"x" * 65536)],
    "a line": [b"* OK ", itertools.repeat(b"x" * 65536)], "a line of FETCH": [b"* 2 FETCH (X ", itertools.repeat(b"x" * 65536)],
    "a line of nothing": [itertools.repeat(b"x" * 65536)], "a string": [b'* 2 FETCH (BODY[] "', itertools.repeat(b"x" * 65536)],
    "lines": [itertools.repeat(b"* 1 EXISTS\r\n" * 4000)], "small literals": [b"* 2 FETCH (", itertools.repeat(b"X {1}\r\nx " * 4000)],
    "messages": [itertools.repeat(a_message(b"UID 101 BODY[]", CLEAN, 1) * 20)], "UIDs": [itertools.repeat(b"* 2 FETCH (UID 102)\r\n" * 2000)],
}


@pytest.mark.parametrize("command", ["FETCH 2 (BODY.PEEK[])", "FETCH 2:3 (BODY.PEEK[2])", "NOOP"])
@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_costs_no_memory_and_ends_with_the_client(name, command, site, behind):
    before = sum(map(resident, site.pids("gatepost-proxy")))
    with logged_in(site.imap_port, USER, "any", "INBOX", timeout=1) as session:
        behind.script[command.split()[0]] = ENDLESS[name] if not hasattr(ENDLESS[name], "__next__") else [ENDLESS[name]]
        session.send("a9 %s\r\n" % command)
        deadline = time.monotonic() + 0.7
        while time.monotonic() < deadline:
            try:
                if not session.socket.recv(1 << 16):
                    break
            except (TimeoutError, ConnectionError):
                pass
        assert site.answers()
        grown = sum(map(resident, site.pids("gatepost-proxy"))) - before
    assert needs.SANITIZED or grown < 60 << 20, "%d MiB" % (grown >> 20)
    assert wait_until(lambda: behind.open == 0, SOON), "the server behind is still read"


def test_a_client_that_takes_nothing_holds_nobody_longer_than_it_may(site, behind):
    with logged_in(site.imap_port, USER, "any", "INBOX", timeout=SOON) as session:
        behind.script["NOOP"] = ENDLESS["lines"]
        session.send("a9 NOOP\r\n")
        assert wait_until(lambda: behind.open == 0, SOON + 4), "it still waits"


def test_a_message_that_is_too_large_is_withheld_and_its_neighbours_are_not(site, behind):
    with logged_in(site.imap_port, USER, "any", "INBOX", timeout=SOON) as session:
        large = a_message(b"UID 102 BODY[]", EVIL + b"x" * (4 << 20))
        behind.script["FETCH 1:2 (BODY.PEEK[])"] = [a_message(b"BODY[]", CLEAN, 1) + large + OK]
        came = session.expect("FETCH 1:2 (BODY.PEEK[])", status="NO")
        assert came[0] == a_message(b"BODY[]", CLEAN, 1) and not leaks(PROGRAM, b"".join(came))
        assert session.message(3) == MAILS[2]


# ---- clients


BEFORE_LOGIN = ["SELECT INBOX", "FETCH 1 BODY[]", "UID FETCH 1 BODY[]", "LIST \"\" *", "STATUS INBOX (MESSAGES)", "CLOSE", "IDLE", "ENABLE UTF8=ACCEPT", "UNAUTHENTICATE",
                "CREATE x", "DONE", "X", "UID", "UID LOGIN a b", "PROXY x"]


@pytest.mark.parametrize("command", BEFORE_LOGIN)
def test_before_the_login_there_is_no_mailbox(command, site, behind):
    with Session(site.imap_port, timeout=SOON) as session:
        session.expect(command, status="BAD")
        session.login(USER, "any")
    assert behind.verbs()[0] in ("LOGIN", "AUTHENTICATE")


@pytest.mark.parametrize("octets", [b"a9 NOOP" + b" " * 100000 + b"\r\n", b"a9 " + b"x" * 1000000, b"x" * 200 + b" NOOP\r\n", b"a9 NOOP\n", b"a9 NO\0OP\r\n", b"a9 NOOP\r",
                                    b"\0" * 65536, b"a9 FETCH " + b"1," * 50000 + b"1 FLAGS\r\n", b"a9 LIST \"\" \"x\ny\"\r\n", b"a9 SEARCH TEXT \"a\rb\"\r\n",
                                    b"a9 LIST \"\" {99999999999999999999}\r\n", b"a9 LIST \"\" {5000000000+}\r\n", b"a9 LIST \"\" {-1}\r\n"],
                         ids=["blanks", "without an end", "a long tag", "a newline alone", "NUL", "a CR alone", "NULs", "a long set", "a newline in quotes", "a CR in quotes",
                              "a size that is none", "a size too large", "a size below nothing"])
@pytest.mark.parametrize("where", ["before the login", "behind it"])
def test_what_a_server_might_frame_otherwise_never_reaches_it(where, octets, site, behind):
    with Session(site.imap_port, timeout=2) as session:
        if where == "behind it":
            session.login(USER, "any")
        before = len(behind.commands)
        all_that_comes(session, octets + b"a10 DELETE INBOX\r\n")
        came = behind.commands[before:]
    assert not any(b"\n" in line or b"\0" in line or b"\r" in line for line in came), came
    assert {line for line in came} <= {b"a10 DELETE INBOX"} and site.answers()


def test_thousands_of_bad_commands_end_the_session(site, behind):
    with Session(site.imap_port, timeout=SOON) as session:
        assert all_that_comes(session, b"a BAD\r\n" * 5000).count(b" BAD ") < 100
    with logged_in(site.imap_port, USER, "any", timeout=SOON) as session:
        assert all_that_comes(session, b"a BAD\r\n" * 5000).count(b" BAD ") < 100
    assert behind.verbs()[1:] == []


def test_more_commands_than_a_stranger_may_give_are_answered_in_order(reader):
    for at in range(0, 6000, 500):
        reader.pipelined(["NOOP", "UID SEARCH ALL"] * 250)
    reader.expect("NOOP")


@pytest.mark.parametrize("line", [b"a9 NOOP\r\n", b"a9 FETCH 1 BODY[]\r\n", b"DONE \r\n", b"\r\n", b"a9 LIST \"\" {5+}\r\nabcde\r\n", b"DONE\n", b"DONE\0\r\n", b"DONEX\r\n"])
def test_within_idle_nothing_but_done_reaches_the_server(line, behind, reader):
    """Dovecot runs what follows a line that is not DONE."""
    reader.idle()
    all_that_comes(reader, line + b"a10 DELETE INBOX\r\n")
    assert b"IDLE" in behind.commands[-1]


def test_done_is_heard_in_any_case_and_what_follows_it_is_run_in_order(behind, reader):
    reader.idle()
    reader.send(b"done\r\na9 NOOP\r\na10 FETCH 2 (BODY.PEEK[])\r\n")
    came = reader.responses(reader.idling) + reader.responses("a9") + reader.responses("a10")
    assert not leaks(PROGRAM, b"".join(came)) and b"a9 NOOP" in behind.commands


@pytest.mark.parametrize("way", [WAIT, PLUS, EAGER])
@pytest.mark.parametrize("content", [b"a1 DELETE INBOX\r\na2 LOGOUT", b"x\r\n", b"{5}\r\n", b"a \"b\" \\c", b"", b"}\r\na1 DELETE INBOX"])
def test_a_literal_is_never_taken_for_commands_by_a_server_that_waits(content, way, site, servers):
    """Without LITERAL+, of which it is asked for each."""
    stub = servers["waits"]
    stub.forget()
    with logged_in(site.imap_port, "waits@example.com", "any", "INBOX", timeout=SOON) as session:
        session.expect("UID SEARCH SUBJECT ", Literal(content, way), " TEXT ", Literal(content, way))
        session.append("INBOX", CLEAN, way=way)
        session.expect("NOOP")
    assert stub.verbs()[1:] == ["SELECT", "UID SEARCH", "APPEND", "NOOP"], stub.commands
    assert stub.commands[2].count(content) >= 2 and [it.octets for it in stub.appended] == [CLEAN]
    assert not any(b"+}" in line.split(b"\r\n")[0] for line in stub.commands)


@pytest.mark.parametrize("refusal", ["NO not that", "BAD not that"])
@pytest.mark.parametrize("way", [WAIT, PLUS, EAGER])
def test_a_literal_that_the_server_refuses_is_not_sent_to_it(way, refusal, site, servers):
    stub = servers["waits"]
    stub.forget()
    stub.script["LITERAL UID SEARCH"] = stub.script["LITERAL APPEND"] = refusal
    with logged_in(site.imap_port, "waits@example.com", "any", "INBOX", timeout=SOON) as session:
        status = refusal[:3].strip()
        session.expect("UID SEARCH SUBJECT ", Literal(b"\r\na1 DELETE INBOX\r\n", way), status=status)
        session.append("INBOX", CLEAN + b"a1 DELETE INBOX\r\n", way=way, status=status)
        session.expect("NOOP")
    assert "DELETE" not in stub.verbs()[1:] and stub.verbs()[-1] == "NOOP"


@pytest.mark.parametrize("way", [WAIT, PLUS, EAGER])
@pytest.mark.parametrize("messages, taken", [([CLEAN, MAILS[2]], True), ([CLEAN, EVIL], False), ([EVIL, CLEAN], False), ([CLEAN] * 5 + [EVIL] + [CLEAN] * 5, False)])
def test_of_several_messages_all_are_put_there_or_none(messages, taken, way, site, behind, reader):
    literals = [part for message in messages for part in (" ", Literal(message, way))]
    reader.expect("APPEND INBOX", *literals, status="OK" if taken else "NO")
    reader.expect("NOOP")
    assert [it.octets for it in behind.appended] == (messages if taken else [])
    assert taken or "APPEND" not in behind.verbs()


@pytest.mark.parametrize("way", [WAIT, PLUS, EAGER])
@pytest.mark.parametrize("size", [MESSAGE_SIZE + 1, 2 * MESSAGE_SIZE])
def test_a_message_that_is_too_large_is_not_put_there_and_its_text_is_not_run(size, way, behind, reader):
    message = (b"Subject: large\r\n\r\n" + b"a1 DELETE INBOX\r\n" * (size // 17 + 1))[:size]
    assert b"TOOBIG" in reader.append("INBOX", message, way=way, status="NO")[-1]
    reader.expect("NOOP")
    assert behind.appended == [] and "DELETE" not in behind.verbs()


def test_a_message_far_too_large_ends_the_session_and_costs_no_memory(site, behind, reader):
    before = sum(map(resident, site.pids("gatepost-proxy")))
    try:
        reader.send("a9 APPEND INBOX {1000000000+}\r\n")
        for _ in range(2000):
            reader.send(b"a1 DELETE INBOX\r\n" * 4000)
    except ConnectionError:
        pass
    grown = sum(map(resident, site.pids("gatepost-proxy"))) - before
    assert needs.SANITIZED or grown < 40 << 20
    assert site.answers() and not {"APPEND", "DELETE"} & set(behind.verbs())


def test_a_client_that_sends_its_literal_an_octet_at_a_time_is_not_waited_for_longer_than_a_minute(start, own_dir, behind):
    it = start(backend("behind", imap=["%d tls none" % behind.port]), imap="backend behind",
               changes={"process": {"proxies": 1}, "timeouts": {"data": "20s"}}, **steered.programs(own_dir))
    proxy, = it.pids("gatepost-proxy")
    commands = ("APPEND INBOX", "UID SEARCH TEXT", "XREFUSED")
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(logged_in(it.imap_port, USER, "any", "INBOX", timeout=SOON)) for _ in commands]
        for session, command in zip(waiting, commands):
            session.send("a9 %s {1000}\r\n" % command)
            assert session.line().startswith(b"+")
        for _ in range(7):
            assert all(session.silent(0.1) for session in waiting), "a minute is not over"
            steered.move_clock(proxy, 9)
            for session in waiting:
                session.send(b"x")
        assert not any(session.silent(SOON) for session in waiting) and behind.appended == []


@pytest.mark.parametrize("line", ["APPEND INBOX {100}", "X {5}"], ids=["that is taken", "that is refused"])
def test_a_client_that_does_not_send_its_literal_is_not_waited_for(line, behind, reader):
    began = time.monotonic()
    reader.send("a9 %s\r\n" % line)
    reader.rest()
    assert time.monotonic() - began < SOON and behind.verbs() == ["LOGIN", "SELECT"]


@pytest.mark.parametrize("octets", [b"a9 APPEND INBOX {%d}\r\n", b"a9 APPEND INBOX {%d+}\r\n" + CLEAN[:50]])
def test_a_client_that_goes_away_in_the_middle_puts_nothing_there(octets, behind, reader):
    reader.send(octets % len(CLEAN))
    reader.close()
    assert wait_until(lambda: behind.open == 0) and behind.appended == [] and "APPEND" not in behind.verbs()


@pytest.mark.parametrize("command", ["FETCH 1 BODY[]<0.99999999999>", "FETCH 0 BODY[]", "FETCH 4294967296 BODY[]", "FETCH * (BODY[] BODY[])",
                                     "FETCH 1 (BODY[%s])" % "1." * 2000, "FETCH 1 BODY[1.1.1.1.1.1.1.1.1]", "UID FETCH 1:4294967295 (BODY.PEEK[2])", "FETCH 1 ((((((BODY[]",
                                     "SEARCH " + "NOT " * 10000 + "ALL", "SEARCH " + "(" * 5000, "FETCH 1,1,1,1,1,1 BODY[2]"])
def test_a_strange_command_is_answered_and_shows_nothing(command, reader):
    seen = b"".join(reader.command(command))
    assert not leaks(PROGRAM, seen)
    reader.expect("NOOP")


def test_the_gateway_is_well_behind_all_that(site, behind):
    with logged_in(behind.port, USER, "any", "INBOX") as direct, logged_in(site.imap_port, USER, "any", "INBOX") as through:
        assert differences(direct, through, ["FETCH 1 (BODY.PEEK[])", "FETCH 3 (BODY.PEEK[1])", "NOOP"]) == []
    assert wait_until(lambda: behind.open == 0)
