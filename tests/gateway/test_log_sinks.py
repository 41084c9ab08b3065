# SPDX-License-Identifier: ISC
"""Where the log goes: the journal with its fields, JSON; and who reads it: fail2ban with the filter that we ship; logrotate with our rules."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lab import needs
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains, running
from lab.journal import Journal
from lab.pop3_logins import by_user_pass
from lab.pop3_client import Session as Pop3
from lab.pop3_stub import Pop3Stub
from lab.process import Process, wait_until
from lab.smtp_client import Session, send

MESSAGE = b"Subject: logged\r\nMessage-ID: <7@client.example>\r\n\r\nhello\r\n"
FILTER = needs.ROOT / "etc" / "fail2ban" / "filter.d" / "gatepost.conf"


class Elsewhere(Gatepost):
    """It serves when it greets: what it says is not read here."""

    def start(self):
        self.process.start()
        self.process.wait_ready(self.answers)
        return self


def made(folder, server, log, body="", **how):
    folder.mkdir()
    return Elsewhere(folder, backend("behind", server.port) + domains("behind", "example.com") + body, {"log": log, "process": {"proxies": 1}}, **how)


@pytest.fixture
def server():
    server = Backend({"DOT": "250 2.0.0 Ok: queued as 4XYZ"}).start()
    yield server
    server.stop()


def refused(port):
    with Session(port) as session:
        session.ehlo('x\" GATEPOST_CLIENT=192.0.2.1')
        session.expect("MAIL FROM:<a@client.example>", 250)
        session.expect("RCPT TO:<a@elsewhere.example>", 550)


# ---- JSON

def test_as_json_each_line_of_each_process_is_an_object(own_dir, server):
    with running(made(own_dir / "json", server, {"format": '"json"', "level": '"info"'}, 'rule "macros" when message.part_count > 500 then reject\n')) as it:
        assert send(it.port, MESSAGE, "user@example.com").code == 250
        refused(it.port)
        assert it.wait_log('"event":"recipient refused"') and it.wait_log('"event":"scanners ready"') and it.wait_log('"event":"keeper ready"')
    lines = [json.loads(line) for line in it.log().splitlines() if not (needs.SANITIZED and line.startswith("=="))]
    assert {"gatepost", "gatepost-proxy", "gatepost-scan"} <= {line["program"] for line in lines}
    message, = (line for line in lines if line["event"] == "message")
    assert message["level"] == "info" and message["fields"]["client"] == "127.0.0.1" and message["fields"]["code"] == 250
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["time"])
    told, = (line for line in lines if line["event"] == "recipient refused")
    assert told["fields"]["helo"] == 'x" GATEPOST_CLIENT=192.0.2.1' and told["fields"]["client"] == "127.0.0.1"


# ---- the journal

@pytest.mark.skipif(not Journal.is_there(), reason="no systemd-journald")
def test_the_journal_is_given_the_fields_by_parent_proxies_and_keeper(own_dir, server):
    journal = Journal(own_dir)
    it = made(own_dir / "journald", server, {"to": '"journald"', "level": '"info"'})
    it.process = Process("gatepost", journal.around + [it.build / "gatepost", "-F", "-c", it.file], own_dir)
    try:
        with running(it):
            assert send(it.port, MESSAGE, "user@example.com", "eve@example.com").code == 250
            refused(it.port)
            told = wait_until(lambda: journal.entries("GATEPOST_EVENT=recipient refused"))
            assert [(e["GATEPOST_CLIENT"], e["GATEPOST_HELO"], e["GATEPOST_CODE"]) for e in told] == \
                [("127.0.0.1", r"x\x22 GATEPOST_CLIENT=192.0.2.1", "550")]
            message, = wait_until(lambda: journal.entries("GATEPOST_EVENT=message"))
            assert message["GATEPOST_TO"] == "user@example.com,eve@example.com" and message["PRIORITY"] == "6"
            assert message["SYSLOG_IDENTIFIER"] == "gatepost-proxy" and message["MESSAGE"].startswith(message["GATEPOST_REFERENCE"] + " message client=127.0.0.1 ")
            assert journal.entries("GATEPOST_EVENT=serving")[0]["SYSLOG_IDENTIFIER"] == "gatepost"
            assert wait_until(lambda: journal.entries("GATEPOST_EVENT=keeper ready"))
            assert not [line for line in it.log().splitlines() if "gatepost" in line], "on stderr as well"
    finally:
        journal.stop()


def test_without_a_journal_stderr_is_taken_and_told_so(own_dir, server):
    folder = own_dir / "none"
    it = made(folder, server, {"to": '"journald"', "level": '"info"'})
    it.process = Process("gatepost", ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh", it.build / "gatepost", "-F", "-c", it.file], own_dir)
    with running(it):
        assert send(it.port, MESSAGE, "user@example.com").code == 250
        assert it.wait_log(" message client=127.0.0.1 ")
    assert "no journal to log to, stderr is taken path=/run/systemd/journal/socket" in it.log()


# ---- whoever reads it has stopped

def read_now(fd):
    octets = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(fd, 65536):
            octets += piece
    return octets.decode()


def talk(it, until):
    """Sessions, until enough of them have been told of: each is served."""
    for n in range(2000):
        with Session(it.port, timeout=20) as session:
            session.ehlo("x" * 200)
            session.expect("MAIL FROM:<a@client.example>", 250)
            session.expect("RCPT TO:<a@elsewhere.example>", 550)
        if n % 50 == 0 and until(n):
            return
    raise AssertionError("it never came to that")


def test_a_pipe_that_nobody_reads_holds_up_nobody_and_what_was_lost_is_told(own_dir, server):
    pipe = own_dir / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    it = made(own_dir / "still", server, {"level": '"debug"'})
    it.process = Process("gatepost", ["sh", "-c", 'exec "$@" 2> "$0"', pipe, it.build / "gatepost", "-F", "-c", it.file], own_dir)
    try:
        with running(it):
            talk(it, lambda n: n >= 400)  # many times what a pipe holds
            told = [read_now(reader)]

            def lost_is_told(n):
                told.append(read_now(reader))
                return re.search(r"(?m)^gatepost-proxy\[\d+\]: warning: log lines lost count=\d\d+$", "".join(told))
            talk(it, lost_is_told)
    finally:
        os.close(reader)


class Syslog:
    """What listens at /dev/log of a machine whose /dev is ours."""

    def __init__(self, folder):
        needs.to_be_root("a /dev of its own")
        self.folder, self.heard, self.socket = folder, "", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listen()

    def listen(self):
        self.socket.bind(str(self.folder / "log"))
        self.socket.setblocking(False)

    def begin_anew(self):
        self.socket.close()
        (self.folder / "log").unlink()
        self.heard, self.socket = "", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listen()

    def around(self, it):
        script = ('mount --rbind /dev /mnt && mount -t tmpfs tmpfs /dev && mkdir /dev/shm && mount --bind /mnt/shm /dev/shm && '
                  'for name in null zero full random urandom; do touch /dev/$name && mount --bind /mnt/$name /dev/$name; done && '
                  'ln -s "$1" /dev/log && shift && exec "$@"')  # this folder may be below /dev itself
        it.process = Process("gatepost", ["unshare", "-m", "sh", "-c", script, "sh", self.folder / "log", it.build / "gatepost", "-F", "-c", it.file],
                             self.folder)
        return it

    def has(self, pattern):
        """Whether it was said so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += self.socket.recv(1 << 20).decode() + "\n"
        return re.search("(?m)^<22>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d " + pattern, self.heard)


