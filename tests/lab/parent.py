# SPDX-License-Identifier: ISC
"""The parent alone: a gatepost whose children are, unless told otherwise, the stand-ins of tests/fakes."""
import json
import os
import signal
import socket
import subprocess

import pytest

from lab import needs, process, steered
from lab.ports import free_port
from lab.process import is_alive

FAKES = needs.ROOT / "tests" / "fakes"


def wait_until(condition, seconds=15):
    return process.wait_until(condition, seconds)


class Session:
    """A connection, and who greeted it."""

    def __init__(self, port, greeted=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        if greeted:
            self.read_greeting()

    def read_greeting(self):
        line = self.socket.makefile("rb").readline().split()
        assert line and line[0] == b"220", line
        self.generation, self.slot, self.pid = map(int, line[1:])

    def echoes(self):
        self.socket.sendall(b"x")
        return self.socket.recv(1) == b"x"

    def ask_redis(self, *words):
        """Through this proxy's connection: the answer as it comes, "none" without one."""
        self.socket.sendall(("redis " + " ".join(words) + "\r\n").encode())
        return self.socket.recv(65536).decode().strip()

    def scanners_down(self):
        """What this proxy has been told: {kind: reason}, "0" gatepost-scan, "1" gatepost-av."""
        self.socket.sendall(b"down\r\n")
        return json.loads(self.socket.recv(65536))

    def distrust_scanners(self):
        self.socket.sendall(b"distrust\r\n")

    def close(self):
        self.socket.close()


class Parent:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "gatepost.conf"
        self.log_path = folder / "log"
        self.port = free_port()
        self.libexec = FAKES
        self.program = needs.BUILD / "gatepost"
        self.popen = None
        self.within = []
        self.sessions = []
        (folder / "empty").mkdir(mode=0o755)
        self.configure()

    def configure(self, text="", ports=None, proxies=2, drain="20s"):
        listeners = "".join('listen smtp "p%d" on "127.0.0.1:%d"\n' % (port, port) for port in ports or [self.port])
        self.path.write_text('hostname "mx.example.com"\n%sprocess { user "nobody"  chroot "%s"  proxies %d }\n'
                             "timeouts { drain %s }\n%s\nhistory { enabled off }\n%s"
                             "keeper { folder \"%s/keeper\"  control \"%s/control\" }\nquarantine { key \"%s/quarantine.key\" }\n"
                             % (listeners, self.folder / "empty", proxies, drain, text,
                                "" if "account" in text else 'redis { account "bin" }\n', self.folder, self.folder, self.folder))

    def order(self, **orders):
        (self.folder / "fake.json").write_text(json.dumps(orders))

    def as_the_service(self):
        """Before start(): with the capabilities that etc/gatepost.service leaves it."""
        lines = (needs.ROOT / "etc" / "gatepost.service").read_text().splitlines()
        names = " ".join(line.split("=")[1] for line in lines if line.startswith("CapabilityBoundingSet=")).lower().split()
        self.within = ["setpriv", "--bounding-set", "-all," + ",".join("+" + name.replace("cap_", "") for name in names)]
        return self

    def command(self, *options):
        return [*self.within, str(self.program), *options, "-c", str(self.path)]

    def environment(self):
        return dict(os.environ, GATEPOST_LIBEXEC=str(self.libexec), **getattr(self, "more_environment", {}))

    def run(self, *options):
        """For starts that end: (exit status, what it said)."""
        done = subprocess.run(self.command(*options), env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    def start(self):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.command("-F"), env=self.environment(), stdout=log, stderr=log)
        assert self.logged("serving"), self.log()
        return self

    def signal(self, number):
        os.kill(self.popen.pid, number)

    def steer_clock(self):
        """Before start(): then move_clock() can be used."""
        self.program = steered.program("gatepost")
        return self

    def move_clock(self, seconds):
        if self.popen.poll() is None:
            steered.move_clock(self.popen.pid, seconds)

    def in_time(self, condition, seconds=15):
        """Waits for it while the clock runs ten times as fast."""
        def look():
            found = condition()
            if not found:
                self.move_clock(0.2)
            return found
        return process.wait_until(look, seconds)

    def log(self):
        return self.log_path.read_text()

    def logged(self, text, times=1, seconds=15):
        return wait_until(lambda: self.log().count(text) >= times, seconds)

    def reload(self):
        before = self.log().count(": serving ")
        self.signal(signal.SIGHUP)
        assert self.logged(": serving ", before + 1), self.log()

    def connect(self, port=None, greeted=True):
        self.sessions.append(Session(port or self.port, greeted))
        return self.sessions[-1]

    def connect_to(self, generation):
        """With the first proxy of that generation that answers: an older one may still take a last connection."""
        def attempt():
            session = self.connect()
            return session if session.generation == generation else session.close()
        return wait_until(attempt)

    def children(self, name="gatepost-proxy"):
        return sorted(pid for pid, comm in process.children(self.popen.pid).items() if comm == name[:15])

    def in_slots(self):
        """A session with each slot: {slot: session}."""
        found = {}
        while len(found) < 2:
            session = self.connect()
            found.setdefault(session.slot, session)
        return found

    def stop(self):
        if self.popen and self.popen.poll() is None:
            self.signal(signal.SIGTERM)
        for session in self.sessions:
            session.close()
        if self.popen:
            self.popen.wait(40)
        return self.popen.returncode if self.popen else None


@pytest.fixture
def parent(own_dir):
    it = Parent(own_dir)
    yield it
    children = it.children() if it.popen else []
    it.stop()
    assert not [pid for pid in children if is_alive(pid)], it.log()
    if it.popen:
        assert "ERROR: " not in it.log().replace("error: ", ""), it.log()
