# SPDX-License-Identifier: ISC
"""gatepostctl probe: what is said of servers with mailboxes; real ones, and of Exchange's ways a scripted one."""
import contextlib
import os
import pty
import re
import socket
import subprocess
import termios
import time

import pytest

from lab import samples, users
from lab.backend import CLOSE, HANG, server_context
from lab.certs import Authority
from lab.pop3_stub import CAPABILITIES, Pop3Stub, never_ending
from lab.ports import free_port
from lab.probed import CTL, MAILS, NAME, NOT_REACHED, SEE_TO, VERIFY, WELL, Probe, ntlm, server_line

EXCHANGE = "+OK The Microsoft Exchange POP3 service is ready. [TQBYADEA]"

pytestmark = pytest.mark.skipif(not CTL.exists(), reason="gatepostctl is not built")


@pytest.fixture
def probe(tmp_path, authority):
    return Probe(tmp_path, authority, "pop3")


@pytest.fixture
def stub(authority):
    """stub(mails, script, ...) starts a scripted server with TLS, which has a mailbox for everybody who knows the password."""
    started = []

    def start(mails=(), script=None, certificate=None, **how):
        context = server_context(certificate or authority.certificate(NAME))
        started.append(Pop3Stub(mails, script, context=context, **how).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()
        assert server.deleted == [] and "DELE" not in server.verbs()


@pytest.fixture
def dovecot(real_server):
    return real_server("dovecot")


@pytest.fixture
def courier(real_server):
    return real_server("courier")


@pytest.fixture
def cyrus(real_server):
    return real_server("cyrus")


def pop3(port, tls="", word="pop3"):
    return server_line(word, port, tls)


# ---- real servers


def test_a_server_that_is_well_is_told_of_and_nothing_is_to_see_to(probe, dovecot):
    status, servers = probe(pop3(dovecot.pop3_port, VERIFY) + pop3(dovecot.pop3s_port, VERIFY, "pop3s"), "--user", "user@example.com")
    assert status == WELL and len(servers) == 2
    for told, word, port in zip(servers, ("pop3", "pop3s"), (dovecot.pop3_port, dovecot.pop3s_port)):
        assert told["backend"] == "box" and told["server"] == "%s 127.0.0.1:%d" % (word, port)
        assert told["status"] == "well" and told["see_to"] == []
        assert told["tls"] == "TLSv1.3, its certificate is trusted, for mail.example.com (tls verify)"
        assert "Dovecot" in told["greeting"] and told["profile"] == "dovecot, by its greeting" and "PLAIN" in told["mechanisms"].split()
        assert told["login"] == "user@example.com is let in" and told["sizes"] == "exact (3 messages)" and told["messages"] == "stay as they are"
        assert any("login_trusted_networks" in note for note in told["notes"])


@pytest.mark.parametrize("tls, why", [
    ('tls verify "other.example.com"', "it is for mail.example.com, not for other.example.com"),
    ("tls verify", "it is for mail.example.com, not for 127.0.0.1"),
])
def test_a_certificate_for_another_name_is_said_and_no_password_goes_there(tls, why, probe, dovecot):
    status, (told,) = probe(pop3(dovecot.pop3_port, tls), "--user", "user@example.com")
    assert status == NOT_REACHED and told["status"] == "not usable" and why in told["see_to"][0] and "login" not in told


def test_a_certificate_that_nobody_trusted_has_signed_is_said(probe, stub, tmp_path):
    server = stub(certificate=Authority(tmp_path / "others").certificate(NAME))
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert status == NOT_REACHED and "ca.pem (tls ca_file)" in told["see_to"][0]
    assert server.logins == server.refused == []
    status, (told,) = probe(pop3(server.port, 'tls required'))
    assert status == WELL and "is not verified (tls required)" in told["tls"] and "ca_file" in told["notes"][0]


def test_who_shows_another_certificate_when_it_comes_to_the_password_does_not_get_it(probe, stub, tmp_path):
    bad = server_context(Authority(tmp_path / "others").certificate(NAME))

    def turns(session, line):
        if session.number > 1:
            session.backend.context = bad
    server = stub(MAILS, {"CONNECT": turns})
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert status == SEE_TO and "the login failed" in told["see_to"][0] and server.logins == server.refused == []
    assert server.connections == 2 and not any(line.startswith(b"AUTH") for line in server.commands)


def test_a_certificate_that_would_be_trusted_is_recommended(probe, dovecot):
    status, (told,) = probe(pop3(dovecot.pop3_port))
    assert status == WELL and told["tls"] == "TLSv1.3, its certificate (for mail.example.com) is not verified (tls opportunistic)"
    assert told["notes"][0] == "tls verify with such a name would trust its certificate"


def test_a_certificate_that_ends_soon_is_to_see_to(probe, stub, authority):
    server = stub(certificate=authority.certificate("mail.example.com", file="soon", days=3))
    status, (told,) = probe(pop3(server.port, VERIFY))
    assert status == SEE_TO and re.search("ends in [23] days", told["see_to"][0])


def test_a_wrong_password_is_said_and_nothing_else_of_the_mailbox(probe, dovecot):
    status, (told,) = probe(pop3(dovecot.pop3_port, VERIFY), "--user", "user@example.com", password="wrong-one")
    assert status == SEE_TO and "login was refused" in told["see_to"][0] and "[AUTH]" in told["see_to"][0] and "sizes" not in told


def test_courier_is_known_and_its_sizes_are_exact(probe, courier):
    status, (told,) = probe(pop3(courier.pop3_port, "tls none"), "--user", "user@example.com")
    assert (status, told["see_to"]) == (WELL, []) and told["profile"].startswith("courier")
    assert told["sizes"] == "exact (3 messages)" and told["messages"] == "stay as they are"
    assert told["connections"] == "4 of one address (MAXPERIP), 40 in all (MAXDAEMONS), unless that was changed" and any("in the clear" in note for note in told["notes"])


def test_what_courier_wraps_anew_each_time_is_found_to_change(probe, courier):
    status, (told,) = probe(pop3(courier.pop3_port, "tls none"), "--user", "wrapped@example.com")
    assert status == SEE_TO and told["messages"] == "change (1 of 1)" and told["expected"] == "messages stay as they are, sizes are exact"
    assert any("of courier one expects that messages stay as they are; here they change" in note for note in told["notes"])


def test_cyrus_is_known_and_its_sizes_are_exact(probe, cyrus):
    status, (told,) = probe(pop3(cyrus.pop3_port, "tls none"), "--user", "user@example.com")
    assert (status, told["see_to"]) == (WELL, []) and told["profile"].startswith("cyrus")
    assert told["sizes"] == "exact (3 messages)" and told["messages"] == "stay as they are"


# ---- not reached


def test_who_does_not_listen_is_not_reached_and_the_others_are_told_of(probe, stub):
    status, (first, second) = probe(pop3(free_port()) + pop3(stub().port))
    assert status == NOT_REACHED and first["see_to"] == ["it cannot be used: Connection refused"]
    assert second["status"] == "well" and second["greeting"] == "+OK the server behind is ready"


@pytest.mark.parametrize("script, why", [
    ({"CONNECT": [HANG]}, "is that a port of pop3s"),
    ({"CONNECT": [CLOSE]}, "closed by the server"),
    ({"CONNECT": "-ERR too many connections"}, "it says: -ERR too many connections"),
    ({"CAPA": [HANG]}, "no answer within"),
])
def test_who_does_not_greet_is_not_usable(script, why, probe, stub):
    begin = time.monotonic()
    status, (told,) = probe(pop3(stub(script=script).port))
    assert status == NOT_REACHED and why in told["see_to"][0] and time.monotonic() - begin < 10


@pytest.mark.parametrize("tls, word, why", [("tls required", "pop3", "no STLS"), ("", "pop3s", "is that a port of pop3,")])
def test_tls_that_is_demanded_and_not_there_is_said(tls, word, why, probe):
    server = Pop3Stub().start()
    try:
        status, (told,) = probe(pop3(server.port, tls, word))
    finally:
        server.stop()
    assert status == NOT_REACHED and why in told["see_to"][0]


def test_who_has_no_tls_though_it_was_hoped_for_gets_passwords_in_the_clear(probe):
    server = Pop3Stub().start()
    try:
        status, (told,) = probe(pop3(server.port))
    finally:
        server.stop()
    assert status == SEE_TO and told["tls"] == "none" and "in the clear" in told["see_to"][0]


def test_who_does_not_take_connections_is_waited_for_as_long_as_configured(probe):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as others:
        for _ in range(3):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        begin = time.monotonic()
        status, (told,) = probe(pop3(full.getsockname()[1]))
    assert status == NOT_REACHED and "no connection within 2 s (timeouts connect)" in told["see_to"][0] and time.monotonic() - begin < 3.9


@pytest.mark.parametrize("source, expected", [("127.0.0.3", WELL), ("192.0.2.77", NOT_REACHED)])
def test_it_is_asked_from_the_address_that_the_gateway_comes_from(source, expected, probe, stub):
    heard = []
    server = stub(script={"CONNECT": lambda session, line: heard.append(session.socket.getpeername()[0])})
    status, (told,) = probe(pop3(server.port) + 'sockets from "%s"' % source)
    assert status == expected and heard == ([source] if expected == WELL else [])


def test_a_farewell_that_never_comes_does_not_last(probe, stub):
    begin = time.monotonic()
    probe(pop3(stub(script={"QUIT": [HANG]}).port))
    assert time.monotonic() - begin < 12


# ---- what it is, and what listeners offer before it


def test_exchange_is_known_and_what_to_see_to_there_is_said(probe, stub):
    status, (told,) = probe(pop3(stub(script={"CONNECT": EXCHANGE}).port))
    assert status == WELL and told["profile"] == "exchange, by its greeting"
    assert told["connections"].startswith("16 of one user (MaxConnectionsPerUser), any number of one address (MaxConnectionFromSingleIP)")
    assert told["expected"] == "messages are made anew each time, sizes are not exact" and any("ExtendedProtectionPolicy" in note for note in told["notes"])


def test_a_configuration_that_says_another_program_is_to_see_to(probe, stub):
    status, (told,) = probe(pop3(stub(script={"CONNECT": EXCHANGE}).port) + "profile domino")
    assert status == SEE_TO and told["see_to"] == ["the configuration says profile domino, its greeting is that of exchange"]
    assert told["profile"] == "domino, by the configuration"


def test_what_listeners_offer_and_the_server_has_not_is_said_with_its_place(probe, stub, tmp_path):
    status, (told,) = probe(pop3(stub().port), listen='backend box  mechanisms { "USER" "PLAIN" "LOGIN" "XOAUTH2" "NTLM" }')
    assert status == SEE_TO
    assert told["see_to"] == ['%s:4: listen front on "127.0.0.1:1110" offers XOAUTH2, NTLM, which it has not' % (tmp_path / "probe.conf")]


def test_a_password_is_told_the_way_the_server_has(probe, stub):
    """The gateway takes it by LOGIN and says it with USER: a server that has USER alone lacks nothing."""
    server = stub(MAILS, capabilities=("USER", "UIDL"))
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert (status, told["see_to"]) == (WELL, []) and told["sizes"] == "exact (3 messages)"
    assert [login[:3] for login in server.logins] == [("user", users.PASSWORD, True)] and not any(line.startswith(b"AUTH") for line in server.commands)


def test_scram_that_can_be_bound_to_tls_is_to_see_to(probe, stub):
    server = stub(capabilities=("USER", "SASL PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS"))
    status, (told,) = probe(pop3(server.port), listen='backend box  mechanisms { "PLAIN" "SCRAM-SHA-256" }')
    assert status == SEE_TO and "SCRAM-SHA-256, which it can bind to TLS" in told["see_to"][0]


def test_mechanisms_are_those_behind_tls(probe, stub):
    def capabilities(session, line):
        return ["+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n".encode()] if session.tls else ["+OK\r\nSTLS\r\nSASL GSSAPI\r\n.\r\n".encode()]
    _, (told,) = probe(pop3(stub(script={"CAPA": capabilities}).port, VERIFY))
    assert told["mechanisms"] == "USER PLAIN"


# ---- Exchange's ways


def with_sizes(factor):
    return lambda session, line: "+OK %s %d" % (line.split()[1].decode(), factor * len(MAILS[int(line.split()[1]) - 1])) if b" " in line else None


def test_sizes_that_are_not_exact_are_said_with_the_switch(probe, stub):
    server = stub(MAILS, {"CONNECT": EXCHANGE, "LIST": with_sizes(3)})
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["sizes"] == "not exact (3 of 3 messages)" and told["messages"] == "stay as they are"
    assert "Set-PopSettings -EnableExactRFC822Size $true" in told["see_to"][0]


def changing(session, line):
    return [b"+OK\r\nSubject: x\r\nX-Made: %020d\r\n\r\nbody\r\n.\r\n" % time.monotonic_ns()]


def test_a_message_that_is_made_anew_each_time_is_said(probe, stub):
    status, (told,) = probe(pop3(stub([b"x" * 57], {"RETR": changing}).port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["messages"] == "change (1 of 1)" and "message 1 is not the same" in "".join(told["see_to"])
    assert "expected" not in told


def test_a_message_that_is_made_anew_by_a_program_that_does_so_is_worth_knowing_alone(probe, stub):
    status, (told,) = probe(pop3(stub([b"x" * 48], {"CONNECT": EXCHANGE, "RETR": changing}).port, VERIFY), "--user", "user")
    assert (status, told["see_to"]) == (WELL, []) and told["messages"] == "change (1 of 1)"
    assert any("message 1 is not the same" in note for note in told["notes"])


def test_what_is_worse_than_the_program_leads_one_to_expect_is_said(probe, stub):
    server = stub(MAILS, {"LIST": with_sizes(3)})
    _, (told,) = probe(pop3(server.port, VERIFY) + "profile dovecot", "--user", "user")
    assert any("of dovecot one expects that sizes are exact; here they are not" in note for note in told["notes"])
    _, (told,) = probe(pop3(server.port, VERIFY) + "profile exchange", "--user", "user")
    assert not any("one expects" in note for note in told["notes"])


def test_a_configured_program_that_takes_fewer_connections_than_the_gateway_sessions_is_warned_of(probe, stub, tmp_path):
    probe(pop3(stub().port) + "profile courier")
    assert "%s:5:" % (tmp_path / "probe.conf") in probe.stderr and "4 of one address (MAXPERIP)" in probe.stderr and "2000 sessions (limits sessions) are taken at %s:4" % (tmp_path / "probe.conf") in probe.stderr


NTLM = CAPABILITIES[:6] + ("SASL PLAIN NTLM GSSAPI",)
OFFERS_NTLM = 'backend box  mechanisms { "USER" "PLAIN" "NTLM" "GSSAPI" }'


@pytest.mark.parametrize("begins", [b"+ \r\n", b"+OK\r\n"])
def test_ntlm_that_is_refused_though_the_password_is_right_means_extended_protection(begins, probe, stub, tmp_path):
    server = stub(MAILS, {"CONNECT": EXCHANGE, "AUTH": ntlm("-ERR Logon failure: unknown user name or bad password.", begins)}, capabilities=NTLM)
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user", listen=OFFERS_NTLM)
    assert status == SEE_TO and told["ntlm"] == "refused" and told["sizes"] == "exact (3 messages)"
    assert "Take NTLM and GSSAPI out of mechanisms (%s:4)" % (tmp_path / "probe.conf") in told["see_to"][0]
    assert "Set-PopSettings -ExtendedProtectionPolicy None" in told["see_to"][0]


def test_ntlm_that_is_refused_and_that_no_listener_offers_is_worth_knowing_alone(probe, stub):
    server = stub(MAILS, {"AUTH": ntlm("-ERR Logon failure")}, capabilities=NTLM)
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert (status, told["see_to"]) == (WELL, []) and told["ntlm"] == "refused"
    assert any("ExtendedProtectionPolicy None" in note for note in told["notes"])


def test_ntlm_that_lets_the_user_in_is_said(probe, stub):
    server = stub(MAILS, {"CONNECT": EXCHANGE, "AUTH": ntlm("+OK User successfully logged on.")}, capabilities=NTLM)
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user", listen=OFFERS_NTLM)
    assert (status, told["see_to"]) == (WELL, []) and told["ntlm"] == "works without channel binding"


@pytest.mark.parametrize("auth", [ntlm("-ERR x", b"+OK\r\n", initial=False), lambda session, line: "-ERR no" if b"NTLM" in line else None])
def test_ntlm_that_could_not_be_tried_accuses_nobody(auth, probe, stub):
    server = stub(MAILS, {"AUTH": auth}, capabilities=NTLM)
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user", listen=OFFERS_NTLM)
    assert (status, told["see_to"]) == (WELL, []) and any("could not be tried" in note for note in told["notes"])


def test_ntlm_is_not_tried_with_a_wrong_password(probe, stub):
    server = stub(MAILS, capabilities=NTLM)
    probe(pop3(server.port, VERIFY), "--user", "user", password="wrong-one", listen=OFFERS_NTLM)
    assert sum(line.startswith(b"AUTH") for line in server.commands) == 1


def test_who_is_put_off_has_no_wrong_password(probe, stub):
    server = stub(MAILS, {"AUTH": lambda session, line: ["-ERR [SYS/TEMP] later\r\n".encode()]})
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert status == SEE_TO and told["see_to"] == ["it does not let user in now: -ERR [SYS/TEMP] later"]


# ---- bounds


def test_a_large_message_is_not_fetched(probe, stub):
    server = stub([samples.of_size(2 * 1024 * 1024), MAILS[0]])
    status, (told,) = probe(pop3(server.port, VERIFY), "--user", "user")
    assert status == WELL and told["sizes"] == "exact (1 message)" and server.commands.count(b"RETR 2") == 2 and b"RETR 1" not in server.commands


def test_a_message_without_end_is_not_read_on(probe, stub):
    begin = time.monotonic()
    status, (told,) = probe(pop3(stub(MAILS, {"RETR": lambda session, line: never_ending()}).port, VERIFY), "--user", "user")
    assert status == SEE_TO and "more than 1 MiB" in told["see_to"][0] and time.monotonic() - begin < 10


def test_a_mailbox_without_messages_is_none_to_judge_by(probe, stub):
    status, (told,) = probe(pop3(stub().port, VERIFY), "--user", "user")
    assert status == WELL and "sizes" not in told and any("whether sizes are exact is not known" in note for note in told["notes"])


def test_many_messages_are_not_all_asked_for(probe, stub):
    server = stub([MAILS[0]] * 100)
    probe(pop3(server.port, VERIFY), "--user", "user")
    assert server.verbs().count("LIST") == 20 and server.verbs().count("RETR") == 6


# ---- as a command


@pytest.mark.parametrize("words, why", [
    (["nowhere"], "no backend with a pop3 or imap server"), (["--user", ""], "usage"), (["--user", "a\nDELE 1"], "usage"), (["box", "box"], "usage"),
    (["--user", "user"], "of which backend?"), (["--other"], "usage"),
])
def test_wrong_use_is_said(words, why, probe):
    status, servers = probe(pop3(1), *words, more='backend second { pop3 "127.0.0.1:1" }\n')
    assert status == NOT_REACHED and servers == [] and why in probe.stderr


@pytest.mark.parametrize("password", ["\n", "x" * 300, "a\tb"])
def test_a_password_that_is_none_is_said_before_anybody_is_asked(password, probe, stub):
    server = stub()
    status, servers = probe(pop3(server.port), "--user", "user", password=password)
    assert status == NOT_REACHED and servers == [] and "the password" in probe.stderr and server.connections == 0


def test_only_the_backend_that_was_named_is_asked(probe, stub):
    first, second = stub(), stub()
    status, (told,) = probe(pop3(first.port), "second", more="backend second { %s }\n" % pop3(second.port))
    assert status == WELL and told["backend"] == "second" and first.connections == 0


@pytest.fixture
def typed(tmp_path):
    """typed(octets) runs the last configuration's probe on a terminal, and types at the prompt: (status, what the terminal shows)."""
    def run(octets):
        master, slave = pty.openpty()
        ctl = subprocess.Popen([CTL, "probe", "-c", tmp_path / "probe.conf", "--user", "user"], stdin=slave, stdout=slave, stderr=slave,
                               env={"COLUMNS": "100", "TERM": "dumb"})
        said = b""
        while not said.endswith(b"Password: "):
            said += os.read(master, 1024)
        os.write(master, octets)
        status = ctl.wait(30)
        assert termios.tcgetattr(slave)[3] & termios.ECHO and termios.tcgetattr(slave)[3] & termios.ISIG
        os.close(slave)
        try:
            while piece := os.read(master, 65536):
                said += piece
        except OSError:
            pass  # the terminal is closed
        os.close(master)
        return status, said.decode()
    return run


def test_words_for_people_and_a_password_that_no_terminal_shows(stub, probe, typed):
    server = stub(MAILS, {"CONNECT": "+OK \x1b[31m hello"})
    probe(pop3(server.port, VERIFY))
    status, text = typed(users.PASSWORD.encode() + b"\n")
    assert status == WELL and users.PASSWORD not in text and "\x1b" not in text and "  greeting     +OK \\x1b[31m hello" in text
    assert "box pop3 127.0.0.1:%d: well" % server.port in text and "  login        user is let in" in text


def test_ctrl_c_at_the_password_asks_nobody_and_leaves_the_terminal_as_it_was(stub, probe, typed):
    server = stub(MAILS)
    probe(pop3(server.port, VERIFY))
    server.forget()
    assert typed(b"secr\x03")[0] == NOT_REACHED and server.connections == 0
