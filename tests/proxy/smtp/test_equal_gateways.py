# SPDX-License-Identifier: ISC
"""Gateways of equal rank before one server, with one Redis: a retry that comes to another of them, from another network,
is served as if it had come back to the first."""
import time

import pytest

from lab import dns_responder, needs, samples
from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = needs.root
COUNTS = 'rule "fast" when rate(sender, 1h) > 1000 then defer 451 4.7.1 "fast"\n'
AT_RCPT = COUNTS + 'rule "spf" when spf.result == fail then reject 550 5.7.23 "spf"\n'
AFTER_THE_DOT = 'rule "spf" when message.subject == "never" and spf.result == fail then reject 550 5.7.23 "spf"\n' \
    'rule "many" when message.subject == "never" and sender.messages > 1000 then defer 451 4.7.1 "many"\n'
MESSAGE = samples.clean("try")
FULL = "552 5.2.2 mailbox of bob is full"


def refused(session, line):
    return FULL if b"bob@" in line else None


@pytest.fixture
def pair(start, new_backend, internet, redis):
    """pair(policy): two gateways, whose server behind says of bob that he is full."""
    def two(policy=AT_RCPT, dns=internet.configuration, lmtp=False, **how):
        server = new_backend({} if lmtp else {"RCPT": refused}, lmtp=lmtp)
        behind = backend("behind", lmtp=[server.port], options="recipient_check off  probe off") if lmtp else backend("behind", server.port)
        body = behind + domains("behind", "example.com") + dns + policy
        changes = {"redis": {"server": '"%s"' % redis.address, "timeout": "500ms", "retry": "200ms"}, **how}
        both = [start(body, changes=changes) for _ in range(2)]
        for one in both:
            one.behind = server
        return both
    return two


def attempt(gateway, *recipients, source="127.0.1.1", sender="a@pool.example", size=2500):
    """(the code of each RCPT, the code of the final dot or None). Redis is told beside the reply: no sender comes again at once."""
    wait_until(lambda: False, 0.1)
    with Session(gateway.port, source=source) as client:
        client.ehlo("client.example")
        client.expect("MAIL FROM:<%s>%s" % (sender, " SIZE=%d" % size if size else ""), 250)
        replies = [client.command("RCPT TO:<%s@example.com>" % who) for who in recipients]
        codes = [reply.code for reply in replies]
        attempt.texts = [reply.text for reply in replies]
        return codes, client.data(MESSAGE).code if 250 in codes else None


def differs(gateway, **how):
    assert attempt(gateway, "alice", "bob", **how) == ([250, 250], 451)


def keys(redis, kind):
    return redis.cli("KEYS", "gatepost:%s:*" % kind).split()


