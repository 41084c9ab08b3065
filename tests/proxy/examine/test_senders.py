# SPDX-License-Identifier: ISC
"""Who a client and a sender are, by the shipped policy, a real name server and a real Redis: what the sender hears, what
arrives, what is recorded, and that the verifiers of others judge the same."""
import collections
import os
import re
import signal
import time

import dkim
import pytest
import spf

from lab import needs, samples
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains, shipped_policy
from lab.internet import LISTS, policy_with
from lab.process import wait_until
from lab.redis import written
from lab.smtp_client import Session, send

GREYLIST = "greylist { delay 1s  passes 0 }\n"
FACTS = """
observe rule "names facts" when helo.fits_client or spf.explanation == "" or domains.listed("dbl.example")
  or dnsbl.listed("bl.example") then log "x"
"""


@pytest.fixture(scope="module")
def site(run_dir, internet):
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    server = Backend().start()
    folder = run_dir / "senders"
    folder.mkdir()
    policy = policy_with(folder, needs.ROOT, {"table trusted_sealers { }": 'table trusted_sealers { "lists.example" }',
                                             "table forwarders { }": 'table forwarders { "%s" }' % internet.address(40)})
    gateway = Gatepost(folder, backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + LISTS
                       + GREYLIST + FACTS + policy)
    gateway.behind = server
    try:
        yield gateway.start()
    finally:
        status = gateway.stop()
        server.stop()
    assert status == 0


@pytest.fixture
def gateway(site):
    site.behind.forget()
    return site


def mail(sender="a@good.example", subject="hello", body="Hello,\nthis is a message of the lab.\n", **headers):
    return samples.octets(samples.message(subject, body, sender=sender, **headers))


def deliver(gateway, internet, message, sender="a@good.example", source=None, helo="mail.good.example", to="user@example.com",
            patient=True):
    """The decisive reply. Who is greylisted comes again, as a mail server does, when `patient`."""
    for _ in range(30):
        reply = _attempt(gateway, internet, message, sender, source, helo, to)
        if not (patient and reply.code == 451 and "greylisted" in reply.text):
            return reply
        time.sleep(0.2)
    raise AssertionError("greylisted for ever: %r" % reply)


