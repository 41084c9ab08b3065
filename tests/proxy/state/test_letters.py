# SPDX-License-Identifier: ISC
"""Whom our users have written to, and what of theirs is answered, asked of a real Redis through tests/state_dump."""
import pytest

from test_state import DUMP, all_keys_expire, gateway, keys_of, new_gateway, ttl  # noqa: F401: fixtures

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="state_dump is not built")
DAYS = 86400
ANNA, BOB = "anna@example.com", "bob@elsewhere.example"


def wrote(it, sender=ANNA, *recipients, id=""):
    it.ask("wrote", sender=sender, recipients=recipients or [BOB], id=id)


def answered(it, sender=BOB, recipient=ANNA):
    return it.ask("answered", sender=sender, recipient=recipient)["facts"]["sender.answered"]


def from_answered(it, author, *recipients):
    return it.ask("answered_author", author=author, recipients=recipients)["answered"]


def reply_known(it, *ids):
    return it.ask("in_reply", ids=ids)["facts"]["message.in_reply_to_known"]


def test_whom_somebody_has_written_to_is_answered_by_him_alone(gateway):
    assert answered(gateway) is False
    wrote(gateway)
    assert answered(gateway) is True
    assert answered(gateway, recipient="carol@example.com") is False
    assert answered(gateway, sender="other@elsewhere.example") is False
    assert answered(gateway, sender=ANNA, recipient=BOB) is False, "he has not written to her by that"


@pytest.mark.parametrize("sender, recipient, is_he", [
    ("BOB@Elsewhere.Example", "Anna@EXAMPLE.com", True), ("prvs=123456789a=bob@elsewhere.example", ANNA, True), (BOB, "anna+shop@example.com", True),
    ("bob+list@elsewhere.example", ANNA, True), ("bob1234@elsewhere.example", ANNA, False), ("prvs=bob@elsewhere.example", ANNA, False),
    ("bounce-anna=example.com@elsewhere.example", ANNA, False), ("bob@elsewhere.exampl", "eanna@example.com", False)])
def test_how_he_may_spell_himself(gateway, sender, recipient, is_he):
    wrote(gateway)
    assert answered(gateway, sender, recipient) is is_he


def test_numbers_are_not_folded_as_anybody_may_have_another(gateway):
    wrote(gateway, ANNA, "bob1234@mail.example")
    assert answered(gateway, "bob1234@mail.example") is True and answered(gateway, "bob9999@mail.example") is False


def test_the_null_sender_is_nobody(gateway, redis):
    wrote(gateway)
    assert answered(gateway, sender="") is None


def test_of_an_author_each_recipient_is_told(gateway):
    wrote(gateway, ANNA, BOB)
    wrote(gateway, "user70@example.com", BOB)
    everybody = ["user%d@example.com" % n for n in range(100)] + [ANNA]
    told = from_answered(gateway, BOB, *everybody)
    assert [everybody[n] for n, known in enumerate(told) if known] == ["user70@example.com", ANNA]
    assert told.count(False) == 99 and from_answered(gateway, "", *everybody[:2]) == [None, None]


def test_what_answers_a_letter_that_left_is_known(gateway):
    wrote(gateway, id="<1@example.com>")
    assert reply_known(gateway, "<1@example.com>") is True
    assert reply_known(gateway, "<0@x>", "<1@example.com>", "<2@x>") is True
    assert reply_known(gateway, "<2@example.com>") is False and reply_known(gateway) is False


def test_each_of_many_recipients_is_remembered(gateway, redis):
    everybody = ["r%d@elsewhere.example" % n for n in range(100)]
    wrote(gateway, ANNA, *everybody, id="<1@example.com>")
    assert len(keys_of(redis)) == 101 and all(answered(gateway, one) for one in everybody)


def test_it_ends_and_each_letter_begins_it_anew(gateway, redis):
    wrote(gateway, id="<1@example.com>")
    assert all_keys_expire(redis) and all(90 * DAYS - 5 < ttl(redis, key) <= 90 * DAYS for key in keys_of(redis))
    for key in keys_of(redis):
        redis.cli("EXPIRE", key, "100")
    assert answered(gateway) is True and all(ttl(redis, key) <= 100 for key in keys_of(redis)), "to be asked is no letter"
    wrote(gateway, id="<1@example.com>")
    assert all(ttl(redis, key) > 90 * DAYS - 5 for key in keys_of(redis))
    for key in keys_of(redis):
        redis.cli("DEL", key)
    assert answered(gateway) is False and reply_known(gateway, "<1@example.com>") is False


def test_its_life_time_is_configured(new_gateway, redis):
    wrote(new_gateway("contacts { answered 2d }\n"))
    assert 2 * DAYS - 5 < ttl(redis, keys_of(redis)[0]) <= 2 * DAYS


def test_who_has_redis_and_not_the_secret_can_neither_read_nor_try_nor_forge(new_gateway, redis):
    ours, thief = new_gateway(), new_gateway(secret="another")
    wrote(ours, id="<1@example.com>")
    assert "example" not in redis.cli("KEYS", "*") and {redis.cli("GET", key).strip() for key in keys_of(redis)} == {""}
    assert answered(thief) is False and reply_known(thief, "<1@example.com>") is False
    wrote(thief, ANNA, "evil@elsewhere.example")
    assert answered(ours, sender="evil@elsewhere.example") is False


def test_a_contact_is_not_taken_for_an_answer(gateway):
    gateway.meet(BOB, ANNA)
    gateway.meet(ANNA, BOB)
    assert answered(gateway) is False
    wrote(gateway)
    assert gateway.is_first_contact("carol@elsewhere.example", ANNA) is True


def test_without_a_secret_nothing_is_known_and_nothing_remembered(new_gateway, redis):
    it = new_gateway(secret="")
    wrote(it, id="<1@example.com>")
    assert answered(it) == "unknown" and reply_known(it, "<1@example.com>") == "unknown" and from_answered(it, BOB, ANNA) == ["unknown"]
    assert keys_of(redis) == []


def test_while_redis_is_away_it_is_unknown(gateway, redis):
    wrote(gateway)
    redis.stop()
    assert answered(gateway) == "unknown" and reply_known(gateway, "<1@example.com>") == "unknown" and from_answered(gateway, BOB, ANNA) == ["unknown"]


def test_what_nobody_waits_for_any_more_stays_unknown(gateway):
    wrote(gateway)
    assert gateway.ask("answered_author", author=BOB, recipients=[ANNA], cancel=True)["answered"] == ["unknown"]
