# SPDX-License-Identifier: ISC
"""A domain is one domain in all its spellings: wherever it is configured, said, looked up, compared or remembered."""
import itertools
import json
import time

import pytest

from lab import check, needs
from lab.gatepost import backend, certificate, check_configuration
from lab.process import wait_until
from lab.sign import Key
from lab.smtp_client import Session, client_context

U, A, ODD = "bücher.example", "xn--bcher-kva.example", "BÜCHER\N{IDEOGRAPHIC FULL STOP}Example."
SPELLINGS = [U, A, ODD, A.upper() + "."]
NAMES = ["u", "a", "odd", "upper"]
MESSAGE = b"From: a@client.example\r\nSubject: spellings\r\n\r\nhello\r\n"
OPTIONS = "recipient_check %s  probe off"


def numbered(spelling, n):
    """The same for another domain: bücher.b7.example."""
    return spelling.replace(U, "bücher.b%d.example" % n).replace(A, "xn--bcher-kva.b%d.example" % n) \
        .replace(A.upper(), "XN--BCHER-KVA.B%d.EXAMPLE" % n) \
        .replace("BÜCHER\N{IDEOGRAPHIC FULL STOP}", "BÜCHER\N{IDEOGRAPHIC FULL STOP}B%d." % n)


# -- through the gateway

@pytest.fixture
def gateway(start, new_backend):
    """gateway(text, ...) in front of a server behind."""
    def go(text, recipient_check="off", **how):
        server = new_backend()
        it = start(backend("behind", server.port, options=OPTIONS % recipient_check) + text,
                   changes={"process": {"proxies": 1}, "timeouts": how.pop("timeouts", {})}, **how)
        it.behind = server
        return ready(it)
    return go


def ready(gateway):
    gateway.wait_until_offered("SMTPUTF8", "8BITMIME")
    return gateway


def talk(gateway, sender, *recipients, message=MESSAGE):
    """The replies to MAIL, each RCPT, and the message."""
    with Session(gateway.port) as session:
        session.ehlo()
        replies = [session.command("MAIL FROM:<%s> SMTPUTF8" % sender)]
        replies += [session.command("RCPT TO:<%s>" % recipient) for recipient in recipients]
        replies.append(session.data(message))
        return replies


def test_a_domain_takes_its_mail_in_every_spelling_of_its_sentence_its_table_and_the_recipient(gateway):
    pairs = list(enumerate(itertools.product(SPELLINGS, SPELLINGS)))
    it = gateway("".join('domain "%s" { backend behind  recipients { "User@%s" } }\n' % (numbered(c, n), numbered(t, n))
                         for n, (c, t) in pairs))
    for n, _ in pairs:
        wanted = ["user@" + numbered(spelling, n) for spelling in SPELLINGS]
        replies = talk(it, "a@client.example", *wanted)
        assert [reply.code for reply in replies] == [250] * 6, (n, replies)
        assert it.behind.messages[-1].recipients == wanted[:1], "he is one, written as the sender did at first"
        assert [r.code for r in talk(it, "a@client.example", "other@" + numbered(U, n))][1] == 550


@pytest.mark.parametrize("spelling", SPELLINGS, ids=NAMES)
def test_subdomains_and_endings_are_found_in_every_spelling(gateway, spelling):
    it = gateway('table all { "@sub.%s" "*.%s" }\ndomain "*.%s" { backend behind  recipients all }\n' % ((spelling,) * 3))
    for said in SPELLINGS:
        assert [r.code for r in talk(it, "a@client.example", "x@sub." + said, "x@deep.sub." + said)] == [250] * 4
    assert talk(it, "a@client.example", "x@" + U)[1].code == 550


def test_no_other_name_is_taken_for_the_domain(gateway):
    it = gateway('domain "%s" "strasse.example" { backend behind }\n' % U)
    for said in ["bucher.example", "straße.example", "xn--bcher-kvb.example", "b\N{CYRILLIC SMALL LETTER U}cher.example",
                 "bücher.example.org", "\N{GRINNING FACE}.bücher.example", "[192.0.2.1]"]:
        assert talk(it, "a@client.example", "user@" + said)[1].code in (501, 550), said


def test_what_the_server_behind_said_is_remembered_for_all_spellings(gateway):
    it = gateway('domain "%s" { backend behind }\n' % U, recipient_check="on", timeouts={"recipient_accepted": "1min"})
    for said in SPELLINGS:
        assert talk(it, "a@client.example", "user@" + said)[1].code == 250
    assert it.behind.verbs().count("RCPT") == 1 + len(SPELLINGS), "asked once, and delivered to each time"


