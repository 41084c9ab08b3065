# SPDX-License-Identifier: ISC
"""Every decision is a record that its reference leads to: messages, refusals of each kind, clients that came to nothing."""
import hashlib
import json
import re
import socket
import struct
import time

import pytest

from lab import needs, samples
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, certificate, domains
from lab.process import wait_until
from lab.smtp_client import Session

MESSAGE = b"Subject: a subject\r\nMessage-ID: <1@client.example>\r\nFrom: a@client.example\r\n\r\nhello\r\n"
POLICY = """
observe rule "seen" when message.size > 10B then reject 550 5.7.1 "never"
rule "dropped" when sender == "drop@client.example" then drop 550 5.7.1 "not you"
rule "early" when sender == "early@client.example" then reject 550 5.7.1 "not you either"
rule "late" when message.subject contains "forbidden" then score 4 as "word", reject 550 5.7.1 "not that"
rule "tagged" when message.subject contains "a subject" then header add "X-Seen" "yes"
"""


@pytest.fixture(scope="module")
def behind():
    refuse = {"RCPT": lambda session, line: "550 5.1.1 unknown here" if b"nobody@" in line else None}
    server = Backend(refuse).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(run_dir, behind, authority):
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    folder = run_dir / "records"
    folder.mkdir()
    (folder / "people.txt").write_text("known@listed.example\n")
    body = (certificate(authority.certificate("mx.example.com")) + backend("behind", behind.port, options="recipient_check on  probe off")
            + domains("behind", "example.com") + backend("away", 1) + domains("away", "away.example")
            + 'domain "listed.example" { backend behind  recipients from file "%s" }\n' % (folder / "people.txt") + POLICY)
    it = Gatepost(folder, body, changes={"limits": {"message_size": "2KiB", "errors": 5, "commands": 100, "sessions_per_client": 6},
                                         "timeouts": {"command": "3s", "data": "3s", "handshake": "1s"}}, implicit_tls=True).start()
    yield it
    assert it.stop() == 0


def records(gateway, *words):
    """What gatepostctl trace finds, the newest first."""
    out = gateway.control("trace", *words, "--json")
    assert out is not None, "gatepostctl could not ask"
    return [json.loads(line) for line in out.splitlines()]


def reference(text):
    found = re.search(r"\(([0-9a-f]{9,}(?:\.\d+)?)\)$", text)
    assert found, "no reference at the end: %r" % text
    return found[1]


def lines(client, *lines):
    """The replies to these lines, one after the other."""
    return [client.command(line) for line in lines]


def conversation(*words, message=None, data_after=True):
    def talk(gateway):
        with Session(gateway.port) as client:
            client.ehlo()
            last = lines(client, *words)[-1] if words else None
            return client.data(message) if message is not None else last
    return talk


def to(recipient, sender="a@client.example"):
    return "MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % recipient


def too_many_errors(gateway):
    with Session(gateway.port) as client:
        return lines(client, *["WRONG"] * 5)[-1]


def too_many_commands(gateway):
    with Session(gateway.port) as client:
        return lines(client, *["NOOP"] * 101)[-1]


def silent(gateway):
    with Session(gateway.port) as client:
        return client.reply()


def upload_stops(gateway):
    with Session(gateway.port, timeout=20) as client:
        client.ehlo()
        client.envelope("u@example.com")
        client.expect("DATA", 354)
        client.send("Subject: half")
        return client.reply()


def too_many_sessions(gateway):
    clients = [Session(gateway.port, greeting=False) for _ in range(7)]
    try:
        replies = [client.reply() for client in clients]
        return next(reply for reply in replies if reply.code == 421)
    finally:
        for client in clients:
            client.close()


def other_protocol(gateway):
    with Session(gateway.port) as client:
        return client.command("GET / HTTP/1.1")


def line_too_long(gateway):
    with Session(gateway.port) as client:
        return client.command("NOOP " + "x" * 5000)


