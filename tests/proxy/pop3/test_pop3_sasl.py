# SPDX-License-Identifier: ISC
"""Mechanisms that pass between the client and the server: OAuth's, SCRAM, NTLM. The guard hears who it is before the server does."""
import base64
import subprocess

import pytest

from lab import samples, users
from lab.backend import CLOSE
from lab.gatepost import backend
from lab.pop3_client import Session, base64_of, logged_in, plain
from lab.pop3_logins import by_plain_initial, told_to_login
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.scram import Scram

NAMES = ("XOAUTH2", "OAUTHBEARER", "SCRAM-SHA-1", "SCRAM-SHA-256")
DIGESTS = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
OFFERED = 'mechanisms { "USER" "PLAIN" %s "NTLM" "GSSAPI" }' % " ".join('"%s"' % name for name in NAMES)
GUESSES = 'rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many"\n'
RULES = GUESSES
POP3 = OFFERED
DOVECOT = "auth_mechanisms = plain login xoauth2 oauthbearer scram-sha-1 scram-sha-256\nlogin_trusted_networks = 127.0.0.0/8\n"
MAILS = {"user@example.com": [samples.octets(samples.message("hello", "Hello.\n"))]}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


def decoded(challenge):
    assert challenge.startswith(b"+ "), challenge
    return base64.b64decode(challenge[2:])


def xoauth2(user, token):
    return base64_of(b"user=%s\1auth=Bearer %s\1\1" % (user.encode(), token.encode()))


def oauthbearer(user, token):
    return base64_of(b"n,a=%s,\1host=localhost\1port=110\1auth=Bearer %s\1\1" % (user.encode(), token.encode()))


def by_token(session, mechanism, response):
    status = session.command(b"AUTH %s %s" % (mechanism.encode(), response))
    return session.command("") if status.startswith(b"+ ") else status  # an error is told as a challenge


def by_scram(session, mechanism, user, password):
    scram = Scram(DIGESTS[mechanism], user, password)
    status = session.command(b"AUTH %s %s" % (mechanism.encode(), base64_of(scram.first())))
    if status.startswith(b"+ "):
        status = session.command(base64_of(scram.final(decoded(status))))
    if not status.startswith(b"+ "):
        return status
    assert scram.right(decoded(status))
    return session.command("")


def log_in(port, mechanism, user="user@example.com", secret=users.PASSWORD):
    with Session(port) as session:
        if mechanism == "XOAUTH2":
            return by_token(session, mechanism, xoauth2(user, secret))
        if mechanism == "OAUTHBEARER":
            return by_token(session, mechanism, oauthbearer(user, secret))
        return by_scram(session, mechanism, user, secret)


@pytest.mark.parametrize("mechanism", NAMES)
def test_each_mechanism_lets_its_user_in_as_the_server_does(mechanism, site, mailboxes):
    for server in (mailboxes, site):
        status = log_in(server.pop3_port, mechanism)
        assert status.startswith(b"+OK"), status
    assert "mechanism=%s" % mechanism.lower() in [line for line in site.log().splitlines() if "login" in line][-1]


@pytest.mark.parametrize("mechanism", NAMES)
def test_the_guard_counts_failures_of_each_mechanism_and_lets_no_more_to_the_server(mechanism, site):
    user = mechanism.lower() + "@example.com"
    for number in range(2):
        status = log_in(site.pop3_port, mechanism, user, "wrong%d" % number)
        assert status.startswith(b"-ERR") and b"too many" not in status, status
    assert b"too many" in log_in(site.pop3_port, mechanism, user)
    assert log_in(site.pop3_port, mechanism).startswith(b"+OK")


def test_a_dovecot_that_trusts_the_gateway_hears_whose_connection_it_is(site, mailboxes):
    with logged_in(site.pop3_port, source="127.0.0.9") as session:
        session.expect("STAT")
    assert wait_until(lambda: "rip=127.0.0.9" in open(mailboxes.log, encoding="utf-8").read())
    assert "backend server is profile=dovecot" in site.log()


def test_the_same_wrong_token_counts_once(site):
    for _ in range(4):
        assert b"too many" not in log_in(site.pop3_port, "XOAUTH2", "stale@example.com", "expired")


def test_who_acts_for_others_is_counted_by_whose_password_he_tries(site):
    for number in range(3):
        with Session(site.pop3_port) as session:
            status = by_plain_initial(session, "acting@example.com", "wrong%d" % number, acting_for="other%d@example.com" % number)
        assert (b"too many" in status) == (number == 2), status