@needs.root
def test_a_sender_is_counted_as_one_in_every_spelling(start, new_backend, internet):
    server = new_backend()
    it = ready(start(backend("behind", server.port) + 'domain "example.com" { backend behind }\n' + internet.configuration
               + 'rule "by domain" when recipient.local == "d" and rate(sender.domain, 1h) > 4 then reject 550 5.7.1 "domain"\n'
               + 'rule "by address" when recipient.local == "a" and rate(sender, 1h) > 8 then reject 550 5.7.1 "address"\n'))
    for to, code, count in (("d", 250, 4), ("d", 550, 1), ("a", 250, 3), ("a", 550, 1)):
        for spelling in SPELLINGS[:count]:
            reply = talk(it, "a@" + spelling, "%s@example.com" % to)[1]
            assert reply.code == code, (to, spelling, reply)


@needs.root
def test_who_has_waited_has_waited_for_every_spelling(start, new_backend, internet):
    server = new_backend()
    it = ready(start(backend("behind", server.port) + 'domain "%s" { backend behind }\n' % U + internet.configuration
               + 'greylist { delay 2s  passes 0  exempt { "all@%s" } }\n' % U
               + 'rule "wait" when not greylist.known then defer 451 4.7.1 "greylisted"\n'))
    for said in SPELLINGS:
        assert talk(it, "a@client.example", "all@" + said)[1].code == 250, "is exempt"
        assert talk(it, "a@" + said, "user@" + said)[1].code == 451
    met = time.monotonic()
    assert wait_until(lambda: talk(it, "a@" + U, "user@" + A)[1].code == 250, 10, 0.2)
    assert time.monotonic() - met > 0.5, "it had to wait"
    for said, to in itertools.product(SPELLINGS, SPELLINGS):
        assert talk(it, "a@" + said, "user@" + to)[1].code == 250, (said, to)


def test_a_certificate_is_shown_for_the_a_label_that_clients_ask_for(start, new_backend, authority):
    first, ours = authority.certificate("mx.example.com"), authority.certificate(A)
    text = certificate(first) + certificate(ours).replace(A, "BÜCHER.example", 1)
    it = start(text + backend("behind", new_backend().port) + 'domain "example.com" { backend behind }\n', implicit_tls=True)
    for name in (A, "mx.example.com"):
        with Session(it.tls_port, tls=client_context(authority.ca), server_name=name) as session:
            assert (("DNS", name),) == session.socket.getpeercert()["subjectAltName"]


# -- rules

CONDITIONS = """
sender.domain == "{0}"
sender == "A@{0}"
sender in ["@{0}"]
sender in ["a@{0}"]
sender.domain in ["{0}"]
sender.domain in domains
sender in addresses
sender.domain ends with "{0}"
sender ends with "@{0}"
sender contains "a@{0}"
sender.domain starts with "{0}"
recipient.domain == "{0}"
recipient in addresses
helo == "{0}"
helo in domains
message.from.domain == "{0}"
message.from == "a@{0}"
message.reply_to in addresses
any r in recipients (r.domain in ["{0}"])
sender.domain == recipient.domain
recipient in recipients
message.from.domain == sender.domain
""".strip().splitlines()


@pytest.mark.parametrize("written", SPELLINGS, ids=NAMES)
def test_every_comparison_finds_the_domain_in_every_spelling(tmp_path, written):
    plain = written.replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    policy = 'table domains { "%s" }\ntable addresses from file "addresses.txt"\n' % written
    for n, condition in enumerate(CONDITIONS):
        literal = plain.rstrip(".") if " with " in condition or "contains" in condition else written
        policy += 'rule "%d" when %s then score 1\n' % (n, condition.format(literal))
    (tmp_path / "addresses.txt").write_text("# ours\na@%s\n" % written)
    config = check.configuration(tmp_path, policy)
    for said in SPELLINGS:
        mail = tmp_path / "mail.eml"
        mail.write_text("From: a@%s\nReply-To: A <a@%s>\nSubject: x\n\nhello\n" % ((said.replace("\N{IDEOGRAPHIC FULL STOP}", "."),) * 2))
        done = check.gatepostctl("check", "--config", config, "--json", "--from", "a@" + said, "--rcpt", "a@" + said,
                                 "--helo", said, mail)
        result = json.loads(done.stdout)
        missing = [CONDITIONS[n] for n in range(len(CONDITIONS)) if str(n) not in result["rules"]]
        assert not missing, (said, missing)


