# SPDX-License-Identifier: ISC
"""The private Redis: started when the policy needs it, kept, restarted, locked away; its socket handed to proxies."""
import fcntl
import hashlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess

import pytest

from lab import needs
from lab.parent import parent, wait_until  # noqa: F401
from lab.process import is_alive
from lab.redis import SERVER, Redis, script, written

RULE = 'rule "first contact waits" when not greylist.known then defer 451 4.7.1 "later"\n'

pytestmark = pytest.mark.skipif(not SERVER, reason="no redis-server")


def settings(parent, **words):
    words = {"folder": '"%s"' % folder(parent), **words}
    return "redis { %s }\n" % "  ".join("%s %s" % row for row in words.items())


def folder(parent):
    return parent.folder / "state" / "redis"


def redis_pid(parent):
    pids = parent.children("redis-server")
    return pids[0] if pids else None


def answers(session):
    return wait_until(lambda: session.ask_redis("PING") == "+PONG")


@pytest.fixture
def served(parent):
    """A parent whose Redis answers."""
    parent.configure(settings(parent) + RULE)
    parent.steer_clock()
    if needs.IS_ROOT:
        parent.as_the_service()
    parent.start()
    assert answers(parent.connect()), parent.log()
    return parent


# Starting

def test_without_a_rule_that_needs_it_there_is_none(parent):
    parent.configure(settings(parent))
    parent.start()
    assert not redis_pid(parent) and not folder(parent).exists()


def test_it_has_no_privileges_and_its_own_folder(served):
    pid = redis_pid(served)
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    assert "NoNewPrivs:\t1" in status
    mode = folder(served).stat()
    assert mode.st_mode & 0o777 == 0o700
    if needs.IS_ROOT:
        account = pwd.getpwnam("bin")  # nobody is whom proxies run as
        assert "Uid:\t%d\t%d\t%d\t%d" % ((account.pw_uid,) * 4) in status and "CapEff:\t0000000000000000" in status
        assert "Groups:\t \n" in status and mode.st_uid == account.pw_uid
        assert folder(served).parent.stat().st_uid == 0


def test_it_is_closed_to_those_who_want_more(served):
    session = served.connect()
    assert answers(session)
    for words in ("DEBUG SLEEP 0", "MODULE LOAD /tmp/x.so", "CONFIG SET dir /tmp", "REPLICAOF 127.0.0.1 1", "SHUTDOWN",
                  "FLUSHALL", "ACL SETUSER default +@all", "EVAL return{redis.call([[flushall]])} 0", "EVAL return{1} 0",
                  "SCRIPT FLUSH", "SCRIPT LOAD return{1}", "FUNCTION FLUSH", "KEYS *", "INFO", "MONITOR", "CLIENT LIST",
                  "PUBLISH a b", "SUBSCRIBE a", "SET other:k v", "GET other:k", "AUTH loader guess", "AUTH loader "):
        assert session.ask_redis(*words.split(" ")).startswith(("-NOPERM", "-ERR", "-WRONGPASS")), words
    assert (folder(served) / "appendonlydir").is_dir()


def test_rights_do_not_come_back(served):
    """The parent was somebody else on this connection: whatever is said to change who we are, we stay who anybody is."""
    session = served.connect()
    assert answers(session)
    for words in ("RESET", "AUTH default -", "HELLO 2 AUTH default -", "HELLO 2 AUTH loader -"):
        session.ask_redis(*words.split())
        assert session.ask_redis("SCRIPT", "LOAD", "return").startswith("-NOPERM"), words
        assert session.ask_redis("PING") == "+PONG"


def test_the_scripts_are_there_on_each_connection(served):
    """By their digests alone; also after it has been killed."""
    session = served.connect()
    digest = hashlib.sha1(script("contact").encode()).hexdigest()
    for _ in range(2):
        assert answers(session)
        assert session.ask_redis("EVALSHA", digest, "1", "gatepost:k") == "*1\r\n:0"
        assert session.ask_redis("EVALSHA", digest, "1", "other:k").startswith("-NOPERM")
        os.kill(redis_pid(served), signal.SIGKILL)


def test_each_proxy_has_its_own_connection(served):
    sessions = served.in_slots()
    assert all(answers(session) for session in sessions.values())
    ids = {session.ask_redis("HELLO") for session in sessions.values()}  # it has the number of the client
    assert len(ids) == 2


