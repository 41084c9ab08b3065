# SPDX-License-Identifier: ISC
"""LMTP to the server behind (RFC 2033): it answers for each recipient, the sender hears one reply, and nobody has a message twice or not at all."""
import re
import smtplib

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG, server_context
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, backend, domains, running
from lab.ports import free_port
from lab.postfix import Sender
from lab.process import wait_until
from lab.smtp_client import Session, send

MESSAGE = samples.clean("lmtp")
UNCHECKED, CHECKED = "recipient_check off  probe off", "recipient_check on  probe off"
HELD = 'rule "held" when message.subject contains "held" then quarantine "spam"\n'


def each(**replies):
    """A script in which these recipients have these replies to the message."""
    return {"DOT": lambda session, line: replies.get(re.search(rb"<(\w+)@", line)[1].decode())}


FULL = "552 5.2.2 mailbox full"


@pytest.fixture
def site(start, new_backend):
    def go(script=None, options=UNCHECKED, rules="", changes=None):
        server = new_backend(script, lmtp=True)
        gateway = start(backend("behind", lmtp=[server.port], options=options) + domains("behind", "example.com") + rules, changes=changes)
        gateway.behind = server
        return gateway
    return go


def attempt(gateway, *recipients, size=None, message=MESSAGE, sender="sender@client.example"):
    """(the code of each RCPT, the final reply or None)"""
    with Session(gateway.port, timeout=30) as session:
        session.ehlo()
        session.expect("MAIL FROM:<%s>%s" % (sender, " SIZE=%d" % size if size else ""), 250)
        codes = [session.command("RCPT TO:<%s@example.com>" % who).code for who in recipients]
        return codes, session.data(message).code if 250 in codes else None


def have_it(server):
    return sorted(m.recipients[0].partition("@")[0] for m in server.messages)


# -- alike

def test_all_are_taken(site):
    gateway = site()
    assert attempt(gateway, "alice", "bob") == ([250, 250], 250)
    assert have_it(gateway.behind) == ["alice", "bob"]
    assert gateway.behind.verbs()[0] == "LHLO"


def test_a_yes_is_passed_on_with_its_id(site):
    gateway = site(each(alice="250 2.0.0 <alice@example.com> 6Bz+KJmQS2cAQAAg Saved"))
    assert "queued as 6Bz+KJmQS2cAQAAg" in send(gateway.port, MESSAGE, "alice@example.com").text


@pytest.mark.parametrize("reply", [FULL, "452 4.2.2 full for now"])
def test_all_are_refused_alike(site, reply):
    gateway = site(each(alice=reply, bob=reply))
    assert attempt(gateway, "alice", "bob") == ([250, 250], int(reply[:3]))


def test_chunks_are_one_message(site):
    gateway = site()
    with Session(gateway.port) as session:
        session.ehlo()
        session.envelope("alice@example.com", "bob@example.com")
        session.expect("BDAT 0", 250)
        session.send(b"BDAT %d LAST\r\n%s" % (len(MESSAGE), MESSAGE))
        assert session.reply().code == 250
    assert have_it(gateway.behind) == ["alice", "bob"]


def test_a_recipient_is_asked_about_as_over_smtp(site):
    gateway = site({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"nobody" in line else None}, options=CHECKED)
    assert attempt(gateway, "nobody", "alice") == ([550, 250], 250)
    assert gateway.behind.verbs().count("RSET") == 2


def test_it_is_encrypted_where_that_is_demanded(start, new_backend, authority):
    server = new_backend(lmtp=True, context=server_context(authority.certificate("behind.example.com")))
    gateway = start(backend("behind", lmtp=["%d tls required" % server.port]) + domains("behind", "example.com"))
    assert attempt(gateway, "alice") == ([250], 250)
    assert server.messages[0].tls


