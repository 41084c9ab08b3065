# SPDX-License-Identifier: ISC
"""What gateways remember together, asked of a real Redis through tests/state_dump."""
import json
import re
import subprocess

import pytest

from lab import needs
from lab.memory import DUMP, Memory
from lab.process import wait_until

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="state_dump is not built")

DELAY, WINDOW, LIFETIME, PASSES = 300, 172800, 3110400, 3
CONFIG = """
redis { server "127.0.0.1:%d"  timeout 500ms  retry 100ms }
greylist { delay %ds  window %ds  lifetime %ds  passes %d }
rule "all" when not greylist.known and sender.messages == 0 then score 1 as "new"
%s
"""
ASKED = 'rule "first" when greylist.first_seen is absent then score 1 as "first"\n'  # Redis is asked for each message
CONNECTIONS, TRANSACTIONS, RECIPIENTS, MESSAGES, UNKNOWN_RECIPIENTS = range(5)
WHO = {"client": "192.0.2.1", "sender": "user@example.org", "recipient": "rcpt@example.com"}


def dotted(facts):
    """client_ip is client.ip."""
    return {name.replace("_", "."): value for name, value in facts.items()}


def rules(*rates):
    """A configuration that names rate(...) of each, in this order."""
    return "".join('rule "%d" when rate(%s) > 1000000 then score 1 as "%d"\n' % (i, rate, i)
                   for i, rate in enumerate(rates))


class Gateway(Memory):
    def __init__(self, port, more="", passes=PASSES, secret="a secret", asked=ASKED):
        super().__init__(CONFIG % (port, DELAY, WINDOW, LIFETIME, passes, asked + more), secret)

    def greylist(self, **changes):
        facts = self.ask("greylist", **dict(WHO, **changes))["facts"]
        return facts["greylist.known"], facts["greylist.wait"]

    def accept(self, times=1, **changes):
        for _ in range(times):
            self.ask("accepted", **dict(WHO, **changes))

    def history(self, sender):
        facts = self.ask("history", sender=sender)["facts"]
        return facts["sender.first_seen"], facts["sender.messages"]

    def is_first_contact(self, sender, recipient):
        return self.ask("contact", sender=sender, recipient=recipient)["facts"]["sender.first_contact"]

    def meet(self, sender, *recipients):
        self.ask("met", sender=sender, recipients=recipients)

    def rates(self, event=CONNECTIONS, times=1, **facts):
        return self.ask("rates", event=event, facts=dotted(facts), times=times)["rates"]


@pytest.fixture
def new_gateway(redis):
    started = []

    def start(*args, **how):
        started.append(Gateway(redis.port, *args, **how))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def gateway(new_gateway):
    return new_gateway()


def keys_of(redis):
    return sorted(redis.cli("KEYS", "*").splitlines())


def ttl(redis, key):
    return int(redis.cli("TTL", key))


def all_keys_expire(redis):
    return all(ttl(redis, key) > 0 for key in keys_of(redis))


# ---- greylisting


def test_a_first_contact_waits_for_the_delay(gateway):
    answer = gateway.ask("greylist", **WHO)
    assert answer["facts"]["greylist.known"] is False
    assert answer["facts"]["greylist.wait"] == DELAY * 1000
    assert abs(answer["facts"]["greylist.first_seen"] - answer["now"]) <= 1
    assert answer["calls"] == 1 and answer["done"] == 1


def test_one_that_comes_back_too_early_waits_for_the_rest(gateway):
    first = gateway.ask("greylist", **WHO)["facts"]["greylist.first_seen"]
    gateway.advance(100)
    answer = gateway.ask("greylist", **WHO)
    assert answer["facts"]["greylist.known"] is False
    assert answer["facts"]["greylist.first_seen"] == first
    assert answer["facts"]["greylist.wait"] in ((DELAY - 100) * 1000, (DELAY - 101) * 1000)


def test_one_that_comes_back_after_the_delay_is_known(gateway):
    first = gateway.ask("greylist", **WHO)["facts"]["greylist.first_seen"]
    gateway.advance(DELAY)
    answer = gateway.ask("greylist", **WHO)["facts"]
    assert (answer["greylist.known"], answer["greylist.wait"]) == (True, 0)
    assert answer["greylist.first_seen"] == first


