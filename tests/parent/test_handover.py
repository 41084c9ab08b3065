# SPDX-License-Identifier: ISC
"""From one gateway to the next: systemd keeps the listening sockets, and whoever runs starts none of the programs that an upgrade has
put in the place of its own."""
import os
import shutil
import signal
import socket

import pytest

from lab import needs
from lab.parent import parent, wait_until  # noqa: F401
from lab.ports import free_port
from lab.service import Service

PROXIES = 2


def begin(systemd, parent, extra=()):
    parent.popen = systemd.start(parent.command("-F"), parent.log_path, parent.environment(), PROXIES, extra)


@pytest.fixture
def systemd():
    one = Service()
    yield one
    one.close()


def another_port(port):
    return next(other for other in iter(free_port, None) if other != port)


def end(parent):
    parent.signal(signal.SIGTERM)
    assert parent.popen.wait(15) == 0


def test_who_connects_between_two_gateways_is_served_by_the_second(parent, systemd):
    begin(systemd, parent)
    assert len(systemd.kept) == 2 and set(systemd.ports()) == {parent.port}
    end(parent)
    waiting = [parent.connect(greeted=False) for _ in range(20)]
    begin(systemd, parent)
    for session in waiting:
        session.read_greeting()
        assert session.echoes()
    assert {session.slot for session in waiting} == {0, 1}


def test_sockets_are_kept_when_a_gateway_is_killed(parent, systemd):
    begin(systemd, parent)
    parent.signal(signal.SIGKILL)
    parent.popen.wait(15)
    waiting = parent.connect(greeted=False)
    begin(systemd, parent)
    waiting.read_greeting()


def test_what_the_configuration_names_no_more_is_kept_no_more(parent, systemd):
    before = parent.port
    begin(systemd, parent)
    parent.port = another_port(before)
    parent.configure()
    parent.reload()
    systemd.hear_until("FDSTORE")
    systemd.hear_until("FDSTORE")
    assert systemd.ports() == [parent.port] * 2


def test_a_socket_that_was_given_up_and_is_kept_nevertheless_is_served_again(parent, systemd):
    before = parent.port
    systemd.misses_removals = True
    begin(systemd, parent)
    for port in (another_port(before), before):
        parent.port = port
        parent.configure()
        parent.reload()
        systemd.hear_until("FDSTORE")
        systemd.hear_until("FDSTORE")
    end(parent)
    begin(systemd, parent)
    assert systemd.ports().count(before) > 2
    assert all(parent.connect().echoes() for _ in range(20))


def test_descriptors_that_are_no_listening_sockets_of_ours_are_closed(parent, systemd):
    begin(systemd, parent)
    end(parent)
    with socket.socket(socket.AF_UNIX) as one, open("/dev/null") as other, socket.create_server(("127.0.0.1", 0)) as third:
        begin(systemd, parent, (one, other, third))
        assert len(systemd.kept) == 2
        inode = os.fstat(third.fileno()).st_ino
    assert "socket:[%d]" % inode not in {_target(parent, fd) for fd in os.listdir("/proc/%d/fd" % parent.popen.pid)}
    assert parent.connect().echoes()


def _target(parent, fd):
    try:
        return os.readlink("/proc/%d/fd/%s" % (parent.popen.pid, fd))
    except OSError:
        return ""


@pytest.fixture
def installed(parent):
    """A gateway with programs that can be replaced."""
    parent.libexec = parent.folder / "libexec"
    parent.libexec.mkdir(mode=0o755)
    for program in ("gatepost-proxy", "gatepost-scan", "gatepost-keeper", "gatepost-release", "gatepost-qr"):
        shutil.copy(needs.BUILD / program, parent.libexec)
    return parent


def replace(parent):
    """As dpkg does: a new file in place of the old one, whose own never changes."""
    for program in parent.libexec.iterdir():
        program.with_suffix(".new").write_text("#!/bin/sh\nexit 1\n")
        os.chmod(program.with_suffix(".new"), 0o755)
        program.with_suffix(".new").rename(program)


def greets(parent):
    session = parent.connect(greeted=False)
    return session.socket.makefile("rb").readline().startswith(b"220 ")


def test_a_gateway_whose_programs_were_replaced_goes_on_with_its_own(installed):
    installed.start()
    before = installed.children()
    replace(installed)
    os.kill(before[0], signal.SIGKILL)
    assert wait_until(lambda: len(installed.children()) == len(before) and before[0] not in installed.children())
    assert all(greets(installed) for _ in range(6))
    installed.reload()
    assert installed.logged("serving generation=2")
    assert all(greets(installed) for _ in range(6))
    assert installed.log().count("other programs are installed") == 1