def test_a_server_of_smtp_is_no_server_of_lmtp(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", lmtp=[server.port]) + domains("behind", "example.com"))
    assert attempt(gateway, "alice") == ([250], 451)
    assert gateway.wait_log("LHLO refused")


# -- differently

def test_at_the_retry_each_has_his_own_reply_and_who_has_it_is_left_out(site):
    gateway = site(each(bob=FULL))
    assert attempt(gateway, "alice", "bob", "carl", size=2000) == ([250] * 3, 451)
    assert attempt(gateway, "alice", "bob", "carl", size=2000) == ([250, 552, 250], 250)
    assert have_it(gateway.behind) == ["alice", "carl"]


def test_without_a_size_they_are_taken_group_by_group(site):
    gateway = site(each(bob=FULL))
    assert attempt(gateway, "alice", "bob") == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob") == ([250, 452], 250)
    assert attempt(gateway, "bob") == ([250], 552)
    assert have_it(gateway.behind) == ["alice"]


def test_each_end_counts_as_one_message_delivered(site):
    gateway = site(each(bob=FULL))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    delivered = lambda: re.search(r"(?m)^gatepost_delivered\S* (\d+)", gateway.control("metrics"))[1]
    assert delivered() == "0"
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 552], 250)
    assert wait_until(lambda: delivered() == "1")


def test_who_is_put_off_is_tried_again_and_the_others_are_not(site):
    gateway = site(each(bob="452 4.2.2 full for now"))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 452], 250)
    gateway.behind.script.clear()
    assert attempt(gateway, "bob", size=2000) == ([250], 250)
    assert have_it(gateway.behind) == ["alice", "bob"]


def test_who_has_it_hears_so_though_the_server_would_not_take_it_any_more(site):
    gateway = site(each(bob=FULL), options=CHECKED)
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    gateway.behind.script["RCPT"] = "552 5.2.2 the last message filled it"
    gateway.behind.script["MAIL"] = lambda session, line: None
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 552], 250)
    assert have_it(gateway.behind) == ["alice"]


def test_another_message_of_the_same_size_is_delivered(site):
    gateway = site(each(bob=FULL))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    assert attempt(gateway, "alice", size=2000, message=samples.clean("ltmp")) == ([250], 250)
    assert attempt(gateway, "alice", size=2000, sender="other@client.example") == ([250], 250)
    assert have_it(gateway.behind) == ["alice"] * 3


def test_once_the_sender_has_had_his_reply_the_same_message_is_another(site):
    gateway = site(each(bob=FULL))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 552], 250)
    assert attempt(gateway, "alice", size=2000) == ([250], 250)
    assert have_it(gateway.behind) == ["alice"] * 2


def test_when_all_is_forgotten_there_is_a_duplicate_and_no_loss(site):
    gateway = site(each(bob="452 4.2.2 full for now"))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    gateway.stop()
    gateway.start()
    gateway.behind.script.clear()
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 250)
    assert have_it(gateway.behind) == ["alice", "alice", "bob"]


def test_the_record_tells_what_became_of_each(site):
    gateway = site(each(alice="250 2.0.0 taken", bob=FULL))
    attempt(gateway, "alice", "bob", size=2000)
    messages = lambda: [record for record in gateway.decisions() if record["stage"] == "message"]
    assert wait_until(messages)
    record = messages()[0]
    fates = {fate["rcpt"].partition("@")[0]: (fate["verdict"], fate["reply"]) for fate in record["fates"]}
    assert record["verdict"] == "defer" and record["reply"].startswith("451 4.5.3")
    assert fates == {"alice": ("accept", "250 2.0.0 taken"), "bob": ("reject", FULL)}, record


# -- broken off

