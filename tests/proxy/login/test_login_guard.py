# SPDX-License-Identifier: ISC
"""Who guesses passwords learns little, however he goes about it; and the owner still gets in from elsewhere."""
import threading
import time

import pytest

from lab import needs, users
from lab.gatepost import Gatepost, backend, running
from lab.pop3_client import Session
from lab.pop3_logins import by_user_pass_pipelined, told_to_login
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until

pytestmark = needs.root

RULES = ('rule "guesses" when login.failures >= 20 or login.network_failures >= 60 then reject 535 5.7.0 "too many failed logins"\n')
CHANGES = {"timeouts": {"backend": "60s"}, "limits": {"errors": 1000}}


@pytest.fixture(scope="module")
def quick(run_dir):
    """A Gatepost before a server that says at once that a password is wrong: Dovecot takes half a second."""
    stub = Pop3Stub([], password=users.PASSWORD).start()
    gateway = Gatepost(run_dir / (__name__ + "-quick"), backend("behind", pop3=["%d tls none" % stub.port]) + RULES, changes=CHANGES, pop3="backend behind")
    with running(gateway, [stub]):
        yield gateway


def login(site, user, password, source="127.0.0.1"):
    """The answer to PASS, from that address."""
    return told_to_login(site.pop3_port, user, password, by_user_pass_pipelined, source=source, timeout=60).decode()


def reached(answers):
    """Those that the server behind has answered."""
    return [answer for answer in answers if "too many failed logins" not in answer]


def at_once(guesses):
    """All of these calls side by side, and what they gave."""
    answers = []
    threads = [threading.Thread(target=lambda call=call: answers.append(call())) for call in guesses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_guesses_one_after_the_other_twenty_an_hour_reach_the_server(quick):
    answers = [login(quick, "one@example.com", "guess%d" % n, "127.0.10.1") for n in range(25)]
    assert len(reached(answers)) == 20
    assert all(answer.startswith("-ERR [AUTH]") for answer in answers)


def test_of_guesses_side_by_side_no_more(site):
    answers = at_once([lambda n=n: login(site, "many@example.com", "guess%d" % n, "127.0.20.%d" % (1 + n % 4)) for n in range(60)])
    assert len(answers) == 60 and len(reached(answers)) <= 20
    assert login(site, "many@example.com", users.PASSWORD, "127.0.21.1").startswith("+OK"), "its owner, from elsewhere"
    assert login(site, "other@example.com", users.PASSWORD, "127.0.21.1").startswith("+OK")


def test_the_same_wrong_password_counts_once(quick):
    answers = [login(quick, "forgetful@example.com", "the old one", "127.0.30.1") for _ in range(25)]
    assert len(reached(answers)) == 25
    assert login(quick, "forgetful@example.com", users.PASSWORD, "127.0.30.1").startswith("+OK")


def test_a_success_is_forgiven_what_came_before(quick):
    for n in range(15):
        login(quick, "late@example.com", "guess%d" % n, "127.0.40.1")
    assert login(quick, "late@example.com", users.PASSWORD, "127.0.40.1").startswith("+OK")
    assert len(reached([login(quick, "late@example.com", "again%d" % n, "127.0.40.1") for n in range(15)])) == 15


def test_a_network_that_tries_many_users_is_turned_away(quick):
    answers = [login(quick, "user%d@example.com" % n, "guess", "127.0.50.1") for n in range(65)]
    assert len(reached(answers)) == 60


def test_many_connections_of_one_user_at_once_are_no_guesses(site):
    answers = at_once([lambda: login(site, "busy@example.com", users.PASSWORD, "127.0.60.1") for _ in range(12)])
    assert all(answer.startswith("+OK") for answer in answers), answers


def test_who_hangs_up_before_the_answer_has_guessed_as_well(own_dir):
    stub = Pop3Stub([], {}, password="right").start()
    gateway = Gatepost(own_dir, backend("behind", pop3=["%d tls none" % stub.port]) + RULES, changes=CHANGES, pop3="backend behind")
    with running(gateway, [stub]):
        for n in range(60):
            with Session(gateway.pop3_port, timeout=60) as session:
                session.send("USER hasty@example.com\r\nPASS guess%d\r\n" % n)
        assert any("too many failed logins" in login(gateway, "hasty@example.com", "more%d" % n) for n in range(21))
        assert len(stub.refused) <= 20


def age(redis, seconds):
    """All failures that the guard remembers are from so long ago: their scores are when they were."""
    failures = [(key, member) for key in redis.cli("KEYS", "*logins-failed:*").splitlines() for member in redis.cli("ZRANGE", key, 0, -1).splitlines()]
    assert failures, redis.cli("KEYS", "*")
    for key, member in failures:
        redis.cli("ZADD", key, "XX", int(time.time()) - seconds, member)


@pytest.fixture
def guarded(redis, start):
    """Two wrong passwords are enough for it; it remembers them in that Redis."""
    stub = Pop3Stub([], password="right").start()
    yield start(backend("behind", pop3=["%d tls none" % stub.port]) + 'rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many failed logins"\n',
                changes=dict(CHANGES, redis={"server": '"%s"' % redis.address}), pop3="backend behind")
    stub.stop()


@pytest.mark.parametrize("seconds, counts", [(3600 - 60, True), (3600 + 1, False)], ids=["within the hour", "before it"])
def test_a_failure_counts_for_an_hour(seconds, counts, redis, guarded):
    for n in range(2):
        assert reached([login(guarded, "aged@example.com", "guess%d" % n)])
    assert not reached([login(guarded, "aged@example.com", "right")])
    age(redis, seconds)
    assert login(guarded, "aged@example.com", "right").startswith("-ERR" if counts else "+OK")


def are_kept(redis, count):
    """So many failures for each whom they count against; they are written down behind the answer."""
    return wait_until(lambda: {redis.cli("ZCARD", key) for key in redis.cli("KEYS", "*logins-failed:*").splitlines()} == {str(count)})


def test_failures_older_than_an_hour_are_no_longer_kept_beside_a_new_one(redis, guarded):
    for n in range(2):
        login(guarded, "aged@example.com", "guess%d" % n)
    assert are_kept(redis, 2)
    age(redis, 3600 + 1)
    login(guarded, "aged@example.com", "another guess")
    assert are_kept(redis, 1)


@pytest.mark.parametrize("what", ["the log", "records"])
def test_no_password_is_kept(what, site):
    login(site, "kept@example.com", "a secret guess", "127.0.80.1")
    text = site.log() if what == "the log" else str(site.decisions())
    assert "kept@example.com" in text and "secret guess" not in text
