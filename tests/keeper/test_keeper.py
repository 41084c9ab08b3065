# SPDX-License-Identifier: ISC
"""The keeper and what befalls it: killed, stopped, a full disk, a damaged file. Mail goes on, and what can be kept is kept."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import pytest

from lab import needs
from lab.gatepost import Gatepost, backend, certificate, check_configuration, domains
from lab.pairs import QUEUE, proxies_end
from lab.process import wait_until
from lab.smtp_client import Session

CONTROL_STATUS, CONTROL_FIND, CONTROL_FORGET, CONTROL_ITEM, CONTROL_END = 1, 2, 3, 4, 5


@pytest.fixture
def body(new_backend):
    return backend("behind", new_backend().port) + domains("behind", "example.com")


def keeper(gateway):
    """Its pid, once it runs."""
    return wait_until(lambda: gateway.pids("gatepost-keeper"))[0]


def folder(gateway):
    return pathlib.Path(gateway.dir) / "keeper"


def send(gateway, *subjects):
    """Messages in one session; each is taken."""
    with Session(gateway.port) as client:
        client.ehlo()
        for subject in subjects:
            client.envelope("u@example.com")
            assert client.data(b"Subject: %s\r\n\r\nhello\r\n" % str(subject).encode()).code == 250


def recorded(gateway, *words):
    """The records that gatepostctl finds; None while nobody answers."""
    out = gateway.control("trace", "--json", "--most", "10000", *words)
    return None if out is None else [json.loads(line) for line in out.splitlines()]


def count(gateway):
    return len(recorded(gateway) or [])


def status(gateway):
    return json.loads(gateway.control("status", "--json"))


def test_it_is_locked_up_in_its_folder(start, body):
    gateway = start(body)
    pid = keeper(gateway)
    assert gateway.wait_log("keeper ready")
    state = pathlib.Path("/proc/%d/status" % pid).read_text()
    assert "NoNewPrivs:\t1" in state and "CapEff:\t0000000000000000" in state
    uid = int(state.split("Uid:\t")[1].split()[0])
    assert uid != 0 and uid == folder(gateway).stat().st_uid != 65534
    assert os.readlink("/proc/%d/root" % pid) == str(folder(gateway))
    if not needs.SANITIZED:
        assert "Seccomp:\t2" in state
    assert folder(gateway).stat().st_mode & 0o777 == 0o700


def test_what_is_decided_while_it_stands_still_is_recorded_afterwards(start, body):
    gateway = start(body)
    pid = keeper(gateway)
    send(gateway, "before")
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    send(gateway, *range(100))
    assert time.monotonic() - began < 10, "mail waits for the keeper"
    os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: count(gateway) == 101)


def test_what_is_decided_while_none_runs_is_recorded_by_the_next(start, body):
    gateway = start(body)
    send(gateway, "before")
    assert wait_until(lambda: count(gateway) == 1)
    os.kill(keeper(gateway), signal.SIGKILL)
    send(gateway, *range(50))
    assert wait_until(lambda: count(gateway) == 51)
    assert "keeper died" in gateway.log()


def test_killed_again_and_again_it_costs_no_mail(start, body, new_backend):
    gateway = start(body)
    for n in range(5):
        for pid in gateway.pids("gatepost-keeper"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        send(gateway, *range(20))
    assert wait_until(lambda: recorded(gateway) is not None, 40)
    send(gateway, "after all")
    assert wait_until(lambda: recorded(gateway, "after all"))
    assert not gateway.pids("gatepost-keeper")[1:], "two at once"


def test_what_was_decided_before_the_service_stops_is_on_the_disk(start, body):
    gateway = start(body)
    keeper(gateway)
    send(gateway, *range(200))
    assert gateway.stop() == 0
    database = sqlite3.connect(str(folder(gateway) / "history.db"))
    assert database.execute("SELECT count(*) FROM record").fetchone() == (200,)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_with_other_options_it_is_replaced_and_no_record_is_lost(start, body):
    gateway = start(body)
    first = keeper(gateway)
    send(gateway, *range(20))
    gateway.configure(body, {"history": {"age": "10d"}})
    gateway.reload()
    send(gateway, *range(20))
    assert wait_until(lambda: gateway.pids("gatepost-keeper") and keeper(gateway) != first)
    send(gateway, *range(20))
    assert wait_until(lambda: count(gateway) == 60)


def test_a_reload_that_changes_nothing_of_it_leaves_it_alone(start, body):
    gateway = start(body)
    first = keeper(gateway)
    gateway.configure(body + 'rule "x" when sender == "x@y.example" then discard\n')
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    assert keeper(gateway) == first


def test_where_nothing_is_kept_none_runs(start, body):
    gateway = start(body, changes={"history": {"enabled": "off"}, "log": {"decisions": '""'}})
    send(gateway, "unseen")
    assert not gateway.pids("gatepost-keeper") and not folder(gateway).exists()
    assert gateway.control("trace") is None


def test_decisions_alone_are_written_without_a_history(start, body):
    gateway = start(body, changes={"history": {"enabled": "off"}})
    send(gateway, "seen")
    assert [record["subject"] for record in gateway.decisions()] == ["seen"]
    assert recorded(gateway) is None
    assert not (folder(gateway) / "history.db").exists()


def test_a_file_of_decisions_that_was_moved_away_gets_a_successor(start, body):
    gateway = start(body)
    send(gateway, "one")
    assert len(gateway.decisions()) == 1
    os.rename(gateway.decision_log, gateway.decision_log + ".1")
    gateway.process.signal(signal.SIGUSR1)
    assert wait_until(lambda: os.path.exists(gateway.decision_log))
    assert gateway.control("status")
    send(gateway, "two")
    assert [record["subject"] for record in gateway.decisions()] == ["two"]


# ---- trouble with the disk


@needs.root
def test_a_full_disk_costs_records_and_no_mail(start, body, own_dir):
    disk = own_dir / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0755", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here: %s" % mounted.stderr.decode())
    try:
        gateway = start(body, changes={"keeper": {"folder": '"%s/keeper"' % disk}})
        send(gateway, "before")
        assert wait_until(lambda: count(gateway) == 1)
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"x" * 4096)
            except OSError:
                pass
        send(gateway, *range(300))
        assert gateway.wait_log("history not written, records are lost")
        ballast.unlink()
        assert wait_until(lambda: send(gateway, "again") or recorded(gateway, "again"), 20)
        assert status(gateway)["history"]["lost"] > 0
        assert "history is written again" in gateway.log()
        gateway.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_damaged_history_is_set_aside_and_a_new_one_begun(start, body):
    gateway = start(body)
    send(gateway, "lost")
    assert wait_until(lambda: count(gateway) == 1)
    gateway.stop()
    file = folder(gateway) / "history.db"
    file.write_bytes(b"\xa5" * file.stat().st_size)
    gateway.start()
    send(gateway, "new")
    assert [record["subject"] for record in wait_until(lambda: recorded(gateway))] == ["new"]
    assert "damaged and set aside" in gateway.log()
    assert [path for path in folder(gateway).iterdir() if ".damaged-" in path.name]


@needs.root
def test_a_folder_of_somebody_else_is_not_taken(start, body, own_dir):
    other = own_dir / "other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    gateway = start(body, changes={"keeper": {"folder": '"%s"' % other}})
    send(gateway, "kept nowhere")
    assert gateway.wait_log("the folder belongs to somebody else")
    assert not list(other.iterdir()) and other.stat().st_uid == 12345


def test_a_user_that_runs_the_proxies_is_refused(run_dir, own_dir, body):
    gateway = Gatepost(own_dir, body, changes={"keeper": {"user": '"nobody"'}})
    code, said = check_configuration(gateway.file)
    if needs.IS_ROOT:
        assert code == 1 and 'keeper user "nobody": it runs the proxies' in said


@needs.root
def test_without_its_user_mail_goes_on_and_nothing_is_recorded(start, body):
    gateway = start(body, changes={"keeper": {"user": '"gatepost-absent"'}})
    send(gateway, "unrecorded")
    assert gateway.wait_log('keeper not started') and "no such user" in gateway.log()
    code, said = check_configuration(gateway.file)
    assert code == 0 and 'warning: keeper user "gatepost-absent": no such user' in said and "useradd" in said


# ---- who asks


def ask(gateway, packet, patience=5):
    """The types of the answers to a packet; None: it hung up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        os.chdir(gateway.dir)
        sock.connect("control")
        sock.settimeout(patience)
        sock.send(packet)
        kinds = []
        while not kinds or kinds[-1] != CONTROL_END:
            answer = sock.recv(1 << 20)
            if not answer:
                return None
            kinds.append(struct.unpack_from("=H", answer)[0])
        return kinds


