# SPDX-License-Identifier: ISC
"""Mail that leaves: from our own servers alone, to anywhere, by a relay host whose answer is the sender's."""
import base64
import pathlib

import pytest

from lab import needs, users
from lab.backend import CLOSE, HANG, server_context
from lab.dovecot import Dovecot, knows_logins
from lab.gatepost import READY, backend, check_configuration, domains
from lab.ports import free_port
from lab.postfix import Postfix, logs_in
from lab.process import wait_until
from lab.smtp_client import Session, send

MESSAGE = b"From: user@example.com\r\nSubject: leaves\r\n\r\nhello\r\n"
ELSEWHERE = "someone@elsewhere.example"
PASSWORD = "a long pass-word"


@pytest.fixture
def as_gatepost(own_dir):
    """The options of a server that is logged in to with that password."""
    def options(password=PASSWORD, tls="required", mode=0o600):
        path = own_dir / "relay.password"
        path.write_text(password + "\n")
        path.chmod(mode)
        return 'tls %s login "gatepost" password_file "%s"' % (tls, path)
    return options


class Site:
    """`port` takes what comes in, `out` what leaves; `relay` and `behind` are the servers."""

    def __init__(self, gateway, out, relay, behind):
        self.gateway, self.port, self.out, self.relay, self.behind = gateway, gateway.port, out, relay, behind

    def sends(self, *recipients, **how):
        return send(self.out, MESSAGE, *(recipients or (ELSEWHERE,)), **{"sender": "user@example.com", **how})


@pytest.fixture
def site(start, new_backend, authority):
    """A gateway with a relay host: scripted, unless `relay_port` names another."""
    def go(script=None, trusted='"127.0.0.1"', login="", rules="", options="recipient_check on", relay_port=None, changes=None, **relay):
        out, behind = free_port(), new_backend()
        host = new_backend(script, context=server_context(authority.certificate("smart.example")), **relay)
        body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { %s }  relay smart }\n' % (out, trusted)
        body += backend("smart", "%d %s" % (relay_port or host.port, login), options=options)
        body += backend("behind", behind.port) + domains("behind", "example.com") + rules
        gateway = start(body, changes={"process": {"proxies": 1}, **(changes or {})})
        return Site(gateway, out, host, behind)
    return go


# ---- who, and where ----

def test_our_own_servers_send_to_anywhere(site):
    it = site()
    assert it.sends(ELSEWHERE, "other@third.example").code == 250
    [message] = it.relay.messages
    assert message.recipients == [ELSEWHERE, "other@third.example"] and message.sender == "user@example.com"
    assert message.content.endswith(MESSAGE) and b"mx.example.com" in message.content


def test_mail_for_our_own_domains_leaves_as_well_where_our_server_sends_it_out(site):
    it = site()
    assert it.sends("user@example.com").code == 250
    assert it.relay.messages and not it.behind.messages


def test_strangers_send_nothing_out(site):
    it = site(trusted='"192.0.2.0/24"')
    reply = it.sends()
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert it.sends("user@example.com").code == 550
    assert not it.relay.messages and not it.behind.messages


def test_what_comes_in_is_not_relayed(site):
    it = site()
    assert send(it.port, MESSAGE, ELSEWHERE).code == 550
    assert send(it.port, MESSAGE, "user@example.com").code == 250
    assert it.behind.messages and not it.relay.messages


TRICKS = ["someone%elsewhere.example@example.com", "elsewhere.example!someone@example.com", '"someone@elsewhere.example"@example.com',
          "@example.com:someone@elsewhere.example", "someone@elsewhere.example@example.com", "someone@[192.0.2.1]"]


@pytest.mark.parametrize("recipient", TRICKS)
def test_no_spelling_of_a_recipient_opens_the_relay_to_strangers(site, recipient):
    it = site(trusted='"192.0.2.1"')
    for port in (it.port, it.out):
        with Session(port) as session:
            session.ehlo()
            session.command("MAIL FROM:<a@client.example>")
            session.command("RCPT TO:<%s>" % recipient)
            session.command("DATA")
    assert not {"MAIL", "RCPT"} & set(it.relay.verbs())


# ---- whose answer it is ----