def test_tests_of_a_policy_may_write_any_spelling(tmp_path):
    config = check.configuration(tmp_path, 'rule "r" when sender.domain == "%s" then reject\n' % U + "".join(
        'test "%d" { given sender "x@%s" expect reject }\n' % (n, said) for n, said in enumerate(SPELLINGS)))
    done = check.gatepostctl("policy", "test", "-c", config)
    assert done.returncode == 0, done.stdout + done.stderr


# -- look-ups

@pytest.fixture(scope="module")
def key():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Key()


@pytest.fixture
def look_up(tmp_path, key):
    """look_up(message, sender, ...): the facts, by a DNS that knows the A-label alone."""
    dns = tmp_path / "dns.json"
    dns.write_text(json.dumps({
        A: [{"type": "TXT", "value": "v=spf1 exists:%{l}.%{d} exists:%{i}.%{d} -all"}],
        "192.0.2.34." + A: [{"type": "A", "value": "127.0.0.2"}],
        "s._domainkey." + A: [{"type": "TXT", "value": key.record}],
        "xn--s-eha._domainkey." + A: [{"type": "TXT", "value": key.record}],
        "_dmarc." + A: [{"type": "TXT", "value": "v=DMARC1; p=reject; adkim=s; aspf=s"}]}))
    config = check.configuration(tmp_path, 'observe rule "all" when dmarc.result == fail or spf.helo == fail or any s in dkim '
                                           '(s.domain == "x.example") then log "x"\n')

    def go(message, sender, ip="192.0.2.34", helo="client.example"):
        mail = tmp_path / "mail.eml"
        mail.write_bytes(message)
        done = check.gatepostctl("check", "--config", config, "--json", "--dns", dns, "--ip", ip, "--helo", helo,
                                 "--from", sender, mail)
        assert done.returncode in (0, 10), done.stderr
        return json.loads(done.stdout)["facts"]
    return go


def letter(spelling):
    return ("From: a@%s\r\nSubject: x\r\n\r\nhello\r\n" % spelling.replace("\N{IDEOGRAPHIC FULL STOP}", ".").rstrip(".")).encode()


@pytest.mark.parametrize("sender", SPELLINGS, ids=NAMES)
@pytest.mark.parametrize("author", SPELLINGS, ids=NAMES)
def test_spf_asks_for_the_a_label_and_aligns(look_up, sender, author):
    facts = look_up(letter(author), "a@" + sender)
    assert facts["spf.result"] == "pass" and facts["spf.domain"] == A and facts["dmarc.spf_aligned"], facts
    assert facts["dmarc.result"] == "pass" and facts["dmarc.domain"] == A
    assert look_up(letter(author), "a@" + sender, ip="192.0.2.35")["spf.result"] == "fail"


@pytest.mark.parametrize("helo", SPELLINGS, ids=NAMES)
def test_spf_of_helo_asks_for_the_a_label(look_up, helo):
    assert look_up(letter(A), "", helo=helo)["spf.result"] == "pass"


def test_a_local_part_beyond_ascii_matches_no_macro_and_what_follows_counts(look_up):
    assert look_up(letter(A), "jörg@" + U)["spf.result"] == "pass"


@pytest.mark.parametrize("sender", ["a@\N{GRINNING FACE}.example", "a@[192.0.2.34]", "a@ü..example", "a@ü_\N{FULLWIDTH SOLIDUS}.example"])
def test_what_is_no_domain_has_no_spf(look_up, sender):
    facts = look_up(letter(A), sender)
    assert facts["spf.result"] == "none" and facts["dmarc.result"] == "fail"


@pytest.mark.parametrize("domain", [U, A, "BÜCHER.example"])
@pytest.mark.parametrize("selector", ["s", "sü"])
@pytest.mark.parametrize("author", [U, A])
def test_dkim_asks_for_the_a_labels_and_aligns(look_up, key, domain, selector, author):
    facts = look_up(key.sign(letter(author), domain, selector), "b@elsewhere.example")
    signature = facts["dkim"][0]
    assert signature["result"] == "pass" and signature["domain"] == A, facts["dkim"]
    assert signature["identity"] == "@" + A and signature["selector"] == {"s": "s", "sü": "xn--s-eha"}[selector]
    assert facts["dmarc.dkim_aligned"] and facts["dmarc.result"] == "pass"


