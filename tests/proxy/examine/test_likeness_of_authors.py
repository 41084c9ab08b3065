# SPDX-License-Identifier: ISC
"""Who passes for another: what a gateway's rules see of From, over SMTP and POP3, what is recorded of it, and that `gatepostctl check`
says the same."""
import json

import pytest

from lab import check
from lab.gatepost import backend, domains
from lab.pop3_client import logged_in
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.smtp_client import Session

KNOWN = """
impersonation {
  partners partners
  brands { "paypal.com" "yahoo.com" }
  people { "Anna M\xfcller <anna@example.com>" }
  freemail { "gmail.com" "yahoo.fr" }
}
table partners { "contoso.org" }
"""
RULES = """
rule "letters" when any x in message.from_lookalike (x.by == letters) then reject 550 5.7.1 "letters of {x.domain}, {x.of}"
rule "spelling" when any x in message.from_lookalike (x.by == spelling) then reject 550 5.7.1 "spelling of {x.domain}, {x.of}"
rule "words" when any x in message.from_lookalike (x.by == words and x.of != own) then reject 550 5.7.1 "words of {x.domain}, {x.of}"
rule "ending" when any x in message.from_lookalike (x.by == ending or x.of == own) then reject 550 5.7.1 "{x.by} of {x.domain}, {x.of}"
rule "person" when message.from_person is known and message.from_free then reject 550 5.7.1 "passes for {message.from_person} from anywhere"
rule "another" when message.from_person.domain == "example.com" then reject 550 5.7.1 "passes for {message.from_person}"
rule "free" when message.from_free then defer 451 4.7.1 "free"
"""
# From -> which rule refuses it, with these words; None: delivered.
AUTHORS = {
    "a@client.test": None,
    "a@example.com": None,
    "a@sub.example.com": None,
    "a@paypal.com": None,
    "a@exarnple.com": ("letters", "letters of example.com, own"),
    "a@paypa1.com": ("letters", "letters of paypal.com, brand"),
    "PayPal <a@PayPaI.com>": ("letters", "letters of paypal.com, brand"),
    "a@xn--pypal-4ve.com": ("letters", "letters of paypal.com, brand"),
    "a@conttoso.org": ("spelling", "spelling of contoso.org, partner"),
    "a@paypal.com.client.test": ("words", "words of paypal.com, brand"),
    "a@contoso-payments.test": ("words", "words of contoso.org, partner"),
    "a@example-support.test": ("ending", "words of example.com, own"),
    "a@contoso.net": ("ending", "ending of contoso.org, partner"),
    "a@client.test, b@contoso.net": ("ending", "ending of contoso.org, partner"),
    "a@yahoo.fr": ("free", "free"),
    "=?utf-8?q?M=C3=BCller=2C_Anna_=28CEO=29?= <ceo@gmail.com>": ("person", "passes for anna@example.com from anywhere"),
    "Anna Mueller <anna@client.test>": ("another", "passes for anna@example.com"),
    "=?utf-8?b?0JBubtCwINCcw7xsbNC1cg==?= <a@client.test>": ("another", "passes for anna@example.com"),
    '"Anna Muller <anna@example.com>" <a@client.test>': ("another", "passes for anna@example.com"),
    "Anna =?utf-8?q?M=C3=BCller?= <Anna@example.com>": None,
    "Anna <a@client.test>": None,
}


def message(author):
    return ("From: %s\r\nTo: user@example.com\r\nSubject: hello\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\nhello\r\n" % author).encode()


def told(gateway):
    """{author: (rule, words)} of SMTP, by the decision's record."""
    with Session(gateway.port) as client:
        client.ehlo("client.test")
        for author in AUTHORS:
            client.command("MAIL FROM:<a@client.test>")
            client.command("RCPT TO:<user@example.com>")
            client.data(message(author))
    return gateway.decisions()


@pytest.fixture
def body():
    return domains("behind", "example.com") + KNOWN + RULES


def test_what_rules_say_of_each_author(start, new_backend, body):
    gateway = start(backend("behind", new_backend().port) + body)
    records = told(gateway)
    assert len(records) == len(AUTHORS)
    wrong = {author: (record["rules"], record["reply"]) for (author, expected), record in zip(AUTHORS.items(), records)
             if (record["rules"] != [expected[0]] or expected[1] not in record["reply"] if expected else record["rules"])}
    assert not wrong
    facts = {author: record["facts"] for author, record in zip(AUTHORS, records)}
    assert facts["a@contoso.net"]["message.from_lookalike"] == [{"domain": "contoso.org", "by": "ending", "of": "partner"}]
    assert facts["a@client.test"]["message.from_lookalike"] == [] and facts["a@client.test"]["message.from_free"] is False
    assert facts["Anna Mueller <anna@client.test>"]["message.from_person"] == "anna@example.com"


def test_check_says_what_the_gateway_says(start, new_backend, body, tmp_path):
    gateway = start(backend("behind", new_backend().port) + body)
    records = told(gateway)
    paths = {}
    for number, author in enumerate(AUTHORS):
        paths[author] = tmp_path / ("%d.eml" % number)
        paths[author].write_bytes(message(author))
    results = check.batch(tmp_path, paths, gateway.file)
    named = ("message.from_lookalike", "message.from_person", "message.from_free")
    for author, record in zip(AUTHORS, records):
        result = results[author]
        assert (result["verdict"], result["rules"]) == (record["verdict"], record["rules"]), author
        assert [result["facts"][name] for name in named] == [record["facts"][name] for name in named], author


def test_mail_that_is_read_is_judged_so_as_well(start, new_backend, body):
    stub = Pop3Stub([message(author) for author in AUTHORS]).start()
    try:
        gateway = start(backend("behind", new_backend().port, pop3=[stub.port]) + body, pop3="backend behind")
        assert gateway.wait_log("gatepost-release ready")
        with logged_in(gateway.pop3_port, timeout=30) as session:
            for number, expected in enumerate(AUTHORS.values(), 1):
                shown = session.ask("RETR %d" % number)
                later = expected and expected[0] == "free"
                assert shown.startswith(b"-ERR") == bool(later), (number, shown)
                assert (b"\r\n\r\nhello\r\n" in shown) == (expected is None), (number, shown)
    finally:
        stub.stop()


def test_a_new_table_holds_after_a_reload(start, new_backend, own_dir):
    table = own_dir / "people.txt"
    table.write_text("Anna Example <anna@example.com>\n")
    text = backend("behind", new_backend().port) + domains("behind", "example.com")
    text += 'impersonation { people from file "%s" }\n' % table + 'rule "person" when message.from_person is known then reject 550 5.7.1 "person"\n'
    gateway = start(text)

    def reply(author):
        with Session(gateway.port) as client:
            client.ehlo("client.test")
            client.command("MAIL FROM:<a@client.test>")
            client.command("RCPT TO:<user@example.com>")
            return client.data(message(author)).code

    def replies():
        return [reply("Anna Example <a@client.test>"), reply("Bob Example <a@client.test>")]

    assert replies() == [550, 250]
    table.write_text("Bob Example <bob@example.com>\n")
    gateway.reload()
    assert wait_until(lambda: replies() == [250, 550])
    table.write_text("Anna Example\n")
    gateway.reload()
    assert gateway.wait_log("is no name with an address")
    assert replies() == [250, 550]