@pytest.mark.parametrize("policy", [AT_RCPT, AFTER_THE_DOT], ids=["at RCPT", "after the dot"])
def test_each_hears_his_own_reply_at_the_retry_to_the_other_gateway_from_another_network(pair, policy):
    one, other = pair(policy)
    differs(one)
    assert attempt(other, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    assert "mailbox of bob is full" in attempt.texts[1]
    assert [m.recipients for m in one.behind.messages] == [["alice@example.com"]]


@pytest.fixture
def slow_dns():
    server = dns_responder.Responder().add("slow.example", "TXT", '"v=spf1 ip4:127.0.0.0/8 -all"', behaviour=dns_responder.late(1)).start()
    server.ttl = 0
    yield 'resolver { forward "%s" }\n' % server.address
    server.stop()


def test_a_retry_waits_for_spf_only_where_something_is_remembered_of_its_sender(pair, slow_dns):
    one, other = pair(AFTER_THE_DOT, slow_dns)
    differs(one, sender="a@slow.example")
    assert attempt(other, "alice", "bob", sender="a@slow.example", source="127.0.2.1") == ([250, 552], 250)
    with Session(other.port, source="127.0.3.1") as client:
        client.ehlo("client.example")
        client.expect("MAIL FROM:<new@slow.example>", 250)
        began = time.monotonic()
        client.expect("RCPT TO:<alice@example.com>", 250)
        assert time.monotonic() - began < 0.6


def test_a_gateway_without_redis_waits_for_it_as_well(pair, slow_dns, redis):
    one, _ = pair(AFTER_THE_DOT, slow_dns)
    redis.kill()
    differs(one, sender="a@slow.example")
    assert attempt(one, "alice", "bob", sender="a@slow.example", source="127.0.2.1") == ([250, 552], 250)


def test_who_has_it_over_lmtp_is_known_to_the_other_gateway(pair):
    one, other = pair(lmtp=True)
    one.behind.script["DOT"] = refused
    differs(one)
    assert attempt(other, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    assert [m.recipients for m in one.behind.messages] == [["alice@example.com"]]


def test_groups_are_known_to_the_other_gateway(pair):
    one, other = pair()
    differs(one, size=None)
    assert attempt(other, "alice", "bob", source="127.0.2.1", size=None) == ([250, 452], 250)
    assert attempt(one, "bob", source="127.0.3.1", size=None) == ([250], 552)


def test_whose_turn_it_is_is_known_to_the_other_gateway(pair):
    one, other = pair()
    one.behind.script["RCPT"] = lambda session, line: "452 4.2.2 full for now" if b"bob@" in line else None
    assert attempt(one, "bob", "alice", size=None) == ([250, 250], 451)
    assert attempt(other, "bob", "alice", size=None) == ([250, 452], 452)
    assert attempt(one, "bob", "alice", size=None) == ([452, 250], 250)


def test_what_one_gateway_has_served_the_other_forgets(pair):
    one, other = pair()
    differs(one)
    assert attempt(other, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    one.behind.script.clear()
    assert attempt(one, "alice", "bob") == ([250, 250], 250)


def test_without_a_pass_the_retry_is_known_by_its_network(pair):
    one, other = pair()
    differs(one, sender="a@nothing.example")
    assert attempt(other, "alice", "bob", sender="a@nothing.example", source="127.0.1.9") == ([250, 552], 250)
    differs(one, sender="b@nothing.example")
    differs(other, sender="b@nothing.example", source="127.0.2.1")


def test_another_sender_of_the_domain_hears_nothing_of_it(pair):
    one, other = pair()
    differs(one)
    one.behind.script.clear()
    assert attempt(other, "alice", "bob", sender="b@pool.example") == ([250, 250], 250)


def test_a_pool_waits_once_whichever_gateway_it_comes_to(pair):
    one, other = pair('greylist { delay 2s }\nrule "wait" when not greylist.known then defer 451 4.7.1 "greylisted"\n')
    assert attempt(one, "alice") == ([451], None)
    assert attempt(other, "alice", source="127.0.2.1") == ([451], None)
    wait_until(lambda: False, 2)
    assert attempt(other, "alice", source="127.0.3.1") == ([250], 250)
    assert attempt(one, "alice", source="127.0.4.1") == ([250], 250)


def test_one_question_a_transaction_where_there_is_nothing(pair, redis):
    gateway, _ = pair(AFTER_THE_DOT)

    def calls():
        stats = dict(field.split("=") for field in next(
            line for line in redis.cli("INFO", "commandstats").splitlines() if line.startswith("cmdstat_exists")).split(":")[1].split(","))
        return int(stats["calls"])
    gateway.behind.script.clear()
    attempt(gateway, "alice")
    before = calls()
    assert attempt(gateway, *["r%d" % n for n in range(20)])[1] == 250
    assert calls() - before == 1


def test_redis_is_told_no_address_and_no_reply_and_forgets_all(pair, redis):
    one, _ = pair()
    differs(one)
    names = wait_until(lambda: keys(redis, "retr*"))
    assert len(names) == 3
    for name in names:
        assert 86000 < int(redis.cli("TTL", name)) <= 86400
        for text in ("bob", "example", "full", "5.2.2"):
            assert text not in name and text not in redis.cli("--no-raw", "GET", name)


# -- Redis that is not as it should be

def test_without_redis_a_gateway_knows_its_own(pair, redis):
    one, other = pair()
    redis.kill()
    differs(one)
    assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    differs(other, sender="b@pool.example")


def test_a_redis_that_goes_away_between_two_tries_takes_nothing_with_it(pair, redis):
    one, _ = pair()
    differs(one)
    redis.kill()
    assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)


def test_a_redis_that_hangs_holds_up_no_recipient_for_longer_than_its_time_out(pair, redis):
    one, _ = pair()
    differs(one)
    redis.pause()
    try:
        assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    finally:
        redis.resume()


@pytest.mark.parametrize("harm", [("REPLICAOF", "127.0.0.1", "1"), ("CONFIG", "SET", "maxmemory", "1")], ids=["read-only", "full"])
def test_a_redis_that_takes_nothing_keeps_nobody_s_mail(pair, redis, harm):
    """What stands in it is old: nothing of the first try, all of another that has been served since."""
    one, _ = pair()
    differs(one, sender="b@pool.example")
    redis.cli(*harm)
    differs(one)
    assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)
    assert attempt(one, "alice", "bob", sender="b@pool.example", source="127.0.2.1") == ([250, 552], 250)
    one.behind.script.clear()
    assert attempt(one, "alice", "bob", sender="b@pool.example", source="127.0.2.1") == ([250, 250], 250)


def test_a_redis_that_has_lost_all_takes_nothing_with_it(pair, redis):
    one, _ = pair()
    differs(one)
    redis.cli("FLUSHALL")
    assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)


