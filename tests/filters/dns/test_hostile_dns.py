# SPDX-License-Identifier: ISC
"""A forger who owns a DNS of his own: whatever it answers for his names, what the forged domain asks for is done."""
import pytest

from lab import dns_responder as responder
from lab import needs, samples
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains
from lab.internet import policy_with
from lab.smtp_client import Session

HUGE = " ".join('"%s"' % ("x" * 250) for _ in range(60))
KEYS = 16
LIST = """
blocklist domain "dbl.test" { "127.0.1.2" weight 5 }
observe rule "names what is found" when any d in domains.found (d == "nothing.example") then log "x"
"""


def huge(query, answer, tcp):
    """Over TCP, and when the content is being scanned already."""
    return [(0.5 if tcp else 0, octets) for _, octets in responder.truncated(query, answer, tcp)]


def slow_chain(server, seconds):
    """SPF whose includes each take a while: none too long, all together too long."""
    for i in range(8):
        server.add("slow%d.evil.test" % i, "TXT", '"v=spf1 include:slow%d.evil.test -all"' % (i + 1),
                   behaviour=responder.late(seconds))
    server.add("slow8.evil.test", "TXT", '"v=spf1 -all"')


def many_questions(server, name):
    """SPF that takes 111 of them, and matches nobody."""
    server.add(name + ".evil.test", "TXT", '"v=spf1 %s ?all"' % " ".join("mx:m%d.%s.evil.test" % (i, name) for i in range(10)))
    server.add(name + ".evil.test", "A", "127.0.0.1")
    for i in range(10):
        server.add("m%d.%s.evil.test" % (i, name), "MX", *("10 h%d-%d.%s.evil.test." % (i, k, name) for k in range(10)))
        for k in range(10):
            server.add("h%d-%d.%s.evil.test" % (i, k, name), "A", "192.0.2.1")


@pytest.fixture(scope="module")
def server():
    server = responder.Responder()
    server.add("1.0.0.127.in-addr.arpa", "PTR", "mail.evil.test.").add("mail.evil.test", "A", "127.0.0.1")
    server.add("test.dbl.test", "A", "127.0.1.2")
    server.add("bank.test", "TXT", '"v=spf1 -all"').add("_dmarc.bank.test", "TXT", '"v=DMARC1; p=reject"')
    server.add("shop.test", "TXT", '"v=spf1 -all"').add("_dmarc.shop.test", "TXT", '"v=DMARC1; p=quarantine"')
    server.add("evil.test", "TXT", '"v=spf1 ip4:127.0.0.1 -all"')
    many_questions(server, "many")
    many_questions(server, "more")
    server.behaviours["*.quiet.test"] = responder.never
    for i in range(1, 46):
        server.add("a._domainkey.arc%d.evil.test" % i, "TXT", '"v=DKIM1; p="', behaviour=responder.late(0.3))
    for i in range(KEYS):
        server.add("s%d._domainkey.evil.test" % i, "TXT", HUGE, behaviour=huge)
    slow_chain(server, 0.45)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(run_dir, server):
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    behind = Backend().start()
    folder = run_dir / "hostile_dns"
    settings = 'resolver { forward "%s"  timeout 2s  patience 1s  queries 200 }\ngreylist { delay 1s }\n' % server.address
    settings += 'rule "asks for SPF first" when spf.domain == "nobody.test" then reject 550 5.7.1 "nobody"\n'
    folder.mkdir()
    gateway = Gatepost(folder, backend("behind", behind.port) + domains("behind", "example.com") + settings + LIST
                       + policy_with(folder, needs.ROOT, {}))
    gateway.behind = behind
    try:
        yield gateway.start()
    finally:
        status = gateway.stop()
        behind.stop()
    assert status == 0


def forged(sender, above=b"", body="Pay me.\n", author="ceo@bank.test"):
    message = above + samples.octets(samples.message("hello", body, sender=author))
    return message, sender


def signatures(*names):
    """Fields that say "domain selector" has signed."""
    return b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s; h=from; bh=AAAA; b=AAAA\r\n"
                    % tuple(name.encode().split()) for name in names)


def verdict(gateway, message, sender, to="user@example.com", source=None, helo="mail.evil.test"):
    with Session(gateway.port, timeout=30, source=source) as client:
        client.ehlo(helo)
        for line in ("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % to):
            reply = client.command(line)
            assert reply.code == 250, reply
        return client.data(message)


def assert_refused(reply):
    assert (reply.code, reply.enhanced) == (550, "5.7.26"), reply


def assert_put_off(reply):
    assert (reply.code, reply.enhanced) == (451, "4.4.3"), reply


def spend_all(gateway, message, author="ceo@bank.test"):
    """What becomes of it when SPF has used up the budget of questions; it is not delivered."""
    before = len(gateway.behind.messages)
    reply = verdict(gateway, *forged("a@many.evil.test", message, author=author), helo="more.evil.test")
    assert len(gateway.behind.messages) == before
    return reply


def test_a_forger_with_a_dns_in_order_is_refused(gateway):
    assert_refused(verdict(gateway, *forged("a@evil.test")))


def test_slow_answers_for_his_own_names_do_not_help_a_forger(gateway):
    assert_refused(verdict(gateway, *forged("a@slow0.evil.test")))


def test_huge_keys_of_his_own_do_not_help_a_forger(gateway):
    fields = b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=evil.test; s=s%d; h=from; bh=AAAA; b=AAAA\r\n" % i
                      for i in range(KEYS))
    assert_refused(verdict(gateway, *forged("a@evil.test", fields)))