def _attempt(gateway, internet, message, sender, source, helo, to):
    with Session(gateway.port, source=internet.address(source) if source else None) as client:
        client.ehlo(helo)
        for line in ("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % to):
            reply = client.command(line)
            if reply.code != 250:
                return reply
        return client.data(message)


def content(gateway):
    assert wait_until(lambda: gateway.behind.messages)
    return gateway.behind.messages[-1].content


def fields(message, name):
    """The unfolded values of a field, from the top."""
    block = re.sub(rb"\r\n(?=[ \t])", b"", message.partition(b"\r\n\r\n")[0])
    return [line.partition(b":")[2].strip().decode() for line in block.split(b"\r\n")
            if line.lower().startswith(name.lower().encode() + b":")]


def results(gateway):
    """Our Authentication-Results: {method: (result, rest)}."""
    ours = [value for value in fields(content(gateway), "Authentication-Results") if value.startswith("mx.example.com")]
    assert len(ours) == 1, ours
    found = {}
    for part in ours[0].split(";")[1:]:
        method, _, rest = part.strip().partition("=")
        found.setdefault(method, []).append((rest.split()[0], rest))
    return found


def record(gateway, before):
    assert wait_until(lambda: len(gateway.decisions()) > before)
    return gateway.decisions()[-1]


def recorded(gateway, internet, message, **how):
    """The reply, and the decision record of the message."""
    before = len(gateway.decisions())
    reply = deliver(gateway, internet, message, **how)
    return reply, record(gateway, before)


# ---- lists

def test_a_listed_client_is_refused_at_rcpt_and_told_by_whom(gateway, internet):
    with Session(gateway.port, source=internet.address(66)) as client:
        client.ehlo("mail.good.example")
        client.expect("MAIL FROM:<a@good.example>", 250)
        reply = client.expect("RCPT TO:<user@example.com>", 550)
    assert reply.enhanced == "5.7.1"
    assert "%s is listed by bl.example" % internet.address(66) in reply.text
    assert not {"MAIL", "RCPT"} & set(gateway.behind.verbs())


def test_a_listed_client_reaches_postmaster(gateway, internet):
    assert deliver(gateway, internet, mail("a@client.example"), sender="a@client.example", source=66, to="postmaster@example.com").code == 250


def test_a_light_listing_alone_is_delivered_after_a_wait(gateway, internet):
    first = deliver(gateway, internet, mail("b@client.example"), sender="b@nothing.example", source=67, helo="x67.example", patient=False)
    assert (first.code, first.enhanced) == (451, "4.7.1")
    reply, decision = recorded(gateway, internet, mail("b@nothing.example"), sender="b@nothing.example", source=67, helo="x67.example")
    assert reply.code == 250
    assert decision["facts"]["dnsbl.score"] == 2 and decision["facts"]["dnsbl.lists"] == ["light.example"]


def test_an_allowlist_outweighs(gateway, internet):
    reply, decision = recorded(gateway, internet, mail("c@nothing.example"), sender="c@nothing.example", source=68, helo="x68.example")
    assert reply.code == 250
    assert decision["facts"]["dnsbl.score"] == -4


def test_a_listed_senders_domain_is_refused(gateway, internet):
    reply = deliver(gateway, internet, mail("a@bad.example"), sender="a@sub.bad.example", source=10)
    assert reply.code == 550 and "your domain is listed" in reply.text


def test_a_host_of_a_listed_domain_is_refused_however_fast_it_speaks(gateway, internet):
    with Session(gateway.port, source=internet.address(50)) as client:
        client.send("HELO mail.good.example\r\nMAIL FROM:<a@good.example>\r\nRCPT TO:<user@example.com>\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 550]


@pytest.mark.parametrize("kind, body", [("plain", "see http://www.bad.example/win now\n"), ("mail", "write to joe@bad.example\n")])
def test_a_listed_domain_in_the_body_is_found(gateway, internet, kind, body):
    reply, decision = recorded(gateway, internet, mail(body=body), source=10)
    assert reply.code == 250
    assert decision["facts"]["domains.found"] == ["bad.example"] and decision["facts"]["domains.score"] == 6
    assert decision["facts"]["domains.lists"] == ["dbl.example"]


def test_an_html_link_to_a_listed_domain_is_found(gateway, internet):
    page = samples.message("hello", sender="a@good.example")
    page.add_alternative('<p><a href="https://click.bad.example/x?y=1">our shop</a></p>', subtype="html")
    _, decision = recorded(gateway, internet, samples.octets(page), source=10)
    assert decision["facts"]["domains.found"] == ["bad.example"]


# ---- SPF and DMARC

def test_a_forger_of_a_rejecting_domain_is_refused(gateway, internet):
    """MAIL FROM and From: neither may be used from here."""
    reply = deliver(gateway, internet, mail("ceo@bank.example"), sender="ceo@bank.example", source=10)
    assert (reply.code, reply.enhanced) == (550, "5.7.26")
    assert "bank.example wants mail in its name refused" in reply.text
    assert not gateway.behind.messages


def test_a_forger_under_his_own_envelope_is_refused_at_once(gateway, internet):
    reply = deliver(gateway, internet, mail("ceo@bank.example"), sender="a@good.example", source=10, patient=False)
    assert (reply.code, reply.enhanced) == (550, "5.7.26")


def test_a_domain_sends_from_its_own_host(gateway, internet):
    reply, decision = recorded(gateway, internet, mail("ceo@bank.example"), sender="ceo@bank.example", source=20, helo="plain.example")
    assert reply.code == 250
    assert decision["facts"]["spf.result"] == "pass" and decision["facts"]["dmarc.result"] == "pass"
    assert decision["facts"]["dmarc.spf_aligned"] and decision["facts"]["dmarc.reports"] == ["mailto:dmarc@bank.example"]


def test_what_its_domain_wants_in_quarantine_is_held(gateway, internet):
    reply, decision = recorded(gateway, internet, mail("a@shop.example"), sender="a@shop.example", source=10)
    assert reply.code == 250 and decision["verdict"] == "quarantine" and decision["rules"] == ["DMARC: quarantine"]
    held = gateway.held()[0]
    assert (held["why"], held["author"], held["reference"]) == ("unauthenticated", "a@shop.example", decision["id"])


def test_spf_alone_refuses_nobody(gateway, internet):
    reply, decision = recorded(gateway, internet, mail("a@plain.example"), sender="a@plain.example", source=10)
    assert reply.code == 250
    assert decision["facts"]["spf.result"] == "fail" and decision["facts"]["dmarc.result"] == "none"
    assert decision["facts"]["spf.explanation"] == internet.address(10) + " is not one of ours"


def test_a_bounce_from_a_forged_host_is_refused(gateway, internet):
    reply = deliver(gateway, internet, mail("mailer-daemon@good.example"), sender="", source=10, helo="null.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.23")
    assert deliver(gateway, internet, mail("mailer-daemon@good.example"), sender="", source=10).code == 250


def test_a_forged_helo_is_refused(gateway, internet):
    reply = deliver(gateway, internet, mail(), source=10, helo="null.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.23")


def test_two_from_fields_are_refused(gateway, internet):
    reply = deliver(gateway, internet, b"From: b@plain.example\r\n" + mail("a@plain.example"), source=10)
    assert (reply.code, reply.enhanced) == (550, "5.6.0")


# ---- DKIM, and what is written down

@pytest.mark.parametrize("ed25519", [False, True], ids=["rsa", "ed25519"])
def test_a_signed_message_passes_and_others_judge_the_same(gateway, internet, ed25519):
    """It comes by a host that SPF does not name, under another's envelope: the signature alone aligns."""
    message = internet.sign(mail(), ed25519=ed25519)
    reply, decision = recorded(gateway, internet, message, sender="a@plain.example", source=20, helo="plain.example")
    assert reply.code == 250
    said = results(gateway)
    assert said["dkim"] == [("pass", said["dkim"][0][1])]
    assert "header.d=good.example" in said["dkim"][0][1]
    assert "header.s=" + ("ed" if ed25519 else "rsa") in said["dkim"][0][1]
    assert said["spf"][0][0] == "pass" and "smtp.mailfrom=a@plain.example" in said["spf"][0][1]
    assert said["dmarc"][0][0] == "pass" and "header.from=good.example" in said["dmarc"][0][1]
    facts = decision["facts"]
    assert facts["dmarc.dkim_aligned"] and not facts["dmarc.spf_aligned"]
    assert facts["dkim"][0]["algorithm"] == ("ed25519-sha256" if ed25519 else "rsa-sha256")
    with internet.asked():
        assert dkim.verify(message) and dkim.verify(content(gateway))
        assert spf.check2(internet.address(20), "a@plain.example", "plain.example")[0] == "pass"


@pytest.mark.parametrize("source, sender, helo", [
    (10, "a@good.example", "mail.good.example"), (20, "a@good.example", "mail.good.example"), (20, "a@bank.example", "mail.good.example"),
    (10, "a@plain.example", "mail.good.example"), (10, "a@nothing.example", "mail.good.example"), (10, "a@bad.example", "x.example")])
def test_received_spf_says_what_pyspf_says(gateway, internet, source, sender, helo):
    to = "postmaster@example.com"  # who is exempt from most rules
    reply = deliver(gateway, internet, mail("a@nothing.example"), sender=sender, source=source, helo=helo, to=to)
    assert reply.code == 250
    received = fields(content(gateway), "Received-SPF")
    with internet.asked():
        expected = spf.check2(internet.address(source), sender, helo)[0]
    assert len(received) == 1
    assert received[0].split()[0].lower() == results(gateway)["spf"][0][0] == expected
    for word in ("client-ip=" + internet.address(source), "identity=mailfrom", "helo=" + helo):
        assert word in received[0], received[0]
    assert sender in received[0]


def test_a_changed_body_fails_and_others_judge_the_same(gateway, internet):
    message = internet.sign(mail("a@plain.example"), domain="good.example").replace(b"this is a message", b"this was a message")
    reply, decision = recorded(gateway, internet, message, sender="a@plain.example", source=20, helo="plain.example")
    assert reply.code == 250
    assert results(gateway)["dkim"][0][0] == "fail" and decision["facts"]["dkim.result"] == "fail"
    with internet.asked():
        assert not dkim.verify(message)


def test_a_changed_body_of_a_rejecting_domain_is_refused(gateway, internet):
    message = internet.sign(mail()).replace(b"this is a message", b"this was a message")
    reply = deliver(gateway, internet, message, sender="a@plain.example", source=20, helo="plain.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.26")


def test_forged_results_of_ours_are_removed_and_the_rest_is_untouched(gateway, internet):
    forged = (b"Authentication-Results: mx.example.com; dkim=pass header.d=bank.example\r\n"
              b"Authentication-Results: MX.example.COM.\r\n (yes) 1; spf=pass\r\n"
              b"BIMI-Indicator: PHN2Zy8+\r\nBIMI-Location: v=BIMI1; l=https://bank.example/a.svg\r\n")
    others = b"Authentication-Results: mx.other.example; dkim=pass header.d=other.example\r\n"
    message = mail()
    assert deliver(gateway, internet, forged + others + message, source=10).code == 250
    arrived = content(gateway)
    assert fields(arrived, "Authentication-Results")[1:] == ["mx.other.example; dkim=pass header.d=other.example"]
    assert results(gateway)["dkim"][0][0] == "none"
    assert b"BIMI" not in arrived and arrived.endswith(others + message)


def test_a_message_arrives_octet_by_octet_below_our_fields(gateway, internet):
    message = internet.sign(mail(body="One  line \n\n..\n.dot\n\n\n"))
    assert deliver(gateway, internet, message, source=10).code == 250
    arrived = content(gateway)
    assert arrived.endswith(message)
    ours = arrived[:-len(message)]
    assert re.match(rb"Authentication-Results: mx\.example\.com;", ours)
    assert [line.split(b":")[0] for line in re.sub(rb"\r\n[ \t]", b" ", ours).splitlines()] == [
        b"Authentication-Results", b"Received-SPF", b"Received"]


def test_iprev_and_names_of_the_client(gateway, internet):
    _, decision = recorded(gateway, internet, mail(), source=10)
    facts = decision["facts"]
    assert (facts["client.ptr"], facts["client.fcrdns"]) == ("mail.good.example", True)
    assert results(gateway)["iprev"][0][0] == "pass"
    _, decision = recorded(gateway, internet, mail("a@bank.example"), sender="a@bank.example", source=20, helo="plain.example")
    facts = decision["facts"]
    assert (facts["client.ptr"], facts["client.fcrdns"]) == ("nobody.knows.example", False)
    assert results(gateway)["iprev"][0][0] == "fail"


# ---- ARC

def through_a_list(internet, domain):
    """A message of good.example as a list passes it on: its signature was good, the body has changed, and the list seals what
    it had found."""
    found = b"Authentication-Results: %s; dkim=pass header.d=good.example; dmarc=pass header.from=good.example\r\n" % domain.encode()
    changed = found + internet.sign(mail()).replace(b"this is a message", b"this was a message")
    return internet.seal(changed, domain, domain)


def test_a_trusted_sealer_saves_what_dmarc_would_refuse(gateway, internet):
    message = through_a_list(internet, "lists.example")
    reply, decision = recorded(gateway, internet, message, sender="bounce@lists.example", source=30, helo="lists.example")
    facts = decision["facts"]
    assert (facts["arc.result"], facts["arc.dmarc"], facts["arc.sealers"]) == ("pass", "pass", ["lists.example"])
    assert facts["dmarc.result"] == "fail"
    assert reply.code == 250, decision["rules"]
    assert results(gateway)["arc"][0][0] == "pass"
    with internet.asked():
        assert dkim.arc_verify(message)[0] == b"pass"


def test_another_sealer_saves_nothing(gateway, internet):
    reply = deliver(gateway, internet, through_a_list(internet, "evil.example"), sender="bounce@evil.example", source=30,
                    helo="lists.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.26")


def test_a_broken_seal_saves_nothing(gateway, internet):
    message = through_a_list(internet, "lists.example").replace(b"this was a message", b"this is no message")
    reply = deliver(gateway, internet, message, sender="bounce@lists.example", source=30, helo="lists.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.26")
    with internet.asked():
        assert dkim.arc_verify(message)[0] != b"pass"


# ---- lists and forwarders


def by_a_list(internet, domain, identifier):
    """As a list without ARC passes it on: changed, and signed by itself."""
    changed = internet.sign(mail()).replace(b"this is a message", b"this was a message")
    return internet.sign(b"List-Id: Talk <%s>\r\n" % identifier.encode() + changed, domain)


def test_a_list_that_signs_is_held_and_not_refused(gateway, internet):
    message = by_a_list(internet, "lists.example", "talk.lists.example")
    reply, decision = recorded(gateway, internet, message, sender="bounce@lists.example", source=30, helo="lists.example")
    assert decision["facts"]["message.list_signed"] is True and decision["facts"]["dmarc.result"] == "fail"
    assert reply.code == 250 and decision["verdict"] == "quarantine" and decision["rules"][-1] == "DMARC: through a list"


def test_a_list_that_another_signs_for_is_refused(gateway, internet):
    message = by_a_list(internet, "evil.example", "talk.lists.example")
    reply = deliver(gateway, internet, message, sender="bounce@lists.example", source=30, helo="lists.example")
    assert (reply.code, reply.enhanced) == (550, "5.7.26")


def test_a_named_forwarder_is_delivered_with_a_mark(gateway, internet):
    message = internet.sign(mail()).replace(b"this is a message", b"this was a message")
    reply, decision = recorded(gateway, internet, message, source=40, helo="[%s]" % internet.address(40))
    assert reply.code == 250 and decision["verdict"] == "accept", decision
    assert b"X-Spam-Reason: DMARC fails behind a forwarder\r\n" in content(gateway)


# ---- HELO

@pytest.mark.parametrize("helo", ["mx.example.com", "MX.EXAMPLE.COM.", "example.com", "[127.0.0.1]"])
def test_who_pretends_to_be_us_is_refused(gateway, internet, helo):
    reply = deliver(gateway, internet, mail(), source=10, helo=helo, patient=False)
    assert (reply.code, reply.enhanced) == (550, "5.7.1") and "is our own name" in reply.text


@pytest.mark.parametrize("helo, valid, literal, resolves", [
    ("mail.good.example", True, False, True), ("[198.18.0.1]", True, True, True), ("no.such.example", True, False, False),
    ("bad_name", False, False, False), ("localhost", True, False, False)])
def test_facts_of_helo(gateway, internet, helo, valid, literal, resolves):
    reply, decision = recorded(gateway, internet, mail(), source=10, helo=helo)
    assert reply.code == 250
    facts = decision["facts"]
    assert (facts["helo.valid"], facts["helo.literal"], facts["helo.resolves"]) == (valid, literal, resolves)


def test_who_does_not_wait_for_the_answer_to_helo_is_told_apart(gateway, internet):
    before = len(gateway.decisions())
    with Session(gateway.port, source=internet.address(10)) as client:
        client.send("EHLO mail.good.example\r\nMAIL FROM:<early@good.example>\r\nRCPT TO:<user@example.com>\r\n")
        codes = [client.reply().code for _ in range(3)]
        assert codes == [250, 250, 451]
        wait_until(lambda: client.command("RCPT TO:<user@example.com>").code == 250, every=0.2)
        assert client.data(mail()).code == 250
    assert record(gateway, before)["facts"]["client.early"] is True


# ---- what it costs

def test_costs_stand_in_the_decision_record(gateway, internet):
    _, decision = recorded(gateway, internet, internet.sign(mail()), source=10)
    cost = decision["cost"]
    assert cost["client_dns"]["count"] >= 5 and cost["dns"]["count"] >= 4 and cost["redis"]["count"] >= 1
    assert all(part["ms"] >= 0 for part in cost.values())
    assert cost["sender"]["count"] >= 1


# ---- what aggregate reports will be made of

def counted(gateway, domain):
    """The counts of today under that domain in the private Redis: {row: messages}."""
    key = "gatepost:dmarc:%s:%s" % (time.strftime("%Y%m%d", time.gmtime()), domain)
    found = collections.Counter()
    for command in written(os.path.join(gateway.dir, "redis")):
        if command[:2] == ["HINCRBY", key]:
            found[command[2]] += int(command[3])
    return found


def test_what_became_of_a_domains_mail_is_counted_for_its_reports(gateway, internet):
    def messages(disposition):
        begin = "|".join((internet.address(20), "bank.example", disposition, ""))
        return sum(int(n) for row, n in counted(gateway, "bank.example").items() if row.startswith(begin))

    passed, refused = messages("none"), messages("reject")
    assert deliver(gateway, internet, mail("ceo@bank.example"), sender="ceo@bank.example", source=20, helo="plain.example").code == 250
    forged = deliver(gateway, internet, mail("ceo@bank.example"), sender="a@plain.example", source=20, helo="plain.example")
    assert forged.enhanced == "5.7.26", forged
    assert wait_until(lambda: (messages("none"), messages("reject")) == (passed + 1, refused + 1), 5), counted(gateway, "bank.example")


# ---- before the banner

PREGREET = 'rule "speaks first" when client.pregreet then reject 550 5.5.1 "speaking before the banner"\n'


def test_who_speaks_before_the_banner_goes_on_in_the_same_session_and_is_refused(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + PREGREET,
                    changes={"smtp": {"banner_delay": "700ms"}})
    began = time.monotonic()
    with Session(gateway.port) as client:
        assert time.monotonic() - began > 0.6
        client.ehlo()
        client.envelope("user@example.com")
        assert client.data(mail()).code == 250
    with Session(gateway.port, greeting=False) as client:
        client.send("EHLO client.example\r\n")
        assert client.silent(0.4)
        assert client.reply().code == 220 and client.reply().code == 250
        client.expect("MAIL FROM:<a@client.example>", 250)
        assert client.expect("RCPT TO:<user@example.com>", 550).enhanced == "5.5.1"
        client.expect("RCPT TO:<abuse@example.com>", 250)
        assert client.data(mail()).code == 250
    assert gateway.decisions()[-1]["facts"]["client.pregreet"] is True


def test_no_delay_is_no_delay(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + PREGREET,
                    changes={"smtp": {"banner_delay": "0s"}})
    assert send(gateway.port, mail(), "user@example.com").code == 250


# ---- a scanner that is late

ONLY_DMARC = """
rule "DMARC" when dmarc.result == fail and dmarc.policy == reject and spf.result in (pass, fail, none)
  then reject 550 5.7.26 "forged"
"""


def test_a_message_that_overtakes_the_look_at_its_envelope_is_judged_all_the_same(start, new_backend, internet):
    """No rule at RCPT waits for SPF, so the whole message may be in before the scanner has said anything of its sender."""
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + internet.configuration + ONLY_DMARC,
                    changes={"process": {"proxies": 1}})
    forged = mail("ceo@bank.example")
    assert send(gateway.port, forged, "user@example.com", sender="a@good.example").code == 550
    with Session(gateway.port) as client:
        client.ehlo("client.example")
        workers = gateway.workers("gatepost-scan")
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            client.envelope("user@example.com", sender="a@good.example")
            client.expect("DATA", 354)
            client.send(forged + b".\r\n")
            assert client.silent(0.3)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        assert client.reply().code == 550


def test_without_a_name_server_nobody_waits(start, new_backend, own_dir):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + shipped_policy()
                    + 'resolver { resolv_conf "%s" }\n' % (own_dir / "nowhere.conf"))
    began = time.monotonic()
    assert send(gateway.port, mail("ceo@bank.example"), "user@example.com").code == 250
    assert time.monotonic() - began < 5