def test_questions_that_are_none_are_refused_and_harm_nobody(start, body, monkeypatch):
    monkeypatch.chdir("/")
    gateway = start(body)
    send(gateway, "one")
    assert wait_until(lambda: count(gateway) == 1)
    empty = b"\0\0\0\0" * 5
    for packet in (struct.pack("=H", 77), struct.pack("=HIQ", CONTROL_FORGET, 0, 0), struct.pack("=HI", CONTROL_FORGET, 9) + b"x", struct.pack("=H", CONTROL_STATUS) + b"x", struct.pack("=H", CONTROL_FIND),
                   struct.pack("=H", CONTROL_FIND) + b"\xff" * 100,
                   struct.pack("=H", CONTROL_FIND) + empty + struct.pack("=QQQIB", 1 << 63, 0, 0, 10, 0),
                   struct.pack("=H", CONTROL_FIND) + empty + struct.pack("=QQQIB", 0, 0, 0, 1 << 31, 0)):
        assert ask(gateway, packet) == [CONTROL_END]
    assert ask(gateway, b"x") is None
    assert ask(gateway, struct.pack("=H", CONTROL_FIND) + empty + struct.pack("=QQQIB", 0, 0, 0, 10, 0)) == [CONTROL_ITEM, CONTROL_END]