@pytest.mark.parametrize("end", [CLOSE, HANG])
def test_a_reply_that_was_lost_is_of_one_recipient_alone(site, end):
    gateway = site(each(bob=[end]), changes={"timeouts": {"verdict": "5s"}})
    assert attempt(gateway, "alice", "bob", "carl") == ([250] * 3, 451)
    line = next(line for line in gateway.log().splitlines() if "in-doubt" in line)
    assert "bob@example.com carl@example.com" in line and "alice" not in line
    gateway.behind.script.clear()
    assert attempt(gateway, "alice", "bob", "carl") == ([250] * 3, 250)
    assert have_it(gateway.behind) == ["alice", "bob", "carl"]


LARGE = MESSAGE + (b"x" * 998 + b"\r\n") * 12000  # more than all buffers between two sockets hold


def refused_early(reply):
    """A script in which the message is refused, once, while it comes, and the connection closed."""
    return {"DATA": [b"354 go ahead\r\n", 0.2, reply.encode() + b"\r\n", CLOSE]}


@pytest.mark.parametrize("reply", ["552 5.3.4 too big", "452 4.3.1 no room", "554 5.6.0 not this"])
def test_who_refuses_all_while_the_message_comes_and_goes_is_heard(site, reply):
    gateway = site(refused_early(reply))
    assert attempt(gateway, "alice", "bob", message=LARGE) == ([250, 250], int(reply[:3]))


@pytest.mark.parametrize("reply", [FULL, "552 mailbox full", "552 5.7.1 he wants nothing from you"])
def test_who_refuses_one_while_the_message_comes_and_goes_has_put_off_the_other(site, reply):
    gateway = site(refused_early(reply))
    assert attempt(gateway, "alice", "bob", size=13000000, message=LARGE) == ([250, 250], 451)
    gateway.behind.script.clear()
    assert attempt(gateway, "alice", "bob", size=13000000, message=LARGE) == ([552, 451], None)
    assert attempt(gateway, "bob", size=13000000, message=LARGE) == ([250], 250)
    assert have_it(gateway.behind) == ["bob"]


def test_who_has_it_is_not_told_that_the_other_is_refused(site):
    gateway = site(each(bob=[CLOSE]))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    gateway.behind.script.update(each(bob=FULL))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 552], 250)
    assert have_it(gateway.behind) == ["alice"]


def test_421_after_the_first_recipient_puts_off_the_second(site):
    gateway = site(each(bob=[b"421 4.3.2 closing\r\n", CLOSE]))
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 250], 451)
    gateway.behind.script.clear()
    assert attempt(gateway, "alice", "bob", size=2000) == ([250, 451], 250)
    assert attempt(gateway, "bob", size=2000) == ([250], 250)
    assert have_it(gateway.behind) == ["alice", "bob"]


def test_who_went_away_before_the_reply_comes_again_and_nobody_has_it_twice(site):
    gateway = site(each(alice=[0.5, b"250 2.0.0 ok\r\n"], bob="452 4.2.2 full"))
    with Session(gateway.port) as session:
        session.ehlo()
        session.envelope("alice@example.com", "bob@example.com")
        session.expect("DATA", 354)
        session.send(MESSAGE + b".\r\n")
        assert wait_until(lambda: gateway.behind.verbs()[-1:] == ["DATA"])
    assert wait_until(lambda: "recipients fare differently" in gateway.log())
    gateway.behind.script.clear()
    assert attempt(gateway, "alice", "bob")[1] == 250
    assert attempt(gateway, "bob") == ([250], 250)
    assert have_it(gateway.behind) == ["alice", "bob"]


# -- errands

@pytest.mark.parametrize("reply, state", [(None, "delivered"), (FULL, "waiting")])
def test_what_is_released_goes_over_lmtp(site, reply, state):
    gateway = site(each(alice=reply), rules=HELD)
    assert wait_until(lambda: "gatepost-release ready" in gateway.log() and "keeper ready" in gateway.log(), 20)
    assert attempt(gateway, "alice", message=samples.clean("held")) == ([250], 250)
    number = str(gateway.held()[0]["number"])
    gateway.control("quarantine", "release", number)
    assert wait_until(lambda: gateway.held(number)[0]["state"] == state and (not reply or gateway.held(number)[0]["said"] == reply), 15, 0.1), \
        gateway.held(number)
    assert have_it(gateway.behind) == ["alice"][:reply is None]