def test_a_missing_program_is_told_once_and_mail_goes_on(parent):
    parent.configure(settings(parent, program='"/nonexistent/redis-server"') + RULE)
    parent.start()
    assert parent.logged("redis not started") and parent.connect().ask_redis("PING") == "none"
    parent.reload()
    assert parent.log().count("redis not started") == 1 and "No such file or directory" in parent.log()


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root meets folders of others")
def test_a_folder_of_somebody_else_is_left_alone(parent):
    folder(parent).mkdir(parents=True)
    os.chown(folder(parent), 12345, 12345)
    parent.configure(settings(parent) + RULE)
    parent.start()
    assert parent.logged("the folder belongs to somebody else")
    assert os.listdir(folder(parent)) == [] and not redis_pid(parent)


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root gives away")
def test_a_folder_of_the_proxies_user_is_taken_over_with_what_it_remembers(served, own_dir):
    """It was his before the private Redis had a user of its own."""
    session = served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    served.stop()
    former, account = pwd.getpwnam("nobody"), pwd.getpwnam("bin")
    for path in (folder(served), *folder(served).rglob("*")):
        os.chown(path, former.pw_uid, former.pw_gid)
    elsewhere, foreign = own_dir / "elsewhere", folder(served) / "foreign"
    elsewhere.write_text("his, and not only here")
    os.chown(elsewhere, former.pw_uid, former.pw_gid)
    os.link(elsewhere, folder(served) / "second-name")
    (folder(served) / "link").symlink_to(elsewhere)
    foreign.write_text("somebody's")
    os.chown(foreign, 12345, 12345)
    os.chmod(folder(served), 0o550)
    served.start()
    assert served.logged(": serving ", 2)
    assert wait_until(lambda: redis_pid(served))
    fresh = served.connect()
    assert answers(fresh) and "v" in fresh.ask_redis("GET", "gatepost:k")
    owners = {path.name: path.lstat().st_uid for path in (folder(served), *folder(served).rglob("*"))}
    assert owners.pop("foreign") == 12345 and elsewhere.stat().st_uid == former.pw_uid
    assert owners.pop("second-name") == former.pw_uid and owners.pop("link") == 0
    assert set(owners.values()) == {account.pw_uid} and folder(served).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root gives away")
def test_a_folder_that_is_its_own_is_closed_and_not_gone_through(served):
    """Its owner can open it to all, and put files there without end."""
    former = pwd.getpwnam("nobody")
    assert answers(served.connect())
    served.stop()
    left = folder(served) / "left"
    left.write_text("by whomever")
    os.chown(left, former.pw_uid, former.pw_gid)
    os.chmod(folder(served), 0o777)
    served.start()
    assert wait_until(lambda: redis_pid(served))
    assert folder(served).stat().st_mode & 0o777 == 0o700 and folder(served).stat().st_uid == pwd.getpwnam("bin").pw_uid
    assert left.stat().st_uid == former.pw_uid


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root becomes another")
def test_an_account_that_is_not_there_is_told_and_mail_goes_on(parent):
    parent.configure(settings(parent, account='"gatepost-nobody-knows"') + RULE)
    parent.start()
    assert parent.logged("redis not started") and "no such user" in parent.log()
    assert parent.connect().ask_redis("PING") == "none"
    status, said = parent.run("-n")
    assert status == 0 and 'warning: redis account "gatepost-nobody-knows": no such user' in said and "useradd" in said


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root becomes another")
def test_an_account_that_is_another_ones_is_refused(parent):
    for name, whose in (("nobody", "it runs the proxies"), ("gatepost-keeper", "it runs the keeper")):
        parent.configure(settings(parent, account='"%s"' % name) + RULE)
        status, said = parent.run("-n")
        assert status == 1 and 'redis account "%s"' % name in said and whose in said
        parent.configure(settings(parent, account='"%s"' % name))
        assert parent.run("-n")[0] == 0, "without a rule that needs it"


# Users of its own, for the time of one command.
WITH_USERS = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"']


