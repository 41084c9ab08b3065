# SPDX-License-Identifier: ISC
"""What a scanner has to tell of many files is heard, however busy the machine is."""
import multiprocessing
import os
import pwd
import socket

import pytest

from lab import good_mail, needs, samples
from lab.check import configuration, gatepostctl

FILES, DESCRIPTORS, A_SOCKET_HOLDS = 1000, 200, 50

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")


def put_descriptors_under_way(ready, over):
    """As the user whom scanners run as: the kernel counts those that nobody has taken yet, of all processes of a user."""
    if os.geteuid() == 0:
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    pairs = []
    for number in range(DESCRIPTORS):
        if number % A_SOCKET_HOLDS == 0:
            pairs.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM))
        socket.send_fds(pairs[-1][0], [b"x"], [0])
    ready.set()
    over.wait(60)


@pytest.fixture
def busy():
    context = multiprocessing.get_context("fork")
    ready, over = context.Event(), context.Event()
    other = context.Process(target=put_descriptors_under_way, args=(ready, over))
    other.start()
    assert ready.wait(10)
    yield
    over.set()
    other.join(10)


def test_many_files_are_told_whatever_others_have_under_way(busy, own_dir):
    path = own_dir / "message.eml"
    path.write_bytes(samples.with_attachment("a.zip", good_mail.zipped({"%d-%s.txt" % (n, "n" * 200): b"" for n in range(FILES)})))
    policy = 'rule "the last" when any a in attachments (a.name starts with "%d-") then reject 550 5.7.1 "seen"\n' % (FILES - 1)
    done = gatepostctl("check", "--config", configuration(own_dir, policy), "--json", "--from", "a@client.example", "--rcpt", "user@example.com", path)
    assert '"reply":"550 5.7.1 seen' in done.stdout, done.stdout[:500] + done.stderr[-500:]