@pytest.mark.parametrize("options,change,result", [
    (dict(identity="who@sub.bücher.example".encode()), None, "pass"),
    (dict(identity="who@kbücher.example".encode()), None, "permerror"),
    (dict(length=True), (b"hello\r\n", b"hello\r\nand more\r\n"), "pass"),
    (dict(canonicalize=(b"simple", b"simple")), None, "pass"),
    (dict(canonicalize=(b"relaxed", b"relaxed")), (b"Subject: x", b"subject:  x "), "pass"),
    ({}, (b"hello", b"Hello"), "fail"),
    ({}, (b"Subject: x", b"Subject: y"), "fail"),
    ({}, ("d=bücher".encode(), "d=BÜCHER".encode()), "fail"),
    ({}, (b"v=1;", b"v=2;"), "permerror"),
    ({}, (b"a=rsa-sha256", b"a=rsa-sha1"), "permerror"),
], ids=str)
def test_a_signature_that_is_not_ascii_is_judged_as_others_are(look_up, key, options, change, result):
    message = key.sign(letter(A), U, "s", **options)
    if change:
        assert change[0] in message
        message = message.replace(*change)
    facts = look_up(message, "b@elsewhere.example")
    assert facts["dkim"][0]["result"] == result, facts["dkim"]
    assert facts["dmarc.dkim_aligned"] == (result == "pass")


@pytest.mark.parametrize("domain", [U, A])
def test_the_keys_of_a_seal_are_asked_for_by_a_labels(look_up, key, domain):
    import dkim
    message = b"Authentication-Results: lists.example; none\r\n" + letter(A)
    sealed = dkim.arc_sign(message, b"s", domain.encode(), key.private, b"lists.example", timestamp="1700000000")
    facts = look_up(b"".join(sealed) + message, "b@elsewhere.example")
    assert facts["arc.result"] == "pass" and facts["arc.sealers"] == [A], facts


# -- the configuration says what it cannot be

BEHIND = 'hostname "mx.example.com"\nlisten smtp on "127.0.0.1:25025"\nprocess { user "nobody" }\nantivirus { enabled off }\n' \
         'backend b { smtp "127.0.0.1:25026" }\n'
WRONG = [
    ('domain "%s" "%s" { backend b }' % (U, A), '6:25: error: the domain "%s" stands in line 6 already, as "%s"' % (A, U)),
    ('domain "%s" "%s" { backend b }' % (U, ODD), '6:25: error: the domain "%s" stands in line 6 already, as "%s"' % (ODD, U)),
    ('domain "a_b.\N{GRINNING FACE}" { backend b }', "6:8: error: expected a domain such as"),
    ('domain "a..b" { backend b }', '6:8: error: expected a domain such as "example.com" or "*.example.com", but a label is empty'),
    ('rule "r" when sender.domain == "\N{GRINNING FACE}.example" then reject', "6:32: error: no domain can be in"),
    ('rule "r" when sender in ["x@ok.example", "@-ü.example"] then reject', "6:42: error: no domain can be in"),
    ('table t { "ok.example"\n  "ü--.example" }\nrule "r" when helo in t then reject', "7:3: error: no domain can be in"),
    ('domain "ok.example" { backend b  recipients { "a@ok.example" "a@-ü.example" } }', "6:62: error: no domain can be in"),
]


@pytest.mark.parametrize("text,said", WRONG, ids=range(len(WRONG)))
def test_what_can_be_no_domain_is_an_error_at_its_place(tmp_path, text, said):
    file = tmp_path / "t.conf"
    file.write_text(BEHIND + text + "\n")
    status, report = check_configuration(file)
    assert status != 0 and "t.conf:" + said in report, report


def test_an_entry_of_a_file_is_shown_in_the_file(tmp_path):
    (tmp_path / "people.txt").write_text("a@ok.example\n  a@-ü.example # who\n")
    file = tmp_path / "t.conf"
    file.write_text(BEHIND + 'domain "ok.example" { backend b  recipients from file "people.txt" }\n')
    status, report = check_configuration(file)
    assert status != 0 and "people.txt:2:3: error: no domain can be in" in report, report


def test_texts_that_are_no_domains_may_be_anything(tmp_path):
    config = check.configuration(tmp_path, 'table t { "\N{GRINNING FACE}.x" "-ü" }\nrule "r" when message.subject in t then reject\n'
                                           'rule "s" when message.subject == "\N{GRINNING FACE}.x" then reject\n')
    done = check.gatepostctl("policy", "check", "-c", config)
    assert done.returncode == 0, done.stdout + done.stderr
