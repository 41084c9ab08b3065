# SPDX-License-Identifier: ISC
"""Who may ask the gateway what: root, and the members of three Unix groups."""
import contextlib
import grp
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lab import needs
from lab.gatepost import backend, check_configuration, domains
from lab.process import descriptors, wait_until
from lab.smtp_client import Session

pytestmark = needs.root

GROUPS = {"auditors": "games", "helpdesk": "mail", "admins": "news"}
STRANGER = 12345  # a user and a group of that number, which have no name

READING = (["status"], ["status", "--json"], ["metrics"], ["trace"], ["stats"])
FORGETTING = ["forget", "nobody@else.example"]
CHANGING = (FORGETTING, ["reload"])

# Connects so often, says so, and holds on to what it has until it is told to end.
CROWD = """
import os, socket, sys
os.chdir(sys.argv[1])
held = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(int(sys.argv[2]))]
for sock in held:
    sock.connect("control")
print("there", flush=True)
sys.stdin.read()
"""

# Comes again and again, as fast as it can.
STORM = """
import os, socket, sys
os.chdir(sys.argv[1])
while True:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        try:
            sock.connect("control")
            sock.send(b"\\1\\0")
        except OSError:
            pass
"""

# Sends sockets that linger along, whose last owner waits at their end; the other end never reads.
LINGERER = """
import array, os, socket, struct, sys
os.chdir(sys.argv[1])
listening = socket.create_server(("127.0.0.1", 0))
def lingering():
    full = socket.create_connection(listening.getsockname())
    others.append(listening.accept()[0])
    full.setblocking(False)
    full.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 60))
    try:
        while True:
            full.send(bytes(65536))
    except BlockingIOError:
        return full
others = []
for name, kind in (("control", socket.SOCK_SEQPACKET), ("metrics", socket.SOCK_STREAM)):
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        sock.connect(name)
        full = lingering()
        socket.send_fds(sock, [b"\\1\\0"], [full.fileno()])
        full.close()
    except OSError:
        pass
print("there", flush=True)
sys.stdin.read()
"""


def gid(name):
    return grp.getgrnam(name).gr_gid


@pytest.fixture
def gateway(start, new_backend):
    """One that has recorded a message, with a group for each role."""
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com"),
               changes={"keeper": {role: '"%s"' % group for role, group in GROUPS.items()}})
    send(it, "recorded")
    assert wait_until(lambda: "recorded" in (it.control("trace") or ""))
    return it


def send(gateway, subject):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert client.data(b"Subject: %s\r\n\r\nhello\r\n" % subject.encode()).code == 250


def ask(gateway, words, *groups, user=STRANGER, group=STRANGER):
    """gatepostctl as somebody who is in these groups."""
    return subprocess.run([str(gateway.build / "gatepostctl"), *words, "--control", gateway.dir + "/control"], capture_output=True,
                          text=True, user=user, group=group, extra_groups=[gid(name) for name in groups], timeout=30)


def may(done):
    assert (done.returncode == 0) != bool(done.stderr), done
    return done.returncode == 0


