# SPDX-License-Identifier: ISC
"""What the suites share: a folder for the run, the servers behind, and the proof that nothing is left running."""
import os
import pathlib
import shutil
import tempfile

import pytest

from lab import needs, process
from lab.certs import Authority
from lab.dovecot import Dovecot
from lab.postfix import Postfix


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left():
    process.adopt_orphans()
    before = set(process.left_over())
    yield
    process.wait_until(lambda: not set(process.left_over()) - before, 5)
    left = {pid: name for pid, name in process.left_over().items() if pid not in before}
    assert not left, "still running: %s" % left


@pytest.fixture(scope="session")
def run_dir(no_process_is_left):
    """Everything that the servers write; kept when GATEPOST_KEEP is set."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-tests-"))
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
    return path


@pytest.fixture(scope="session")
def authority(run_dir):
    return Authority(run_dir / "tls")


@pytest.fixture(scope="session")
def postfix(run_dir, authority):
    if os.geteuid() != 0:
        pytest.skip("needs root: a Postfix of its own")
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
