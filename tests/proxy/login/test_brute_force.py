# SPDX-License-Identifier: ISC
"""The guard as it is shipped, against whoever has many connections, many networks or many spellings: few guesses reach the server
behind, and the owner of the account gets in all the while. Only the waiting is shorter than shipped, a thousandth of it."""
import itertools
import re
import threading
import time
from collections import Counter

import pytest

from lab import needs, traces
from lab.gatepost import Gatepost, backend, running
from lab.pop3_logins import by_plain_initial, by_user_pass, told_to_login
from lab.pop3_stub import Pop3Stub

pytestmark = needs.root

MOST = 20  # guesses an hour, for an account from one network
RIGHT = "the password of the owner"
TURNED_AWAY = b"too many failed logins from your network"


def shipped_guard():
    """The rules about logins of the policy that Gatepost ships, with their tests."""
    policy = (needs.ROOT / "etc" / "policy.conf").read_text()
    rules = policy[policy.index("# --- logins"):policy.index("# --- clients")]
    assert TURNED_AWAY.decode() in rules and len(re.findall(r"then delay", rules)) > 5
    return re.sub(r"then delay (\d+)s", r"then delay \1ms", rules)


@pytest.fixture(scope="module")
def server():
    """Knows one password, and says at once that others are wrong."""
    stub = Pop3Stub([], password=RIGHT).start()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, server):
    gateway = Gatepost(run_dir / "brute-force", backend("behind", pop3=["%d tls none" % server.port]) + shipped_guard(),
                       changes={"log": {"level": '"info"'}}, pop3='backend behind  login_domain "example.com"')
    with running(gateway):
        yield gateway


def as_somebody_else(session, user, password):
    """PLAIN, acting for another each time (RFC 4616): the password is still this user's."""
    return by_plain_initial(session, user, password, acting_for="other-" + password.replace(" ", "-"))


def answer(site, source, user, password, way=by_user_pass):
    return told_to_login(site.pop3_port, user, password, way, source=source, timeout=30)


class Attack:
    """`guesses` are {address: passwords}, tried from all at once; `answers` [(address, what it was told)]."""

    def __init__(self, site, user, guesses):
        self.site, self.user, self.guesses, self.answers = site, user, guesses, []
        self.threads = [threading.Thread(target=self._guess, args=(source,)) for source in guesses]
        for thread in self.threads:
            thread.start()

    def _guess(self, source):
        for password in self.guesses[source]:
            self.answers.append((source, answer(self.site, source, self.user, password)))

    def over(self):
        return not any(thread.is_alive() for thread in self.threads)

    def stood_by_the_owner(self, source="127.88.0.1"):
        """He logs in again and again until it is over; how often."""
        for times in itertools.count(1):
            over = self.over()
            assert answer(self.site, source, self.user, RIGHT).startswith(b"+OK"), "he was kept out"
            if over:
                break
            time.sleep(0.02)
        assert len(self.answers) == sum(map(len, self.guesses.values())) and all(told.startswith(b"-ERR [AUTH]") for _, told in self.answers)
        return times

    def heard_of(self):
        """{address: how many of its guesses the server has answered}"""
        return Counter(source for source, told in self.answers if TURNED_AWAY not in told)


def reached(server, user):
    """The guesses at this account that the server was asked about, however it was told the name."""
    name = user.partition("@")[0].lower()
    return [login.password for login in server.refused if login.user.strip().lower().partition("@")[0] == name]


def test_from_one_network_twenty_guesses_reach_the_server_and_the_owner_gets_in(site, server):
    user = "one@example.com"
    attack = Attack(site, user, {"127.77.0.%d" % n: ["guess %d of %d" % (m, n) for m in range(25)] for n in range(1, 13)})
    assert attack.stood_by_the_owner() > 3
    assert 1 <= len(reached(server, user)) == sum(attack.heard_of().values()) <= MOST


def test_from_many_networks_twenty_each_and_the_owner_gets_in(site, server):
    user = "many@example.com"
    attack = Attack(site, user, {"127.78.%d.1" % n: ["guess %d" % m for m in range(25)] for n in range(40)})
    assert attack.stood_by_the_owner() > 3
    assert len(attack.heard_of()) == 40 and max(attack.heard_of().values()) <= MOST
    assert len(reached(server, user)) == sum(attack.heard_of().values())


def test_who_guesses_in_turn_is_told_to_come_later_and_stays_out_with_the_right_password(site, server):
    user, source = "told@example.com", "127.79.0.1"
    answers = [answer(site, source, user, "guess %d" % n) for n in range(MOST + 1)]
    assert [TURNED_AWAY in told for told in answers] == [False] * MOST + [True]
    assert TURNED_AWAY in answer(site, "127.79.0.2", user, RIGHT)
    assert answer(site, "127.79.1.1", user, RIGHT).startswith(b"+OK")


SPELLINGS = {
    "in other letters": (by_user_pass, ["letters@example.com", "LETTERS@example.com", "letters@EXAMPLE.com", "Letters@Example.Com"]),
    "without its domain": (by_user_pass, ["short@example.com", "short", "SHORT"]),
    "between blanks": (by_user_pass, ["blanks@example.com", " blanks@example.com", "blanks@example.com  "]),
    "between blanks in PLAIN": (by_plain_initial, ["sasl@example.com", " sasl@example.com", "sasl@example.com "]),
    "behind another that it acts for": (as_somebody_else, ["acts@example.com"]),
}


@pytest.mark.parametrize("how", SPELLINGS)
def test_an_account_has_no_more_guesses_under_a_name_spelt_otherwise(how, site, server):
    way, users = SPELLINGS[how]
    for n in range(3 * MOST):
        answer(site, "127.80.%d.1" % list(SPELLINGS).index(how), users[n % len(users)], "guess %d" % n, way)
    assert 1 <= len(reached(server, users[0])) <= MOST


def test_nothing_of_what_was_guessed_is_kept(site, server):
    assert len(site.decisions()) > 100
    tried = [login.password.encode() for login in server.refused if login.user == "told@example.com"] + [RIGHT.encode()]
    assert len(tried) == MOST + 1
    for path, octets in traces.files(site.dir):
        assert not any(password in octets for password in tried), path
    assert not any(password.decode() in site.log() for password in tried)
