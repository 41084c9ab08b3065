# SPDX-License-Identifier: ISC
"""Who has called messages of a campaign spam or good, and those of an author, in a real Redis."""
import pytest
from test_state import all_keys_expire, keys_of, new_gateway, ttl  # noqa: F401

from lab import needs

pytestmark = pytest.mark.skipif(not (needs.BUILD / "tests/state_dump").exists(), reason="state_dump is not built")

DAY = 86400
TEXT, STRUCTURE = list(range(16)), list(range(100, 108))
OTHER_TEXT, OTHER_STRUCTURE = list(range(200, 216)), list(range(300, 308))
ANN, BEN, CAT, DAN = ("%s@example.com" % name for name in ("ann", "ben", "cat", "dan"))
AUTHOR = "news@shop.example"


class Campaigns:
    def __init__(self, gateway):
        self.gateway = gateway

    def say(self, *accounts, good=False, text=TEXT, structure=STRUCTURE, author=AUTHOR, **how):
        for account in accounts:
            self.gateway.ask("opine", account=account, good=good, text=text, structure=structure, author=author, **how)

    def ask(self, text=TEXT, structure=STRUCTURE, author="", recipients=(), **how):
        return self.gateway.ask("campaign", text=text, structure=structure, author=author, recipients=recipients, **how)

    def seen(self, **about):
        return self.ask(**about)["facts"]["campaign.seen"]

    def reported(self, *recipients, **about):
        return self.ask(recipients=recipients, **about)["reported"]


@pytest.fixture
def campaigns(new_gateway):  # noqa: F811
    return Campaigns(new_gateway())


def changed(numbers, count):
    """All but `count` are the same."""
    return [-1 - n for n in numbers[:count]] + numbers[count:]


# ---- campaign.seen


def test_each_account_counts_once_whatever_it_moves(campaigns):
    assert campaigns.seen() == 0
    for count, account in enumerate((ANN, BEN, CAT), 1):
        campaigns.say(account)
        campaigns.say(account, text=changed(TEXT, 3))
        assert campaigns.seen() == count
    campaigns.say("ANN@Example.com", "ann+tag@example.com", "ann@example.com.")
    assert campaigns.seen() == 3


def test_what_an_account_says_beyond_two_hundred_a_day_is_not_heard(campaigns, redis):
    for n in range(200):
        campaigns.say(ANN, text=[1000 + n] * 16, structure=[], author="")
    kept = len(keys_of(redis))
    campaigns.say(ANN)
    assert campaigns.seen() == 0 and campaigns.reported(ANN, author=AUTHOR) == [False] and len(keys_of(redis)) == kept
    campaigns.say(BEN)
    assert campaigns.seen() == 1


def test_who_calls_it_good_takes_away_and_counts_by_his_last_word(campaigns, redis):
    campaigns.say(ANN, BEN)
    campaigns.say(CAT, good=True)
    assert campaigns.seen() == 1
    campaigns.say(BEN, good=True)
    assert campaigns.seen() == 0, "one against two"
    campaigns.say(BEN, CAT)
    assert campaigns.seen() == 3
    assert {redis.cli("ZCARD", key).strip() for key in keys_of(redis) if ":campaign:" in key} == {"3"}


@pytest.mark.parametrize("other, structure, alike", [(0, 8, True), (8, 8, True), (9, 1, True), (10, 1, True), (10, 2, False), (11, 0, False),
                                                     (9, 8, False), (16, 0, False)])
def test_half_of_the_text_is_alike_or_less_of_it_in_the_same_form(campaigns, other, structure, alike):
    """So many digests of each are others."""
    campaigns.say(ANN)
    assert campaigns.seen(text=changed(TEXT, other), structure=changed(STRUCTURE, structure)) == alike


def test_without_a_structure_the_text_alone_counts_and_without_text_nothing(campaigns):
    campaigns.say(ANN, structure=[])
    assert campaigns.seen(structure=[]) == campaigns.seen() == campaigns.seen(text=changed(TEXT, 8)) == 1
    assert campaigns.seen(text=changed(TEXT, 9)) == 0 and campaigns.seen(text=[], structure=[]) == 0


def test_nobody_makes_one_campaign_speak_for_another(campaigns):
    """One who says spam of what is half of each brings the others' opinions of the one to the other."""
    campaigns.say(ANN, BEN, CAT)
    campaigns.say(DAN, text=TEXT[:8] + OTHER_TEXT[8:], structure=OTHER_STRUCTURE)
    assert campaigns.seen(text=OTHER_TEXT, structure=OTHER_STRUCTURE) == 1
    assert campaigns.seen() == 4


def test_the_same_number_in_another_place_is_another(campaigns):
    campaigns.say(ANN)
    assert campaigns.seen(text=TEXT[1:] + TEXT[:1]) == 0


def test_an_opinion_ends_and_another_begins_anew(campaigns, redis):
    campaigns.say(ANN)
    campaigns.gateway.advance(10 * DAY)
    campaigns.say(BEN)
    assert campaigns.seen() == 2 and all(ttl(redis, key) > 13 * DAY for key in keys_of(redis) if ":opinions:" not in key)
    campaigns.gateway.advance(5 * DAY)
    assert campaigns.seen() == 1
    campaigns.gateway.advance(10 * DAY)
    assert campaigns.seen() == 0


def test_its_life_time_is_configured(new_gateway, redis):  # noqa: F811
    Campaigns(new_gateway("learn { campaigns 2d  age 20d }\n")).say(ANN)
    lifetimes = {":campaign:": 2 * DAY, ":opinion:": 20 * DAY, ":opinions:": DAY}
    for key in keys_of(redis):
        most, = (seconds for kind, seconds in lifetimes.items() if kind in key)
        assert most - 5 < ttl(redis, key) <= most


