# SPDX-License-Identifier: ISC
"""What a process that remembers in Redis has just heard there it does not ask again, where that cannot change for the worse."""
import re

import pytest

from lab.memory import DUMP, Memory

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="state_dump is not built")

PASSES = 3
WHO = {"client": "192.0.2.1", "sender": "user@example.org", "recipient": "rcpt@example.com"}
STRANGER = dict(WHO, client="198.51.100.1", sender="other@example.net")
HARVEST = 'rule "harvest" when rate(client.ip, 1h, unknown_recipients) > 1000000 then score 1 as "harvest"\n'
UNKNOWN_RECIPIENTS = 4


@pytest.fixture
def gateway(redis):
    """gateway(more rules): one more that shares the Redis."""
    started = []

    def start(more=""):
        started.append(Memory('redis { server "127.0.0.1:%d"  timeout 500ms  retry 100ms }\ngreylist { delay 5min  passes %d }\n'
                              'rule "grey" when not greylist.known then score 1 as "new"\n' % (redis.port, PASSES) + more))
        return started[-1]

    yield start
    for one in started:
        one.end()


def calls(redis):
    """How many scripts were run, by their digests or whole."""
    return sum(int(calls) - int(failed) for calls, failed in
               re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+),.*failed_calls=(\d+)", redis.cli("INFO", "commandstats")))


def known(gateway, **who):
    return gateway.ask("greylist", **(who or WHO))["facts"]["greylist.known"]


def accept(gateway, times):
    for _ in range(times):
        gateway.ask("accepted", **WHO)


def test_a_network_that_is_known_is_asked_for_once_a_minute(gateway, redis):
    it = gateway()
    accept(it, PASSES)
    assert known(it)
    before = calls(redis)
    assert known(it) and known(it, **dict(WHO, sender="another@example.org", client="192.0.2.77"))
    assert calls(redis) == before
    it.advance(61)
    assert known(it) and calls(redis) == before + 1


def test_whom_nothing_is_known_of_is_asked_for_each_time(gateway, redis):
    it = gateway()
    accept(it, PASSES)
    assert known(it)
    before = calls(redis)
    assert not known(it, **STRANGER) and not known(it, **STRANGER)
    assert calls(redis) == before + 2
    it.advance(300)
    assert known(it, **STRANGER), "it has waited"


def test_messages_of_a_known_network_are_counted_once_a_minute_and_keep_it_known(gateway, redis):
    it = gateway()
    accept(it, PASSES)
    before = calls(redis)
    accept(it, 10)
    assert calls(redis) <= before + 1
    for _ in range(60):
        it.advance(24 * 3600)
        accept(it, 1)
    assert known(it) and known(gateway()), "long after the first ones"


def test_another_gateway_counts_towards_what_is_known(gateway):
    one, other = gateway(), gateway()
    assert not known(one, **STRANGER)
    for _ in range(PASSES):
        other.ask("accepted", **STRANGER)
    assert known(one, **STRANGER)


def test_when_they_first_met_is_always_asked(gateway, redis):
    it = gateway('rule "first" when greylist.first_seen is absent then score 1 as "first"\n')
    accept(it, PASSES)
    before = calls(redis)
    assert known(it) and known(it)
    assert calls(redis) == before + 2


def unknown_recipients(gateway, client="192.0.2.1"):
    return gateway.ask("rates", event=UNKNOWN_RECIPIENTS, facts={"client.ip": client}, times=1)["rates"]


def test_who_has_named_no_unknown_recipient_is_asked_for_once_in_ten_seconds(gateway, redis):
    it = gateway(HARVEST)
    assert unknown_recipients(it) == [0]
    before = calls(redis)
    assert unknown_recipients(it) == [0] and calls(redis) == before
    it.advance(11)
    assert unknown_recipients(it) == [0] and calls(redis) == before + 1


def test_the_first_unknown_recipient_counts_at_once(gateway):
    it = gateway(HARVEST)
    assert unknown_recipients(it) == [0]
    for n in (1, 2, 3):
        it.ask("unknown_recipient", facts={"client.ip": "192.0.2.1"})
        assert unknown_recipients(it) == [n]
    assert unknown_recipients(it, "192.0.2.2") == [0]


def test_what_another_process_counted_costs_one_more_unknown_recipient_at_most(gateway):
    one, other = gateway(HARVEST), gateway(HARVEST)
    assert unknown_recipients(one) == [0]
    for _ in range(20):
        other.ask("unknown_recipient", facts={"client.ip": "192.0.2.1"})
    one.ask("unknown_recipient", facts={"client.ip": "192.0.2.1"})
    assert unknown_recipients(one) == [21]