def test_a_user_of_a_windows_domain_is_no_other_user(site):
    for number, user in enumerate(("CORP\\bill", "corp\\Bill", "bill")):
        status = told_to_login(site.pop3_port, user, "wrong%d" % number, by_plain_initial)
        assert (b"too many" in status) == (number == 2), status


def test_an_exchange_that_is_broken_off_leaves_the_session_usable(site):
    with Session(site.pop3_port) as session:
        scram = Scram("sha1", "user@example.com", users.PASSWORD)
        assert session.command(b"AUTH SCRAM-SHA-1 " + base64_of(scram.first())).startswith(b"+ ")
        session.expect("*", "-ERR")
        session.expect(b"AUTH PLAIN " + plain("user@example.com"))
        session.expect("STAT")


@pytest.mark.parametrize("line", ["AUTH XOAUTH2 ???", "AUTH XOAUTH2 =", "AUTH XOAUTH2 " + base64_of(b"user=").decode(), "AUTH NTLM AAAA",
                                  "AUTH SCRAM-SHA-1 " + base64_of(b"p=tls-exporter,,n=user,r=x").decode(), "AUTH SCRAM-SHA-256-PLUS", "AUTH LOGIN"])
def test_what_is_malformed_or_not_offered_is_refused_here(line, site):
    with Session(site.pop3_port) as session:
        session.expect(line, "-ERR")
        session.expect(b"AUTH PLAIN " + plain("user@example.com"))


def test_what_is_offered_is_listed(site):
    with Session(site.pop3_port) as session:
        lines = session.many("CAPA").split(b"\r\n")
        assert b"USER" in lines and b"SASL PLAIN XOAUTH2 OAUTHBEARER SCRAM-SHA-1 SCRAM-SHA-256 NTLM GSSAPI" in lines
        assert b"XOAUTH2" in session.many("AUTH").split(b"\r\n")


# ---- servers that are scripted ----


@pytest.fixture
def stub():
    server = Pop3Stub(MAILS["user@example.com"], password=None).start()
    yield server
    server.stop()


@pytest.fixture
def behind(start, stub):
    """behind(mechanisms, rules) starts a gateway in front of it."""
    def make(offered=OFFERED, rules=""):
        gateway = start(backend("stub", pop3=["%d tls none" % stub.port]) + rules, pop3="backend stub  " + offered)
        assert wait_until(lambda: "keeper ready" in gateway.log(), 20)
        return gateway
    return make


def heard(stub):
    return [line for line in stub.commands if not line.startswith(b"QUIT")]


def test_without_passwords_none_are_taken(behind, stub):
    gateway = behind('mechanisms { "XOAUTH2" }')
    with Session(gateway.pop3_port) as session:
        assert b"USER" not in session.many("CAPA").split(b"\r\n")
        session.expect("USER user", "-ERR")
        session.expect("PASS secret", "-ERR")
        session.expect("AUTH PLAIN", "-ERR")
        session.expect("AUTH LOGIN", "-ERR")
    assert not heard(stub)


@pytest.mark.parametrize("offered, passes", [("SCRAM-SHA-256 SCRAM-SHA-256-PLUS", False), ("SCRAM-SHA-256 SCRAM-SHA-1-PLUS", True),
                                             ("SCRAM-SHA-256", True)])
def test_scram_passes_only_where_the_server_cannot_bind_it_to_tls(offered, passes, behind, stub):
    stub.capabilities = ("TOP", "SASL PLAIN " + offered)
    gateway = behind()
    with Session(gateway.pop3_port) as session:
        session.expect(b"AUTH SCRAM-SHA-256 " + base64_of(Scram("sha256", "user", "any").first()), "-ERR")
    assert (b"AUTH SCRAM-SHA-256" in stub.commands) == passes


def test_octets_of_an_exchange_pass_as_they_are(behind, stub):
    token = "x" * 8000
    stub.script = {"AUTH": "+ ", xoauth2("user", token).decode(): "+ eyJzdGF0dXMiOiI0MDEifQ==", "AQ==": "-ERR [AUTH] token expired"}
    gateway = behind()
    with Session(gateway.pop3_port) as session:
        session.expect("AUTH XOAUTH2", "+ ")
        assert session.command(xoauth2("user", token)) == b"+ eyJzdGF0dXMiOiI0MDEifQ=="
        assert session.command("AQ==") == b"-ERR [AUTH] token expired"
    assert heard(stub) == [b"AUTH XOAUTH2", xoauth2("user", token), b"AQ=="]