@pytest.fixture
def syslog(own_dir):
    syslog = Syslog(own_dir)
    yield syslog
    syslog.socket.close()


def test_a_syslog_that_stands_still_holds_up_nobody_and_stderr_has_what_it_has_no_room_for(own_dir, server, syslog):
    with running(syslog.around(made(own_dir / "syslog", server, {"to": '"syslog"', "level": '"info"'}))) as it:
        talk(it, lambda n: "recipient refused" in it.log())
        assert syslog.has(r"gatepost\[\d+\]: ")
        talk(it, lambda n: syslog.has(r"gatepost-proxy\[\d+\]: \S+ recipient refused "))  # there is room again


def test_a_syslog_that_was_started_anew_hears_the_parent_and_after_a_reload_the_proxies(own_dir, server, syslog):
    with running(syslog.around(made(own_dir / "syslog", server, {"to": '"syslog"', "level": '"info"'}))) as it:
        assert wait_until(lambda: refused(it.port) or syslog.has(r"gatepost-proxy\[\d+\]: "), 20)
        syslog.begin_anew()
        it.process.signal(signal.SIGHUP)
        assert wait_until(lambda: syslog.has(r"gatepost\[\d+\]: reloading ") and syslog.has(r"gatepost\[\d+\]: serving generation=2 "), 20)
        assert wait_until(lambda: refused(it.port) or syslog.has(r"gatepost-proxy\[\d+\]: \S+ recipient refused "), 20)
        assert "reloading" not in it.log()