def test_coming_back_too_early_does_not_begin_the_delay_anew(gateway):
    gateway.greylist()
    for _ in range(3):
        gateway.advance(DELAY / 3 - 10)
        assert gateway.greylist()[0] is False
    gateway.advance(31)
    assert gateway.greylist() == (True, 0)


def test_one_that_comes_back_after_the_window_is_new(gateway):
    gateway.greylist()
    gateway.advance(WINDOW + 2)
    assert gateway.greylist() == (False, DELAY * 1000)


def test_known_ones_stay_known_for_a_lifetime_after_each_message(gateway):
    gateway.greylist()
    gateway.advance(DELAY)
    for _ in range(3):
        assert gateway.greylist() == (True, 0)
        gateway.advance(LIFETIME - 10)
    assert gateway.greylist() == (True, 0)
    gateway.advance(LIFETIME + 2)
    assert gateway.greylist() == (False, DELAY * 1000)


def test_redis_forgets_what_is_over(gateway, redis):
    gateway.greylist()
    key, = keys_of(redis)
    assert WINDOW - 5 <= ttl(redis, key) <= WINDOW
    gateway.advance(DELAY)
    gateway.greylist()
    assert keys_of(redis) == [key] and LIFETIME - 5 <= ttl(redis, key) <= LIFETIME


@pytest.mark.parametrize("changes, same", [
    ({"client": "192.0.2.77"}, True), ({"client": "192.0.3.1"}, False),
    ({"client": "::ffff:192.0.2.9"}, True), ({"client": "2001:db8::1"}, False),
    ({"sender": "USER@Example.ORG"}, True), ({"sender": "other@example.org"}, False), ({"sender": ""}, False),
    ({"recipient": "RCPT@example.com"}, True), ({"recipient": "other@example.com"}, False)])
def test_what_makes_a_meeting(gateway, changes, same):
    gateway.greylist()
    gateway.advance(DELAY)
    assert gateway.greylist(**changes)[0] is same


@pytest.mark.parametrize("client, same", [("2001:db8:0:1::ffff", True), ("2001:db8:0:2::1", False)])
def test_networks_of_ipv6(gateway, client, same):
    gateway.greylist(client="2001:db8:0:1::1")
    gateway.advance(DELAY)
    assert gateway.greylist(client=client)[0] is same


@pytest.mark.parametrize("client, same", [("192.0.2.200", False), ("192.0.2.100", True)])
def test_the_network_is_configured(new_gateway, client, same):
    gateway = new_gateway("greylist { network4 25 }")
    gateway.greylist()
    gateway.advance(DELAY)
    assert gateway.greylist(client=client)[0] is same


@pytest.mark.parametrize("first, then", [
    ("bounce-123456-user=example.com@list.example", "bounce-123457-user=example.com@list.example"),
    ("SRS0=abcd=XY=example.org=user@fwd.example", "SRS0=efgh=XZ=example.org=user@fwd.example"),
    ("prvs=1234567890=user@example.org", "prvs=2345678901=user@example.org"),
    ("0100018bcdef0123-11112222-a1b2@ses.example", "0100018bcdef9999-33334444-c3d4@ses.example")])
def test_senders_that_change_with_each_message_are_one(gateway, first, then):
    gateway.greylist(sender=first)
    gateway.advance(DELAY)
    assert gateway.greylist(sender=then) == (True, 0)


POOL = [{"client": "198.51.%d.1" % n, "authenticated": "example.org"} for n in range(4)]
FAILED = {"authenticated": ""}


def test_an_authenticated_domain_that_comes_back_from_elsewhere_has_waited(gateway, redis):
    first = gateway.ask("greylist", **dict(WHO, **POOL[0]))["facts"]["greylist.first_seen"]
    gateway.advance(DELAY / 2)
    known, rest = gateway.greylist(**POOL[1])
    assert not known and abs(rest - DELAY * 500) <= 1000
    gateway.advance(DELAY / 2 + 1)
    answer = gateway.ask("greylist", **dict(WHO, **POOL[2]))["facts"]
    assert (answer["greylist.known"], answer["greylist.first_seen"]) == (True, first)
    assert all_keys_expire(redis)


@pytest.mark.parametrize("before, after", [(dict(POOL[0], **FAILED), POOL[0]), (POOL[0], dict(POOL[0], **FAILED))], ids=["late", "early"])
def test_waiting_counts_whether_spf_answered_or_not(gateway, before, after):
    gateway.greylist(**before)
    gateway.advance(DELAY)
    assert gateway.greylist(**after) == (True, 0)


