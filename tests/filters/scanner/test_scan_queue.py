# SPDX-License-Identifier: ISC
"""Messages wait in line for the scanners: a burst is served, whoever cannot be served in time hears so, and no job is lost."""
import ctypes
import os
import select
import selectors
import signal
import socket
import time

import pytest

from lab import needs, samples
from lab.gatepost import backend, check_configuration, domains, shipped_policy
from lab.load import Load, arrived, marked
from lab.process import kill, wait_until
from lab.smtp_client import Session, send

LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
LARGE = b"From: a@client.example\r\nSubject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 10000
PIDFD_GETFD, FAMILY_QUEUE_FD = 438, 4


def before_the_dot(port, count, message, sender):
    """So many sessions that have sent all of a message but its end."""
    sessions = []
    for _ in range(count):
        sessions.append(Session(port, timeout=60))
        sessions[-1].send("EHLO client.example\r\n")
    for session in sessions:
        assert session.reply().code == 250
        session.send("MAIL FROM:<%s>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n" % sender)
    for session in sessions:
        assert [session.reply().code for _ in range(3)] == [250, 250, 354]
        session.send(message)
    return sessions


def ends(sessions):
    """All say their dot at once; the codes of the replies."""
    for session in sessions:
        session.send(b".\r\n")
    codes = [session.reply().code for session in sessions]
    for session in sessions:
        session.close()
    return codes


def stop_workers(gateway, program="gatepost-scan"):
    pids = gateway.workers(program)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids


def go_on(pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@needs.root
def test_a_burst_of_500_clients_is_served(start, new_backend, internet, own_dir):
    server = new_backend()
    signatures = samples.write_signatures(own_dir / "signatures")
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + shipped_policy(),
                    changes={"antivirus": {"enabled": "on", "database": '"%s"' % signatures}, "log": {"level": '"info"'},
                             "timeouts": {"verdict": "120s", "scan": "30s"}})
    message = samples.octets(samples.message("burst", sender="a@good.example"))
    assert send(gateway.port, message, "user@example.com", sender="a@good.example", timeout=30).code == 250
    codes = ends(before_the_dot(gateway.port, 500, message, "a@good.example"))
    assert set(codes) == {250}, (codes.count(250), set(codes), gateway.log()[-2000:])
    assert "scan failed" not in gateway.log()


def waiting(start, server, rules=LOOKS_INSIDE, **timeouts):
    """Large messages, room for one, and one scanner."""
    return start(backend("behind", server.port) + domains("behind", "example.com") + rules,
                 changes={"limits": {"scan_queue": "1MiB"}, "timeouts": {"verdict": "8s", "scan": "4s", **timeouts}})


def test_whoever_finds_no_room_is_not_read_from_and_hears_452_in_the_end(start, new_backend):
    server = new_backend()
    gateway = waiting(start, server, verdict="3s", scan="3s")
    stopped = stop_workers(gateway)
    try:
        sessions = before_the_dot(gateway.port, 4, LARGE, "a@client.example")
        began = time.monotonic()
        for session in sessions:
            session.send(b".\r\nNOOP\r\n")
        replies = [session.reply() for session in sessions]
        assert 1 < time.monotonic() - began < 6
        assert {reply.code for reply in replies} <= {451, 452}, replies
        assert (452, "4.3.1") in {(reply.code, reply.enhanced) for reply in replies}, replies
        assert [session.reply().code for session in sessions] == [250] * 4  # each NOOP, after the message's answer
    finally:
        go_on(stopped)
    assert wait_until(lambda: send(gateway.port, LARGE, "user@example.com").code == 250), "room is not given back"


def test_freed_room_goes_to_those_who_wait_in_their_order(start, new_backend):
    """In both proxies; refused by what scanners find, so that a decision tells when that was."""
    gateway = waiting(start, new_backend(), 'rule "none" when message.part_count > 0 then reject 550 5.7.1 "none"\n', verdict="40s", scan="20s")
    stopped = stop_workers(gateway)
    sessions = []
    try:
        for n in range(10):
            sessions += before_the_dot(gateway.port, 1, LARGE, "n%d@client.example" % n)
            sessions[-1].send(b".\r\n")
            time.sleep(0.1)
    finally:
        go_on(stopped)
    assert [session.reply().code for session in sessions] == [550] * 10
    assert [record["from"] for record in gateway.decisions()] == ["n%d@client.example" % n for n in range(10)]