@pytest.mark.parametrize("step, reply", [("RCPT", "550 5.1.1 no such mailbox over there"), ("DOT", "554 5.7.1 not wanted over there"),
                                         ("RCPT", "450 4.2.0 greylisted over there"), ("DOT", "451 4.3.0 over there later")])
def test_the_far_server_s_words_are_the_sender_s(site, step, reply):
    it = site({step: reply})
    said = it.sends()
    assert "%d %s" % (said.code, said.text.split(" (")[0]) == reply, said


def test_where_the_relay_host_is_away_the_sender_comes_again(site):
    it = site(relay_port=free_port())
    reply = it.sends()
    assert (reply.code, reply.enhanced) == (451, "4.4.1")


def test_what_the_relay_host_offers_is_offered_there_alone(site):
    it = site(extensions=("PIPELINING", "SIZE 1000000"))
    assert it.sends().code == 250 and send(it.port, MESSAGE, "user@example.com").code == 250
    offers = {}
    for name, port in (("in", it.port), ("out", it.out)):
        with Session(port) as session:
            session.ehlo()
            offers[name] = session.extensions
    assert "8BITMIME" not in offers["out"] and "8BITMIME" in offers["in"]
    assert "SMTPUTF8" in offers["in"] and "SIZE 1000000" in str(offers["out"]).replace("': '", " ")


def test_nobody_asks_the_relay_host_at_a_start_whether_it_takes_anybody(site):
    it = site(options="recipient_check on  probe on")
    assert it.sends().code == 250
    assert not [line for line in it.relay.commands if b"no-such-user" in line]


# ---- what rules are told ----

def test_what_is_asked_about_strangers_is_absent_of_mail_that_leaves(site):
    rules = ('rule "spf" when spf.result is absent and client.ptr is absent and dmarc.result is absent and dnsbl.score is absent\n'
             '  and greylist.known is absent and sender.allowed is absent and direction == outbound then header add "X-Left" "yes"\n'
             'rule "wait" when direction == inbound and not greylist.known then defer 451 4.7.1 "later"\n')
    it = site(rules=rules)
    assert it.sends().code == 250
    assert b"X-Left: yes" in it.relay.messages[0].content
    assert b"Authentication-Results" not in it.relay.messages[0].content


def test_rules_judge_what_leaves(site):
    it = site(rules='rule "no" when direction == outbound and message.subject contains "leaves" then reject 550 5.7.1 "not this"\n')
    assert it.sends().text.startswith("5.7.1 not this") and not it.relay.messages
    record = it.gateway.decisions()[-1]
    assert record["verdict"] == "reject" and record["direction"] == "outbound"


FOR_ONE = 'rule "no" when recipient == "bad@elsewhere.example" and message.subject contains "leaves" then reject 550 5.7.1 "not to him"\n'


