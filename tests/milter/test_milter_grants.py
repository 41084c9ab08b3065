# SPDX-License-Identifier: ISC
"""What a mail server lets a milter do, and what becomes of what it does not; envelopes and bodies octet by octet."""
import re
import struct

import pytest

from lab import needs, samples
from lab.gatepost import Gatepost, backend, domains, running
from lab.milter_client import ACTIONS, MilterClient, names
from lab.ports import free_port
from lab.process import kill, wait_until

BODY, ADD, SENDER, ADD_WITH = 0x2, 0x4, 0x40, 0x80
TAGGED = re.compile(r"prvs=\d{4}[0-9a-f]{6}=user@example\.com")
RULES = """
rule "strip" when message.subject contains "[strip]" then strip each a in attachments (a.name contains ".exe") "it was taken out"
rule "banner" when message.subject contains "[banner]" then banner "From outside"
rule "mark" when message.subject contains "[mark]" then header add "X-Mark" "yes"
rule "tag" when bounce.tag is not absent then header add "X-Tag" "{bounce.tag}"
rule "backscatter" when message.null_sender and bounce.tag in (none, invalid) then reject 550 5.7.1 "no mail of ours"
rule "half" when message.subject contains "[half]" and recipient == "user@example.com" then quarantine "spam"
"""
FILE = samples.message("x")
FILE.add_attachment(b"MZ", "application", "octet-stream", filename="a.exe")
FILE_BODY = samples.octets(FILE).split(b"\r\n\r\n", 1)[1]
FILE_TYPE = " " + FILE["Content-Type"]


@pytest.fixture(scope="module")
def gateway(run_dir):
    """`milter` is asked about what comes in, `leaving` about what leaves."""
    needs.to_be_root("a key that only root may read")
    folder = run_dir / "milter-grants"
    folder.mkdir()
    key = folder / "batv.key"
    key.write_text("a secret that nobody knows\n")
    key.chmod(0o600)
    port, leaving = free_port(), free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port
    body += 'listen milter "leaves" on "127.0.0.1:%d" { outbound relay behind }\n' % leaving
    body += backend("behind", free_port()) + domains("behind", "example.com") + 'batv { key "%s" }\n' % key + RULES
    gateway = Gatepost(folder, body, {"process": {"proxies": 1}, "limits": {"message_size": "30MiB"}})
    gateway.milter, gateway.leaving = str(port), str(leaving)
    with running(gateway, ready=("gatepost-milter ready", "gatepost-release ready", "scanners ready program=gatepost-scan")):
        yield gateway


@pytest.fixture
def asked(gateway):
    """A mail server that lets all be done but those actions."""
    clients = []

    def connect(without=0, place=None):
        clients.append(MilterClient(place or gateway.milter, actions=ACTIONS & ~without))
        return clients[-1]
    yield connect
    for client in clients:
        client.socket.close()


def body_of(client):
    """What it becomes; None: it stays."""
    pieces = [octets for letter, octets in client.said if letter == b"b"]
    return b"".join(pieces) if pieces else None


def changes(client, letter):
    return [octets for said, octets in client.said if said == letter]


def fields(subject):
    return ("Subject", " " + subject), ("MIME-Version", " 1.0")


def with_file(client, subject):
    return client.message(*fields(subject), ("Content-Type", FILE_TYPE), body=FILE_BODY)


def counted(gateway):
    return int(re.search(r"^gatepost_not_granted(?:_total)? (\d+)", gateway.control("metrics"), re.M)[1])


def test_a_file_is_taken_out_of_the_body(asked):
    client = asked()
    assert client.envelope() == "cccc" and with_file(client, "[strip]") == "c"
    assert b"it was taken out" in body_of(client) and b"TVo=" not in body_of(client)
    assert body_of(client).endswith(b"--\r\n")


def test_a_body_that_nobody_changes_is_not_given(asked):
    client = asked()
    assert client.envelope() == "cccc" and with_file(client, "[mark]") == "c"
    assert body_of(client) is None
    assert changes(client, b"i") == [struct.pack(">I", 0) + names("X-Mark", " yes")]