def test_who_waited_in_its_network_need_not_wait_as_a_domain(gateway):
    """SPF was silent at the first two tries; the third comes from elsewhere."""
    gateway.greylist(**dict(POOL[0], **FAILED))
    gateway.advance(DELAY / 2)
    assert not gateway.greylist(**POOL[0])[0]
    gateway.advance(DELAY / 2 + 1)
    assert gateway.greylist(**POOL[1]) == (True, 0)


def unproven(gateway, **who):
    """What is known of it before SPF is: (known, first seen, first seen should SPF pass)."""
    answer = gateway.ask("greylist", **dict(WHO, unproven=True, **who))
    return answer["facts"]["greylist.known"], answer["facts"]["greylist.first_seen"], answer["proven_first_seen"]


def seen(gateway, **who):
    facts = gateway.ask("greylist", **dict(WHO, **who))["facts"]
    return facts["greylist.known"], facts["greylist.first_seen"], facts["greylist.wait"]


def test_a_domain_that_may_pass_makes_nobody_known_and_is_not_written_down(gateway):
    gateway.greylist(**POOL[0])
    gateway.advance(DELAY)
    assert seen(gateway, **POOL[0])[0]
    assert not unproven(gateway, **POOL[1])[0]
    gateway.greylist(**dict(POOL[2], authenticated="example.net", unproven=True))
    gateway.advance(DELAY)
    assert not seen(gateway, **dict(POOL[3], authenticated="example.net"))[0]


def test_messages_of_a_domain_that_may_pass_do_not_count_for_it(gateway):
    gateway.accept(PASSES, **POOL[0])
    assert not unproven(gateway, **POOL[1])[0]
    assert seen(gateway, **POOL[1])[0]


def test_when_a_domain_has_passed_all_is_as_if_that_had_been_known_at_once(new_gateway, gateway):
    """Two gateways of their own: one is told late."""
    other = new_gateway('redis { prefix "other:" }')
    now = seen(gateway, **POOL[0])[1], seen(other, **POOL[0])[1]
    for one in (gateway, other):
        one.advance(DELAY)
        one.accept(PASSES, **dict(POOL[1], **FAILED))
    at_once = seen(gateway, **POOL[1])
    known, own, proven = unproven(other, **POOL[1])
    assert known and at_once == (True, now[0], 0) and proven == now[1] and own > proven
    other.ask("met_again", **dict(WHO, **POOL[1]))
    for one in (gateway, other):
        one.advance(LIFETIME - 10)
    assert seen(gateway, **POOL[2])[0] and seen(other, **POOL[2])[0], "the domain was met again"
    assert seen(gateway, **dict(POOL[1], **FAILED))[:1] == seen(other, **dict(POOL[1], **FAILED))[:1]


@pytest.mark.parametrize("other", [FAILED, {"authenticated": "example.net"}, {"sender": "other@example.org"}, {"recipient": "other@example.com"}],
                         ids=["no pass", "another domain", "another sender", "another recipient"])
def test_each_sender_and_recipient_of_an_authenticated_domain_waits(gateway, other):
    gateway.greylist(**POOL[0])
    gateway.advance(DELAY)
    assert gateway.greylist(**dict(POOL[1], **other)) == (False, DELAY * 1000)


def test_the_window_is_that_of_the_first_try_under_whatever_name(gateway):
    gateway.greylist(**POOL[0])
    gateway.advance(DELAY - 10)
    gateway.greylist(**POOL[1])
    gateway.advance(WINDOW - DELAY + 15)
    assert gateway.greylist(**dict(POOL[1], **FAILED)) == (False, DELAY * 1000)


def test_a_network_that_has_passed_often_enough_is_known(gateway, redis):
    gateway.accept(PASSES - 1)
    assert gateway.greylist(sender="new@example.net")[0] is False
    gateway.accept(client="192.0.2.200")
    assert gateway.greylist(sender="newer@example.net") == (True, 0)
    assert gateway.greylist(client="192.0.3.1", sender="newer@example.net")[0] is False
    assert all_keys_expire(redis)


