# SPDX-License-Identifier: ISC
"""What the world is told of what the server behind says: its words and its queue's id, not its names and addresses."""
import pytest

from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session, send

MESSAGE = b"Subject: hidden\r\n\r\nhello\r\n"
INNER = ("SRV01", "corp.local", "mbx7", "10.1.2.3", "behind.example.com")
EXCHANGE = "250 2.6.0 <1@SRV01.corp.local> [InternalId=5927, Hostname=SRV01.corp.local] 1234 bytes in 0.1, 12 KB/sec Queued mail for delivery"
REFUSAL = "554 5.6.0 host mbx7.corp.local[10.1.2.3] said: no such thing, says behind.example.com"
TOLD = "host hidden[hidden] said: no such thing, says hidden"


@pytest.fixture
def site(start, new_backend):
    def go(script, hide="on", check="off"):
        server = new_backend(script)
        body = backend("behind", server.port, options="recipient_check %s  probe off" % check) + domains("behind", "example.com")
        return start(body, changes={"process": {"proxies": 1}, "smtp": {"hide_backend": hide}, "timeouts": {"recipient_refused": "1min"}})
    return go


def conversation(gateway):
    """All that a client is told until its message is taken or refused."""
    with Session(gateway.port) as session:
        session.ehlo()
        said = [session.greeting.text, str(session.extensions)]
        for line in ("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@example.com>"):
            said.append(session.command(line).text)
        said.append(session.data(MESSAGE).text)
        return "\n".join(said)


def test_a_yes_tells_the_queue_s_id_and_no_more(site):
    gateway = site({"CONNECT": "220 SRV01.corp.local Microsoft ESMTP MAIL Service ready", "DOT": EXCHANGE})
    said = conversation(gateway)
    assert "Ok: queued as InternalId=5927 (" in said
    assert not [name for name in INNER if name in said], said


def test_an_id_of_postfix_stays(site):
    reply = send(site({"DOT": "250 2.0.0 Ok: queued as 4F2A81C0D3"}).port, MESSAGE, "user@example.com")
    assert (reply.code, reply.enhanced) == (250, "2.0.0") and "Ok: queued as 4F2A81C0D3 (" in reply.text


@pytest.mark.parametrize("step", ["RCPT", "DOT"])
@pytest.mark.parametrize("code", ["554", "451"])
def test_a_refusal_tells_its_words_but_no_place_inside(site, step, code):
    refusal = REFUSAL.replace("554 5", "%s %s" % (code, code[0]))
    gateway = site({step: refusal}, check="on")
    for _ in range(2 if step == "RCPT" else 1):
        reply = send(gateway.port, MESSAGE, "user@example.com")
        assert reply.code == int(code) and TOLD in reply.text, reply
        assert not [name for name in INNER if name in reply.text], reply


@pytest.mark.parametrize("step", ["RCPT", "DOT"])
def test_log_and_record_have_the_whole_text(site, step):
    gateway = site({step: REFUSAL}, check="on")
    send(gateway.port, MESSAGE, "user@example.com")
    assert REFUSAL[10:] in gateway.log()
    assert wait_until(lambda: any(REFUSAL in record.get("reply", "") for record in gateway.decisions())), gateway.decisions()


def test_what_is_remembered_of_a_recipient_is_told_so_as_well(site):
    refusal = REFUSAL.replace("554 5.6.0", "550 5.1.1")
    server_and_site = site({"RCPT": refusal}, check="on")
    replies = [send(server_and_site.port, MESSAGE, "user@example.com") for _ in range(2)]
    assert all(reply.code == 550 and TOLD in reply.text for reply in replies), replies


def test_the_reply_at_the_retry_hides_them_too(site):
    gateway = site({"RCPT": lambda session, line: REFUSAL.replace("554 5.6.0", "552 5.2.2") if b"bob" in line else None})
    for number in range(2):
        with Session(gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<a@client.example> SIZE=100", 250)
            session.expect("RCPT TO:<alice@example.com>", 250)
            reply = session.expect("RCPT TO:<bob@example.com>", (250, 552)[number])
            assert number == 0 or TOLD in reply.text
            session.data(MESSAGE)


def test_it_can_be_told_whole(site):
    assert "Hostname=SRV01.corp.local" in send(site({"DOT": EXCHANGE}, hide="off").port, MESSAGE, "user@example.com").text