@contextlib.contextmanager
def running(gateway, program, *words, groups=()):
    """A Python program of somebody else beside the test."""
    with subprocess.Popen([sys.executable, "-c", program, gateway.dir, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          user=STRANGER, group=STRANGER, extra_groups=[gid(name) for name in groups]) as it:
        try:
            yield it
        finally:
            it.kill()


def crowd(gateway, size, *groups):
    return running(gateway, CROWD, str(size), groups=groups)


# ---- what a role may


@pytest.mark.parametrize("role, changes", [("auditors", False), ("helpdesk", False), ("admins", True)])
def test_each_role_may_what_it_is_for_and_no_more(gateway, role, changes):
    for words in READING:
        assert may(ask(gateway, words, GROUPS[role])), words
    reference = json.loads(ask(gateway, ["trace", "--json"], GROUPS[role]).stdout)["id"]
    assert may(ask(gateway, ["why", reference, "--config", gateway.file], GROUPS[role]))
    for words in CHANGING:
        done = ask(gateway, words, GROUPS[role])
        assert may(done) == changes and ("only admins may do that" in done.stderr) != changes, words


def test_the_helpdesk_lists_senders_for_some_and_admins_for_all_and_auditors_for_nobody(gateway):
    add = ["list", "add", "blocked", "shop.example"]
    for role, for_all, for_some in (("auditors", False, False), ("helpdesk", False, True), ("admins", True, True)):
        assert may(ask(gateway, add, GROUPS[role])) == for_all, role
        assert may(ask(gateway, add + ["--for", role + "@example.com"], GROUPS[role])) == for_some, role
    assert all(may(ask(gateway, ["list", "show"], GROUPS[role])) for role in GROUPS)
    number = str(json.loads(gateway.control("list", "show", "--json").splitlines()[0])["number"])
    assert not may(ask(gateway, ["list", "remove", number], GROUPS["auditors"]))
    assert may(ask(gateway, ["list", "remove", number], GROUPS["helpdesk"]))


def test_the_journal_is_for_admins_whatever_the_helpdesk_may_release(start, new_backend):
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com") + 'rule "all" then journal\n'
               'rule "same word" when message.subject contains "held" then quarantine "journal"\n',
               changes={"keeper": {role: '"%s"' % group for role, group in GROUPS.items()},
                        "quarantine": {"policy": '{ "journal" helpdesk }'}})
    send(it, "delivered")
    assert wait_until(lambda: "delivered" in (it.control("journal", "list") or ""))
    number = str(json.loads(it.control("journal", "list", "--json"))["number"])
    for role in ("auditors", "helpdesk"):
        for words in (["list"], ["show", "--raw", number], ["delete", number]):
            done = ask(it, ["journal", *words], GROUPS[role])
            assert not may(done) and "only" in done.stderr and "delivered" not in done.stdout, (role, words)
    assert "delivered" in ask(it, ["journal", "list"], GROUPS["admins"]).stdout
    assert may(ask(it, ["journal", "delete", number], GROUPS["admins"]))


def test_who_may_not_make_forget_makes_nothing_forgotten(gateway):
    for role in ("auditors", "helpdesk"):
        assert not may(ask(gateway, ["forget", "sender@client.example"], GROUPS[role]))
    assert "recorded" in gateway.control("trace")


def test_the_group_that_somebody_is_of_first_counts_as_well(gateway):
    assert may(ask(gateway, ["trace"], group=gid("games")))
    assert may(ask(gateway, FORGETTING, group=gid("news")))


def test_of_several_roles_the_strongest_counts(gateway):
    assert may(ask(gateway, FORGETTING, "games", "news", "mail"))
    assert may(ask(gateway, FORGETTING, "games", group=gid("news")))
    assert may(ask(gateway, FORGETTING, "news", group=gid("games")))


def test_a_group_is_found_among_very_many(gateway):
    many = list(range(20000, 50000))
    done = subprocess.run([str(gateway.build / "gatepostctl"), "trace", "--control", gateway.dir + "/control"], capture_output=True,
                          text=True, user=STRANGER, group=STRANGER, extra_groups=[gid("games")] + many)
    assert may(done)
    done = subprocess.run([str(gateway.build / "gatepostctl"), "trace", "--control", gateway.dir + "/control"], capture_output=True,
                          text=True, user=STRANGER, group=STRANGER, extra_groups=many)
    assert not may(done)


# ---- strangers


def test_a_stranger_is_told_why_he_is_told_nothing(gateway):
    for words in READING + (FORGETTING,):
        done = ask(gateway, words)
        assert not may(done) and "you are in none of the groups that may ask" in done.stderr
        assert not done.stdout
    assert not may(ask(gateway, ["trace"], "daemon", "adm"))