def test_those_who_ask_and_do_not_listen_keep_nobody_waiting(start, body, monkeypatch):
    monkeypatch.chdir("/")
    gateway = start(body)
    send(gateway, *range(100))
    assert wait_until(lambda: count(gateway) == 100)
    os.chdir(gateway.dir)
    question = struct.pack("=H", CONTROL_FIND) + b"\0\0\0\0" * 5 + struct.pack("=QQQIB", 0, 0, 0, 10000, 0)
    deaf = []
    for _ in range(20):
        deaf.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        deaf[-1].connect("control")
        for _ in range(20):
            deaf[-1].send(question)
    send(gateway, "meanwhile")
    assert wait_until(lambda: recorded(gateway, "meanwhile"))
    for sock in deaf:
        sock.close()
    assert wait_until(lambda: recorded(gateway, "meanwhile"))


# ---- a proxy that was taken over


@needs.root
def test_nonsense_from_a_proxy_costs_nobody_elses_record(start, body):
    gateway = start(body)
    pid = keeper(gateway)
    send(gateway, "before")
    with proxies_end(gateway, QUEUE) as queue:
        for packet in (b"", b"x", b"\1\0", b"\1\0" + b"\xff" * 1000, b"\7\0hello", b"\1\0\1" + b"\0" * 160000):
            for _ in range(20):
                queue.send(packet)
            send(gateway, "between")
    assert wait_until(lambda: count(gateway) == 7)
    assert keeper(gateway) == pid


@needs.root
def test_a_queue_that_a_proxy_closes_is_made_anew(start, body):
    gateway = start(body)
    send(gateway, "before")
    assert wait_until(lambda: count(gateway) == 1)
    for n in range(2):
        with proxies_end(gateway, QUEUE) as queue:
            queue.shutdown(socket.SHUT_RDWR)
        assert wait_until(lambda: gateway.log().count("queue was closed, and is made anew") == n + 1)
        assert wait_until(lambda: gateway.log().count("keeper ready") == n + 2, 20)
        send(gateway, "after %d" % n)
        assert wait_until(lambda: recorded(gateway, "after %d" % n))