@pytest.mark.parametrize("to", ["syslog", "stderr"])
def test_syslog_has_the_decisions_wherever_the_log_goes_and_nobody_waits_for_it(own_dir, server, syslog, to):
    it = made(own_dir / to, server, {"to": '"%s"' % to, "level": '"info"', "decisions_syslog": "on", "decisions": '"%s"' % (own_dir / "decisions.json")})
    with running(syslog.around(it)):
        assert wait_until(lambda: refused(it.port) or syslog.has(r'gatepost-keeper\[\d+\]: {.*"verdict":"reject".*}$'), 20)
        talk(it, lambda n: "decisions not written" in it.log())
        assert 'reason="Resource temporarily unavailable"' in it.log()
        lines = (own_dir / "decisions.json").read_text().count("\n")
        refused(it.port)
        assert wait_until(lambda: (own_dir / "decisions.json").read_text().count("\n") > lines, 20), "it is not waiting"


# ---- fail2ban

def matched(log, mode):
    """The lines that the filter takes."""
    done = subprocess.run(["fail2ban-regex", "--print-all-matched", str(log), "%s[mode=%s]" % (FILTER, mode)], capture_output=True, text=True, timeout=60)
    assert "Failregex" in done.stdout, done.stdout + done.stderr
    _, _, found = done.stdout.partition("Matched line(s):\n")
    return [line.lstrip("| ") for line in found.partition("\n`-")[0].splitlines()]


