# SPDX-License-Identifier: ISC
"""Two gateways that share a real Redis learn together: labels of both, one model for both."""
import hashlib
import os
import re
import signal
import socket
import subprocess

import pytest

from lab import learning, needs
from lab.gatepost import backend, domains
from lab.learning import Learner, mail, mails
from lab.pairs import SHARING, proxies_end
from lab.process import kill, wait_until
from lab.redis import Redis
from lab.smtp_client import send

pytestmark = needs.root

MARKED = 'rule "like spam here" when spam.probability >= 0.9 then header add "X-Spam-Here" "{spam.probability}"\n'
PREFIX = "gatepost:learn:"
ENOUGH = 110  # of each kind, for a model that says something
SOON = 40  # seconds: more than three looks


@pytest.fixture
def redis(own_dir):
    server = Redis(own_dir).start()
    yield server
    server.stop()


@pytest.fixture
def join(start, new_backend, redis, tmp_path):
    """Starts a gateway that has the key of all."""
    def gateway(**more):
        body = backend("behind", new_backend().port) + domains("behind", "example.com") + MARKED
        changes = learning.settings(tmp_path, redis={"server": '"%s"' % redis.address, "retry": "1s"}, history={"text": "on"})
        one = start(body, changes={**changes, **more})
        assert one.wait_log("keeper ready", 30) and one.wait_log("gatepost-learn ready", 30), one.log()
        one.learner = Learner(one)
        return one
    return gateway


def shared(gateway):
    return gateway.learner.status()["shared"]


def digest(gateway):
    return (gateway.learner.status()["model"] or {}).get("digest")


def imported(gateway):
    return gateway.learner.labels()


def agree(one, two):
    """Whether both come to the same labels and the same model, and nothing waits to be told."""
    def same():
        return imported(one) == imported(two) and digest(one) == digest(two) and not shared(one)["untold"] and not shared(two)["untold"] \
            and shared(one)["generation"] == shared(two)["generation"] > 0
    return wait_until(same, SOON)


def logs(*gateways):
    return "\n".join(gateway.log()[-3000:] for gateway in gateways)


def folders(folder, count, first=0):
    """Mail of both kinds."""
    return [learning.maildir(folder / ("good-%d" % first), mails("good", count, first))], [learning.maildir(folder / ("spam-%d" % first), mails("spam", count, first))]


def teach(gateway, folder, count=ENOUGH, first=0):
    return gateway.learner.learn(*folders(folder, count, first))["build"]


def entries(redis):
    return int(redis.cli("XLEN", PREFIX + "labels"))


def newest(gateway):
    return next(r for r in reversed(gateway.decisions()) if r["stage"] == "message")["facts"]


def told_at(gateway, number):
    send(gateway.port, mail("spam", number).replace(b"\n", b"\r\n"), "user@example.com")
    return newest(gateway)


def test_what_is_told_at_one_is_learnt_at_both_and_one_model_marks_mail_at_both(join, tmp_path, redis):
    one, two = join(), join()
    built = teach(one, tmp_path)
    assert built["outcome"] == "published" and built["shared"] is True
    assert agree(one, two), logs(one, two)
    assert imported(two) == (ENOUGH, ENOUGH) and entries(redis) == 2 * ENOUGH
    assert wait_until(lambda: told_at(two, 999)["spam.model"] == digest(one), 20)
    assert told_at(two, 1000)["spam.probability"] >= 0.9
    more = teach(two, tmp_path, 20, first=500)
    assert more["good"] == ENOUGH + 20, "what the other was told is in it"
    assert agree(one, two), logs(one, two)
    assert re.search(r"shared +in Redis, read .*\n.*by +mx", two.learner("status").stdout), two.learner("status").stdout
    assert "gatepost_learn_shared 1\n" in two.control("metrics")
    third = join()
    assert agree(one, third), "who comes later has all"
    assert "a shared model is used" in third.log()


def test_what_is_forgotten_at_one_is_forgotten_at_all_and_gone_from_redis(join, tmp_path, redis):
    one, two = join(), join()
    teach(one, tmp_path)
    assert agree(one, two)
    assert one.learner("forget", "--how", "imported").returncode == 0
    assert wait_until(lambda: imported(two) == (0, 0), SOON), logs(one, two)
    assert wait_until(lambda: entries(redis) == 1, SOON), (entries(redis), logs(one, two))
    assert one.learner.json("build")["outcome"] == "collecting"
    assert agree(one, two), logs(one, two)
    assert len(two.learner.status()["models"]) == 1, "no older model that knows them is left"


def test_a_model_that_is_used_again_at_one_is_at_all(join, tmp_path):
    one, two = join(), join()
    teach(one, tmp_path)
    before = digest(one)
    teach(one, tmp_path, 20, first=500)
    assert digest(one) != before and agree(one, two), logs(one, two)
    assert one.learner("rollback").returncode == 0 and digest(one) == before
    assert agree(one, two) and digest(two) == before, logs(one, two)


def die(gateway):
    """As if its machine were gone."""
    pids = [pid for name in ("gatepost-learn", "gatepost-keeper", "gatepost-proxy") for pid in gateway.pids(name)]
    gateway.process.signal(signal.SIGKILL)
    for pid in pids:
        kill(pid)
    gateway.process.popen.wait()