# ---- forgetting


def test_all_about_an_address_is_forgotten_and_nothing_else(start, body):
    gateway = start(body)
    with Session(gateway.port) as client:
        client.ehlo()
        for n in range(1200):
            client.expect("MAIL FROM:<zwetschge@client.example>", 250)
            client.expect("RCPT TO:<u@other.example>", 550)
            client.expect("RSET", 250)
            if n % 10 == 9:  # past ten of a session there is only a number
                client.expect("QUIT", 221)
                client = Session(gateway.port)
                client.ehlo()
        client.close()
    send(gateway, "kept")
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com", "v@example.com", sender="sender@zwetschge.client.example")
        assert client.data(b"Subject: also kept\r\n\r\nhello\r\n").code == 250
    assert len(recorded(gateway, "zwetschge@client.example")) >= 1200
    assert gateway.control("forget", "zwetschge@client.example") == "1200 records were taken out\n"
    assert [r["subject"] for r in recorded(gateway)] == ["also kept", "kept"]
    assert gateway.control("forget", "zwetschge@client.example") == "0 records were taken out\n"
    gateway.stop()
    assert not any(b"zwetschge@client" in path.read_bytes() for path in folder(gateway).rglob("*") if path.is_file())


# ---- status


def test_the_status_tells_what_runs_and_what_it_leans_on(start, new_backend, authority):
    server = new_backend()
    gateway = start(certificate(authority.certificate("mx.example.com")) + backend("behind", server.port, options="recipient_check off  probe off")
                    + domains("behind", "example.com") + 'rule "x" when message.part_count > 50 then reject 550 5.7.1 "no"\n')
    send(gateway, "one")
    told = status(gateway)
    its = told["gateway"]
    assert its["hostname"] == "mx.example.com" and its["counters"]["messages"] == 1 and its["counters"]["records_lost"] == 0
    assert [g["state"] for g in its["generations"]] == ["serving"]
    assert {p["pid"] for p in its["generations"][0]["proxies"]} == set(gateway.pids("gatepost-proxy"))
    assert [(s["program"], s["state"]) for s in its["scanners"]] == [("gatepost-scan", "serving"), ("gatepost-av", "not needed"), ("gatepost-qr", "not needed")]
    assert [(b["server"], b["state"]) for b in its["backends"]] == [("127.0.0.1:%d" % server.port, "up")]
    assert its["certificates"][0]["name"] == "mx.example.com" and its["certificates"][0]["expires"] > time.time()
    assert told["history"]["records"] == 1 and told["disk"]["free"] > 0
    words = gateway.control("status")
    for part in ("mx.example.com", "1 serving", "2 of 2 proxies run", "127.0.0.1:%d (behind) up" % server.port, "gatepost-scan serving", "1 records in"):
        assert part in words, (part, words)


def check(gateway, *words):
    done = subprocess.run([str(gateway.build / "gatepostctl"), "status", "--check", "--config", gateway.file, *words], capture_output=True, text=True)
    return done.returncode, done.stdout.strip()


def test_a_check_is_a_line_and_an_exit_status_for_monitoring(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"))
    send(gateway, "one")
    assert check(gateway) == (0, "GATEPOST OK: all is well")
    server.stop()
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert client.data(b"Subject: x\r\n\r\nx\r\n").code == 451
    code, line = check(gateway)
    assert code == 2 and line.startswith("GATEPOST CRITICAL: server 127.0.0.1:%d of behind is down (" % server.port)
    assert 'gatepost_server_up{backend="behind",server="127.0.0.1:%d"} 0' % server.port in gateway.control("metrics")
    gateway.stop()
    assert check(gateway)[0] == 3


def test_metrics_are_of_the_form_that_prometheus_reads(start, body):
    gateway = start(body)
    send(gateway, *range(3))
    lines = gateway.control("metrics").splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    samples = [line for line in lines if not line.startswith("#")]
    assert "gatepost_messages_total 3" in samples
    for line in samples:
        assert re.fullmatch(r'gatepost_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9]+', line), line
        assert re.split(r"[ {]", line)[0] in names