@pytest.mark.skipif(not needs.IS_ROOT, reason="only root becomes another")
def test_another_name_of_such_an_account_is_refused_as_well(parent, own_dir):
    users = own_dir / "passwd"
    for name, whose in (("nobody", "it runs the proxies"), ("gatepost-keeper", "it runs the keeper")):
        users.write_text("".join("%s:x:12345:12345::/:/bin/false\n" % one for one in (name, "alias")) + pathlib.Path("/etc/passwd").read_text())
        parent.configure(settings(parent, account='"alias"') + RULE)
        done = subprocess.run(WITH_USERS + [str(users)] + parent.command("-n"), env=parent.environment(), capture_output=True, text=True)
        assert done.returncode == 1 and 'redis account "alias"' in done.stderr and whose in done.stderr, done


def test_a_folder_that_is_a_link_is_not_followed(parent, own_dir):
    (own_dir / "target").mkdir()
    folder(parent).parent.mkdir()
    folder(parent).symlink_to(own_dir / "target")
    parent.configure(settings(parent) + RULE)
    parent.start()
    assert parent.logged("redis not started")
    assert os.listdir(own_dir / "target") == [] and not redis_pid(parent)


# Running

def test_it_lives_across_reloads(served):
    pid, session = redis_pid(served), served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    served.reload()
    session.close()
    fresh = served.connect_to(2)
    assert answers(fresh) and "v" in fresh.ask_redis("GET", "gatepost:k")
    assert redis_pid(served) == pid


def test_killed_it_comes_back_with_what_it_knew(served):
    session = served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    for _ in range(2):
        before = redis_pid(served)
        os.kill(before, signal.SIGKILL)
        assert wait_until(lambda: redis_pid(served) not in (None, before))
        assert answers(session) and "v" in session.ask_redis("GET", "gatepost:k")
    assert served.logged("redis died", 2)


def test_what_a_script_has_written_ends_as_well_when_it_was_read_from_the_file(served):
    session = served.connect()
    digest = hashlib.sha1(script("rates").encode()).hexdigest()
    assert answers(session)
    before = redis_pid(served)
    assert session.ask_redis("EVALSHA", digest, "2", "gatepost:now", "gatepost:then", "3").startswith("*2\r\n:1")
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: redis_pid(served) not in (None, before)) and answers(session)
    assert wait_until(lambda: session.ask_redis("EXISTS", "gatepost:now") == ":0", 20)
    assert ["PEXPIREAT", "gatepost:now"] in [command[:2] for command in written(folder(served))]


def test_other_settings_bring_a_new_one(served):
    before, session = redis_pid(served), served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    served.configure(settings(served, memory="2MiB") + RULE)
    served.reload()
    assert wait_until(lambda: redis_pid(served) not in (None, before))
    fresh = served.connect_to(2)
    assert answers(fresh) and "v" in fresh.ask_redis("GET", "gatepost:k")
    for n in range(700):
        assert fresh.ask_redis("SET", "gatepost:%d" % n, "x" * 3000) == "+OK"
    kept = sum(fresh.ask_redis("EXISTS", "gatepost:%d" % n) == ":1" for n in range(700))
    assert 0 < kept < 650
    assert "redis died" not in served.log() and "redis ended" in served.log()


def test_it_stays_while_an_older_generation_needs_it(served):
    session = served.connect()
    assert answers(session)
    served.configure(settings(served))
    served.reload()
    assert redis_pid(served) and session.ask_redis("PING") == "+PONG"
    for one in served.sessions:
        one.close()
    assert wait_until(lambda: not redis_pid(served)) and served.logged("redis ended")


def test_a_proxy_that_asks_again_and_again_is_not_ended(served):
    """Each answer is followed by a next question, as when a Redis accepts and then hangs up."""
    session = served.connect()
    for _ in range(20):
        assert answers(session)
        assert session.ask_redis("QUIT") == "+OK"
    assert is_alive(session.pid) and "broke the protocol" not in served.log()


# Damaged files, and none that can be written