def test_while_one_builds_no_other_does_and_when_it_is_gone_another_builds(join, tmp_path, redis):
    one, two = join(), join()
    teach(one, tmp_path)
    assert agree(one, two)
    for pid in one.pids("gatepost-learn"):
        os.kill(pid, signal.SIGSTOP)
    waiting = subprocess.Popen(one.learner.command("build"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: redis.cli("EXISTS", PREFIX + "lease") == "1", 20)
    refused = two.learner("build")
    assert refused.returncode != 0 and "another gateway" in refused.stderr, refused.stderr
    die(one)
    waiting.wait(20)
    assert 0 < int(redis.cli("PTTL", PREFIX + "lease")) <= 30000, "it ends by itself"
    redis.cli("PEXPIRE", PREFIX + "lease", 1)
    assert two.learner.json("build")["shared"] is True
    one.start()
    assert one.wait_log("gatepost-learn ready", 30) and agree(one, two), logs(one, two)


def test_while_redis_is_away_who_asks_for_it_gets_a_model_that_is_shared_later(join, tmp_path, redis):
    one, two = join(), join()
    teach(one, tmp_path)
    assert agree(one, two)
    redis.kill()
    built = teach(one, tmp_path, 20, first=500)
    assert built["outcome"] == "published" and built["shared"] is False
    assert wait_until(lambda: shared(two)["away"], SOON) and imported(two) == (ENOUGH, ENOUGH)
    redis.start()  # empty: this one writes no file
    assert agree(one, two), logs(one, two)
    assert imported(two) == (ENOUGH + 20, ENOUGH + 20) and entries(redis) == 2 * ENOUGH + 40


def test_what_redis_has_lost_is_told_again(join, tmp_path, redis):
    one, two = join(), join()
    teach(one, tmp_path)
    assert agree(one, two)
    generation = shared(one)["generation"]
    redis.cli("FLUSHALL")
    assert wait_until(lambda: redis.cli("EXISTS", PREFIX + "labels", PREFIX + "model") == "2" and entries(redis) == 2 * ENOUGH, SOON), logs(one, two)
    assert agree(one, two) and shared(one)["generation"] == generation and imported(two) == (ENOUGH, ENOUGH)


def test_what_somebody_else_writes_into_redis_is_refused_and_replaced(join, tmp_path, redis):
    one, two = join(), join()
    teach(one, tmp_path)
    assert agree(one, two)
    before = digest(one)
    redis.cli("XADD", PREFIX + "labels", "*", "e", "x" * 200)
    redis.cli("XADD", PREFIX + "labels", "*", "e", "")
    redis.cli("SET", PREFIX + "model", "forged")
    assert wait_until(lambda: shared(one)["refused"] >= 2 and shared(two)["refused"] >= 2, SOON), logs(one, two)
    assert "what is shared is refused" in one.log() and "what is shared is refused" in two.log()
    assert wait_until(lambda: redis.cli("STRLEN", PREFIX + "model") != "6", SOON), "whoever has the model tells it again"
    redis.cli("SETRANGE", PREFIX + "model-octets", 1000, "forged")
    third = join()
    assert wait_until(lambda: shared(third)["refused"], SOON), third.log()
    assert digest(one) == digest(two) == before and imported(one) == imported(two) == (ENOUGH, ENOUGH)
    assert agree(one, third), logs(one, two, third)
    assert digest(third) == before


def test_a_pair_that_a_proxy_closes_is_made_anew(join, tmp_path, redis):
    one, two = join(), join()
    for n, how in enumerate((socket.SHUT_RDWR, socket.SHUT_RD), 1):
        with proxies_end(one, SHARING) as pair:
            pair.shutdown(how)
        assert wait_until(lambda: one.log().count("queue was closed, and is made anew") == n, SOON), one.log()
        assert wait_until(lambda: one.log().count("keeper ready") > n and one.log().count("gatepost-learn ready") > n, SOON), one.log()
    teach(one, tmp_path)
    assert agree(one, two), logs(one, two)


def test_nothing_can_be_read_in_redis(join, tmp_path, redis):
    one = join()
    teach(one, tmp_path)
    assert wait_until(lambda: not shared(one)["untold"], SOON)
    kept = redis.octets()
    assert PREFIX.encode() + b"labels" in kept and len(kept) > 2 * ENOUGH * 200, "as it is written"
    for message in mails("spam", ENOUGH):
        assert hashlib.sha256(message).digest() not in kept
    assert bytes.fromhex(digest(one)) not in kept and b"gpmodel" not in kept and b"mx.example.com" not in kept


def test_with_a_private_redis_nothing_is_shared(start, new_backend, tmp_path):
    body = backend("behind", new_backend().port) + domains("behind", "example.com") + 'rule "new" when sender.messages == 0 then header add "X-New" "1"\n'
    gateway = start(body, changes=learning.settings(tmp_path))
    assert gateway.wait_log("keeper ready", 30) and gateway.wait_log("gatepost-learn ready", 30)
    assert Learner(gateway).status()["shared"] is None
