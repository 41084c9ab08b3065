# SPDX-License-Identifier: ISC
"""One network of clients takes all that it can, of each thing that all use; another's mail comes through as before.
Clients' addresses are loopback ones, which are held to their share only where `unshared` says so."""
import contextlib
import itertools
import threading
import time

import pytest

from lab.backend import HANG
from lab.gatepost import backend, domains
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.smtp_client import Closed, Session

SESSIONS = 40
LIMITS = {"unshared": '{ "192.0.2.0/24" }', "sessions": SESSIONS}
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"
OURS, NEIGHBOUR = "127.0.9.1", "127.0.9.2"


@pytest.fixture
def gateway(start, new_backend):
    def go(script=None, limits=None, timeouts=None, options="recipient_check off  probe off", **how):
        behind = new_backend(script)
        it = start(backend("behind", behind.port, options=options) + domains("behind", "example.com"),
                   changes={"limits": {**LIMITS, **(limits or {})}, "timeouts": {"stressed": "60s", **(timeouts or {})},
                            "process": {"proxies": 2}}, **how)
        it.behind = behind
        return it
    return go


@pytest.fixture
def crowd():
    """Sessions that stay open until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda port, source: stack.enter_context(Session(port, source=source))


def deliver(port, source=OURS):
    """How long the whole took."""
    began = time.monotonic()
    with Session(port, source=source) as session:
        assert session.greeting.code == 220, session.greeting
        session.ehlo()
        session.envelope("user@example.com")
        reply = session.data(MESSAGE)
        assert reply.code == 250, reply
    return time.monotonic() - began


def percentile_95(times):
    return sorted(times)[int(len(times) * 0.95)]


def assert_no_slower(alone, beside):
    """Twice what it is alone, and what a busy machine adds to so short times."""
    assert percentile_95(beside) <= 2 * percentile_95(alone) + 0.1, (sorted(alone), sorted(beside))


def hosts(network):
    return ("127.0.%d.%d" % (network, n) for n in itertools.cycle(range(1, 255)))


def take_all(it, crowd, network):
    """As many sessions as the network gets, and what it is told then."""
    taken = []
    for host in hosts(network):
        session = crowd(it.port, host)
        if session.greeting.code != 220:
            return taken, session.greeting
        taken.append(session)
        assert len(taken) <= SESSIONS


def test_one_network_leaves_half_of_the_sessions_to_others(gateway, crowd):
    it = gateway()
    taken, said = take_all(it, crowd, 7)
    assert len(taken) == SESSIONS // 2
    assert (said.code, said.text.partition(" (")[0]) == (421, "4.7.0 too many sessions from your network, try again later")
    more, _ = take_all(it, crowd, 8)
    assert len(more) == SESSIONS // 4
    deliver(it.port)


def test_a_listener_leaves_sessions_to_the_others(start, crowd):
    it = start(backend("behind", 9, pop3=[9]), pop3="backend behind", changes={"limits": LIMITS})
    for network in range(20, 60):
        session = crowd(it.port, "127.0.%d.1" % network)
        if session.greeting.code != 220:
            break
    assert network - 20 == SESSIONS * 3 // 4
    assert it.answers() is False  # over SMTP
    with contextlib.closing(Session(it.pop3_port, greeting=False)) as reader:
        assert reader.line().startswith("+OK")


def test_who_keeps_a_session_with_noop_takes_nobody_elses_time(gateway, crowd):
    it = gateway()
    alone = [deliver(it.port) for _ in range(20)]
    taken, _ = take_all(it, crowd, 7)
    over = threading.Event()

    def keep():
        with contextlib.suppress(Closed, OSError):
            while not over.wait(0.2):
                for session in taken:
                    session.expect("NOOP", 250)

    keeper = threading.Thread(target=keep)
    keeper.start()
    beside = [deliver(it.port) for _ in range(20)]
    over.set()
    keeper.join()
    assert_no_slower(alone, beside)


def test_when_nearly_all_are_taken_the_silent_go_first_and_not_who_waits_for_a_reply(gateway, crowd):
    held = threading.Event()
    it = gateway({"DOT": lambda session, line: held.wait(20) and None}, timeouts={"stressed": "1s"})
    waiting = crowd(it.port, NEIGHBOUR)
    waiting.ehlo()
    waiting.envelope("user@example.com")
    waiting.expect("DATA", 354)
    waiting.send(MESSAGE + b".\r\n")
    silent = []
    while len(silent) < SESSIONS - 1:
        session = crowd(it.port, "127.0.%d.1" % (20 + len(silent)))
        if session.greeting.code != 220:
            break
        silent.append(session)
    assert len(silent) > SESSIONS * 3 // 4 - 2
    bye = silent[0].reply()
    assert (bye.code, bye.text.partition(" (")[0]) == (421, "4.3.2 too busy to wait any longer, try again later")
    assert wait_until(lambda: "there is room again" in it.log(), 15)
    assert Session(it.port, source=OURS).greeting.code == 220
    held.set()
    assert waiting.reply().code == 250


def test_when_nearly_all_are_taken_who_only_says_noop_goes_as_well(gateway, crowd):
    it = gateway(timeouts={"stressed": "500ms"})
    keepers = [crowd(it.port, "127.0.%d.1" % (20 + n)) for n in range(SESSIONS * 3 // 4 + 2)]
    ended = time.monotonic() + 20
    with pytest.raises((Closed, ConnectionError, AssertionError)):
        while time.monotonic() < ended:
            for session in keepers:
                session.expect("NOOP", 250)
            time.sleep(0.1)
    deliver(it.port)


def test_who_was_made_to_wait_is_not_called_silent_for_it(start, new_backend, crowd):
    behind = new_backend()
    it = start(backend("behind", behind.port, options="recipient_check off  probe off") + domains("behind", "example.com") +
               'rule "slow" when recipient starts with "slow" then delay 6s\n',
               changes={"limits": LIMITS, "timeouts": {"stressed": "2s"}, "process": {"proxies": 1}})
    patient = crowd(it.port, NEIGHBOUR)
    patient.ehlo()
    patient.expect("MAIL FROM:<a@client.example>", 250)
    keepers = [crowd(it.port, "127.0.%d.1" % (20 + n)) for n in range(SESSIONS * 3 // 4 + 2)]
    over = threading.Event()

    def keep():
        with contextlib.suppress(Closed, OSError, AssertionError):
            while not over.wait(0.2):
                for session in keepers:
                    session.expect("NOOP", 250)

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        patient.expect("RCPT TO:<slow@example.com>", 250)
        time.sleep(1.5)
        patient.expect("DATA", 354)
    finally:
        over.set()
        keeper.join()


# ---- memory for bodies


SPOOL = {"spool": "8MiB", "message_size": "1MiB", "fetched_size": "1MiB", "sessions": 1000}


def upload(session, octets):
    session.ehlo()
    session.envelope("user@example.com")
    session.expect("DATA", 354)
    session.send(b"Subject: large\r\n\r\n" + b"x" * 998 + b"\r\n")
    session.send((b"x" * 998 + b"\r\n") * (octets // 1000))


def test_one_network_leaves_half_of_the_memory_to_others(gateway, crowd):
    it = gateway(limits=SPOOL)
    alone = [deliver(it.port) for _ in range(20)]
    for host in itertools.islice(hosts(7), 16):
        upload(crowd(it.port, host), 900000)
    beside = [deliver(it.port) for _ in range(20)]
    assert_no_slower(alone, beside)
    with Session(it.port, source=OURS) as session:
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(b"Subject: large\r\n\r\n" + (b"x" * 998 + b"\r\n") * 900).code == 250


def test_who_sends_slowly_goes_when_memory_is_short(gateway, crowd):
    it = gateway(limits=SPOOL, timeouts={"stressed": "1s"})
    slow = []
    for network, _ in itertools.product(range(20, 26), range(2)):
        session = crowd(it.port, "127.0.%d.1" % network)
        upload(session, 800000)
        slow.append(session)
    told = [session.reply() for session in slow[:2]]
    assert all(reply.code in (421, 452) for reply in told), told
    assert wait_until(lambda: "there is room again" in it.log(), 20)
    deliver(it.port)


# ---- connections to the server behind


def deliver_slowly(port, source):
    """Where nobody looks at the reply."""
    with contextlib.suppress(Closed, OSError, AssertionError):
        with Session(port, source=source, timeout=60) as session:
            session.ehlo()
            session.expect("MAIL FROM:<slow@client.example>", 250)
            session.expect("RCPT TO:<user@example.com>", 250)
            session.data(MESSAGE)


def at_once(target, arguments):
    threads = [threading.Thread(target=target, args=one, daemon=True) for one in arguments]
    for thread in threads:
        thread.start()
    return threads


def test_one_network_leaves_connections_to_others(gateway, crowd):
    slow = threading.Event()
    it = gateway({"DOT": lambda session, line: [0.5, b"250 2.0.0 accepted\r\n"] if b"slow@" in session.mail_line else None},
                 limits={"sessions": 1000}, options="connections 4  recipient_check off  probe off")
    alone = [deliver(it.port) for _ in range(20)]

    def press(host):
        while not slow.is_set():
            deliver_slowly(it.port, host)

    threads = at_once(press, [(host,) for host in itertools.islice(hosts(7), 12)])
    time.sleep(1)
    beside = [deliver(it.port) for _ in range(20)]
    slow.set()
    for thread in threads:
        thread.join()
    assert_no_slower(alone, beside)


def test_one_network_leaves_connections_to_others_over_all_proxies(gateway):
    """Each of two proxies has one, and would give it; together they have a half for one network."""
    held, hanging, served = threading.Event(), [], []

    def hang(session, line):
        if b"slow@" in session.mail_line:
            hanging.append(session)
            held.wait(20)

    it = gateway({"DOT": hang}, limits={"sessions": 1000}, options="connections 2  recipient_check off  probe off")
    greedy = at_once(deliver_slowly, [(it.port, host) for host in itertools.islice(hosts(7), 40)])
    try:
        assert wait_until(lambda: hanging, 10)
        time.sleep(1)
        ours = at_once(lambda port: served.append(deliver(port)), [(it.port,)] * 20)
        assert wait_until(lambda: len(served) >= 3, 10), "those whom the other proxy serves wait as well"
        assert len(hanging) == 1
    finally:
        held.set()
    for thread in greedy + ours:
        thread.join(30)


# ---- logins


def test_one_network_leaves_logins_to_others(start, own_dir):
    slow = Pop3Stub(script={"PASS": lambda session, line: [HANG] if session.user == b"slow" else None}).start()
    try:
        it = start(backend("behind", 9, pop3=["%d tls none" % slow.port]), pop3="backend behind",
                   changes={"limits": {"unshared": '{ "192.0.2.0/24" }', "logins": 8}, "timeouts": {"backend": "10s"}})

        def log_in(user, source, answered=True):
            reader = Session(it.pop3_port, greeting=False, source=source)
            reader.line()
            began = time.monotonic()
            for line in ("USER " + user, "PASS secret"):
                reader.send(line + "\r\n")
                if answered or line.startswith("USER"):
                    assert reader.line().startswith("+OK")
            return reader, time.monotonic() - began

        def ours():
            reader, took = log_in("user", OURS)
            reader.close()
            return took

        alone = [ours() for _ in range(20)]
        hanging = [log_in("slow", host, answered=False)[0] for host in itertools.islice(hosts(7), 20)]
        time.sleep(0.5)
        assert slow.open >= 4, "nobody hangs at the server: %s" % slow.commands[-6:]
        beside = [ours() for _ in range(20)]
        for reader in hanging:
            reader.close()
        assert_no_slower(alone, beside)
    finally:
        slow.stop()