@pytest.mark.parametrize("moment", ["at once", "while the client thinks"])
def test_a_server_that_goes_away_in_an_exchange_is_told_and_the_session_stays(moment, behind, stub):
    stub.script = {"AUTH": [CLOSE]} if moment == "at once" else {"AUTH": [b"+ \r\n"], xoauth2("user", "x").decode(): [b"+ e30=\r\n", CLOSE]}
    gateway = behind()
    with Session(gateway.pop3_port) as session:
        status = session.command(b"AUTH XOAUTH2 " + xoauth2("user", "x"))
        if status == b"+ e30=":
            status = session.status()
        assert status.startswith(b"-ERR [SYS/TEMP]")
        session.expect("CAPA")
        session.lines()


@pytest.mark.parametrize("mechanism, expected", [("NTLM", "+ "), ("XOAUTH2", "-ERR [AUTH]")])
def test_ok_before_anything_was_said_lets_nobody_in(mechanism, expected, behind, stub):
    stub.script = {"AUTH": "+OK", "TlRMTVNTUAABAAAA": "+ TlRMTVNTUAACAAAA"}
    gateway = behind()
    first = {"NTLM": b"TlRMTVNTUAABAAAA", "XOAUTH2": xoauth2("user", "x")}
    with Session(gateway.pop3_port) as session:
        session.expect(b"AUTH %s %s" % (mechanism.encode(), first[mechanism]), expected)
        session.expect("*", "-ERR")
        session.expect("STAT", "-ERR")


# ---- NTLM ----

CHALLENGE = base64_of(b"NTLMSSP\0\2\0\0\0" + bytes([8, 0, 8, 0, 48, 0, 0, 0]) + bytes([5, 2, 0x82, 0xa2]) + b"8 octets" + bytes(8)
                  + bytes([4, 0, 4, 0, 56, 0, 0, 0]) + "CORP".encode("utf-16-le") + bytes(4))


class NtlmServer(dict):
    """A script that knows the three messages; `verdict` is what it says to the last one."""

    def __init__(self, verdict):
        super().__init__(AUTH="+ ")
        self.verdict = verdict

    def get(self, key, default=None):
        said = {"TlRMTVNTUAAB": "+ " + CHALLENGE.decode(), "TlRMTVNTUAAD": self.verdict}.get(key[:12])
        return said or super().get(key, default)


def by_curl(port, user, password="secret"):
    """NTLM is too much to write twice: the last line that curl heard."""
    done = subprocess.run(["curl", "-sS", "-v", "--max-time", "20", "--login-options", "AUTH=NTLM", "--user", "%s:%s" % (user, password), "-X", "NOOP",
                           "-I", "pop3://127.0.0.1:%d/" % port], capture_output=True, check=False)
    said = [line[2:].strip() for line in done.stderr.splitlines() if line.startswith(b"< ")]
    refusals = [line for line in said if line.startswith(b"-ERR")]
    return refusals[0] if refusals else b"+OK" if done.returncode == 0 else done.stderr[-300:]


def test_ntlm_passes_and_names_its_user(behind, stub):
    stub.script = NtlmServer("+OK logged in")
    gateway = behind()
    with Session(gateway.pop3_port) as session:
        session.expect("AUTH NTLM TlRMTVNTUAABAAAA", "+ " + CHALLENGE.decode())
    assert by_curl(gateway.pop3_port, "CORP\\joe") in (b"+OK", b"-ERR log in first"), gateway.log()[-1500:]
    assert " user=CORP\\x5cjoe mechanism=ntlm" in gateway.log()


def test_the_guard_and_the_rules_hear_who_it_is_before_the_server_does(behind, stub):
    stub.script = NtlmServer("-ERR [AUTH] wrong")
    gateway = behind(rules=GUESSES + 'rule "odd" when login.user == "stranger" then reject 535 5.7.0 "not you"\n')
    assert b"not you" in by_curl(gateway.pop3_port, "stranger")
    assert not any(line.startswith(b"TlRMTVNTUAAD") for line in stub.commands)
    answers = [by_curl(gateway.pop3_port, "CORP\\bill", "guess%d" % number) for number in range(3)]
    assert [b"too many" in answer for answer in answers] == [False, False, True], answers
    assert sum(1 for line in stub.commands if line.startswith(b"TlRMTVNTUAAD")) == 2