def test_who_hangs_up_in_line_leaves_it(start, new_backend):
    server = new_backend()
    gateway = waiting(start, server, verdict="40s", scan="20s")
    stopped = stop_workers(gateway)
    try:
        sessions = before_the_dot(gateway.port, 5, LARGE, "a@client.example")
        for session in sessions:
            session.send(b".\r\n")
            session.close()
    finally:
        go_on(stopped)
    assert send(gateway.port, LARGE, "user@example.com", timeout=30).code == 250


def test_a_killed_proxy_gives_its_room_back(start, new_backend):
    server = new_backend()
    gateway = waiting(start, server, verdict="40s", scan="20s")
    stopped = stop_workers(gateway)
    for session in before_the_dot(gateway.port, 4, LARGE, "a@client.example"):
        session.send(b".\r\n")
    time.sleep(0.3)
    before = gateway.pids("gatepost-proxy")
    for pid in before:
        kill(pid)
    go_on(stopped)
    assert wait_until(lambda: len(set(gateway.pids("gatepost-proxy")) - set(before)) == len(before))
    assert wait_until(gateway.answers)
    assert send(gateway.port, LARGE, "user@example.com", timeout=30).code == 250


def test_more_jobs_than_the_kernel_takes_wait_for_it(start, new_backend):
    """The queue's socket is bounded in octets, and descriptors under way are: neither loses a job."""
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + LOOKS_INSIDE,
                    changes={"limits": {"sessions": 10000, "sessions_per_client": 10000}, "log": {"level": '"info"'},
                             "timeouts": {"verdict": "120s", "scan": "30s"}})
    sessions = before_the_dot(gateway.port, 1500, b"Subject: one of many\r\n\r\nhello\r\n", "a@client.example")
    stopped = stop_workers(gateway)
    for session in sessions:
        session.send(b".\r\n")
    time.sleep(1)
    go_on(stopped)
    codes = [session.reply().code for session in sessions]
    for session in sessions:
        session.close()
    assert set(codes) == {250}, (codes.count(250), set(codes))


def test_scanners_that_die_under_a_full_line_lose_nothing(start, new_backend):
    server = new_backend()
    gateway = waiting(start, server, verdict="40s", scan="20s")
    with Load(gateway.port, senders=6, messages=60, message=lambda mark: marked(mark, LARGE[-400000:])) as load:
        for _ in range(10):
            load.join(0.4)  # it has lived long enough to be replaced at once
            for pid in gateway.workers("gatepost-scan")[:1]:
                kill(pid)
        load.join(60)
    assert len(load.told) >= 60
    assert not load.told - set(arrived(server))
    assert {reply.code for reply in load.refusals} <= {451}


@pytest.mark.parametrize("words, complaint", [("scan_queue 64", "expected a size"), ("scan_queue 64B", "1MiB to")])
def test_a_count_of_messages_is_no_size(own_dir, words, complaint):
    file = own_dir / "gatepost.conf"
    file.write_text('hostname "mx.example.com"\nlimits { %s }\n' % words)
    status, said = check_configuration(file)
    assert status == 1 and complaint in said


def shut_queue(head):
    """As a proxy that was taken over can, while something waits there."""
    number = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, os.pidfd_open(head), FAMILY_QUEUE_FD, 0)
    assert number >= 0, os.strerror(ctypes.get_errno())
    with socket.socket(fileno=number) as queue:
        assert select.select([queue], [], [], 20)[0], "no job waits"
        queue.shutdown(socket.SHUT_RDWR)


@needs.root
def test_a_queue_that_somebody_shuts_is_made_anew_and_what_waits_in_it_is_served(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + LOOKS_INSIDE,
                    changes={"timeouts": {"verdict": "60s", "scan": "30s"}})
    assert gateway.wait_log("scanners ready program=gatepost-scan")
    head, = gateway.pids("gatepost-scan")
    message = samples.clean()
    for _ in range(2):
        sessions = before_the_dot(gateway.port, 8, message, "a@client.example")
        stopped = stop_workers(gateway)
        for session in sessions:
            session.send(b".\r\n")
        shut_queue(head)
        go_on(stopped)
        assert [session.reply().code for session in sessions] == [250] * 8
        for session in sessions:
            session.close()
        assert send(gateway.port, message, "user@example.com").code == 250
    assert gateway.log().count("the scanners' queue was closed, and is made anew") == 2
    assert gateway.pids("gatepost-scan") == [head], "the family need not be another"