def test_what_is_refused_for_one_recipient_is_refused_for_all_and_he_is_named(site):
    it = site(rules=FOR_ONE)
    reply = it.sends(ELSEWHERE, "bad@elsewhere.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert "not to him; sent to nobody, as it is refused for bad@elsewhere.example" in reply.text
    assert not it.relay.messages
    assert it.sends(ELSEWHERE).code == 250


def test_the_record_says_of_each_that_he_has_it_not_where_it_is_refused_for_one(site):
    held = 'rule "hold" when recipient == "held@elsewhere.example" and message.subject contains "leaves" then quarantine "leaks"\n'
    it = site(rules=FOR_ONE + held)
    assert it.gateway.wait_log("gatepost-release ready")
    assert it.sends("held@elsewhere.example", "bad@elsewhere.example", ELSEWHERE).code == 550
    record = it.gateway.decisions()[-1]
    assert record["verdict"] == "reject" and len(record["rcpt"]) == 3 and "fates" not in record, record
    assert not it.gateway.held()


def test_it_goes_to_the_others_where_splitting_is_wanted(site):
    it = site(rules=FOR_ONE, changes={"smtp": {"outbound_split": "on"}})
    assert it.sends(ELSEWHERE, "bad@elsewhere.example").code == 451


# ---- as whom ----

def logins(*steps):
    """A relay host that asks so, and takes what it was told last."""
    said = []

    def auth(session, line):
        said.append(line)
        for challenge in steps:
            session.socket.sendall(challenge + b"\r\n")
            said.append(session._line())
        return "235 2.7.0 welcome"
    return said, auth


def text(encoded):
    return base64.b64decode(encoded).decode()


def test_it_logs_in_with_plain_over_tls_once_a_connection(site, as_gatepost):
    said, auth = logins()
    it = site({"AUTH": auth}, login=as_gatepost(), extensions=("PIPELINING", "AUTH LOGIN PLAIN"))
    assert [it.sends().code for _ in range(3)] == [250, 250, 250]
    assert len(said) == it.relay.connections and all(message.tls for message in it.relay.messages)
    word, mechanism, response = said[0].split(b" ")
    assert (word, mechanism, text(response)) == (b"AUTH", b"PLAIN", "\0gatepost\0" + PASSWORD)
    verbs = it.relay.verbs()
    assert verbs.index("STARTTLS") < verbs.index("AUTH") < verbs.index("MAIL")


def test_it_logs_in_with_login_where_there_is_no_plain(site, as_gatepost):
    said, auth = logins(b"334 VXNlcm5hbWU6", b"334 UGFzc3dvcmQ6")
    it = site({"AUTH": auth}, login=as_gatepost(), extensions=("AUTH CRAM-MD5 LOGIN",))
    assert it.sends().code == 250
    assert said[0] == b"AUTH LOGIN" and [text(line) for line in said[1:3]] == ["gatepost", PASSWORD]


@pytest.mark.parametrize("auth, words", [("535 5.7.8 wrong", "login refused with 535 5.7.8"), ("454 4.7.0 not now", "login refused with 454 4.7.0"),
                                         ("334 more", "login refused with 334"), ([HANG], "no answer in time"), ([CLOSE], "unexpected eof")])
def test_a_login_that_fails_defers_what_leaves_and_is_told_the_admin_alone(site, as_gatepost, auth, words):
    it = site({"AUTH": auth}, login=as_gatepost(), extensions=("AUTH PLAIN",), changes={"timeouts": {"backend": "1s"}})
    reply = it.sends()
    assert (reply.code, reply.enhanced) == (451, "4.4.1") and "login" not in reply.text
    assert it.gateway.wait_log(words), it.gateway.log()[-2000:]
    assert "MAIL" not in it.relay.verbs()
    assert PASSWORD not in it.gateway.log() and base64.b64encode(PASSWORD.encode()).decode()[:8] not in it.gateway.log()


def test_a_login_that_is_refused_for_good_is_not_tried_again_and_again(site, as_gatepost):
    it = site({"AUTH": "535 5.7.8 wrong"}, login=as_gatepost(), extensions=("AUTH PLAIN",))
    assert wait_until(lambda: it.relay.verbs().count("AUTH") == 1)
    assert it.sends().code == 451 and it.sends().code == 451
    assert not wait_until(lambda: it.relay.verbs().count("AUTH") > 1, 3)
    it.gateway.reload()
    assert wait_until(lambda: it.relay.verbs().count("AUTH") == 2, 20)


def test_a_login_that_is_put_off_is_tried_again_soon(site, as_gatepost):
    it = site({"AUTH": "454 4.7.0 not now"}, login=as_gatepost(), extensions=("AUTH PLAIN",))
    assert wait_until(lambda: it.relay.verbs().count("AUTH") > 2, 20)


def test_a_server_without_a_login_that_we_can_do_gets_no_mail(site, as_gatepost):
    it = site(login=as_gatepost(), extensions=("AUTH CRAM-MD5 GSSAPI",))
    assert it.sends().code == 451
    assert it.gateway.wait_log("offers no login by PLAIN or LOGIN") and "MAIL" not in it.relay.verbs()


def test_without_tls_no_password_is_said(start, new_backend, as_gatepost):
    host, out = new_backend(extensions=("AUTH PLAIN",)), free_port()
    body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % out + backend("smart", "%d %s" % (host.port, as_gatepost()))
    start(body)
    assert send(out, MESSAGE, ELSEWHERE).code == 451
    assert "AUTH" not in host.verbs()


# ---- held ----

HELD = 'rule "hold" when direction == outbound then quarantine "leaks"\n'


def held_ones(it):
    for line in READY:
        assert it.gateway.wait_log(line, 20)
    assert it.sends(ELSEWHERE, "user@example.com").code == 250
    assert not it.relay.messages and not it.behind.messages
    numbers = [str(entry["number"]) for entry in it.gateway.held()]
    assert len(numbers) == 2
    return numbers


def release(it, numbers):
    for number in numbers:
        assert it.gateway.control("quarantine", "release", number) is not None


def test_what_was_held_on_its_way_out_leaves_by_the_relay_host(site):
    it = site(rules=HELD)
    release(it, held_ones(it))
    assert wait_until(lambda: len(it.relay.messages) == 2), it.gateway.held()
    assert sorted(message.recipients[0] for message in it.relay.messages) == [ELSEWHERE, "user@example.com"]
    assert not it.behind.messages and wait_until(lambda: not it.gateway.held())


def test_what_came_in_and_is_the_same_leaves_by_its_own_way(site):
    it = site(rules='rule "hold" when sender == "user@example.com" then quarantine "leaks"\n')
    held_ones(it)
    assert send(it.port, MESSAGE, "user@example.com", sender="user@example.com").code == 250
    release(it, [str(entry["number"]) for entry in it.gateway.held()])
    assert wait_until(lambda: len(it.relay.messages) == 2 and len(it.behind.messages) == 1), it.gateway.held()


def test_what_was_held_for_a_relay_host_that_is_gone_waits_until_there_is_one(site):
    it = site(rules=HELD)
    number = held_ones(it)[0]
    file = pathlib.Path(it.gateway.file)
    text = file.read_text()
    file.write_text(text.replace("relay smart", "relay another").replace("backend smart", "backend another"))
    it.gateway.reload()
    assert it.gateway.wait_log("serving generation=2")
    release(it, [number])
    said = "no listener has the relay smart any more"
    assert wait_until(lambda: it.gateway.held(number)[0]["said"] == said), it.gateway.held(number)
    assert it.gateway.held(number)[0]["state"] == "leaving" and not it.relay.messages
    file.write_text(text)
    it.gateway.reload()
    assert wait_until(lambda: it.relay.messages, 30), it.gateway.held(number)


# ---- a real one ----

FAR_AWAY = """
virtual_mailbox_domains =
default_transport = discard
"""


@pytest.fixture
def smarthost(own_dir, authority):
    """A Postfix that takes mail for anywhere from who logs in, whom a Dovecot knows."""
    needs.to_be_root("servers of its own")
    port, certificate = free_port(), authority.certificate("smart.example")
    knows = Dovecot(own_dir, str(own_dir / "mail"), settings=knows_logins(port)).start()
    server = Postfix(own_dir, certificate, options=logs_in(port) + FAR_AWAY).start()
    yield server
    server.stop()
    knows.stop()


@pytest.mark.parametrize("password, code", [(users.PASSWORD, 250), ("wrong", 451)])
def test_a_real_relay_host_takes_mail_from_who_logs_in(start, smarthost, authority, as_gatepost, password, code):
    out = free_port()
    server = "%d %s" % (smarthost.port, as_gatepost(password, 'verify "smart.example"'))
    body = 'listen smtp "out" on "127.0.0.1:%d" { outbound from { "127.0.0.1" }  relay smart }\n' % out + backend("smart", server)
    start(body, changes={"tls": {"ca_file": '"%s"' % authority.ca}})
    assert send(out, MESSAGE, ELSEWHERE, sender="user@example.com").code == code
    if code == 250:
        assert wait_until(lambda: "to=<%s>" % ELSEWHERE in smarthost.log()) and "sasl_username=gatepost" in smarthost.log()
    else:
        assert "authentication failed" in smarthost.log()


def test_a_password_that_everybody_can_read_is_warned_of(site, as_gatepost):
    it = site(login=as_gatepost(mode=0o644))
    assert "relay.password\" can be read by everybody" in it.gateway.log()


def test_a_password_of_two_lines_is_an_error(own_dir, as_gatepost):
    file = own_dir / "gatepost.conf"
    file.write_text('listen smtp on "127.0.0.1:2525" { outbound from { "127.0.0.1" }  relay smart }\n' + backend("smart", "25 %s" % as_gatepost("a\nb")))
    status, said = check_configuration(file)
    assert status and "gatepost.conf:3" in said and "expected one line of up to 1024 octets" in said, said
