# SPDX-License-Identifier: ISC
"""A table of a million entries: its text is there once for all processes, a reload takes it over, and it keeps what it had when its file loses most of it."""
import os
import re

import pytest

from lab import needs
from lab.gatepost import backend
from lab.process import children, wait_until
from lab.smtp_client import Session

COUNT = 1_000_000


def write(path, count):
    beside = path.with_suffix(".new")
    beside.write_text("".join("user%d@example.com\n" % n for n in range(count)))
    beside.rename(path)


def proxies_of(gateway):
    return [pid for pid, name in children(gateway.process.pid).items() if name == "gatepost-proxy"]


def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def memfds(pid, size):
    """The inodes of the mapped memfds of large files that are as large."""
    found = set()
    with open("/proc/%d/maps" % pid) as file:
        for line in file:
            at = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+)\s+/memfd:annex", line)
            if at and int(at[2], 16) - int(at[1], 16) >= size:
                found.add(int(at[3]))
    return found


def takes(gateway, address):
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        return session.command("RCPT TO:<%s>" % address).code == 250


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers take memory of their own")
def test_a_table_of_a_million_is_there_once_and_is_taken_over_or_kept_at_a_reload(start, new_backend, own_dir):
    path = own_dir / "recipients.txt"
    write(path, COUNT)
    size = path.stat().st_size
    gateway = start(backend("behind", new_backend().port) + 'domain "example.com" { backend behind  recipients users }\ntable users from file "%s"\n' % path,
                    changes={"process": {"proxies": 2}})
    of_all = [gateway.process.pid, *proxies_of(gateway)]
    assert len(of_all) == 3
    assert takes(gateway, "USER%d@example.com" % (COUNT - 1)) and not takes(gateway, "user%d@example.com" % COUNT)
    first = [memfds(pid, size) for pid in of_all]
    assert len(first[0]) == 1 and first.count(first[0]) == 3, "all have mapped the same one"
    taken = sum(pss(pid) for pid in of_all)
    assert taken < size + 3 * (6 * COUNT + 8 * 1024 * 1024), taken

    gateway.reload()
    assert wait_until(lambda: "serving generation=2" in gateway.log() and len(proxies_of(gateway)) == 2, 60)
    assert all(memfds(pid, size) == first[0] for pid in proxies_of(gateway)), "an unchanged file is not copied again"

    write(path, 100)
    gateway.reload()
    assert wait_until(lambda: "keeps its %d entries" % COUNT in gateway.log() and "serving generation=3" in gateway.log(), 60)
    assert takes(gateway, "user%d@example.com" % (COUNT - 1))

    os.truncate(path, 0)
    write(path, COUNT // 2 + 1)
    gateway.reload()
    assert wait_until(lambda: "serving generation=4" in gateway.log(), 60)
    assert takes(gateway, "user%d@example.com" % (COUNT // 2)) and not takes(gateway, "user%d@example.com" % (COUNT - 1))
