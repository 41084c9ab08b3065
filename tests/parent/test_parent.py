# SPDX-License-Identifier: ISC
"""The parent alone, with stand-ins for its children (tests/fakes): start, restart, reload, stop."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest

from lab import needs
from lab.parent import Session, parent, wait_until  # noqa: F401
from lab.ports import free_port
from lab.process import is_alive


def parent_of(pid):
    text = pathlib.Path("/proc/%d/stat" % pid).read_text()
    return int(text[text.rindex(")") + 2:].split()[1])


# Starting

def test_a_mistake_is_reported_with_its_place(parent):
    parent.configure("colour blue\n")
    status, said = parent.run("-F")
    assert status == 1
    assert "%s:5:1: error" % parent.path in said


def test_a_missing_file_is_named(parent):
    parent.path.unlink()
    status, said = parent.run("-F")
    assert status == 1 and str(parent.path) in said


def test_a_missing_key_is_named(parent):
    parent.configure('certificate "mx.example.com" { chain "chain.pem"  key "key.pem" }\n')
    (parent.folder / "chain.pem").write_text("x")
    status, said = parent.run("-n")
    assert status == 1
    assert 'key "%s": No such file or directory' % (parent.folder / "key.pem") in said


@pytest.fixture
def pair(authority):
    """pair(folder) puts a chain and a key there."""
    def put(folder):
        made = authority.certificate("mx.example.com", kind="ecdsa", file="of-parent")
        shutil.copy(made.chain, folder / "chain.pem")
        shutil.copy(made.key, folder / "key.pem")
        os.chmod(folder / "key.pem", 0o600)
    return put


def test_a_key_that_all_can_read_is_warned_of(parent, pair):
    parent.configure('certificate "mx.example.com" { chain "chain.pem"  key "key.pem" }\n')
    pair(parent.folder)
    os.chmod(parent.folder / "key.pem", 0o644)
    status, said = parent.run("-n")
    assert status == 0 and "can be read by everybody" in said


@pytest.mark.parametrize("name", ["program", "folder"])
def test_a_path_of_redis_too_long_is_refused(parent, name):
    parent.configure('redis { %s "/%s" }\n' % (name, "./" * 2100 + "redis"))
    status, said = parent.run("-n")
    assert status == 1 and 'redis %s "' % name in said and "File name too long" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root enters a chroot")
def test_a_path_too_long_is_refused_and_never_cut(parent):
    path = "/" + "./" * 2100 + "absent"  # its beginning is there
    parent.path.write_text(parent.path.read_text().replace(str(parent.folder / "empty"), path))
    status, said = parent.run("-n")
    assert status == 1 and "process chroot" in said and "File name too long" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_missing_user_is_named_with_the_command_that_makes_it(parent):
    parent.path.write_text(parent.path.read_text().replace('"nobody"', '"gatepost-absent"'))
    status, said = parent.run("-F")
    assert status == 1
    assert 'user "gatepost-absent"' in said and "useradd --system" in said


def test_a_port_in_use_is_named(parent):
    with socket.create_server(("127.0.0.1", parent.port)):
        status, said = parent.run("-F")
    assert status == 1
    assert "cannot listen on 127.0.0.1:%d: Address already in use" % parent.port in said


def test_a_second_gatepost_does_not_share_the_port(parent):
    parent.start()
    status, said = parent.run("-F")
    assert status == 1 and "Address already in use" in said


def test_a_proxy_that_cannot_serve_ends_the_start(parent):
    parent.order(fail="the key does not fit the certificate")
    status, said = parent.run("-F")
    assert status == 1 and "the key does not fit the certificate" in said


def test_a_proxy_that_dies_ends_the_start(parent):
    parent.order(die=True)
    status, said = parent.run("-F")
    assert status == 1 and 'how="exit 7"' in said


def test_check_prints_what_it_found(parent):
    status, said = parent.run("-n")
    assert status == 0 and "good: 1 listeners" in said


@pytest.mark.parametrize("options", [["-x"], ["-c"], ["-F", "extra"]])
def test_wrong_arguments_print_the_usage(options):
    done = subprocess.run([needs.BUILD / "gatepost", *options], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and done.stderr.startswith("usage: gatepost")


def test_in_the_background_it_returns_when_it_serves(parent):
    with open(parent.log_path, "ab") as log: # its stderr stays open as long as it runs
        done = subprocess.run(parent.command(), env=parent.environment(), stdout=log, stderr=log, timeout=30)
    assert done.returncode == 0
    session = parent.connect()
    daemon = parent_of(session.pid)
    session.close()
    os.kill(daemon, signal.SIGTERM)
    assert wait_until(lambda: not is_alive(daemon) and not is_alive(session.pid))


def test_in_the_background_a_failed_start_is_told(parent):
    parent.order(die=True)
    assert parent.run()[0] == 1


# Running

def test_every_slot_serves(parent):
    parent.start()
    sessions = parent.in_slots()
    assert sessions[0].pid != sessions[1].pid
    assert sorted(s.pid for s in sessions.values()) == parent.children()


def test_a_killed_proxy_is_replaced_and_the_others_serve_on(parent):
    parent.start()
    slots = parent.in_slots()
    os.kill(slots[0].pid, signal.SIGKILL)
    assert slots[1].echoes()
    assert wait_until(lambda: len(parent.children()) == 2 and slots[0].pid not in parent.children())
    again = parent.in_slots()
    assert again[0].pid != slots[0].pid and again[1].pid == slots[1].pid
    assert 'how="killed by SIGKILL"' in parent.log()


def test_a_connection_that_waits_outlives_the_proxy(parent):
    parent.configure(proxies=1)
    parent.start()
    pid, = parent.children()
    os.kill(pid, signal.SIGSTOP)
    waiting = parent.connect(greeted=False)
    os.kill(pid, signal.SIGKILL)
    waiting.read_greeting()
    assert waiting.pid != pid


FORGOTTEN = "what proxies remember together is forgotten"


@pytest.mark.parametrize("number", [signal.SIGSYS, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL], ids=lambda number: number.name)
def test_nothing_that_a_proxy_told_the_others_outlives_a_death_as_attacks_end_in(parent, number):
    parent.start()
    os.kill(parent.children()[0], number)
    assert parent.logged(FORGOTTEN)
    assert parent.connect().echoes()


def test_what_proxies_remember_stays_when_one_is_killed_or_ends(parent):
    parent.start()
    os.kill(parent.children()[0], signal.SIGKILL)
    assert parent.logged("killed by SIGKILL")
    parent.reload()
    assert parent.logged("proxy done") and FORGOTTEN not in parent.log()


def test_a_proxy_that_breaks_the_protocol_is_killed(parent):
    parent.start()
    parent.order(nonsense=True)
    victim = parent.children()[0]
    os.kill(victim, signal.SIGKILL)
    assert parent.logged("it broke the protocol") and parent.logged(FORGOTTEN)
    assert parent.connect().echoes()
    (parent.folder / "fake.json").unlink()
    assert wait_until(lambda: len(parent.children()) == 2)


def test_while_a_slot_waits_for_its_restart_another_serves_it(parent):
    parent.start()
    slots = parent.in_slots()
    parent.order(die=True)
    os.kill(slots[0].pid, signal.SIGKILL)
    assert parent.logged("slot is served by another slot=0 by=1")
    for _ in range(20):
        assert parent.connect().pid == slots[1].pid
    (parent.folder / "fake.json").unlink()
    assert wait_until(lambda: len(parent.children()) == 2, 40)


def test_the_proxies_die_with_the_parent(parent):
    parent.start()
    children = parent.children()
    parent.signal(signal.SIGKILL)
    parent.popen.wait(10)
    assert wait_until(lambda: not any(map(is_alive, children)))


def test_usr1_logs_what_was_counted(parent):
    parent.start()
    parent.signal(signal.SIGUSR1)
    assert parent.logged("metrics sessions=0 "), parent.log()
    assert "lists_suspended=0" in parent.log()


def test_systemd_is_told(parent):
    name = str(parent.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(name)
        told.settimeout(15)
        parent.more_environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}

        def expect(state):
            while state not in (got := told.recv(500).decode().split("\n")):
                assert got[0] in ("WATCHDOG=1", "FDSTORE=1")

        parent.start()
        expect("READY=1")
        expect("WATCHDOG=1")
        parent.signal(signal.SIGHUP)
        expect("RELOADING=1")
        expect("READY=1")
        parent.signal(signal.SIGTERM)
        expect("STOPPING=1")


def test_a_parent_that_hangs_gives_no_sign_of_life(parent):
    name = str(parent.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(name)
        parent.more_environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}
        parent.start()
        told.settimeout(15)
        while told.recv(500) != b"WATCHDOG=1":
            pass
        parent.signal(signal.SIGSTOP)
        told.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(20):  # what was on its way
                told.recv(500)
        parent.signal(signal.SIGCONT)
        told.settimeout(15)
        assert told.recv(500) == b"WATCHDOG=1"


# Reloading

def test_a_reload_hands_over_and_lets_sessions_finish(parent):
    parent.start()
    old = parent.connect()
    parent.reload()
    new = parent.connect_to(2)
    assert old.generation == 1
    assert old.echoes()
    old.close()
    assert wait_until(lambda: not is_alive(old.pid))
    assert parent.logged("generation ended generation=1")
    assert new.echoes() and len(parent.children()) == 2


def test_a_bad_reload_changes_nothing_and_says_why(parent):
    parent.start()
    before = parent.children()
    parent.configure("colour blue\n")
    parent.signal(signal.SIGHUP)
    assert parent.logged("reload refused, nothing is changed")
    assert "at=%s:5:1 reason=" % parent.path in parent.log()
    assert parent.children() == before and parent.connect().generation == 1


def test_a_reload_to_a_port_in_use_changes_nothing(parent):
    parent.start()
    before, other = parent.children(), free_port()
    with socket.create_server(("127.0.0.1", other)):
        parent.configure(ports=[parent.port, other])
        parent.signal(signal.SIGHUP)
        assert parent.logged("reload refused, nothing is changed")
    assert "cannot listen on 127.0.0.1:%d" % other in parent.log()
    assert parent.children() == before and parent.connect().generation == 1


@pytest.mark.parametrize("order", [{"fail": "no key"}, {"die": True}])
def test_a_reload_whose_proxies_cannot_serve_changes_nothing(parent, order):
    parent.start()
    before, other = parent.children(), free_port()
    parent.order(**order)
    parent.configure(ports=[parent.port, other])
    parent.signal(signal.SIGHUP)
    assert parent.logged("reload refused, nothing is changed")
    assert wait_until(lambda: parent.children() == before)
    assert parent.connect().generation == 1
    with pytest.raises(ConnectionRefusedError):
        parent.connect(other)


def test_a_reload_drops_no_connection_that_waits(parent):
    parent.configure(proxies=1)
    parent.start()
    pid, = parent.children()
    os.kill(pid, signal.SIGSTOP)
    waiting = [parent.connect(greeted=False) for _ in range(20)]
    parent.reload()
    for session in waiting:
        session.read_greeting()
        assert session.generation == 2
    os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: not is_alive(pid))


def test_fewer_proxies_drop_no_connection_that_waits(parent):
    parent.configure(proxies=4)
    parent.start()
    for pid in parent.children():
        os.kill(pid, signal.SIGSTOP)
    stopped = parent.children()
    waiting = [parent.connect(greeted=False) for _ in range(40)]
    parent.configure(proxies=1)
    parent.reload()
    for session in waiting:
        session.read_greeting()
        assert session.slot == 0 and session.generation == 2
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: len(parent.children()) == 1)


def test_listeners_come_and_go_with_a_reload(parent):
    first, second = parent.port, free_port()
    parent.start()
    parent.configure(ports=[second])
    parent.reload()
    assert parent.connect(second).generation == 2

    def is_closed():
        try:
            Session(first, greeted=False).close()
        except ConnectionRefusedError:
            return True
    assert wait_until(is_closed)


def test_only_so_many_old_generations_are_kept(parent):
    parent.start()
    held = [parent.connect()]
    for generation in range(2, 6):
        parent.reload()
        held.append(parent.connect_to(generation))
    assert wait_until(lambda: not is_alive(held[0].pid))
    assert all(session.echoes() for session in held[1:])


def test_an_old_generation_has_a_time_to_drain(parent):
    parent.configure(drain="1s")
    parent.start()
    held = parent.connect()
    parent.reload()
    assert held.echoes()
    assert wait_until(lambda: not is_alive(held.pid))
    assert "its time to drain is over" in parent.log()


def test_a_changed_certificate_is_taken_up_by_itself(parent, pair):
    parent.configure('certificate "mx.example.com" { chain "chain.pem"  key "key.pem" }\n')
    pair(parent.folder)
    parent.steer_clock().start()
    pair(parent.folder)
    assert parent.in_time(lambda: 'reason="files have changed"' in parent.log())
    assert parent.logged("serving generation=2")


def test_a_hangup_during_a_reload_is_not_forgotten(parent):
    parent.start()
    parent.order(silent=True)
    parent.signal(signal.SIGHUP)
    assert wait_until(lambda: len(parent.children()) == 4)
    parent.signal(signal.SIGHUP)
    (parent.folder / "fake.json").unlink()
    for pid in parent.children()[2:]:
        with contextlib.suppress(ProcessLookupError):  # with the first of them the others are given up
            os.kill(pid, signal.SIGKILL)
    assert parent.logged("serving generation=3")


# Stopping

def test_sigterm_lets_sessions_finish(parent):
    parent.start()
    session = parent.connect()
    parent.signal(signal.SIGTERM)
    assert parent.logged("stopping")
    assert session.echoes()
    with pytest.raises(ConnectionError):
        wait_until(lambda: Session(parent.port, greeted=False).close(), 5)
    session.close()
    assert parent.popen.wait(10) == 0


def test_sigterm_waits_no_longer_than_the_drain(parent):
    parent.configure(drain="1s")
    parent.start()
    session = parent.connect()
    parent.signal(signal.SIGTERM)
    assert parent.popen.wait(10) == 0
    assert not is_alive(session.pid)


def test_a_second_sigterm_ends_it_at_once(parent):
    parent.start()
    session = parent.connect()
    parent.signal(signal.SIGTERM)
    assert parent.logged("stopping")
    parent.signal(signal.SIGTERM)
    assert parent.popen.wait(5) == 0
    assert not is_alive(session.pid)
