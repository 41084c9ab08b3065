# SPDX-License-Identifier: ISC
"""What the suites share: a folder for the run, the servers behind, and the proof that nothing is left running."""
import gc
import os
import pathlib
import shutil
import tempfile

import pytest

from lab import folders, needs, process
from lab.backend import Backend
from lab.certs import Authority
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, certificate, domains, running
from lab.gatepost import backend as gateway_backend
from lab.postfix import Postfix
from lab.smtp_client import Session


@pytest.hookimpl(hookwrapper=True)
def pytest_collection():
    """All that is collected stays: to look through it again and again for what may go is a quarter of the time that it takes."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left():
    process.adopt_orphans()
    before = set(process.left_over())
    yield
    process.wait_until(lambda: not set(process.left_over()) - before, 5)
    left = {pid: name for pid, name in process.left_over().items() if pid not in before}
    process.reap()
    assert not left, "still running: %s" % left


@pytest.fixture(scope="session")
def run_dir(no_process_is_left):
    """Everything that the servers write; kept when GATEPOST_KEEP is set."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-tests-", dir=folders.quick()))
    os.chmod(path, 0o755)
    yield path
    if os.environ.get("GATEPOST_KEEP"):
        print("kept:", path)
    else:
        shutil.rmtree(path)


@pytest.fixture
def own_dir(run_dir):
    """A folder for one test alone."""
    path = pathlib.Path(tempfile.mkdtemp(dir=run_dir))
    os.chmod(path, 0o755)
    yield path
    if not os.environ.get("GATEPOST_KEEP"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(run_dir):
    return Authority(run_dir / "tls")


@pytest.fixture(scope="session")
def postfix(run_dir, authority):
    needs.to_be_root("a Postfix of its own")
    server = Postfix(run_dir, authority.certificate("behind.example.com"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def dovecot(run_dir, postfix):
    server = Dovecot(run_dir, postfix.mail)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def internet(run_dir):
    """Name servers and addresses for those who send."""
    from lab.internet import Internet
    folder = run_dir / "internet"
    folder.mkdir()
    world = Internet(folder)
    try:
        if not world.network.prefix:
            pytest.skip("needs addresses of its own (ip route add local)")
        yield world.start()
    finally:
        world.stop()


@pytest.fixture
def start(own_dir):
    """start(body, ...) starts a Gatepost of the test's own; it is stopped, and must end well, with the test."""
    needs.to_be_root("Gatepost's parent")
    started = []

    def start_gatepost(body, **how):
        folder = own_dir / ("gateway-%d" % len(started))
        folder.mkdir()
        started.append(Gatepost(folder, body, **how))
        return started[-1].start()

    yield start_gatepost
    _stop_all(started)


@pytest.fixture
def new_backend():
    """new_backend(script, ...) starts a scriptable server behind, for this test."""
    started = []

    def start_backend(*words, **how):
        started.append(Backend(*words, **how).start())
        return started[-1]

    yield start_backend
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def shared_backend():
    server = Backend().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared_gateway(run_dir, authority, shared_backend, request):
    """One Gatepost for a whole suite, in front of shared_backend. The suite's CHANGES are its settings."""
    needs.to_be_root("Gatepost's parent")
    body = "".join([certificate(authority.certificate("mx.example.com")),
                    gateway_backend("behind", shared_backend.port, options="recipient_check on  probe off"),
                    domains("behind", "example.com", "example.org")])
    gateway = Gatepost(run_dir / request.module.__name__, body, changes=getattr(request.module, "CHANGES", None), implicit_tls=True)
    with running(gateway):
        process.wait_until(lambda: all(_offers_all(gateway) for _ in range(6)))
        yield gateway


def _offers_all(gateway):
    """Each proxy has learnt what the server behind can do."""
    with Session(gateway.port) as client:
        client.ehlo()
        return {"SMTPUTF8", "8BITMIME", "DSN"} <= set(client.extensions)


@pytest.fixture
def gateway(shared_gateway, shared_backend):
    """The suite's Gatepost; the server behind behaves, and has forgotten what was before."""
    shared_backend.forget()
    return shared_gateway


@pytest.fixture
def behind(gateway, shared_backend):
    return shared_backend


@pytest.fixture
def session(gateway):
    """A fresh connection to the suite's Gatepost, greeted."""
    with Session(gateway.port) as client:
        yield client


@pytest.fixture
def greeted(session):
    """The session after EHLO."""
    session.ehlo()
    return session


@pytest.fixture
def ready(greeted):
    """The session after MAIL and one RCPT."""
    greeted.envelope("user@example.com")
    return greeted


def _stop_all(gateways):
    ends = [(gateway, gateway.stop()) for gateway in gateways]
    for gateway, status in ends:
        assert status in (0, None), "gatepost ended with %s\n%s" % (status, gateway.log()[-4000:])