# -- a real server

DOVECOT = """
protocols = imap pop3 lmtp
postmaster_address = postmaster@example.com
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %d
  }
}
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=100K
  quota_grace = 0%%
}
"""


@pytest.fixture
def dovecot(own_dir):
    needs.to_be_root("a Dovecot of its own")
    port = free_port()
    server = Dovecot(own_dir, str(own_dir / "mail"), settings=DOVECOT % port)
    server.lmtp_port = port
    server.fill("bob@example.com", [samples.clean("old") + b"x" * 99000 + b"\r\n"])
    server.fill("alice@example.com", [])
    server.start()
    yield server
    server.stop()


def subjects(server, address):
    return [re.search(rb"(?m)^Subject: (.*?)\r?$", m)[1].decode() for m in server.fetch(address)]


@pytest.mark.parametrize("options", [CHECKED, UNCHECKED])
def test_dovecot_takes_it_for_one_and_has_no_room_for_the_other(start, dovecot, options):
    gateway = start(backend("behind", lmtp=[dovecot.lmtp_port], options=options) + domains("behind", "example.com"))
    message = samples.clean("over quota") + b"y" * 5000 + b"\r\n"
    assert attempt(gateway, "alice", "bob", size=6000, message=message) == ([250, 250], 451), gateway.log()
    codes, final = attempt(gateway, "alice", "bob", size=6000, message=message)
    assert (codes[0], codes[1] // 100, final) == (250, 5, 250) or (codes[1] // 100, final) == (4, 250), (codes, final)
    assert subjects(dovecot, "alice@example.com") == ["over quota"]
    assert subjects(dovecot, "bob@example.com") == ["old"]


def test_dovecot_takes_it_for_both(start, dovecot):
    gateway = start(backend("behind", lmtp=[dovecot.lmtp_port], options=CHECKED) + domains("behind", "example.com"))
    reply = send(gateway.port, samples.clean("small"), "alice@example.com", "carl@example.com")
    assert reply.code == 250 and re.search(r"Ok: queued as \S+ \(", reply.text), reply
    assert subjects(dovecot, "alice@example.com") == subjects(dovecot, "carl@example.com") == ["small"]


def test_a_real_sender_bounces_the_one_and_delivers_to_the_other_once(own_dir, dovecot):
    sender = Sender(own_dir, free_port(), helo="sender.example")
    body = backend("behind", lmtp=[dovecot.lmtp_port], options=UNCHECKED) + domains("behind", "example.com")
    message = samples.clean("from postfix", sender="sender@client.example") + b"y" * 5000 + b"\r\n"
    fates = lambda who: re.findall(r"to=<%s@example.com>.* status=(\w+) \((.*)\)" % who, sender.log())
    try:
        sender.start()
        with running(Gatepost(own_dir / "gateway", body, port=sender.gateway)):
            with smtplib.SMTP("127.0.0.1", sender.port, "inside.example", timeout=10) as smtp:
                smtp.sendmail("sender@client.example", ["alice@example.com", "bob@example.com"], message)
            assert sender.comes_until(lambda: fates("alice")[-1:] and fates("alice")[-1][0] == "sent"), sender.log()
            assert sender.comes_until(lambda: fates("bob")[-1][0] == "bounced"), sender.log()
            assert "recipients fare differently" in fates("alice")[0][1] and "delivered before" in fates("alice")[-1][1]
            assert "Quota exceeded" in fates("bob")[-1][1]
        assert subjects(dovecot, "alice@example.com") == ["from postfix"]
        assert subjects(dovecot, "bob@example.com") == ["old"]
    finally:
        sender.stop()
