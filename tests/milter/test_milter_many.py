# SPDX-License-Identifier: ISC
"""As many milter listeners as there may be, all moved by one reload, and one more than that."""
import re
import socket

from lab import needs
from lab.gatepost import Gatepost, backend, check_configuration, domains, running
from lab.ports import free_port
from lab.process import wait_until

MOST = 16


def listeners(ports):
    return "".join('listen milter on "127.0.0.1:%d"\n' % port for port in ports) + backend("behind", 25) + domains("behind", "example.com")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_one_more_than_there_may_be_is_told_with_its_place(own_dir):
    file = own_dir / "gatepost.conf"
    file.write_text(listeners(range(8000, 8000 + MOST)))
    assert "milter listeners" not in check_configuration(file)[1]
    file.write_text(listeners(range(8000, 8000 + MOST + 2)))
    status, report = check_configuration(file)
    assert status and re.findall(r"gatepost\.conf:(\d+):(\d+): .*at most (\d+) milter listeners", report) == [("17", "18", "16")], report


@needs.root
def test_all_of_them_move_at_once(own_dir):
    ports = [[free_port() for _ in range(MOST)] for _ in range(3)]
    gateway = Gatepost(own_dir, listeners(ports[0]))
    with running(gateway):
        for n, here in enumerate(ports):
            if n:
                gateway.configure(listeners(here))
                assert gateway.control("reload"), gateway.log()[-4000:]
            assert wait_until(lambda: all(map(listens, here)), 30), gateway.log()[-4000:]
        assert wait_until(lambda: not any(map(listens, ports[0] + ports[1])), 30)
        assert wait_until(lambda: len(gateway.pids("gatepost-milter")) == MOST, 30), gateway.log()[-4000:]