@pytest.mark.parametrize("lie", ["", "x", "250 OK", "\\x01" * 200, "A" * 100000], ids=["empty", "short", "a reply", "odd", "long"])
def test_what_is_no_retry_in_redis_is_none(pair, redis, lie):
    one, other = pair()
    differs(one)
    for name in wait_until(lambda: keys(redis, "retry")):
        redis.cli("SET", name, lie, "EX", 1000)
    differs(other, source="127.0.2.1")
    assert attempt(other, "alice", "bob", source="127.0.3.1") == ([250, 552], 250)


def test_a_list_where_a_text_should_be_is_no_retry(pair, redis):
    one, other = pair()
    differs(one)
    for name in wait_until(lambda: keys(redis, "retry")):
        redis.cli("DEL", name)
        redis.cli("RPUSH", name, "x")
    assert attempt(one, "alice", "bob", source="127.0.2.1") == ([250, 552], 250)


def test_one_recipient_s_reply_is_not_another_s(pair, redis):
    """Whoever can write in Redis puts what stands for one recipient where another's stands."""
    one, other = pair()
    one.behind.script["RCPT"] = lambda session, line: FULL if b"bob@" in line else "450 4.2.1 busy" if b"alice@" in line else None
    differs(one)
    names = wait_until(lambda: len(keys(redis, "retry")) == 4 and keys(redis, "retry"))
    for name in names[1:]:
        redis.cli("COPY", names[0], name, "REPLACE")
    one.behind.script.clear()
    assert attempt(other, "alice", "bob", source="127.0.2.1")[0] in ([450, 250], [250, 552])


def memory(gateway):
    """Of its one proxy, KiB."""
    with open("/proc/%d/status" % gateway.pids("gatepost-proxy")[0]) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.skipif(needs.SANITIZED, reason="AddressSanitizer keeps what was freed")
def test_what_redis_tells_of_a_recipient_who_is_put_off_leaves_nothing(pair):
    one, other = pair(limits={"commands": 1000000}, process={"proxies": 1})
    one.behind.script["RCPT"] = lambda session, line: "452 4.2.2 " + "full " * 40 if b"bob@" in line else None
    differs(one)
    with Session(other.port, source="127.0.2.1") as client:
        client.ehlo("client.example")
        client.expect("MAIL FROM:<a@pool.example> SIZE=2500", 250)

        def ask(times):
            for _ in range(times // 100):
                client.send("RCPT TO:<bob@example.com>\r\n" * 100)
                assert {client.reply().code for _ in range(100)} == {452}

        ask(2000)
        before = memory(other)
        ask(8000)
        assert memory(other) - before < 512


def test_no_redis_is_started_for_it(start, new_backend):
    server = new_backend({"RCPT": lambda session, line: FULL if b"bob@" in line else None})
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"))
    differs(gateway)
    assert attempt(gateway, "alice", "bob") == ([250, 552], 250)
    assert not gateway.pids("redis-server")