@pytest.fixture
def attacked(own_dir, server):
    """The log of a gateway at which all of it was tried."""
    stub = Pop3Stub().start()
    it = made(own_dir / "attacked", server, {"level": '"info"'},
              backend("mailboxes", pop3=[stub.port]), pop3="backend mailboxes")
    it.start()
    try:
        assert send(it.port, MESSAGE, "user@example.com").code == 250
        refused(it.port)
        with Session(it.port) as session:
            session.send(b"GET / HTTP/1.1\r\n")
            session.rest()
        with Pop3(it.pop3_port) as session:
            by_user_pass(session, "user@example.com", "wrong")
        assert it.wait_log("login refused") and it.wait_log("not SMTP") and it.wait_log("recipient refused")
    finally:
        it.stop()
        stub.stop()
    return it.log()


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="no fail2ban")
@pytest.mark.parametrize("form", ["stderr", "syslog", "the journal"])
def test_fail2ban_finds_those_who_attack_and_nobody_else(attacked, own_dir, form):
    prefix = {"stderr": "Nov 30 05:17:02 ", "syslog": "Nov 30 05:17:02 mx gatepost-proxy[812]: ", "the journal": "Nov 30 05:17:02 mx gatepost[812]: "}[form]
    lines = [line for line in attacked.splitlines() if line.startswith("gatepost-proxy[")]
    if form == "syslog":
        lines = [line.split(": ", 2)[2] for line in lines]
    log = own_dir / "mail.log"
    log.write_text("".join(prefix + line + "\n" for line in lines))
    normal, aggressive = matched(log, "normal"), matched(log, "aggressive")
    assert {re.search(r"(login refused|not SMTP|recipient refused|refused)(?= client)", line).group(1) for line in normal} == {"login refused", "not SMTP"}
    assert any("recipient refused client=127.0.0.1" in line for line in aggressive) and len(aggressive) > len(normal)
    assert not [line for line in aggressive if " message client=" in line]


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="no fail2ban")
def test_what_a_client_says_of_himself_bans_nobody_else(own_dir):
    log = own_dir / "mail.log"
    log.write_text('Nov 30 05:17:02 mx gatepost-proxy[812]: 5f0c3a911004 recipient refused client=198.51.100.7 helo="x login refused client=192.0.2.1" code=550\n'
                   'Nov 30 05:17:02 mx gatepost-proxy[812]: 5f0c3a911005 login refused client=198.51.100.7 user=a rule="" text="-ERR [IN-USE] later"\n'
                   'Nov 30 05:17:02 mx gatepost-proxy[812]: 5f0c3a911006 sent away client=198.51.100.7 helo=a text="4.4.2 timeout"\n')
    assert matched(log, "normal") == []
    line, = matched(log, "aggressive")
    assert "client=198.51.100.7 " in line


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="no fail2ban")
@pytest.mark.parametrize("prefix", ["", "Nov 30 05:17:02 mx "], ids=["a file without dates", "syslog"])
def test_a_date_that_a_client_gives_for_a_name_is_not_when_it_was(own_dir, prefix):
    """Else whoever logs in as a day of long ago is never banned."""
    log = own_dir / "mail.log"
    log.write_text(prefix + 'gatepost-proxy[812]: %s5f0c3a911004 login refused client=198.51.100.7 user="2005-01-01 00:00:00" text=no\n' % ("" if prefix else "info: "))
    done = subprocess.run(["fail2ban-regex", "-v", str(log), str(FILTER)], capture_output=True, text=True, timeout=60)
    found, = re.findall(r"\|\s+198\.51\.100\.7\s+(.*)", done.stdout)
    assert not found.endswith("2005"), found


# ---- logrotate

def test_logrotate_renames_the_file_of_decisions_and_the_gateway_opens_it_anew(own_dir, server, monkeypatch):
    """`systemctl kill` is done here as systemd would: the signal goes to the parent."""
    it = made(own_dir / "rotated", server, {"level": '"info"'})
    logs, tools = own_dir / "logs", own_dir / "tools"
    logs.mkdir(mode=0o755), tools.mkdir()
    it.decision_log = str(logs / "decisions.json")
    it.configure(backend("behind", server.port) + domains("behind", "example.com"), {"process": {"proxies": 1}, "log": {"level": '"info"'}})
    with running(it):
        (tools / "systemctl").write_text('#!/bin/sh\n[ "$*" = "kill --kill-who=main --signal=USR1 gatepost.service" ] && kill -USR1 %d\n' % it.process.pid)
        (tools / "systemctl").chmod(0o755)
        monkeypatch.setenv("PATH", "%s:%s:/usr/sbin" % (tools, os.environ["PATH"]))
        assert send(it.port, MESSAGE, "user@example.com").code == 250
        assert len(it.decisions()) == 1
        rules = own_dir / "gatepost"
        rules.write_text((needs.ROOT / "etc" / "logrotate" / "gatepost").read_text().replace("/var/log/gatepost", str(logs)))
        done = subprocess.run(["logrotate", "-f", "-s", str(own_dir / "state"), str(rules)], capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, "")
        assert it.wait_log("reopening the file of decisions") and wait_until(lambda: os.path.exists(it.decision_log))
        assert send(it.port, MESSAGE, "user@example.com").code == 250
        assert len(it.decisions()) == 1
        old, = (path for path in logs.iterdir() if path.name != "decisions.json")
        assert len(old.read_text().splitlines()) == 1
