# SPDX-License-Identifier: ISC
"""What an account that sends mail out does of late, in a real Redis; hours go by as the driver's clock is moved."""
import re

import pytest
from test_state import all_keys_expire, keys_of, new_gateway, ttl  # noqa: F401

from lab import needs
from lab.memory import Account, people

pytestmark = pytest.mark.skipif(not (needs.BUILD / "tests/state_dump").exists(), reason="state_dump is not built")

HOUR, DAY = 3600, 86400


@pytest.fixture
def account(new_gateway):  # noqa: F811
    it = Account(new_gateway())
    to_the_hour(it)
    return it


def to_the_hour(account):
    account.memory.advance(HOUR - account.ask()["now"] % HOUR)
    account.over(*people(1), put_off=True)


# ---- how much


def test_recipients_of_the_last_hour_are_counted_this_message_s_included(account):
    assert account.send(*people(3))["recipients_hour"] == 3
    assert account.send(*people(2))["recipients_hour"] == 5
    account.memory.advance(1.5 * HOUR)
    assert account.send()["recipients_hour"] in (3, 4), "half of the hour before, and one"
    account.memory.advance(3 * HOUR)
    assert account.send()["recipients_hour"] == 1


def test_the_usual_hour_is_the_busiest_of_four_weeks_without_today_and_yesterday(account):
    for count in (30, 50, 40):
        assert account.send(*people(count))["usual_hour"] in (0, 30, 50)
        account.memory.advance(2 * DAY)
    assert account.send(*people(5))["usual_hour"] == 50
    account.memory.advance(HOUR)
    account.send(*people(100))
    for _ in range(23):
        account.memory.advance(HOUR)
        assert account.send()["usual_hour"] == 50, "100 are of the last day"
    account.memory.advance(DAY + HOUR)
    assert account.send()["usual_hour"] == 100
    account.memory.advance(25 * DAY)
    assert account.send()["usual_hour"] == 100
    account.memory.advance(2 * DAY)
    assert account.send()["usual_hour"] == 1, "what is older than four weeks is no habit"


def test_a_burst_is_measured_by_the_usual_hour_and_by_20_where_that_is_less(account):
    assert account.send(*people(30))["burst"] == 1.5
    account.memory.advance(2 * DAY)
    account.send(*people(40))
    account.memory.advance(2 * DAY)
    assert account.asked(*people(100))["burst"] == 2.5


def test_what_was_held_counts_and_makes_no_habit(account):
    for _ in range(5):
        account.asked(*people(100))
        account.over(*people(100))
    assert account.asked()["recipients_hour"] == 501
    account.memory.advance(3 * HOUR)
    assert account.asked()["usual_hour"] == 0


def test_what_was_put_off_counts_once_it_comes_again(account):
    for _ in range(10):
        account.asked(*people(20, 100), text="offer")
        account.over(*people(20, 100), put_off=True, text="offer")
    said = account.asked(*people(20, 100), text="offer")
    assert (said["recipients_hour"], said["same_text"], said["new_recipients"]) == (20, 20, 100)


def test_it_is_known_since_its_first_message(account):
    other = Account(account.memory, "ben@example.com")
    assert other.send()["known_for"] is None
    other.memory.advance(10 * DAY)
    assert abs(other.send()["known_for"] - 10 * DAY * 1000) <= 2000
    assert other.asked()["usual_hour"] == 1 and Account(account.memory, "BEN@example.com").send()["known_for"] is not None


# ---- to whom


def test_the_share_of_new_recipients_is_told_of_ten_and_more(account):
    account.send(*people(40))
    account.memory.advance(3 * HOUR)
    assert account.send(*people(9, 200))["new_recipients"] == 0
    account.memory.advance(3 * HOUR)
    assert account.asked(*people(10))["new_recipients"] == 0, "it has written to all of them"
    assert account.asked(*people(30, 300))["new_recipients"] == 75
    assert account.asked(*[who.upper() for who in people(20)])["new_recipients"] == 50


def test_who_was_not_delivered_to_stays_new(account):
    account.asked(*people(20))
    account.over(*people(20))
    assert account.asked(*people(20))["new_recipients"] == 100


def test_whom_it_has_written_to_is_known_for_half_a_year(account):
    account.send(*people(20))
    for _ in range(2):
        account.memory.advance(80 * DAY)
        account.send("one@elsewhere.example")
    account.memory.advance(3 * HOUR)
    assert account.send(*people(20))["new_recipients"] == 0


def test_of_one_who_writes_to_more_than_can_be_remembered_nobody_is_new(account):
    for n in range(0, 4000, 1000):
        account.send(*people(1000, n))
    account.memory.advance(3 * HOUR)
    assert account.send(*people(20, 9000))["new_recipients"] == 0


def test_of_a_long_list_a_thousand_are_looked_for_and_the_rest_fares_as_they_do(account):
    account.send(*people(500))
    account.memory.advance(3 * HOUR)
    assert account.asked(*people(3000))["new_recipients"] == 50


def test_refused_recipients_are_a_share_as_well_at_rcpt_and_after_the_message(account):
    account.send(*people(12))
    for _ in range(6):
        account.is_refused_a_recipient()
    assert account.asked(*people(2))["refused_recipients"] == 30, "6 of 20"
    account.over(*people(2), refused=2)
    assert account.asked(*people(1))["refused_recipients"] == 38, "8 of 21"


