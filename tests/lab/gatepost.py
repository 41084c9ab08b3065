# SPDX-License-Identifier: ISC
"""A Gatepost under test: its configuration, its start, its children, what it decided."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess

from lab import needs
from lab.ports import free_port
from lab.process import Process, children, wait_until
from lab.smtp_client import Session

# Short times, so that what hangs is seen soon; small numbers, as the lab is small.
SETTINGS = {
    "process": {"user": '"nobody"', "proxies": 2, "scanners": 1, "antivirus_scanners": 1},
    "timeouts": {"command": "20s", "data": "10s", "handshake": "5s", "verdict": "20s", "scan": "10s", "connect": "2s",
                 "backend": "5s", "drain": "20s", "recipient_accepted": "0s", "recipient_refused": "0s"},
    "limits": {"sessions_per_client": 1000, "messages": 100000},
    "antivirus": {"enabled": "off"},
    "log": {"level": '"debug"'},
    "history": {"text": "on"},
    "keeper": {"user": '"daemon"'},
    "redis": {"account": '"bin"'},
}

# What no test may cause: reports of sanitizers, deaths by a fault of our own (ABRT, BUS, SEGV, SYS).
DISASTERS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SIG(ABRT|BUS|FPE|ILL|SEGV|SYS)\b|signal=(4|6|7|8|11|31)\b")


def backend(name, *servers, lmtp=(), submission=(), pop3=(), pop3s=(), imap=(), imaps=(), options="recipient_check off  probe off"):
    """A backend block. A server is a port, or a text such as '25 tls verify "name"' that begins with one."""
    named = [("smtp", s) for s in servers] + [("lmtp", s) for s in lmtp] + [("submission", s) for s in submission] \
        + [("pop3", s) for s in pop3] + [("pop3s", s) for s in pop3s] \
        + [("imap", s) for s in imap] + [("imaps", s) for s in imaps]
    lines = "".join("  %s \"127.0.0.1:%s\" %s\n" % (word, *str(s).partition(" ")[::2]) for word, s in named)
    return "backend %s {\n%s  %s\n}\n" % (name, lines, options.replace("  ", "\n  "))


def domains(name, *domains):
    return "".join('domain "%s" { backend %s }\n' % (domain, name) for domain in domains)


def certificate(cert):
    return "certificate %s { chain \"%s\"  key \"%s\" }\n" % (
        " ".join('"%s"' % name for name in cert.names), cert.chain, cert.key)


def settings(changes):
    """The blocks of settings: those above, changed by {block: {word: value}}."""
    blocks = {name: dict(words) for name, words in SETTINGS.items()}
    for name, words in changes.items():
        blocks.setdefault(name, {}).update(words)
    return "".join("%s {\n%s}\n" % (name, "".join("  %s %s\n" % row for row in words.items()))
                   for name, words in blocks.items())


def _listener(protocol, port, *options):
    options = "  ".join(word for word in options if word)
    return 'listen %s on "127.0.0.1:%d"%s\n' % (protocol, port, " { %s }" % options if options else "") if port else ""


def greets(port, word, goodbye=b"QUIT\r\n", host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=5) as s:
            s.sendall(goodbye)
            return s.makefile("rb").read().startswith(word)
    except OSError:
        return False


class Gatepost:
    """`body` is the configuration without its settings and listeners. It listens on `port`, with STARTTLS when there is a
    certificate, and on `tls_port` when implicit_tls is asked for; `listen` are options of the first listener.
    With `pop3`, options such as "backend behind", POP3 is spoken likewise on `pop3_port` and `pop3s_port`; and so is IMAP with `imap`."""

    def __init__(self, run_dir, body, changes=None, implicit_tls=False, listen="", port=None, tls_port=None, build=None, env=None,
                 pop3=None, imap=None):
        self.dir = os.path.join(str(run_dir), "gatepost")
        self.build = build or needs.BUILD
        self.port = port or free_port()
        self.tls_port = (tls_port or free_port()) if implicit_tls else None
        self.listen = listen
        self.pop3 = pop3
        self.pop3_port = free_port() if pop3 is not None else None
        self.pop3s_port = free_port() if pop3 is not None and implicit_tls else None
        self.imap = imap
        self.imap_port = free_port() if imap is not None else None
        self.imaps_port = free_port() if imap is not None and implicit_tls else None
        self.caused = []
        self.file = os.path.join(self.dir, "gatepost.conf")
        self.decision_log = os.path.join(self.dir, "decisions.json")
        os.makedirs(os.path.join(self.dir, "empty"))
        self.configure(body, changes)
        self.process = Process("gatepost", [self.build / "gatepost", "-F", "-c", self.file], run_dir, env)

    def configure(self, body, changes=None):
        """Writes the configuration; reload() makes it hold."""
        fixed = {"process": {"chroot": '"%s/empty"' % self.dir}, "log": {"decisions": '"%s"' % self.decision_log},
                 "redis": {"folder": '"%s/redis"' % self.dir}, "contacts": {"key": '"%s/contacts.key"' % self.dir},
                 "keeper": {"folder": '"%s/keeper"' % self.dir, "control": '"%s/control"' % self.dir},
                 "quarantine": {"key": '"%s/quarantine.key"' % self.dir}}
        for block, words in (changes or {}).items():
            fixed.setdefault(block, {}).update(words)
        with open(self.file, "w") as f:
            f.write('hostname "mx.example.com"\n' + settings(fixed) + self.listeners("starttls" if "certificate " in body else "") + body)

    def listeners(self, starttls):
        text = _listener("smtp", self.port, starttls, self.listen)
        text += _listener("smtps", self.tls_port)
        text += _listener("pop3", self.pop3_port, starttls, self.pop3)
        text += _listener("pop3s", self.pop3s_port, (self.pop3 or "").replace("require_tls", ""))
        text += _listener("imap", self.imap_port, starttls, self.imap)
        text += _listener("imaps", self.imaps_port, (self.imap or "").replace("require_tls", ""))
        return text

    def start(self):
        self.process.start()
        self.process.wait_ready(lambda: " serving generation=" in self.log() and self.answers())
        return self

    def answers(self):
        """A proxy greets: the port alone is open as soon as the parent has bound it."""
        return greets(self.port, b"220 ") and (not self.pop3_port or greets(self.pop3_port, b"+OK ")) \
            and (not self.imap_port or greets(self.imap_port, b"* OK ", b"a LOGOUT\r\n"))

    def wait_until_offered(self, *keywords):
        """EHLO offers these: each server behind has told by then what it can do. (Of servers that have not, SMTPUTF8 is offered.)"""
        def offered():
            with Session(self.port) as session:
                session.ehlo()
                return set(keywords) <= set(session.extensions)
        assert wait_until(offered), keywords

    def stop(self):
        """The exit status. A disaster in the log is an error, but for those that the test has caused: `caused` are parts of their lines."""
        status = self.process.stop(30)
        found = [line for line in self.log().splitlines() if DISASTERS.search(line) and not any(part in line for part in self.caused)]
        assert not found, "\n".join(found)
        return status

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def log(self):
        return self.process.output()

    def wait_log(self, text, seconds=10):
        return wait_until(lambda: text in self.log(), seconds)

    def pids(self, name):
        """The children that run this program: "gatepost-proxy", and the heads "gatepost-scan", "gatepost-av"."""
        return sorted(pid for pid, comm in children(self.process.pid).items() if comm == name[:15])

    def workers(self, program):
        """The scanners of a family ("gatepost-scan", "gatepost-av"): what its head forks once it is warm."""
        return wait_until(lambda: sorted(pid for head in self.pids(program) for pid in children(head)))

    def control(self, *words):
        """gatepostctl asks this gateway: what it printed, or None where it could not."""
        done = subprocess.run([str(self.build / "gatepostctl"), *words, "--config", self.file], capture_output=True, text=True, timeout=30)
        if done.returncode:
            print("gatepostctl %s: %s" % (" ".join(words), done.stderr))
        return done.stdout if done.returncode == 0 else None

    def held(self, *words):
        """What waits in the quarantine, the newest first."""
        return [json.loads(line) for line in (self.control("quarantine", "list", "--json", *words) or "").splitlines()]

    def decisions(self):
        """The records so far: what was decided before the keeper is asked is written when it answers."""
        self.control("status")
        if not os.path.exists(self.decision_log):
            return []
        with open(self.decision_log) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]


# What the log says once messages can be held and records are kept.
READY = ("gatepost-release ready", "keeper ready")


def ready_with(changes):
    """The same, where these settings hold."""
    return READY + (("scanners ready program=gatepost-av",) if "antivirus" in changes else ())


@contextlib.contextmanager
def running(gateway, behind=(), ready=()):
    """A Gatepost from its start until it ends, which must be well; the servers behind end with it. `ready`: what its log says first."""
    try:
        gateway.start()
        assert all(gateway.wait_log(text, 40) for text in ready), gateway.log()[-4000:]
        yield gateway
    finally:
        try:
            status = gateway.stop()
        finally:
            for server in behind:
                server.stop()
        assert status in (0, None), "gatepost ended with %s\n%s" % (status, gateway.log()[-4000:])


def check_configuration(file, build=None):
    """gatepost -n: (exit status, what it said)."""
    done = subprocess.run([str((build or needs.BUILD) / "gatepost"), "-n", "-c", str(file)], capture_output=True,
                          text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


def shipped_policy():
    """The line that includes the policy that Gatepost ships."""
    return 'include "%s"\n' % (needs.ROOT / "etc" / "policy.conf")