@pytest.mark.parametrize("head_start", [0, 0.01, 0.5])
def test_a_stranger_is_told_so_whichever_comes_first_his_question_or_the_answer(gateway, head_start):
    keeper = gateway.pids("gatepost-keeper")[0]
    os.kill(keeper, signal.SIGSTOP)
    with subprocess.Popen([str(gateway.build / "gatepostctl"), "trace", "--control", gateway.dir + "/control"], stderr=subprocess.PIPE,
                          text=True, user=STRANGER, group=STRANGER, extra_groups=[]) as asking:
        time.sleep(head_start)
        os.kill(keeper, signal.SIGCONT)
        assert "you are in none of the groups that may ask" in asking.communicate(timeout=20)[1]


def test_without_groups_root_alone_may_ask(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"))
    assert wait_until(lambda: gateway.control("status"))
    assert not may(ask(gateway, ["status"], *GROUPS.values()))
    assert may(ask(gateway, FORGETTING, user=0, group=STRANGER))


def test_the_group_of_root_is_not_root(gateway):
    assert not may(ask(gateway, ["status"], "root", group=0))


def test_two_hundred_strangers_keep_nobody_from_asking(gateway):
    keeper = gateway.pids("gatepost-keeper")[0]
    before = descriptors(keeper)
    with crowd(gateway, 200) as strangers:
        assert strangers.stdout.readline() == "there\n"
        began = time.monotonic()
        assert gateway.control("status")
        assert may(ask(gateway, ["trace"], "games"))
        assert time.monotonic() - began < 5
        assert descriptors(keeper) < before + 10, "strangers hold places"


def test_a_storm_of_strangers_costs_neither_answers_nor_records(gateway):
    with running(gateway, STORM), running(gateway, STORM):
        for n in range(5):
            send(gateway, "stormy-%d" % n)
            assert wait_until(lambda: "stormy-%d" % n in (gateway.control("trace") or ""))


@pytest.mark.parametrize("groups", [(), ("games",)])
def test_sockets_that_linger_keep_nobody_waiting(gateway, groups):
    with running(gateway, LINGERER, groups=groups) as lingerer:
        os.kill(gateway.pids("gatepost-keeper")[0], signal.SIGSTOP)  # until all has been sent
        assert lingerer.stdout.readline() == "there\n"
        os.kill(gateway.pids("gatepost-keeper")[0], signal.SIGCONT)
        began = time.monotonic()
        for n in range(3):
            assert gateway.control("status")
        assert time.monotonic() - began < 5


def test_those_who_may_read_cannot_keep_admins_from_asking(gateway):
    with crowd(gateway, 40, "games") as auditors:
        assert auditors.stdout.readline() == "there\n"
        done = ask(gateway, ["status"], "mail")
        assert not may(done) and "too many ask at once" in done.stderr
        assert gateway.control("status")
        assert may(ask(gateway, ["status"], "news"))
    assert wait_until(lambda: ask(gateway, ["status"], "mail").returncode == 0)


# ---- names


def test_a_group_that_is_not_there_keeps_the_keeper_from_starting_and_is_named(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"), changes={"keeper": {"helpdesk": '"gatepost-absent"'}})
    send(gateway, "unrecorded")
    assert gateway.wait_log('reason="control socket: no such group: gatepost-absent"')
    code, said = check_configuration(gateway.file)
    assert code == 0 and 'warning: control socket: no such group: gatepost-absent, so nothing is recorded' in said


def test_a_reload_gives_a_role_to_another_group(gateway, new_backend):
    assert not may(ask(gateway, ["status"], "daemon"))
    gateway.configure(backend("behind", new_backend().port) + domains("behind", "example.com"), {"keeper": {"auditors": '"daemon"'}})
    gateway.reload()
    assert wait_until(lambda: ask(gateway, ["status"], "daemon").returncode == 0)
    assert not may(ask(gateway, ["status"], "games"))


def test_a_socket_that_anybody_may_try_is_made(gateway):
    assert os.stat(os.path.join(gateway.dir, "control")).st_mode & 0o777 == 0o666