# ---- from where


WEST, EAST = {"client": "192.0.2.1", "country": "DE"}, {"client": "198.51.100.1", "country": "KP"}


def places(said):
    return said["new_network"], said["new_country"]


def test_networks_and_countries_of_the_first_week_are_none_that_is_new(account):
    assert places(account.send(**WEST)) == (False, False)
    account.memory.advance(DAY)
    assert places(account.send(**EAST)) == (False, False)


def test_one_that_comes_later_is_new_for_a_week(account):
    account.send(**WEST)
    account.memory.advance(10 * DAY)
    assert places(account.send(**WEST)) == (False, False) and places(account.send(**EAST)) == (True, True)
    account.memory.advance(6 * DAY)
    assert places(account.send(**EAST)) == (True, True)
    account.memory.advance(2 * DAY)
    assert places(account.send(**EAST)) == (False, False) and places(account.send(**WEST)) == (False, False)


def test_a_network_is_the_client_s_or_the_autonomous_system(account):
    account.send(**WEST)
    account.send(client="203.0.113.1", asn=64500)
    account.memory.advance(10 * DAY)
    assert account.asked(client="192.0.2.99")["new_network"] is False
    assert account.asked(client="100.64.1.1", asn=64500)["new_network"] is False
    assert account.asked(client="100.64.1.1", asn=64501)["new_network"] is True


def test_without_a_login_there_is_no_network_and_without_a_file_no_country(account):
    assert places(account.asked()) == (None, None)
    assert places(account.asked(client="192.0.2.1")) == (False, None)


def test_places_are_bounded_and_the_one_that_was_not_seen_for_longest_goes(account, redis):
    account.send(**WEST)
    account.memory.advance(10 * DAY)
    for n in range(31):
        account.send(client="10.0.%d.1" % n)
    account.memory.advance(2 * DAY)
    account.send(**WEST)
    account.send(client="10.1.0.1")
    [key] = [key for key in keys_of(redis) if ":account:" in key]
    assert len(re.findall(r"\w+ \d+ \d+", redis.cli("HGET", key, "networks"))) == 32
    assert account.asked(**WEST)["new_network"] is False, "it is what the account comes from"
    account.memory.advance(10 * DAY)
    assert account.asked(client="10.0.0.1")["new_network"] is True, "it had been forgotten"


# ---- what


def test_recipients_of_one_text_are_counted_for_an_hour(account):
    assert account.send(*people(5), text="offer")["same_text"] == 5
    assert account.send(*people(3, 10), text="offer")["same_text"] == 8
    assert account.send(text="other")["same_text"] == 1 and account.send()["same_text"] is None
    assert Account(account.memory, "ben@example.com").send(text="offer")["same_text"] == 1


# ---- what it costs, and who may read it


def test_an_account_takes_little_whatever_it_sends_and_all_of_it_ends(account, redis):
    for day in range(60):
        account.send(*people(5, day * 5), text="text of day %d" % day, client="10.%d.0.1" % day, country="%c%c" % (65 + day % 26, 65 + day // 26))
        account.memory.advance(DAY)
    [key] = [key for key in keys_of(redis) if ":account:" in key]
    assert int(redis.cli("HLEN", key)) <= 1 + 4 + 28 + 2
    assert int(redis.cli("MEMORY", "USAGE", key, "SAMPLES", "0")) < 6000
    sets = [key for key in keys_of(redis) if ":account-to:" in key]
    assert sum(int(redis.cli("MEMORY", "USAGE", key, "SAMPLES", "0")) for key in sets) < 300 * 4 + 2 * 200
    assert {redis.cli("OBJECT", "ENCODING", key).strip() for key in sets} == {"intset"}
    assert all_keys_expire(redis) and ttl(redis, key) > 80 * DAY


def test_nothing_tells_who_writes_to_whom(account, redis):
    account.send("secret@elsewhere.example", **WEST)
    everything = "".join(keys_of(redis)) + "".join(redis.cli("HGETALL", key) for key in keys_of(redis) if ":account:" in key)
    assert "ann" not in everything and "secret" not in everything and "192.0.2" not in everything


def test_without_redis_all_is_unknown(new_gateway, redis):  # noqa: F811
    it = Account(new_gateway())
    redis.stop()
    said = it.asked(**WEST, text="offer")
    assert {said[name] for name in ("known_for", "recipients_hour", "burst", "new_country", "same_text")} == {"unknown"}


def test_an_attack_of_today_makes_no_room_for_more_today(account):
    account.send(*people(20))
    account.memory.advance(3 * DAY)
    for count in (59, 170, 500):
        account.send(*people(count))
        account.memory.advance(3 * HOUR)
    assert account.send()["usual_hour"] == 20


def test_logins_that_differ_in_a_number_are_two_accounts(new_gateway):  # noqa: F811
    gateway = new_gateway()
    first, second = Account(gateway, "u1001@example.com"), Account(gateway, "u1002@example.com")
    first.send(*people(40))
    assert second.send(*people(3))["recipients_hour"] == 3
