# SPDX-License-Identifier: ISC
"""POP3: we greet, offer, secure and let log in; behind the login every octet is the server's own."""
import contextlib
import itertools
import random
import re

import pytest

from lab import users
from lab.crossroads import crossroads as crossroads_before
from lab.crossroads import reached
from lab.gatepost import Gatepost, backend, running
from lab.odd_mails import NAMES, ODD
from lab.pop3_client import Session, base64_of, connected, differences, logged_in, plain, unstuffed
from lab.pop3_conversations import WHOLE_MAILBOX, about, any_command
from lab.pop3_logins import by_login, by_plain, by_plain_initial, by_user_pass, by_user_pass_in_lower_case, told_to_login
from lab.process import wait_until
from lab.smtp_client import client_context

USER = "user@example.com"
POP3 = 'banner "the lab"  login_domain "example.com"'
# The first makes that every message is looked into; the second changes nothing of what is read.
RULES = ('rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
         'rule "outside" then banner "from outside"\n')
MAILS = {USER: list(ODD.values())} | {"%s@example.com" % name: list(ODD.values())[:5]
                                      for name in ("deletes", "keeps", "resets", "recorded", "alice")}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture
def session(site):
    """A fresh connection, greeted."""
    with Session(site.pop3_port) as client:
        yield client


@pytest.fixture
def reader(site):
    """A session behind its login."""
    with logged_in(site.pop3_port, USER) as client:
        yield client


@pytest.fixture
def direct(mailboxes):
    """The same at the server itself."""
    with logged_in(mailboxes.pop3_port, USER) as client:
        yield client


# ---- before the login


def test_the_greeting_is_ours(session):
    assert session.greeting.startswith(b"+OK ") and b"the lab" in session.greeting
    assert b"Dovecot" not in session.greeting and b"<" not in session.greeting, "looks like APOP's timestamp"