# what happens: (the last reply, {member of the record: value})
REFUSALS = {
    "a sender that is none": (conversation("MAIL FROM:<a@>"), {"stage": "helo", "verdict": "reject"}),
    "a parameter that we do not know": (conversation("MAIL FROM:<a@client.example> X=1"), {"stage": "helo", "verdict": "reject"}),
    "a message that says it is too big": (conversation("MAIL FROM:<a@client.example> SIZE=9999"), {"stage": "helo", "verdict": "reject"}),
    "relaying": (conversation(*to("u@other.example")), {"stage": "rcpt", "verdict": "reject", "rcpt": ["u@other.example"], "from": "a@client.example"}),
    "a recipient that no table has": (conversation(*to("u@listed.example")), {"stage": "rcpt", "verdict": "reject", "rcpt": ["u@listed.example"]}),
    "a recipient that the server does not know": (conversation(*to("nobody@example.com")), {"stage": "rcpt", "verdict": "reject", "rcpt": ["nobody@example.com"]}),
    "an address that is none": (conversation("MAIL FROM:<a@client.example>", "RCPT TO:<@@>"), {"stage": "rcpt", "verdict": "reject", "rcpt": ["<@@>"]}),
    "a rule that needs no message": (conversation(*to("u@example.com", "early@client.example")), {"stage": "rcpt", "verdict": "reject", "rules": ["early"]}),
    "a rule that drops": (conversation("MAIL FROM:<drop@client.example>"), {"stage": "mail", "verdict": "drop", "rules": ["dropped"]}),
    "a rule about the message": (conversation(*to("u@example.com"), message=MESSAGE.replace(b"a subject", b"forbidden")),
                                 {"stage": "message", "verdict": "reject", "rules": ["late"], "observed": ["seen"], "score": 4, "score_parts": {"word": 4},
                                  "subject": "forbidden", "message_id": "<1@client.example>", "rcpt": ["u@example.com"]}),
    "a message that is too big": (conversation(*to("u@example.com"), message=MESSAGE + b"x" * 70 + b"\r\n" + (b"x" * 70 + b"\r\n") * 100),
                                  {"stage": "message", "verdict": "reject"}),
    "a bare newline in a message": (conversation(*to("u@example.com"), message=MESSAGE + b"a\nb\r\n"), {"stage": "message", "verdict": "reject"}),
    "a server that is away": (conversation(*to("u@away.example"), message=MESSAGE), {"stage": "message", "verdict": "defer"}),
    "DATA without a recipient": (conversation("MAIL FROM:<a@client.example>", "DATA"), {"stage": "mail", "verdict": "reject"}),
    "STARTTLS that is wrong": (conversation("STARTTLS now"), {"stage": "helo", "verdict": "reject"}),
    "too many errors": (too_many_errors, {"stage": "connect", "verdict": "defer"}),
    "too many commands": (too_many_commands, {"stage": "connect", "verdict": "defer"}),
    "silence": (silent, {"stage": "connect", "verdict": "defer"}),
    "an upload that stops": (upload_stops, {"stage": "data", "verdict": "defer", "rcpt": ["u@example.com"]}),
    "too many sessions": (too_many_sessions, {"stage": "connect", "verdict": "defer"}),
    "another protocol": (other_protocol, {"stage": "connect", "verdict": "reject"}),
    "a line that is too long": (line_too_long, {"stage": "connect", "verdict": "reject"}),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_ends_in_a_reference_under_which_it_is_recorded(what, gateway):
    act, wanted = REFUSALS[what]
    reply = act(gateway)
    assert reply.code >= 400, reply
    told = "%d %s" % (reply.code, reply.text)
    found = [record for record in records(gateway, reference(reply.text)) if record.get("reply") == told]
    assert len(found) == 1, (told, found)
    record, = found
    assert {name: record.get(name) for name in wanted} == wanted
    assert record["client"] == "127.0.0.1" and record["listener"] == "smtp" and record["gateway"] == "mx.example.com"


def test_a_message_that_is_delivered_is_recorded_with_all_that_was_done(gateway, behind):
    with Session(gateway.port) as client:
        client.ehlo()
        client.starttls()
        client.ehlo("named.example")
        client.envelope("u@example.com", "v@example.com")
        reply = client.data(MESSAGE)
    assert reply.code == 250
    record, = records(gateway, reference(reply.text))
    assert record["verdict"] == "accept" and record["rules"] == ["tagged"] and record["observed"] == ["seen"]
    assert record["rcpt"] == ["u@example.com", "v@example.com"] and record["helo"] == "named.example"
    assert record["tls"].startswith("TLSv1.") and record["protocol"] == "smtp" and record["direction"] == "inbound"
    assert record["edits"] == [{"kind": "header add", "name": "X-Seen", "value": "yes"}]
    assert record["size"] == len(MESSAGE) and record["backend"] == "127.0.0.1:%d" % behind.port
    assert record["facts"]["message.subject"] == "a subject"
    assert record["facts"]["message.digest"] == hashlib.sha256(MESSAGE).hexdigest()


def test_a_field_that_a_message_has_not_is_not_taken_from_another(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"), changes={"history": {"text": "on"}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("user@example.com", sender="a@client.example")
        assert client.data(b"To: somebody@example.com\r\n\r\nhello\r\n").code == 250
    told = gateway.decisions()[-1]
    assert not {"message_id", "author", "subject"} & {name for name, value in told.items() if value}


def test_a_client_that_goes_away_in_a_transaction_is_recorded(gateway):
    with Session(gateway.port) as client:
        client.ehlo("leaves.example")
        client.envelope("u@example.com")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    found = wait_until(lambda: [r for r in records(gateway, "--verdict", "gone") if r["helo"] == "leaves.example"])
    assert found[0]["rcpt"] == ["u@example.com"] and found[0]["client"] == "127.0.0.1"


def test_a_client_that_says_goodbye_is_not(gateway):
    with Session(gateway.port) as client:
        client.ehlo("polite.example")
        client.expect("QUIT", 221)
    with Session(gateway.port) as client:
        client.ehlo("blunt.example")
    assert not [r for r in records(gateway) if r.get("helo") in ("polite.example", "blunt.example")]


def garbage(client):
    client.send(b"this is no handshake at all\r\n" * 20)


def silence(client):
    client.send(b"\x16\x03\x01\x02")


def hang_up(client):
    client.close()


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "implicit TLS"])
@pytest.mark.parametrize("act", [garbage, silence, hang_up], ids=lambda act: act.__name__)
def test_a_handshake_that_fails_is_recorded_with_the_client(gateway, act, implicit):
    def failed():
        return [r for r in records(gateway, "--verdict", "failed") if r["protocol"] == "smtp"]
    before = len(failed())
    with Session(gateway.tls_port if implicit else gateway.port, greeting=not implicit) as client:
        if not implicit:
            client.ehlo("old.example")
            client.expect("STARTTLS", 220)
        act(client)
        found = wait_until(lambda: failed() if len(failed()) > before else None, 10)
    assert found[0]["stage"] == "tls" and found[0]["client"] == "127.0.0.1" and found[0]["reason"]


