# SPDX-License-Identifier: ISC
"""A message that scanners die of is not given to them for ever: the third time it is refused for good. What is no doing of the
message (its family was ended, the machine was slow) does not count."""
import os
import signal
import threading
import time

import pytest

from lab import samples
from lab.gatepost import backend, domains
from lab.hard_work import large
from lab.process import kill, wait_until
from lab.smtp_client import send

RULES = """rule "hides content" when message.hides_content then reject 550 5.6.0 "hides content"
rule "cannot be checked" when any a in attachments (a.unscannable) then reject 550 5.7.1 "attachment {a.name} cannot be checked"
"""
CONTENT_ALONE = 'rule "hides content" when message.hides_content then reject 550 5.6.0 "hides content"\n'
DIED = "scan: several scanners died of it, or gave up"


def work(subject):
    """Takes a scanner all the CPU time that it has: long enough to be met at it."""
    message = samples.message(subject)
    message.add_attachment(large(), maintype="application", subtype="octet-stream", filename="a.zip")
    return samples.octets(message)


@pytest.fixture
def site(start, new_backend):
    def start_site(rules=RULES, timeout="60s"):
        return start(backend("behind", new_backend().port) + domains("behind", "example.com") + rules,
                     changes={"process": {"scanners": 1}, "scan": {"cpu": "3s"}, "timeouts": {"scan": timeout}})
    return start_site


def ticks(pid):
    """CPU time of a process in hundredths of a second; None: it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
    except OSError:
        return None


def during(gateway, message, act):
    """Sends it, and acts once a worker is at it; the reply."""
    before = {pid: ticks(pid) for pid in gateway.workers("gatepost-scan")}
    replies = []
    sender = threading.Thread(target=lambda: replies.append(send(gateway.port, message, "user@example.com", timeout=60)))
    sender.start()
    busy = wait_until(lambda: [pid for pid in gateway.workers("gatepost-scan") if (ticks(pid) or 0) > before.get(pid, 0) + 20], 20, 0.01)
    assert busy, "nobody scans it"
    act(busy[0])
    sender.join(60)
    return replies[0]


def crash(pid):
    os.kill(pid, signal.SIGTRAP)


def hang(pid):
    os.kill(pid, signal.SIGSTOP)


@pytest.mark.parametrize("rules", [RULES, CONTENT_ALONE], ids=["of attachments", "of content"])
def test_a_message_that_two_scanners_died_of_is_refused_for_good(site, rules):
    gateway = site(rules)
    message = work("deadly")
    for _ in range(2):
        assert during(gateway, message, crash).code == 451
    workers = gateway.workers("gatepost-scan")
    for _ in range(2):
        reply = send(gateway.port, message, "user@example.com", timeout=60)
        assert (reply.code, reply.enhanced) == (550, "5.7.1"), reply
    assert gateway.workers("gatepost-scan") == workers
    records = gateway.decisions()
    assert [record["unscanned"] for record in records] == ["scan: the scanner died"] * 2 + [DIED] * 2
    assert records[-1]["verdict"] == "reject"
    assert send(gateway.port, samples.octets(samples.message("another")), "user@example.com").code == 250


def test_scanners_that_are_new_may_know_better(site):
    gateway = site()
    message = work("deadly")
    for _ in range(2):
        assert during(gateway, message, crash).code == 451
    head = gateway.pids("gatepost-scan")[0]
    kill(head)
    assert wait_until(lambda: gateway.log().count("scanners ready program=gatepost-scan") == 2, 20)
    assert during(gateway, message, lambda pid: None).code == 250
    assert "unscanned" not in gateway.decisions()[-1]


def test_a_family_that_is_ended_tells_nothing_of_its_message(site):
    gateway = site()
    message = work("good")
    for n in range(2):
        during(gateway, message, lambda pid: kill(gateway.pids("gatepost-scan")[0]))
        assert wait_until(lambda: gateway.log().count("scanners ready program=gatepost-scan") == n + 2, 20)
    during(gateway, message, lambda pid: None)
    assert DIED not in [record.get("unscanned") for record in gateway.decisions()]


def test_a_machine_that_is_slow_tells_nothing_of_a_message(site):
    """A scanner that stands still for longer than it may is killed, and has not used its CPU time."""
    gateway = site(timeout="2s")
    message = work("good")
    for _ in range(2):
        assert during(gateway, message, hang).code == 451
        assert wait_until(lambda: gateway.workers("gatepost-scan"), 10)
        time.sleep(0.5)
    assert "worker hung and was killed" in gateway.log()
    during(gateway, message, lambda pid: None)
    assert DIED not in [record.get("unscanned") for record in gateway.decisions()]