def test_what_we_can_is_told_before_the_login(session):
    offered = session.capabilities()
    assert {"TOP", "UIDL", "USER", "RESP-CODES", "PIPELINING", "STLS", "SASL"} <= set(offered)
    assert {"PLAIN", "LOGIN"} <= set(offered["SASL"].split()) <= {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"}
    assert "APOP" not in offered and "STARTTLS" not in offered


def test_stls_is_neither_offered_nor_taken_inside_tls(session):
    session.stls()
    assert "STLS" not in session.capabilities()
    session.expect("STLS", "-ERR")
    session.login(USER)


def test_stls_is_neither_offered_nor_taken_behind_the_login(reader):
    assert "STLS" not in reader.capabilities()
    reader.expect("STLS", "-ERR")
    reader.expect("NOOP")


def test_pop3s_is_encrypted_from_the_start(site):
    with connected(site, "pop3s") as session:
        assert "STLS" not in session.capabilities()
        session.login(USER)
        session.expect("STAT")


def test_the_certificate_is_ours(site, authority):
    with Session(site.pop3_port) as session:
        session.stls(client_context(authority.ca), server_name="mx.example.com")
        session.expect("QUIT")


def test_what_is_pipelined_behind_stls_is_thrown_away(session):
    session.send("STLS\r\nUSER injected@example.com\r\nPASS x\r\n")
    assert session.status().startswith(b"+OK")
    session.handshake()
    assert session.silent(0.3), "the injected command was answered in TLS"
    session.expect("PASS " + users.PASSWORD, "-ERR")


def test_a_user_named_before_tls_is_forgotten(session):
    session.expect("USER " + USER)
    session.stls()
    session.expect("PASS " + users.PASSWORD, "-ERR")


def test_garbage_instead_of_a_handshake_ends_the_session_alone(session, site):
    session.expect("STLS")
    session.send(b"USER not.tls.example\r\n" * 20)
    session.rest()
    assert site.answers()


@pytest.mark.parametrize("command", ["STAT", "LIST", "LIST 1", "UIDL", "RETR 1", "TOP 1 0", "DELE 1", "RSET", "NOOP", "PASS x", "APOP u c4c9334bac560ecc979e58001b3e22fb",
                                     "AUTH CRAM-MD5", "AUTH GSSAPI", "AUTH PLAIN ???", "AUTH PLAIN AAAA", "XTND", "HELO x", "", " ", "USER"])
def test_refused_before_the_login_and_the_session_goes_on(command, session):
    session.expect(command, "-ERR")
    session.login(USER)


def test_quit_before_the_login_ends_it(session):
    session.expect("QUIT")
    assert session.rest() == b""


@pytest.mark.parametrize("line", [b"USER " + b"u" * 100000, b"USER a\0b", b"USER a\rSTAT", b"\0" * 10000], ids=["long", "NUL", "CR", "NULs"])
def test_a_line_that_is_none_is_refused_or_ends_the_session(line, session, site):
    with contextlib.suppress(ConnectionError):
        session.send(line + b"\r\nQUIT\r\n")
    assert not session.rest().startswith(b"+OK")
    assert site.answers()


@pytest.fixture(scope="module")
def strict(run_dir, mailboxes, certified):
    """A Gatepost where nobody logs in without TLS."""
    gateway = Gatepost(run_dir / "pop3-strict", certified + backend("behind", pop3=[mailboxes.pop3_port]), pop3="require_tls  backend behind")
    with running(gateway):
        yield gateway


@pytest.mark.parametrize("command", ["USER " + USER, "AUTH PLAIN " + plain(USER).decode(), "AUTH PLAIN", "AUTH LOGIN"])
def test_where_tls_is_required_nobody_logs_in_without(command, strict):
    with Session(strict.pop3_port) as session:
        offered = session.capabilities()
        assert "STLS" in offered and not {"USER", "SASL"} & set(offered)
        session.expect(command, "-ERR")
        session.expect("PASS " + users.PASSWORD, "-ERR")
        session.expect("STAT", "-ERR")
        session.stls()
        assert {"USER", "SASL"} <= set(session.capabilities())
        session.login(USER)


# ---- the login


WAYS = {"USER and PASS": by_user_pass, "AUTH PLAIN at once": by_plain_initial, "AUTH PLAIN": by_plain, "AUTH LOGIN": by_login,
        "lower case": by_user_pass_in_lower_case}


@pytest.mark.parametrize("way", WAYS)
def test_the_right_password_opens_the_mailbox(way, session, direct):
    assert WAYS[way](session, USER, users.PASSWORD).startswith(b"+OK")
    assert differences(direct, session, ["STAT", "LIST"]) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_is_refused_and_the_right_one_taken_after_it(way, session):
    assert WAYS[way](session, USER, "wrong").startswith(b"-ERR [AUTH]")
    session.expect("STAT", "-ERR")
    assert WAYS[way](session, USER, users.PASSWORD).startswith(b"+OK")


def test_a_login_that_the_client_gives_up_is_none(session):
    session.expect("AUTH PLAIN", "+ ")
    session.expect("*", "-ERR")
    session.expect("AUTH LOGIN", "+ ")
    session.expect(base64_of(USER), "+ ")
    session.expect("*", "-ERR")
    session.login(USER)


def test_nobody_logs_in_twice(reader):
    for command in ("USER " + USER, "PASS " + users.PASSWORD, "AUTH PLAIN", b"AUTH PLAIN " + plain(USER)):
        reader.expect(command, "-ERR")
    reader.expect("NOOP")


def test_who_logs_in_without_a_domain_has_the_listeners(start, mailboxes):
    """For the rules; the server behind is told what the user said."""
    gateway = start(backend("behind", pop3=[mailboxes.pop3_port]) + 'rule "domain" when login.user == "nobody@example.com" and '
                    'login.mechanism == "user" then reject 535 5.7.0 "not this one"\n', pop3='backend behind  login_domain "example.com"')
    with logged_in(gateway.pop3_port, "alice") as session:
        session.expect("STAT")
    assert told_to_login(gateway.pop3_port, "nobody", "any").startswith(b"-ERR [AUTH] not this one (")


def test_a_refused_login_is_recorded(site, session):
    by_user_pass(session, "refused@example.com", "wrong")
    record, = wait_until(lambda: [r for r in site.decisions() if "refused@example.com" in str(r)])
    assert (record["stage"], record["verdict"], record["protocol"]) == ("login", "reject", "pop3")
    assert "wrong" not in str(record)


# ---- where it leads


FRESH = itertools.count()


@pytest.fixture(scope="module")
def crossroads(run_dir, authority, certified):
    """One gateway, many servers behind that take any password: gateway.behind[name]."""
    with crossroads_before(run_dir / "pop3-crossroads", authority, certified, "pop3", ODD["clean"]) as gateway:
        yield gateway


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_is_not_there_is_a_temporary_refusal_with_a_reference(way, crossroads):
    told = told_to_login(crossroads.pop3_port, "gone@route.example", "any", WAYS[way])
    assert re.search(rb"^-ERR \[SYS/TEMP\] .*\([^()]+\)$", told)


@pytest.mark.parametrize("password", ["two words", "  blanks  around ", "quotes\"and\\", "пароль", "{curly}%s", "x" * 200])
@pytest.mark.parametrize("way", ["USER and PASS", "AUTH PLAIN at once", "AUTH LOGIN"])
def test_a_password_arrives_as_it_was_given(way, password, crossroads):
    user = "p%d@nowhere.example" % next(FRESH)
    assert told_to_login(crossroads.pop3_port, user, password, WAYS[way]).startswith(b"+OK")
    assert reached(crossroads, user, password) == ["usual"]


def test_the_server_behind_is_left_alone_until_the_login(crossroads):
    behind = crossroads.behind["usual"]
    before = behind.connections
    with Session(crossroads.pop3_port) as session:
        session.capabilities()
        session.expect("USER late@nowhere.example")
        session.expect("NOOP", "-ERR")
        assert behind.connections == before
        session.expect("PASS any")
        assert behind.connections == before + 1


# ---- behind the login


@pytest.mark.parametrize("command", ["XTND XLST", "LAST", "APOP a b", "STATUS", "RETR1", "RETR", "RETR x", "RETR 0", "RETR -1", "RETR 99", "RETR 4294967297",
                                     "RETR 1 1", "TOP", "TOP 1", "TOP 1 x", "TOP 1 -1", "TOP 99 1", "LIST x", "LIST 99", "DELE", "DELE 99", "UIDL 99", "", "*"])
def test_what_is_none_is_refused_and_the_session_stays_in_step(command, reader, direct):
    reader.expect(command, "-ERR")
    assert differences(direct, reader, ["STAT", "RETR 1"]) == []


@pytest.mark.parametrize("command", ["XTND XLST", "LAST", "XSENDER 1", "EXPUNGE", "QUITS"])
def test_an_unknown_command_never_comes_to_the_server_behind(command, crossroads):
    behind = crossroads.behind["usual"]
    with logged_in(crossroads.pop3_port, "x@nowhere.example", "any") as session:
        session.expect(command, "-ERR")
        session.expect("NOOP")
    assert command.encode() not in behind.commands


@pytest.mark.parametrize("command", ["STAT", "LIST", "LIST 1", "UIDL", "UIDL 1", "NOOP", "DELE 1", "RSET", "UTF8", "LANG", "LANG en"])
def test_a_known_command_comes_to_the_server_behind_and_its_answer_back(command, crossroads):
    behind = crossroads.behind["usual"]
    before = behind.commands.count(command.encode())
    with logged_in(crossroads.pop3_port, "y@nowhere.example", "any") as through, logged_in(behind.port, "y@nowhere.example", "any") as direct:
        assert differences(direct, through, [command, "NOOP"]) == []
        through.expect("RSET")
    assert behind.commands.count(command.encode()) >= before + 2


def test_what_is_deleted_is_gone_after_quit_alone(site):
    with logged_in(site.pop3_port, "keeps@example.com") as session:
        session.expect("DELE 1")
        session.expect("RETR 1", "-ERR")
    with logged_in(site.pop3_port, "resets@example.com") as session:
        session.expect("DELE 1")
        session.expect("RSET")
        session.expect("QUIT")
    with logged_in(site.pop3_port, "deletes@example.com") as session:
        second = session.message(2)
        session.expect("DELE 1")
        session.expect("QUIT")
        assert session.rest() == b""
    for user, left in (("keeps", 5), ("resets", 5), ("deletes", 4)):
        with logged_in(site.pop3_port, user + "@example.com") as session:
            assert session.expect("STAT").startswith(b"+OK %d " % left)
            assert user != "deletes" or session.message(1) == second


def test_a_whole_session_in_one_write_is_answered_in_order(site, session, direct):
    commands = ["STAT", "LIST", "UIDL", "RETR 1", "NOOP", "TOP 2 1", "LIST 3", "RETR 3", "RSET"]
    session.send("\r\n".join(["CAPA", "USER " + USER, "PASS " + users.PASSWORD, *commands, "QUIT", ""]))
    session.response("CAPA")
    assert session.status().startswith(b"+OK") and session.status().startswith(b"+OK")
    assert [session.response(command) for command in commands] == [direct.ask(command) for command in commands]
    assert session.status().startswith(b"+OK") and session.rest() == b""


def test_a_session_octet_by_octet_is_like_any_other(session, direct):
    for octet in b"USER %s\r\nPASS %s\r\nRETR 3\r\n" % (USER.encode(), users.PASSWORD.encode()):
        session.send(bytes([octet]))
    assert session.status().startswith(b"+OK") and session.status().startswith(b"+OK")
    assert session.response("RETR 3") == direct.ask("RETR 3")


def test_many_commands_at_once_are_all_answered(reader, direct):
    assert differences(direct, reader, ["NOOP", "LIST 1", "TOP 3 2"] * 300, pipelined=True) == []


# ---- R0: every octet of every response


@pytest.mark.parametrize("name", NAMES)
def test_a_message_comes_as_it_came_without_us(name, reader, direct):
    assert differences(direct, reader, about(name)) == []


@pytest.mark.parametrize("tls", ["plain", "stls", "pop3s"])
def test_a_whole_mailbox_comes_as_it_came_without_us(tls, site, direct):
    with connected(site, tls) as through:
        through.login(USER)
        assert differences(direct, through, WHOLE_MAILBOX) == []


@pytest.mark.parametrize("pipelined", [False, True], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("seed", range(8))
def test_any_conversation_has_the_octets_that_it_has_without_us(seed, pipelined, reader, direct):
    chance = random.Random(seed)
    assert differences(direct, reader, [any_command(chance) for _ in range(120)], pipelined) == []


# ---- records


def test_each_message_is_recorded_when_it_is_first_read_in_a_session(site, mailboxes):
    user = "recorded@example.com"
    with logged_in(site.pop3_port, user) as session:
        sizes = [len(session.message(number)) for number in (1, 2)]
        session.expect("RETR 1")
        session.lines()
        session.many("TOP 2 3")
        session.expect("LIST 3")
        session.expect("QUIT")
    records = wait_until(lambda: (found := [r for r in site.decisions() if r.get("login") == user]) and len(found) >= 2 and found)
    assert [record["size"] for record in records] == sizes
    for record in records:
        assert (record["stage"], record["protocol"], record["direction"], record["verdict"]) == ("message", "pop3", "fetch", "accept")


def test_what_the_capabilities_are_behind_the_login(reader):
    offered = reader.capabilities()
    assert {"TOP", "UIDL", "RESP-CODES"} <= set(offered)
    assert unstuffed(reader.many("CAPA")).count(b"\r\n") == len(offered), "named twice"