def test_fifty_accounts_are_kept_and_the_first_goes(campaigns, redis):
    for n in range(50):
        campaigns.say("r%d@example.com" % n, good=n == 0, author="")
        campaigns.gateway.advance(1)
    assert campaigns.seen() == 48
    campaigns.say("one.more@example.com", author="")
    under = [key for key in keys_of(redis) if ":campaign:" in key]
    assert campaigns.seen() == 50 and len(under) == 24
    assert {redis.cli("ZCARD", key).strip() for key in under} == {"50"}
    campaigns.say("r1@example.com", good=True, author="")
    assert campaigns.seen() == 48


def test_what_is_kept_ends_and_tells_nothing(campaigns, redis):
    campaigns.say(ANN)
    assert all_keys_expire(redis) and len(keys_of(redis)) == 26
    kept = redis.cli("KEYS", "*") + "".join(redis.cli("ZRANGE", key, "0", "-1") for key in keys_of(redis) if ":campaign:" in key)
    assert "example" not in kept and "ann" not in kept


def test_an_opinion_takes_little_room(campaigns, redis):
    campaigns.say(ANN)
    assert sum(int(redis.cli("MEMORY", "USAGE", key, "SAMPLES", "0")) for key in keys_of(redis)) <= 4000


def test_who_has_redis_and_not_the_secret_cannot_try_accounts_out(new_gateway, redis):  # noqa: F811
    ours, thief = Campaigns(new_gateway()), Campaigns(new_gateway(secret="another"))
    ours.say(ANN)
    assert thief.reported(ANN, author=AUTHOR) == [False] and ours.reported(ANN, author=AUTHOR) == [True]


def test_without_a_secret_nothing_is_kept(new_gateway, redis):  # noqa: F811
    it = Campaigns(new_gateway(secret=""))
    it.say(ANN)
    assert keys_of(redis) == [] and it.reported(ANN, author=AUTHOR) == ["unknown"]


# ---- reported.by_recipient


def alone(campaigns, *recipients, author=AUTHOR):
    """Of a message that is like no other."""
    return campaigns.reported(*recipients, author=author, text=OTHER_TEXT, structure=OTHER_STRUCTURE)


def test_who_has_reported_an_author_has_so_for_himself_alone(campaigns):
    campaigns.say(ANN)
    assert alone(campaigns, ANN, BEN) == [True, False]
    assert alone(campaigns, "Ann+list@example.com", BEN, "ann@example.org", author="News@Shop.Example") == [True, False, False]
    assert alone(campaigns, ANN, author="other@shop.example") == [False]


def test_what_he_calls_good_later_is_his_last_word(campaigns):
    campaigns.say(ANN)
    campaigns.gateway.advance(1)
    campaigns.say(ANN, good=True, text=OTHER_TEXT, structure=OTHER_STRUCTURE)
    assert alone(campaigns, ANN) == [False]
    assert campaigns.reported(ANN, author=AUTHOR) == [False], "of a message like what he has reported before, by this author"
    assert campaigns.reported(ANN, author="else@where.example") == [True], "by another he has said no other word"
    campaigns.gateway.advance(1)
    campaigns.say(ANN)
    assert alone(campaigns, ANN) == [True]


def test_a_message_like_one_that_he_has_reported_counts_whoever_wrote_it(campaigns):
    campaigns.say(ANN)
    assert campaigns.reported(ANN, BEN, author="x@y.example", text=changed(TEXT, 5)) == [True, False]
    assert campaigns.reported(ANN, BEN) == [True, False], "no author at all"
    assert campaigns.reported(ANN, author="x@y.example", text=changed(TEXT, 12)) == [False]


def test_what_is_no_users_opinion_is_nobodys_own(campaigns):
    campaigns.say("trap", personal=False)
    assert campaigns.seen() == 1 and campaigns.reported("trap", author=AUTHOR, text=OTHER_TEXT) == [False]


def test_without_text_the_author_counts(campaigns):
    campaigns.say(ANN, text=[], structure=[])
    assert campaigns.reported(ANN, BEN, text=[], structure=[], author=AUTHOR) == [True, False]
    assert campaigns.reported(ANN, text=[], structure=[]) == [False]


def test_each_of_many_recipients_has_his_own(campaigns):
    recipients = ["r%d@example.com" % n for n in range(150)]
    campaigns.say(*recipients[::50], text=OTHER_TEXT, structure=OTHER_STRUCTURE)
    answer = campaigns.ask(author=AUTHOR, recipients=recipients, text=OTHER_TEXT, structure=OTHER_STRUCTURE)
    assert [n for n, reported in enumerate(answer["reported"]) if reported] == [0, 50, 100]
    assert answer["facts"]["campaign.seen"] == 3 and answer["calls"] == 3 and answer["done"] == 1


def test_one_question_is_one_script(campaigns):
    assert campaigns.ask(author=AUTHOR, recipients=[ANN, BEN])["calls"] == 1
    assert campaigns.ask(text=[], structure=[])["calls"] == 0


# ---- without Redis


def test_without_redis_it_is_unknown(campaigns, redis):
    campaigns.say(ANN)
    redis.stop()
    answer = campaigns.ask(author=AUTHOR, recipients=[ANN, BEN])
    assert answer["facts"]["campaign.seen"] == "unknown" and answer["reported"] == ["unknown", "unknown"]


def test_an_answer_that_nobody_waits_for_harms_nobody(campaigns):
    assert campaigns.ask(author=AUTHOR, recipients=[ANN], cancel=True)["reported"] == [None]
    campaigns.say(ANN)
    assert campaigns.seen() == 1