def test_an_authenticated_domain_that_has_passed_often_enough_is_known_from_everywhere(gateway):
    for i in range(PASSES):
        gateway.accept(client="198.51.%d.1" % i, authenticated="Example.org")
    who = {"client": "203.0.113.1", "sender": "other@example.org"}
    assert gateway.greylist(**who)[0] is False
    assert gateway.greylist(**who, authenticated="example.net")[0] is False
    assert gateway.greylist(**who, authenticated="example.org") == (True, 0)


def test_with_passes_0_nothing_passes_but_by_waiting(new_gateway, redis):
    gateway = new_gateway(passes=0)
    gateway.accept(10, authenticated="example.org")
    assert gateway.greylist(sender="new@example.net", authenticated="example.org")[0] is False
    assert not any(":network:" in key or ":domain:" in key for key in keys_of(redis))


def test_messages_that_were_not_accepted_count_for_nothing(gateway):
    for i in range(2 * PASSES):
        gateway.greylist(sender="user%d@example.org" % i, recipient="r%d@example.com" % i)
    assert gateway.greylist(sender="new@example.net")[0] is False
    assert gateway.history("user1@example.org") == (None, 0)


def test_exempt_recipients_never_wait(new_gateway, redis):
    gateway = new_gateway('table eager { "rcpt@example.com" "@example.net" }\ngreylist { exempt eager }')
    assert gateway.greylist() == (True, 0)
    assert gateway.greylist(recipient="Anybody@Example.NET") == (True, 0)
    assert keys_of(redis) == []
    assert gateway.greylist(recipient="other@example.com")[0] is False


def test_two_gateways_at_the_same_moment_agree_who_was_first(new_gateway, redis):
    """Their clocks differ by 100 s, so that each would write down another time."""
    gateways = [new_gateway(), new_gateway()]
    gateways[1].advance(100)
    for round in range(20):
        for gateway in gateways:
            gateway.post("greylist", count=50, **dict(WHO, sender="user%s@example.org" % chr(97 + round)))
        answers = [answer["facts"] for gateway in gateways for answer in gateway.collect()]
        assert len({facts["greylist.first_seen"] for facts in answers}) == 1
        assert not any(facts["greylist.known"] for facts in answers)
        assert all(0 < facts["greylist.wait"] <= DELAY * 1000 for facts in answers)
    assert len(keys_of(redis)) == 20


def test_what_one_gateway_learns_another_knows(new_gateway):
    one, other = new_gateway(), new_gateway()
    one.greylist()
    other.advance(DELAY + 1)
    assert other.greylist() == (True, 0)


# ---- senders


def test_a_sender_has_a_history_of_accepted_messages(gateway, redis):
    assert gateway.history("user@example.org") == (None, 0)
    gateway.accept()
    first, messages = gateway.history("user@example.org")
    assert messages == 1
    gateway.advance(1000)
    gateway.accept(2)
    assert gateway.history("USER@example.org") == (first, 3)
    assert gateway.history("other@example.org") == (None, 0)
    assert all_keys_expire(redis)


def test_the_null_sender_has_no_history(gateway):
    gateway.accept(sender="")
    answer = gateway.ask("history", sender="")
    assert answer["facts"] == {"sender.first_seen": None, "sender.messages": None}
    assert answer["calls"] == 0


def test_what_no_rule_names_is_not_remembered(redis):
    config = 'redis { server "127.0.0.1:%d" }' % redis.port
    question = json.dumps(dict(WHO, do="accepted"))
    subprocess.run([DUMP, config], input=question, text=True, capture_output=True, check=True, timeout=10)
    assert keys_of(redis) == []


# ---- rates