def test_many_questions_of_his_own_do_not_help_a_forger(gateway):
    """The budget of a transaction is spent on his SPF record before the header is read."""
    assert_refused(spend_all(gateway, b""))


def test_questions_that_look_like_a_policys_do_not_help_a_forger(gateway):
    """The reserve is for From's policy, whatever a name is called."""
    assert_refused(spend_all(gateway, signatures(*("evil.test _dmarc.s%d" % i for i in range(10)))))


@pytest.mark.parametrize("author", ["ceo@a.bank.test", "ceo@a.b.c.d.e.f.g.h.bank.test"])
def test_a_forged_name_below_has_the_reserve_for_all_of_its_walk(gateway, author):
    assert_refused(spend_all(gateway, b"", author))


def test_strangers_do_not_choose_what_is_walked(gateway, server):
    assert_refused(verdict(gateway, *forged("a@b.c.d.evil.test", signatures("x.y.z.evil.test s"))))
    assert not [name for name, _, _ in server.queries if name.startswith("_dmarc.") and name.endswith("evil.test")]


def test_an_aligned_key_that_may_not_be_asked_for_puts_the_message_off(gateway):
    """Whether bank.test has signed it, nobody knows: it is neither refused nor let through."""
    assert_put_off(spend_all(gateway, signatures("bank.test k")))
    decision = gateway.decisions()[-1]
    assert decision["verdict"] == "defer" and decision["facts"]["dmarc.result"] == "unknown" and decision["facts"]["dmarc.policy"] == "reject"


def test_a_policy_that_even_the_reserve_does_not_bring_puts_the_message_off(gateway):
    """quiet.test says nothing, and what it would have said must not depend on who has used up the budget."""
    assert_put_off(spend_all(gateway, signatures("evil.test k"), "ceo@quiet.test"))
    assert_put_off(spend_all(gateway, signatures("evil.test k"), "ceo@mail.quiet.test"))


def test_where_the_budget_is_not_the_reason_a_silent_server_puts_nobody_off(gateway):
    assert verdict(gateway, *forged("a@evil.test", author="ceo@quiet.test")).code == 250
    assert gateway.decisions()[-1]["facts"]["dmarc.result"] == "temperror"


def test_links_do_not_use_up_what_a_forged_signature_is_judged_by(gateway):
    """A key that may not be asked for is a temporary failure, and so DMARC would be one."""
    fields = b"".join(b"ARC-Seal: i=%d; a=rsa-sha256; cv=none; d=arc%d.evil.test; s=a; b=AAAA\r\n" % (i, i) for i in range(1, 46))
    fields += b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=bank.test; s=s; h=from; bh=AAAA; b=AAAA\r\n"
    links = "".join("http://www.shop%d.example/\n" % i for i in range(50))
    assert_refused(verdict(gateway, *forged("a@many.evil.test", fields, links)))


def test_an_address_without_a_name_is_a_permanent_error_of_iprev(gateway):
    """RFC 8601 2.7.3."""
    message = samples.octets(samples.message("hello", "Hello.\n", sender="a@evil.test"))
    assert verdict(gateway, message, "a@evil.test", to="postmaster@example.com", source="127.0.0.2").code == 250
    assert b"iprev=permerror policy.iprev=127.0.0.2" in gateway.behind.messages[-1].content.replace(b"\r\n\t", b" ")


def test_links_beyond_the_cap_are_not_taken_for_unlisted(gateway):
    links = "".join("http://www.shop%d.example/\n" % i for i in range(80))
    message = samples.octets(samples.message("hello", links, sender="a@evil.test"))
    assert verdict(gateway, message, "a@evil.test").code == 250
    facts = gateway.decisions()[-1]["facts"]
    assert facts["domains.found"] == [] and "domains.found" in facts["cut"]


def test_what_its_domain_wants_in_quarantine_is_held(gateway):
    before = len(gateway.behind.messages)
    message = samples.octets(samples.message("hello", "Hello.\n", sender="a@shop.test"))
    assert verdict(gateway, message, "a@evil.test").code == 250
    assert len(gateway.behind.messages) == before and gateway.held()[0]["author"] == "a@shop.test"