def damaged(parent):
    """The folder, with a file that has garbage in it; and a copy of that."""
    case = needs.cases("wire", "redis-folder-with-damaged-aof")
    shutil.copytree(case, folder(parent), copy_function=shutil.copyfile)
    for path in folder(parent).rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    if needs.IS_ROOT:
        account = pwd.getpwnam("bin")
        for path in (folder(parent), *folder(parent).rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
    return {path.name: path.read_bytes() for path in (case / "appendonlydir").iterdir()}


def set_aside(parent):
    return [path for path in folder(parent).iterdir() if ".damaged-" in path.name]


def test_a_damaged_file_is_set_aside_once_and_it_begins_anew(parent):
    before = damaged(parent)
    parent.configure(settings(parent) + RULE)
    parent.steer_clock()
    if needs.IS_ROOT:
        parent.as_the_service()
    parent.start()
    assert parent.in_time(lambda: "it begins anew" in parent.log(), 30), parent.log()
    assert answers(parent.connect())
    aside, = set_aside(parent)
    assert aside.name.startswith("appendonlydir.damaged-") and aside.name[len("appendonlydir"):] in parent.log()
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    assert parent.log().count("redis died") == 3 and parent.log().count("begins anew") == 1
    assert folder(parent).stat().st_mode & 0o777 == 0o700
    session = parent.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    os.kill(redis_pid(parent), signal.SIGKILL)
    assert answers(session) and "v" in session.ask_redis("GET", "gatepost:k")
    assert len(set_aside(parent)) == 1


def test_what_fails_for_another_reason_keeps_what_it_remembers(parent):
    """Each start fails, whatever is in the folder: what was set aside is put back, and that is all."""
    before = damaged(parent)
    parent.configure(settings(parent, program='"/usr/bin/false"') + RULE)
    parent.steer_clock().start()
    assert parent.in_time(lambda: parent.log().count("redis died") >= 6, 60), parent.log()
    assert parent.log().count("set aside") == 1 and parent.log().count("put back") == 1
    assert not set_aside(parent)
    assert {path.name: path.read_bytes() for path in (folder(parent) / "appendonlydir").iterdir()} == before


def test_one_that_is_killed_again_and_again_keeps_its_file(served):
    session = served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    for _ in range(4):
        before = served.in_time(lambda: redis_pid(served))
        os.kill(before, signal.SIGKILL)
        assert served.in_time(lambda: redis_pid(served) not in (None, before))
    assert answers(session) and "v" in session.ask_redis("GET", "gatepost:k") and not set_aside(served)


@pytest.fixture
def small_disk(parent):
    """Where the folder stands, of 1 MiB."""
    path = folder(parent).parent
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here: %s" % mounted.stderr.decode())
    yield path
    parent.stop()
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path):
    with open(path / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass


@needs.root
def test_a_full_disk_at_the_start_is_told_and_waited_for(parent, small_disk):
    fill(small_disk)
    parent.configure(settings(parent) + RULE)
    parent.steer_clock().start()
    assert parent.logged("redis not started") and "its disk is full" in parent.log()
    assert parent.connect().ask_redis("PING") == "none"
    (small_disk / "filler").unlink()
    assert parent.in_time(lambda: redis_pid(parent))
    assert answers(parent.connect()) and parent.log().count("redis not started") == 1


@needs.root
def test_a_disk_that_fills_up_costs_no_file_and_heals(parent, small_disk):
    parent.configure(settings(parent) + RULE)
    parent.steer_clock().start()
    session = parent.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    fill(small_disk)

    def refused():
        return session.ask_redis("SET", "gatepost:more", "x" * 3000).startswith("-MISCONF")
    assert wait_until(refused) and "v" in session.ask_redis("GET", "gatepost:k")
    (small_disk / "filler").unlink()
    assert wait_until(lambda: session.ask_redis("SET", "gatepost:more", "v") == "+OK")
    assert "redis died" not in parent.log() and not set_aside(parent)


@needs.root
def test_a_disk_that_is_read_only_is_told(parent, small_disk):
    folder(parent).mkdir(mode=0o700)
    account = pwd.getpwnam("bin")
    os.chown(folder(parent), account.pw_uid, account.pw_gid)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    parent.configure(settings(parent) + RULE)
    parent.start()
    assert parent.logged("redis not started") and "its file system is read-only" in parent.log()


# Ending

def test_at_the_end_it_ends_in_order(served):
    pid = redis_pid(served)
    assert served.stop() == 0
    assert not is_alive(pid)
    assert 'redis ended' in served.log() and "exit 0" in served.log().split("redis ended")[1].splitlines()[0]


def test_one_that_does_not_end_is_killed(served):
    os.kill(redis_pid(served), signal.SIGSTOP)
    for session in served.sessions:
        session.close()
    served.signal(signal.SIGTERM)
    assert served.logged("stopping")
    assert served.in_time(lambda: "redis is killed" in served.log())
    assert served.stop() == 0
    assert "redis is killed" in served.log()


def test_it_dies_with_its_parent(served):
    pid = redis_pid(served)
    session = served.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    family = served.children() + [pid]
    served.popen.kill()
    served.popen.wait()
    assert wait_until(lambda: not any(map(is_alive, family)))
    served.start()
    assert served.logged(": serving ", 2)
    fresh = served.connect()
    assert answers(fresh) and "v" in fresh.ask_redis("GET", "gatepost:k")


def test_a_second_one_waits_for_the_folder(parent):
    folder(parent).mkdir(parents=True)
    other = os.open(folder(parent), os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    parent.configure(settings(parent) + RULE)
    parent.start()
    assert parent.logged("another one uses the folder") and not redis_pid(parent)
    os.close(other)
    assert answers(parent.connect())


def test_the_lock_is_the_redis_own(served):
    """It holds also when the parent is gone before it."""
    held = os.readlink("/proc/%d/fd/3" % redis_pid(served))
    assert held == str(folder(served))


# What may be connected to

def test_root_is_not_sent_to_another_socket(served, own_dir):
    """Whoever owns the folder may put anything there; the parent, who is root, must not connect a proxy to it."""
    other = socket.socket(socket.AF_UNIX)
    other.bind(str(own_dir / "other"))
    other.listen()
    other.setblocking(False)
    session = served.connect()
    assert answers(session)
    place = folder(served) / "socket"
    place.unlink()
    place.symlink_to(own_dir / "other")
    assert session.ask_redis("QUIT") == "+OK"
    assert all(session.ask_redis("PING") == "none" for _ in range(20))
    if needs.IS_ROOT:
        place.unlink()
        os.link(own_dir / "other", place)
        assert not wait_until(lambda: session.ask_redis("PING") != "none", 1)
    with pytest.raises(BlockingIOError):
        other.accept()
    other.close()


def test_a_socket_that_is_named_is_connected_to(parent, own_dir):
    redis = Redis(own_dir).start()
    parent.configure('redis { socket "%s" }\n' % redis.socket + RULE)
    parent.start()
    session = parent.connect()
    assert answers(session) and session.ask_redis("SET", "gatepost:k", "v") == "+OK"
    assert redis.cli("GET", "gatepost:k") == "v" and not redis_pid(parent)
    redis.stop()
    assert session.ask_redis("PING") == "none"
    assert parent.logged("redis not reached")
    redis.start()
    assert answers(session)
    redis.stop()


# What is checked before

def test_a_server_that_is_no_address_is_refused(parent):
    for wrong in ("redis.example.com:6379", "192.0.2.1:0", "192.0.2.1:70000", "192.0.2.1:", "[192.0.2.1]:6379", "[::1", "::1:x"):
        parent.configure('redis { server "%s" }\n' % wrong + RULE)
        status, said = parent.run("-n")
        assert status == 1 and 'server "%s"' % wrong in said, wrong
    for right in ("192.0.2.1:6379", "192.0.2.1", "[2001:db8::1]:6379", "2001:db8::1", "[2001:db8::1]"):
        parent.configure('redis { server "%s" }\n' % right + RULE)
        assert parent.run("-n")[0] == 0, right


def test_a_password_file_is_read_by_the_parent(parent):
    parent.configure('redis { server "127.0.0.1:6379"  password_file "secret" }\n' + RULE)
    status, said = parent.run("-n")
    assert status == 1 and 'redis password_file "%s"' % (parent.folder / "secret") in said
    (parent.folder / "secret").write_text("s3cret\n")
    os.chmod(parent.folder / "secret", 0o644)
    status, said = parent.run("-n")
    assert status == 0 and "can be read by everybody" in said
    os.chmod(parent.folder / "secret", 0o600)
    status, said = parent.run("-n")
    assert status == 0 and "can be read" not in said


def test_a_real_proxy_starts_with_it(parent):
    parent.libexec = needs.BUILD
    parent.configure(settings(parent) + RULE)
    parent.start()
    assert wait_until(lambda: redis_pid(parent))
    assert parent.connect(greeted=False).socket.recv(4) == b"220 "
