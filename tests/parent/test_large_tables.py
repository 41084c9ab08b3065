# SPDX-License-Identifier: ISC
"""A table of a million entries: its text and its index are there once for all processes, a reload takes them over, and it keeps what it had when its file loses most of it."""
import os
import re

import pytest

from lab import needs
from lab.gatepost import backend
from lab.process import children, wait_until
from lab.smtp_client import Session

COUNT = 1_000_000
MOST = 25_000_000  # octets that a table of a million domains takes in all processes together


def write(path, count):
    beside = path.with_suffix(".new")
    beside.write_text("".join("user%d@example.com\n" % n for n in range(count)))
    beside.rename(path)


def proxies_of(gateway):
    return [pid for pid, name in children(gateway.process.pid).items() if name == "gatepost-proxy"]


def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def mapped(pid):
    """The mapped memfds of large files and of their indices: inode and size."""
    with open("/proc/%d/maps" % pid) as file:
        found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+)\s+/memfd:annex", file.read(), re.M)
    return {int(inode): int(end, 16) - int(begin, 16) for begin, end, inode in found}


def memfds(pid, size):
    """The inodes of those that are as large."""
    return {inode for inode, its in mapped(pid).items() if its >= size}


def pss_beside(pid):
    """Without those, of which pages count only where they were looked at."""
    total, counts = 0, True
    with open("/proc/%d/smaps" % pid) as file:
        for line in file:
            if re.match("[0-9a-f]+-[0-9a-f]+ ", line):
                counts = "/memfd:annex" not in line
            elif counts and line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


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
    all_mapped = mapped(gateway.process.pid)
    assert len(all_mapped) == 2 and all(mapped(pid) == all_mapped for pid in of_all), "its text and its index"
    assert len(first[0]) == 1 and first.count(first[0]) == 3, "all have mapped the same one"
    taken = sum(pss(pid) for pid in of_all)
    assert taken < size + 6 * COUNT + 3 * 8 * 1024 * 1024, taken

    gateway.reload()
    assert wait_until(lambda: "serving generation=2" in gateway.log() and len(proxies_of(gateway)) == 2, 60)
    assert all(mapped(pid) == all_mapped for pid in proxies_of(gateway)), "an unchanged file is neither copied nor indexed again"

    write(path, 100)
    gateway.reload()
    assert wait_until(lambda: "keeps its %d entries" % COUNT in gateway.log() and "serving generation=3" in gateway.log(), 60)
    assert takes(gateway, "user%d@example.com" % (COUNT - 1))

    os.truncate(path, 0)
    write(path, COUNT // 2 + 1)
    gateway.reload()
    assert wait_until(lambda: "serving generation=4" in gateway.log(), 60)
    assert takes(gateway, "user%d@example.com" % (COUNT // 2)) and not takes(gateway, "user%d@example.com" % (COUNT - 1))


def write_domains(path):
    """17 octets each, with the end of the line."""
    path.write_text("".join("%s-%06x.%s\n" % (("mail", "news", "shopping", "q")[n % 4], n, ("com", "net", "info", "example")[n % 4]) for n in range(COUNT)))


def refuses(gateway, domain):
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@%s>" % domain, 250)
        return session.command("RCPT TO:<a@example.com>").code == 554


def gateway_of(start, new_backend, policy):
    return start(backend("behind", new_backend().port) + 'domain "example.com" { backend behind }\n' + policy, changes={"process": {"proxies": 2}})


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers take memory of their own")
def test_a_million_domains_take_25_megabytes_in_all_processes_together(start, new_backend, own_dir):
    path = own_dir / "domains.txt"
    write_domains(path)
    without = gateway_of(start, new_backend, "")
    gateway = gateway_of(start, new_backend, 'table listed from file "%s"\nrule "listed" when sender.domain in listed then reject 554 5.7.1 "listed"\n' % path)
    assert refuses(gateway, "mail-%06x.com" % 400) and refuses(gateway, "Q-%06x.EXAMPLE" % (COUNT - 1)) and not refuses(gateway, "mail-%06x.com" % 401)
    of_all, of_none = [[one.process.pid, *proxies_of(one)] for one in (gateway, without)]
    assert len(of_all) == len(of_none) == 3
    table = mapped(of_all[0])
    assert len(table) == 2 and all(mapped(pid) == table for pid in of_all)
    taken = sum(table.values()) + sum(map(pss_beside, of_all)) - sum(map(pss_beside, of_none))
    assert path.stat().st_size < taken < MOST, taken


def write_networks(path):
    """16 octets each at most, with the end of the line."""
    path.write_text("".join("10.%d.%d.%d/%d\n" % (n >> 14 & 63, n >> 6 & 255, n << 2 & 255, 30 + n % 3) for n in range(COUNT)))


def write_pairs(path):
    path.write_text("".join("u%06d@example.com -> b%d\n" % (n, n % 1000) for n in range(COUNT)))


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers take memory of their own")
@pytest.mark.parametrize("write_entries, rule, most", [
    (write_networks, 'when client.ip in listed then reject 554 5.7.1 "listed"', 30_000_000),
    (write_pairs, 'when listed[recipient] == "b7" then reject 554 5.7.1 "listed"', 47_000_000),
], ids=["networks", "pairs"])
def test_a_million_networks_or_pairs_are_there_once_for_all_processes(start, new_backend, own_dir, write_entries, rule, most):
    path = own_dir / "listed.txt"
    write_entries(path)
    without = gateway_of(start, new_backend, "")
    gateway = gateway_of(start, new_backend, 'table listed from file "%s"\nrule "listed" %s\n' % (path, rule))
    assert takes(gateway, "u000008@example.com")
    if write_entries is write_pairs:
        assert not takes(gateway, "U999007@example.com")
    of_all, of_none = [[one.process.pid, *proxies_of(one)] for one in (gateway, without)]
    table = mapped(of_all[0])
    assert len(table) == 2 and all(mapped(pid) == table for pid in of_all)
    taken = sum(table.values()) + sum(map(pss_beside, of_all)) - sum(map(pss_beside, of_none))
    assert path.stat().st_size < taken < most, taken
