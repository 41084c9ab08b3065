# SPDX-License-Identifier: ISC
"""gatepost --first-run, on a machine that has the users of Gatepost: without a terminal, and with somebody at one."""
import os
import pty
import select
import shlex
import shutil
import subprocess
import time

import pytest

from lab import needs

# A server behind that knows who exists.
NOBODY = {"RCPT": lambda session, line: "550 5.1.1 no such user" if b"no-such-user" in line else None}

USERS = ("gatepost", "gatepost-keeper", "gatepost-redis")


class Terminal:
    """Somebody who waits for a question and answers it."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        self.said = ""
        self.popen = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)

    def _read(self, until):
        ready, _, _ = select.select([self.master], [], [], max(0, until - time.monotonic()))
        try:
            more = os.read(self.master, 65536) if ready else b""
        except OSError:  # its other end is closed
            more = b""
        self.said += more.decode(errors="replace").replace("\r\n", "\n")
        return bool(more)

    def answer(self, question, text):
        """Waits for the question behind what was said before."""
        until, begin = time.monotonic() + 20, len(self.said)
        while question not in self.said[begin:]:
            assert self._read(until), self.said
        os.write(self.master, text.encode() + b"\n")

    def end(self):
        """(exit status, all that was said)"""
        until = time.monotonic() + 30
        while self._read(until):
            pass
        os.close(self.master)
        return self.popen.wait(10), self.said


class FirstRun:
    """`file` is what it writes, beside the policy that Gatepost ships."""

    def __init__(self, folder):
        needs.to_be_root("users that exist in a namespace alone")
        self.folder, self.file = folder / "etc", folder / "etc" / "gatepost.conf"
        self.folder.mkdir()
        for path in (needs.ROOT / "etc").iterdir():
            if path.suffix in (".conf", ".txt") and path.name != "gatepost.conf":
                shutil.copy(path, self.folder)
        self.around = folder / "with-users"
        for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
            with open("/etc/" + name) as f:
                old = [row for row in f if row.split(":")[0] not in USERS]
            (folder / name).write_text("".join(old + [line.format(user, 60001 + n) for n, user in enumerate(USERS)]))
        self.instead = {"/etc/passwd": folder / "passwd", "/etc/group": folder / "group"}

    def trust(self, ca):
        """Whom the machine trusts."""
        self.instead["/etc/ssl/certs/ca-certificates.crt"] = ca

    def command(self, *words):
        mounts = ["mount --bind %s %s" % (shlex.quote(str(new)), old) for old, new in self.instead.items()]
        self.around.write_text("\n".join(mounts + ['exec "$@"\n']))
        return ["unshare", "--mount", "sh", "-e", str(self.around), str(needs.BUILD / "gatepost"), *map(str, words), "-c", str(self.file)]

    def __call__(self, *words):
        """Without a terminal: (exit status, what was said, and complained)."""
        done = subprocess.run(self.command("--first-run", *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def at_a_terminal(self, *words):
        return Terminal(self.command("--first-run", *words))

    def check(self):
        """gatepost -n of what was written: (exit status, all that was said)."""
        done = subprocess.run(self.command("-n"), capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def text(self):
        return self.file.read_text()

    def left(self):
        """What is in the folder beside what was there before."""
        return sorted(path.name for path in self.folder.iterdir() if path.name.startswith("gatepost.conf"))


def answers(port, **changes):
    """Options that are enough, changed: {option: value}, None for without."""
    given = {"hostname": "mx.example.com", "domain": "example.com", "server": "127.0.0.1:%d" % port, "certificate": "none", "recipients": "any"}
    given.update({name.replace("_", "-"): value for name, value in changes.items()})
    return [word for name, value in given.items() if value is not None for word in ("--" + name, str(value))]


@pytest.fixture
def first_run(own_dir):
    return FirstRun(own_dir)