def expected(events, now, window):
    """Of events at these times, as the documentation says: two fixed windows, the earlier one in proportion."""
    present = sum(1 for at in events if at // window == now // window)
    before = sum(1 for at in events if at // window == now // window - 1)
    return present + before * (1 - now % window / window)


# ---- who has written to whom

YEAR = 365 * 86400


def test_a_first_contact_is_one_until_a_message_was_delivered(gateway):
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") is True
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") is True
    gateway.meet("a@example.org", "rcpt@example.com")
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") is False


@pytest.mark.parametrize("sender, recipient, first", [
    ("A@Example.org", "Rcpt@example.com", False), ("a+tag@example.org", "rcpt@example.com", True), ("b@example.org", "rcpt@example.com", True),
    ("a@example.org", "other@example.com", True), ("rcpt@example.com", "a@example.org", True), ("a@example.or", "grcpt@example.com", True)])
def test_what_makes_a_contact(gateway, sender, recipient, first):
    gateway.meet("a@example.org", "rcpt@example.com")
    assert gateway.is_first_contact(sender, recipient) is first


def test_a_sender_who_writes_the_recipient_into_his_address_is_one(gateway):
    gateway.meet("bounce-1001-rcpt=example.com@list.example", "rcpt@example.com")
    assert gateway.is_first_contact("bounce-1002-rcpt=example.com@list.example", "rcpt@example.com") is False


def test_the_null_sender_meets_nobody(gateway, redis):
    gateway.meet("", "rcpt@example.com")
    assert gateway.is_first_contact("", "rcpt@example.com") is None and keys_of(redis) == []


def test_each_of_many_recipients_is_met(gateway, redis):
    recipients = ["r%d@example.com" % n for n in range(100)]
    gateway.meet("a@example.org", *recipients)
    assert len(keys_of(redis)) == 100
    assert not any(gateway.is_first_contact("a@example.org", recipient) for recipient in recipients)


def test_a_contact_is_forgotten_a_year_after_the_last_message(gateway, redis):
    gateway.meet("a@example.org", "rcpt@example.com")
    key, = keys_of(redis)
    assert YEAR - 5 < ttl(redis, key) <= YEAR
    redis.cli("EXPIRE", key, "100")
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") is False and ttl(redis, key) <= 100
    gateway.meet("a@example.org", "rcpt@example.com")
    assert ttl(redis, key) > YEAR - 5
    redis.cli("DEL", key)
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") is True


def test_its_life_time_is_configured(new_gateway, redis):
    new_gateway("contacts { lifetime 2d }\n").meet("a@example.org", "rcpt@example.com")
    assert 2 * 86400 - 5 < ttl(redis, keys_of(redis)[0]) <= 2 * 86400


def test_who_has_redis_and_not_the_secret_cannot_try_pairs_out(new_gateway, redis):
    ours, thief = new_gateway(), new_gateway(secret="another")
    ours.meet("a@example.org", "rcpt@example.com")
    assert thief.is_first_contact("a@example.org", "rcpt@example.com") is True
    thief.meet("a@example.org", "rcpt@example.com")
    assert len(keys_of(redis)) == 2
    assert "example" not in redis.cli("KEYS", "*") and {redis.cli("GET", key).strip() for key in keys_of(redis)} == {""}


def test_without_a_secret_nothing_is_known_and_nothing_remembered(new_gateway, redis):
    gateway = new_gateway(secret="")
    gateway.meet("a@example.org", "rcpt@example.com")
    assert gateway.is_first_contact("a@example.org", "rcpt@example.com") == "unknown" and keys_of(redis) == []


def test_a_contact_takes_little_room(gateway, redis):
    gateway.meet("a@example.org", "rcpt@example.com")
    assert int(redis.cli("MEMORY", "USAGE", keys_of(redis)[0])) <= 120


# ---- rates


def test_rates_slide_exactly_as_documented(new_gateway):
    gateway = new_gateway(rules("client.ip, 1000s"))
    window, times, judged = 1000, [], 0
    for step in [0, 0, 100, 300, 250, 50, 333, 700, 10, 900, 2500, 1, 1]:
        gateway.advance(step)
        answer = gateway.ask("rates", event=CONNECTIONS, facts={"client.ip": "192.0.2.1"})
        times.append(answer["now"])
        after = gateway.ask("advance", ms=0)["now"]
        assert any(abs(answer["rates"][0] - expected(times[:-1] + [now], now, window)) < 1e-6
                   for now in (answer["now"], after))
        judged += 1
    assert judged == 13


def test_a_rate_counts_this_event_too(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h"))
    assert gateway.rates(client_ip="192.0.2.1") == [1]
    assert gateway.rates(client_ip="192.0.2.1") == [2]
    assert gateway.rates(client_ip="192.0.2.2") == [1]


def test_ipv6_clients_count_by_network(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h"))
    assert gateway.rates(client_ip="2001:db8::1") == [1]
    assert gateway.rates(client_ip="2001:db8::ffff:2") == [2]
    assert gateway.rates(client_ip="2001:db8:0:1::1") == [1]


def test_an_event_counts_for_its_own_rates_only(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h", "client.ip, 1h, messages", "client.ip, sender.domain, 1h, messages"))
    assert gateway.rates(CONNECTIONS, client_ip="192.0.2.1") == [1, None, None]
    facts = {"client_ip": "192.0.2.1", "sender": "a@example.org"}
    assert gateway.rates(MESSAGES, **facts) == [None, 1, 1]
    assert gateway.rates(MESSAGES, **dict(facts, sender="b@Example.org")) == [None, 2, 2]
    assert gateway.rates(MESSAGES, **dict(facts, sender="b@example.net")) == [None, 3, 1]


def test_each_recipient_of_a_transaction_is_an_event(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h, recipients", "client.ip, 1h, transactions"))
    assert gateway.rates(TRANSACTIONS, client_ip="192.0.2.1") == [None, 1]
    assert gateway.rates(RECIPIENTS, client_ip="192.0.2.1", times=3) == [3, None]
    assert gateway.rates(RECIPIENTS, client_ip="192.0.2.1") == [4, None]


def test_all_rates_of_an_event_are_one_call(new_gateway):
    gateway = new_gateway(rules(*["client.ip, %ds" % n for n in range(60, 120)]))
    answer = gateway.ask("rates", event=CONNECTIONS, facts={"client.ip": "192.0.2.1"})
    assert answer["calls"] == 1 and answer["rates"] == [1] * 60


def test_the_same_rate_in_two_rules_counts_once(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h", "client.ip, 60min", "client.ip, 60min, connections"))
    assert gateway.rates(client_ip="192.0.2.1") == [1]
    assert gateway.rates(client_ip="192.0.2.1") == [2]


def test_more_rates_than_one_call_takes(new_gateway):
    gateway = new_gateway(rules(*["client.ip, %ds" % n for n in range(60, 210)]))
    answer = gateway.ask("rates", event=CONNECTIONS, facts={"client.ip": "192.0.2.1"})
    assert answer["calls"] == 3 and answer["rates"] == [1] * 150


def test_absent_values_are_not_counted_and_unknown_ones_unknown(new_gateway, redis):
    gateway = new_gateway(rules("sender, 1min", "client.ptr, 1min, transactions"))
    assert gateway.rates(TRANSACTIONS, sender=None, client_ptr="unknown") == [0, "unknown"]
    assert keys_of(redis) == []


def test_unknown_recipients_are_counted_by_the_backends_answer(new_gateway, redis):
    gateway = new_gateway(rules("client.ip, 1h, unknown_recipients", "client.ip, 1h, recipients"))
    facts = {"client.ip": "192.0.2.1"}
    for _ in range(3):
        assert gateway.rates(UNKNOWN_RECIPIENTS, client_ip="192.0.2.1") == [0, None]
    assert keys_of(redis) == []
    for _ in range(2):
        gateway.ask("unknown_recipient", facts=facts)
    assert gateway.rates(UNKNOWN_RECIPIENTS, client_ip="192.0.2.1") == [2, None]
    assert gateway.rates(UNKNOWN_RECIPIENTS, client_ip="192.0.2.2") == [0, None]
    assert all_keys_expire(redis)


def test_counters_live_for_two_windows(new_gateway, redis):
    gateway = new_gateway(rules("client.ip, 90500ms"))
    gateway.rates(client_ip="192.0.2.1")
    key, = keys_of(redis)
    assert 2 * 91 - 5 <= ttl(redis, key) <= 2 * 91


def test_gateways_count_together(new_gateway):
    """Should the window end in between, those of the one before still weigh nearly all."""
    gateways = [new_gateway(rules("client.ip, 30d")) for _ in range(2)]
    for gateway in gateways:
        gateway.post("rates", event=CONNECTIONS, count=300, facts={"client.ip": "192.0.2.1"})
    counts = [answer["rates"][0] for gateway in gateways for answer in gateway.collect()]
    assert [round(count) for count in sorted(counts)] == list(range(1, 601))


# ---- counts for DMARC's reports

DMARC = {"client.ip": "192.0.2.1", "dmarc.domain": "mail.example.org", "dmarc.record_domain": "example.org",
                  "dmarc.spf_aligned": False, "dmarc.dkim_aligned": True, "dmarc.published": "reject",
         "dmarc.reports": ["mailto:dmarc@example.org", "mailto:reports@example.net"],
         "spf.domain": "bounce.example.net", "spf.identity": "mailfrom", "spf.result": "softfail",
         "dkim": [{"domain": "example.org", "selector": "s1", "result": "pass"},
                  {"domain": "Example.net", "selector": "a.b", "result": "fail"}]}
ROW = ("192.0.2.1|mail.example.org|none|fail|pass|bounce.example.net|mailfrom|softfail|"
       "example.org:s1:pass,example.net:a.b:fail")


def hash_of(redis, key):
    lines = redis.cli("HGETALL", key).splitlines()
    return dict(zip(lines[::2], lines[1::2]))


def test_rows_of_a_report_are_counted_by_day_and_domain(gateway, redis):
    gateway.ask("dmarc", facts=DMARC, disposition="none", count=2)
    gateway.ask("dmarc", facts=dict(DMARC, **{"client.ip": "2001:db8::1"}), disposition="reject")
    key, = keys_of(redis)
    assert re.fullmatch(r"gatepost:dmarc:20\d{6}:example\.org", key)
    assert hash_of(redis, key) == {
        ROW: "2", "2001:db8::1" + ROW[9:].replace("none", "reject"): "1",
        "policy": "reject|mailto:dmarc@example.org,mailto:reports@example.net"}
    assert 4 * 86400 - 5 <= ttl(redis, key) <= 4 * 86400
    gateway.advance(86400)
    gateway.ask("dmarc", facts=DMARC, disposition="none")
    assert len(keys_of(redis)) == 2


def test_a_domain_without_a_record_gets_no_report(gateway, redis):
    for nothing in (None, "unknown", ""):
        gateway.ask("dmarc", facts=dict(DMARC, **{"dmarc.record_domain": nothing}), disposition="none")
    gateway.ask("dmarc", facts={}, disposition="none")
    assert keys_of(redis) == []


def test_what_is_not_known_is_an_empty_word(gateway, redis):
    gateway.ask("dmarc", facts={"dmarc.record_domain": "example.org"}, disposition="none")
    assert hash_of(redis, keys_of(redis)[0]) == {"||none|fail|fail||||": "1", "policy": "|"}


def test_hostile_words_stay_within_their_field(gateway, redis):
    bad = dict(DMARC, **{"dmarc.domain": "a|b c\r\n\x00,:é", "spf.domain": "x" * 70000,
                         "dkim": [{"domain": "d:|,", "selector": "s" * 500, "result": "pass"}] * 200})
    gateway.ask("dmarc", facts=dict(bad, **{"dmarc.record_domain": "e:x\n" * 30000}), disposition="none")
    key, = keys_of(redis)
    assert len(key) == len("gatepost:dmarc:20260101:") + 253
    row, = [field for field in hash_of(redis, key) if field != "policy"]
    assert row == "|".join(["192.0.2.1", "a?b?c???????", "none", "fail", "pass", "x" * 253, "mailfrom", "softfail",
                            ",".join(["d???:" + "s" * 63 + ":pass"] * 8)])


def test_a_row_that_is_too_long_is_counted_as_other(gateway, redis):
    signature = {"domain": "d" * 300, "selector": "s" * 500, "result": "pass"}
    gateway.ask("dmarc", facts=dict(DMARC, dkim=[signature] * 8), disposition="none")
    assert hash_of(redis, keys_of(redis)[0])["other"] == "1"


def test_a_hash_has_a_limited_number_of_rows(gateway, redis):
    gateway.ask("dmarc", facts=DMARC, disposition="none")
    key, = keys_of(redis)
    redis.cli("EVAL", "for i = 1, 9998 do redis.call('HSET', KEYS[1], 'row|' .. i, 1) end", 1, key)
    gateway.ask("dmarc", facts=dict(DMARC, **{"client.ip": "198.51.100.1"}), disposition="none")
    gateway.ask("dmarc", facts=dict(DMARC, **{"client.ip": "198.51.100.2"}), disposition="none")
    gateway.ask("dmarc", facts=DMARC, disposition="none")
    assert redis.cli("HLEN", key) == "10001"
    assert redis.cli("HMGET", key, "other", ROW).split() == ["2", "2"]


# ---- when things go wrong


def test_keys_are_short_whatever_goes_in(new_gateway, redis):
    gateway = new_gateway(rules("sender, helo, 1min, messages"))
    huge = "=@+-#1a" * (65536 // 7)
    assert gateway.greylist(sender=huge, recipient=huge, authenticated=huge)[0] is False
    gateway.accept(sender=huge, recipient=huge, authenticated=huge)
    assert gateway.history(huge)[1] == 1
    assert gateway.rates(MESSAGES, sender=huge, helo=huge) == [1]
    keys = keys_of(redis)
    assert len(keys) == 6
    assert all(re.fullmatch(r"gatepost:(greylist(-domain)?|network|domain|sender|rate):[0-9a-f]{32}(:\d+)?", key) for key in keys)
    assert all_keys_expire(redis)


def test_a_prefix_keeps_installations_apart(new_gateway, redis):
    one, other = new_gateway('redis { prefix "a/" }'), new_gateway('redis { prefix "b/" }')
    one.greylist()
    other.advance(DELAY)
    assert other.greylist()[0] is False
    assert [key[:2] for key in keys_of(redis)] == ["a/", "b/"]


UNKNOWN = ("unknown", "unknown")


def all_unknown(gateway):
    return (gateway.greylist() == UNKNOWN and gateway.history("user@example.org") == UNKNOWN
            and gateway.rates(client_ip="192.0.2.1") == ["unknown", None])


def test_facts_are_unknown_while_redis_is_away_and_come_back_with_it(new_gateway, redis):
    gateway = new_gateway(rules("client.ip, 1min", "client.ip, 1min, unknown_recipients"))
    assert gateway.greylist()[0] is False
    redis.kill()
    for _ in range(10):
        assert all_unknown(gateway)
        gateway.accept()
        gateway.ask("unknown_recipient", facts={"client.ip": "192.0.2.1"})
        gateway.ask("dmarc", facts=DMARC, disposition="none")
    redis.start()
    assert wait_until(lambda: gateway.greylist()[0] is False)


def test_many_questions_are_answered_when_redis_dies_under_them(gateway, redis):
    gateway.greylist()
    redis.pause()
    gateway.post("greylist", count=500, **WHO)
    redis.kill()
    answers = gateway.collect()
    assert len(answers) == 500
    assert all(answer["facts"]["greylist.known"] == "unknown" for answer in answers)
    assert all(answer["done"] == 1 for answer in answers if answer["calls"])


def test_nobody_waits_longer_than_the_time_out(gateway, redis):
    gateway.greylist()
    redis.pause()
    answer = gateway.ask("greylist", **WHO)
    redis.resume()
    assert answer["facts"]["greylist.known"] == "unknown"
    assert 400 <= answer["ms"] < 2000


def test_what_was_given_up_answers_nobody(new_gateway):
    gateway = new_gateway(rules("client.ip, 1h"))
    facts = {"client.ip": "192.0.2.1"}
    answers = [gateway.ask("rates", event=CONNECTIONS, facts=facts, cancel=True) for _ in range(3)]
    assert all(answer["done"] == 0 and answer["rates"] == [None] for answer in answers)
    assert gateway.rates(client_ip="192.0.2.1") == [4]


def test_what_was_given_up_may_stay_unanswered_too(gateway, redis):
    gateway.greylist()
    redis.pause()
    gateway.post("greylist", count=100, cancel=True, **WHO)
    redis.kill()
    assert all(answer["done"] == 0 for answer in gateway.collect())


def test_keys_of_another_type_are_errors_and_facts_unknown(gateway, redis):
    gateway.greylist()
    key, = keys_of(redis)
    redis.cli("DEL", key)
    redis.cli("LPUSH", key, "x")
    assert gateway.greylist() == UNKNOWN


def test_what_cannot_be_read_is_a_first_meeting(gateway, redis):
    gateway.greylist()
    key, = keys_of(redis)
    redis.cli("SET", key, "garbage")
    gateway.advance(DELAY)
    assert gateway.greylist() == (False, DELAY * 1000)


def test_a_full_redis_makes_facts_unknown(new_gateway, redis):
    gateway = new_gateway(rules("client.ip, 1min"))
    redis.cli("CONFIG", "SET", "maxmemory", "1")
    assert gateway.greylist() == UNKNOWN
    assert gateway.rates(client_ip="192.0.2.1") == ["unknown"]
    redis.cli("CONFIG", "SET", "maxmemory", "0")
    assert wait_until(lambda: gateway.greylist()[0] is False)


def test_scripts_that_redis_forgot_are_sent_again(gateway, redis):
    gateway.greylist()
    redis.cli("SCRIPT", "FLUSH")
    gateway.advance(DELAY)
    assert gateway.greylist() == (True, 0)