def test_past_ten_of_a_session_the_rest_is_a_number(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"), changes={"limits": {"errors": 1000}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        refs = {reference(client.command("RCPT TO:<u%d@other.example>" % n).text) for n in range(37)}
        client.expect("QUIT", 221)
    session, = {ref.partition(".")[0] for ref in refs}
    found = wait_until(lambda: [r for r in [records(gateway, session)] if "count" in r[0]])[0]
    assert found[0]["stage"] == "session" and found[0]["count"] == 27
    assert [r["rcpt"] for r in found[1:]] == [["u%d@other.example" % n] for n in reversed(range(10))]


def test_a_crowd_that_is_turned_away_is_some_records_and_a_number(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"),
                    changes={"limits": {"sessions": 4}, "process": {"proxies": 1}})
    held = [Session(gateway.port) for _ in range(4)]
    for _ in range(120):
        with Session(gateway.port) as client:
            assert client.greeting.code == 421 and reference(client.greeting.text)
    time.sleep(1.1)
    held[0].close()
    found = wait_until(lambda: [r for r in records(gateway, "--most", "1000") if "count" in r] and records(gateway, "--most", "1000"))
    singly, numbers = [r for r in found if "count" not in r], [r for r in found if "count" in r]
    assert 20 <= len(singly) < 120 and len(singly) + sum(r["count"] for r in numbers) == 120
    assert all("client" not in r for r in numbers)
    for client in held[1:]:
        client.close()


def test_without_text_no_subject_is_on_the_disk(start, new_backend, own_dir):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + POLICY, changes={"history": {"text": "off"}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(MESSAGE.replace(b"a subject", b"a subject and Zwetschgenknoedel"))
    record, = records(gateway, reference(reply.text))
    assert "subject" not in record and "message.subject" not in record["facts"] and record["rules"] == ["tagged"]
    gateway.stop()
    kept = [path for path in (own_dir / "gateway-0" / "gatepost" / "keeper").rglob("*") if path.is_file()]
    assert kept and not any(b"Zwetschgen" in path.read_bytes() for path in kept)


WORDS = """
observe rule "words" when message.text contains "nothing of this kind" or message.parts_differ then log "x"
observe rule "links" when any l in links (l.ip) then log "x"
"""
LINK = "https://www.a.example/Pflaumenmus?token=Powidl"


def words_recorded(start, new_backend, text):
    """The facts of a message with words and a link, as they are recorded."""
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + WORDS, changes={"history": {"text": text}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(MESSAGE.replace(b"hello", b"Zwetschgenkompott\r\n\r\n" + b"many words " * 700 + b"\r\n\r\nsee " + LINK.encode()))
    record, = records(gateway, reference(reply.text))
    gateway.stop()
    return record["facts"]


def test_with_text_the_beginning_of_what_a_message_says_is_recorded(start, new_backend):
    facts = words_recorded(start, new_backend, "on")
    assert facts["message.text"] == ["Zwetschgenkompott"] and "message.text" in facts["cut"] and facts["message.parts_differ"] is False
    assert [(link["url"], link["host"]) for link in facts["links"]] == [(LINK, "www.a.example")]


def test_without_text_no_word_and_no_path_of_a_link_is_on_the_disk(start, new_backend, own_dir):
    facts = words_recorded(start, new_backend, "off")
    link, = facts["links"]
    assert "message.text" not in facts and (link["host"], link["domain"]) == ("www.a.example", "a.example")
    assert link["url"] == link["path"] == link["text"] == "unknown"
    kept = [path for path in (own_dir / "gateway-0" / "gatepost" / "keeper").rglob("*") if path.is_file()]
    assert kept and not any(word in path.read_bytes() for path in kept for word in (b"Zwetschgen", b"Pflaumen", b"Powidl"))


# ---- gatepostctl


@pytest.mark.parametrize("words", [["Zwiebelkuchen"], ["gruen@client.example"], ["lila@author.example"], ["<zwei@client.example>"], ["--rule", "tagged", "--most", "1"],
                                   ["--client", "127.0.0.1", "--verdict", "accept", "--most", "1", "--since", "5m"]])
def test_a_message_is_traced_by(words, gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com", sender="gruen@client.example")
        reply = client.data(MESSAGE.replace(b"a subject", b"a subject: Zwiebelkuchen").replace(b"<1@", b"<zwei@").replace(b"a@client", b"lila@author"))
    assert records(gateway, *words)[0]["id"] == reference(reply.text)
    story = gateway.control("trace", *words)
    for part in ("accept at message", "<gruen@client.example>", "<u@example.com>", "author       lila@author.example", "Zwiebelkuchen", 'rules        "tagged"', "X-Seen: yes"):
        assert part in story, (part, story)


def test_what_is_not_there_is_said_to_be_nothing(gateway):
    assert records(gateway, "nothing of this kind") == []
    assert records(gateway, "--since", "2099-01-01") == []
    assert gateway.control("trace", "--since", "yesterday") is None
    assert gateway.control("why", "0123456789abc.1") is None


def test_why_tells_each_rule_with_the_values_that_it_saw(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(MESSAGE.replace(b"a subject", b"forbidden fruit"))
    said = gateway.control("why", reference(reply.text))
    assert 'rule "early": false, because sender == "early@client.example" (sender is "a@client.example")' in said.replace("sender@client", "a@client")
    assert 'rule "late": true, because message.subject contains "forbidden" (message.subject is "forbidden fruit")' in said
    assert "score        4: +4 word" in said


def test_the_story_of_a_hostile_message_harms_no_terminal(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(MESSAGE.replace(b"a subject", b"=?utf-8?q?=1B[31mred=C2=9B=E2=80=AE?="))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", gateway.control("trace", reference(reply.text)))


def test_stats_count_what_the_records_hold(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com")
                    + 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no"\n')
    with Session(gateway.port) as client:
        client.ehlo()
        for n in range(3):
            client.envelope("u@example.com", "v@example.com", sender="a@one.example")
            assert client.data(MESSAGE).code == 250
        client.envelope("u@example.com", sender="b@two.example")
        assert client.data(samples.with_attachment("x.exe", b"MZ")).code == 550
        client.expect("MAIL FROM:<>", 250)
        client.expect("RCPT TO:<u@elsewhere.example>", 550)
        client.expect("QUIT", 221)
    told = json.loads(gateway.control("stats", "--json"))
    assert told["records"] == 5 and list(told["hour"].values()) == [5] and told["verdict"] == {"accept": 3, "reject": 2}
    assert told["rule"] == {"programs": 1} and told["client"] == {"127.0.0.0/24": 5}
    assert told["sender"] == {"one.example": 3, "<>": 1, "two.example": 1}
    assert told["recipient"] == {"u@example.com": 4, "v@example.com": 3, "u@elsewhere.example": 1}
    assert told["attachment"] == {"exe": 1}
    assert json.loads(gateway.control("stats", "--json", "--verdict", "reject", "--top", "1"))["sender"] == {"<>": 1}
    assert re.search(r"verdict +3  accept\n +2  reject\n", gateway.control("stats"))


def test_more_records_than_fit_a_page_are_all_found(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"), changes={"limits": {"errors": 1000}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert client.data(MESSAGE).code == 250
    for _ in range(620):
        with Session(gateway.port) as client:
            client.ehlo()
            client.expect("MAIL FROM:<a@client.example>", 250)
            for n in range(10):
                client.expect("RCPT TO:<u%d@other.example>" % n, 550)
            client.expect("QUIT", 221)
    assert json.loads(gateway.control("stats", "--json"))["records"] == 6201
    assert [r["rcpt"] for r in records(gateway, "--verdict", "accept")] == [["u@example.com"]]
    assert len({record["id"] for record in records(gateway, "--most", "4100")}) == 410
