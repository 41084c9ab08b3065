# SPDX-License-Identifier: ISC
"""The parent with the real gatepost-proxy."""
import os
import pathlib
import signal

import pytest

from lab import needs
from lab.parent import parent, wait_until  # noqa: F401
from lab.process import is_alive


@pytest.fixture
def real(parent):
    parent.libexec = needs.BUILD
    return parent


def greeting(session):
    return session.socket.makefile("rb").readline()


def is_greeted(parent):
    session = parent.connect(greeted=False)
    try:
        return greeting(session).startswith(b"220 mx.example.com ")
    finally:
        session.close()


def test_a_real_proxy_serves_without_privileges(real):
    real.start()
    assert is_greeted(real)
    for pid in real.children():
        status = pathlib.Path("/proc/%d/status" % pid).read_text()
        assert "NoNewPrivs:\t1" in status
        if os.geteuid() == 0:
            assert "Uid:\t65534\t65534\t65534\t65534" in status and "CapEff:\t0000000000000000" in status
            assert os.readlink("/proc/%d/root" % pid) == str(real.folder / "empty")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root enters a chroot")
def test_a_folder_with_a_long_name_is_entered(real):
    short = str(real.folder / "empty")
    text = real.path.read_text()
    assert 'chroot "%s"' % short in text
    real.path.write_text(text.replace(short, str(real.folder) + "/." * 200 + "/empty"))
    real.start()
    assert is_greeted(real)


def test_real_proxies_serve_on_while_one_is_killed(real):
    real.start()
    for _ in range(5):
        before = real.children()
        os.kill(before[0], signal.SIGKILL)
        assert all(is_greeted(real) for _ in range(10))
        assert wait_until(lambda: len(real.children()) == 2 and before[0] not in real.children(), 40)


def test_one_that_hangs_is_replaced(real):
    real.steer_clock().start()
    hanging, other = real.children()
    assert is_greeted(real)
    os.kill(hanging, signal.SIGSTOP)
    assert real.in_time(lambda: 'pid=%d reason="its loop stands still"' % hanging in real.log(), 60)
    assert wait_until(lambda: len(real.children()) == 2 and hanging not in real.children(), 40)
    assert other in real.children() and is_greeted(real)


def test_a_real_reload_drops_no_connection_that_waits(real):
    real.configure(proxies=1)
    real.start()
    pid, = real.children()
    os.kill(pid, signal.SIGSTOP)
    waiting = [real.connect(greeted=False) for _ in range(20)]
    real.reload()
    assert all(greeting(session).startswith(b"220 ") for session in waiting)
    os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: not is_alive(pid))


def test_a_certificate_that_cannot_be_used_changes_nothing(real):
    real.start()
    before = real.children()
    real.configure('certificate "mx.example.com" { chain "chain.pem"  key "key.pem" }\n')
    for name in ("chain.pem", "key.pem"):
        (real.folder / name).write_text("no certificate")
        os.chmod(real.folder / name, 0o600)
    real.signal(signal.SIGHUP)
    assert real.logged("reload refused, nothing is changed")
    assert wait_until(lambda: real.children() == before) and is_greeted(real)


def test_real_proxies_end_with_sigterm(real):
    real.start()
    session = real.connect(greeted=False)
    greeting(session)
    real.signal(signal.SIGTERM)
    assert real.logged("stopping")
    session.close()
    assert real.popen.wait(15) == 0