def test_pieces_of_a_body_follow_each_other_and_none_is_too_long(asked):
    """A mail server need not take one with something else in between."""
    client = asked()
    lines = b"".join(b"%07d %s\r\n" % (n, b"y" * 60) for n in range(3 * 1024 * 1024 // 70))
    assert client.envelope() == "cccc" and client.ask(b"T") == "c"
    for name, value in fields("[banner] [mark]"):
        assert client.field(name, value) == "c"
    assert client.ask(b"N") == "c"
    for at in range(0, len(lines), 65535):
        assert client.ask(b"B", lines[at:at + 65535]) == "c"
    assert client.ask(b"E") == "c"
    letters = b"".join(letter for letter, _ in client.said).replace(b"p", b"")
    assert re.fullmatch(rb"i*b+i*", letters), letters
    assert max(len(octets) for letter, octets in client.said if letter == b"b") <= 65535
    assert body_of(client).endswith(lines) and b"From outside" in body_of(client)[:100]


def test_where_no_body_may_be_changed_a_file_that_is_to_go_does_not_pass(asked, gateway):
    before, client = counted(gateway), asked(without=BODY)
    assert client.envelope() == "cccc"
    assert with_file(client, "[strip]").startswith("451 4.3.5")
    assert client.said == []
    assert gateway.wait_log("does not let that be changed listener=asked so=\"a message whose body was to be changed is put off\"")
    assert wait_until(lambda: counted(gateway) == before + 1)


def test_where_no_body_may_be_changed_a_banner_is_left_out_and_told(asked, gateway):
    before, client = counted(gateway), asked(without=BODY)
    assert client.envelope() == "cccc" and client.message(*fields("[banner] [mark]")) == "c"
    assert body_of(client) is None and changes(client, b"i")
    [told] = [edit for edit in gateway.decisions()[-1]["edits"] if edit["kind"] == "banner"]
    assert told["name"] == "left out: the mail server that asks does not let its body be changed"
    assert wait_until(lambda: counted(gateway) == before + 1)


@pytest.mark.parametrize("action", [0x1, 0x8, 0x10])
def test_a_mail_server_that_lets_no_field_or_recipient_be_changed_is_not_served(action, gateway):
    with pytest.raises(ConnectionError):
        MilterClient(gateway.milter, actions=ACTIONS & ~action)
    assert gateway.wait_log("a mail server that asks does not let fields or recipients be changed")


def leave(asked, gateway, without=0, sender="<user@example.com>"):
    client = asked(without, gateway.leaving)
    assert client.connect() + client.helo() + client.mail(sender) + client.rcpt("<someone@elsewhere.example>") == "cccc"
    assert client.message(*fields("leaves")) == "c"
    return [octets.split(b"\0")[0].decode() for octets in changes(client, b"e")]


def test_what_leaves_has_a_tagged_sender(asked, gateway):
    [sender] = leave(asked, gateway)
    assert TAGGED.fullmatch(sender[1:-1])
    assert leave(asked, gateway, sender="<someone@elsewhere.example>") == leave(asked, gateway, sender="<>") == []


def test_where_no_sender_may_be_changed_it_leaves_without_a_tag_and_is_counted(asked, gateway):
    before = counted(gateway)
    assert leave(asked, gateway, without=SENDER) == []
    assert wait_until(lambda: counted(gateway) == before + 1)


def bounce(client, *recipients, subject="a bounce", sender="<>"):
    assert client.connect() + client.helo() + client.mail(sender) == "ccc"
    answers = [client.rcpt(*((to,) if isinstance(to, str) else to)) for to in recipients]
    return answers + [client.message(*fields(subject))] if all(answer == "c" for answer in answers) else answers


def test_a_bounce_to_a_tagged_sender_is_delivered_to_its_owner(asked, gateway):
    [sender] = leave(asked, gateway)
    client = asked()
    assert bounce(client, sender) == ["c", "c"]
    assert changes(client, b"-") == [names(sender)] and changes(client, b"+") == [names("<user@example.com>")]
    assert changes(client, b"i") == [struct.pack(">I", 0) + names("X-Tag", " valid")]


def test_a_bounce_of_what_did_not_leave_here_is_refused(asked):
    for recipient in "<user@example.com>", "<prvs=0123abcdef=user@example.com>":
        assert bounce(asked(), recipient)[-1].startswith("550 5.7.1 no mail of ours")


def test_who_writes_to_a_tagged_sender_reaches_its_owner_by_his_parameters(asked, gateway):
    [sender] = leave(asked, gateway)
    client = asked()
    assert bounce(client, (sender, "NOTIFY=NEVER", "ORCPT=rfc822;a@b"), sender="<a@client.example>") == ["c", "c"]
    assert changes(client, b"2") == [names("<user@example.com>", "NOTIFY=NEVER ORCPT=rfc822;a@b")]
    client = asked(without=ADD_WITH)
    assert bounce(client, (sender, "NOTIFY=NEVER"), sender="<a@client.example>") == ["c", "c"]
    assert changes(client, b"+") == [names("<user@example.com>")]


def test_who_is_named_with_and_without_his_tag_has_it_once(asked, gateway):
    [sender] = leave(asked, gateway)
    for order in (sender, "<user@example.com>"), ("<user@example.com>", sender):
        client = asked()
        assert bounce(client, *order, sender="<a@client.example>") == ["c", "c", "c"]
        assert sorted(changes(client, b"-")) == sorted(names(name) for name in order)
        assert changes(client, b"+") == [names("<user@example.com>")]


def test_a_tagged_recipient_whom_it_is_held_for_is_not_named_anew(asked, gateway):
    [sender] = leave(asked, gateway)
    client = asked()
    assert bounce(client, sender, "<second@example.com>", subject="[half]", sender="<a@client.example>") == ["c", "c", "c"]
    assert changes(client, b"-") == [names(sender)] and changes(client, b"+") == []


def test_where_no_recipient_may_be_added_he_keeps_his_tag_and_it_is_counted(asked, gateway):
    [sender] = leave(asked, gateway)
    before, client = counted(gateway), asked(without=ADD)
    assert bounce(client, sender) == ["c", "c"]
    assert not changes(client, b"-") and not changes(client, b"+")
    assert wait_until(lambda: counted(gateway) == before + 1)


def begin_large_answer(client):
    """Ten megabytes with a banner; the mail server has read one piece of what they become."""
    lines = b"".join(b"%07d %s\r\n" % (n, b"y" * 60) for n in range(10 * 1024 * 1024 // 70))
    assert client.envelope() == "cccc" and client.ask(b"T") == "c"
    for name, value in fields("[banner]"):
        assert client.field(name, value) == "c"
    assert client.ask(b"N") == "c"
    for at in range(0, len(lines), 65535):
        assert client.ask(b"B", lines[at:at + 65535]) == "c"
    client.send(b"E")
    letter, _ = client.packet()
    while letter == b"p":
        letter, _ = client.packet()
    assert letter == b"b"


def rest_of_answer(client):
    letter = b"b"
    while letter in b"bpi":
        letter, octets = client.packet()
    return octets.rstrip(b"\0").decode() if letter == b"y" else letter.decode()


def test_a_proxy_that_dies_in_a_changed_body_puts_the_message_off(asked, gateway):
    client = asked()
    begin_large_answer(client)
    [proxy] = gateway.pids("gatepost-proxy")
    gateway.caused += ["died", "signal=9"]
    kill(proxy)
    assert rest_of_answer(client) == "t"
    assert wait_until(lambda: gateway.pids("gatepost-proxy") not in ([], [proxy])) and wait_until(gateway.answers)


def test_a_mail_server_that_dies_in_a_changed_body_leaves_nothing_behind(asked, gateway):
    client = asked()
    begin_large_answer(client)
    client.socket.close()
    assert wait_until(lambda: '"sessions":0' in (gateway.control("status", "--json") or "").replace(" ", ""))
    assert wait_until(lambda: gateway.decisions()[-1]["verdict"] != "accept")


def test_a_mail_server_that_takes_no_more_of_a_changed_body_is_not_waited_for(own_dir):
    port = free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com") + RULES
    gateway = Gatepost(own_dir, body, {"timeouts": {"data": "1s"}, "limits": {"message_size": "30MiB"}})
    with running(gateway, ready=("gatepost-milter ready", "scanners ready program=gatepost-scan")), MilterClient(str(port)) as client:
        begin_large_answer(client)
        assert wait_until(lambda: '"sessions":0' in (gateway.control("status", "--json") or "").replace(" ", ""), 20)
        assert rest_of_answer(client) == "t"
        assert not [r for r in gateway.decisions() if r["verdict"] == "accept"]


def test_a_client_that_sends_its_message_slowly_is_waited_for(own_dir):
    """A mail server tells of DATA, and of the message once it has all of it."""
    port = free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com") + RULES
    gateway = Gatepost(own_dir, body, {"timeouts": {"data": "1s", "command": "1s"}})
    with running(gateway, ready=("gatepost-milter ready",)), MilterClient(str(port)) as client, MilterClient(str(port)) as idle:
        assert client.envelope() == "cccc" and client.ask(b"T") == "c"
        assert idle.connect() + idle.helo() == "cc"
        assert wait_until(lambda: [r for r in gateway.decisions() if str(r.get("reply")).startswith("421")]), "the other one's time is over, and would be for this one"
        assert client.message(("Subject", " [mark] slow"), data=False) == "c"
        assert changes(client, b"i") == [struct.pack(">I", 0) + names("X-Mark", " yes")]
        assert idle.mail() + idle.rcpt() == "cc"
