# SPDX-License-Identifier: ISC
"""The server behind, and the load."""
import os
import subprocess
import sys
from collections import namedtuple

from lab.ports import free_port
from lab.process import Process
from lab.smtp_client import Session
from lab.users import PASSWORD
from mailboxes.protocols import SMALL, Legs, Mode
from mails import Mails
from stage import ROOT, compiled

MESSAGES = 100  # in each mailbox
SERIAL = b"Serial: %010d\r\n"  # that the sink puts before each
# what a load has done, and the milliseconds of a session
Done = namedtuple("Done", "sessions messages octets median most")


def numbered(message, number):
    return SERIAL % number + message


def _tool(stage, *sources):
    paths = [os.path.join(ROOT, "bench/mailboxes", source) for source in sources]
    return compiled(paths[0], stage.folder, *paths[1:], "-D_GNU_SOURCE", "-Wall", "-Wextra", "-lssl", "-lcrypto", "-lpthread")


class Sink:
    """A mailbox for each size of the protocol's."""

    def __init__(self, stage, protocol):
        self.protocol, self.port, self.tls_port = protocol, free_port(), free_port()
        mails = Mails(1, stage.sender)
        self.files = [self._write(os.path.join(stage.folder, "message-%d" % size), mails.plain(size)) for size in protocol.sizes]
        self.sizes = [len(SERIAL % 0) + os.path.getsize(path) for path in self.files]
        own, program = stage.certificate, _tool(stage, "sink.c", "sink_session.c", "sink_imap.c", "sink_pop3.c", "sink_submission.c")
        self.process = Process("sink", [program, protocol.name, self.port, self.tls_port, own.chain, own.key, MESSAGES, *self.files],
                               stage.folder)

    @staticmethod
    def _write(path, octets):
        with open(path, "wb") as out:
            out.write(octets)
        return path

    def port_of(self, legs):
        return self.tls_port if legs == Legs.BOTH else self.port

    def start(self):
        self.process.start().wait_port(self.port, self.tls_port)
        return self

    def taken(self):
        """Messages that users have sent."""
        with Session(self.port) as session:
            return int(session.command("NOOP").lines[0].split()[1])

    def stop(self):
        self.process.stop()


class Load:
    def __init__(self, stage, sink):
        self.sink = sink
        self._program = _tool(stage, "load.c", "load_imap.c", "load_pop3.c", "load_submission.c")

    def _command(self, mode, port, *how):
        return [self._program, self.sink.protocol.name, *["-t"] * (mode.legs != Legs.PLAIN), *["-w"] * mode.commands,
                "-u", "%s%d" % ("s" if mode.same else "u", mode.box), "-p", PASSWORD, "-m", str(mode.count), "-c", str(mode.sessions), "-f", self.sink.files[mode.box],
                *map(str, how), str(port)]

    def serves(self, legs, port):
        """Whether a message can be read there."""
        mode = Mode(None, SMALL, 1, 1, legs)
        return subprocess.run(self._command(mode, port, "-d", 0), capture_output=True).returncode == 0

    def do(self, mode, port, seconds):
        """(seconds, Done)"""
        done = subprocess.run(self._command(mode, port, "-d", seconds), capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit("bench: %s, %s" % (mode.title, done.stderr))
        took, *figures = map(float, done.stdout.split())
        done = Done(*figures)
        if not mode.commands and done.octets != done.messages * self.sink.sizes[mode.box]:
            sys.exit("bench: %s: %d messages had %d octets, not %d each" % (mode.title, done.messages, done.octets, self.sink.sizes[mode.box]))
        return took, done

    def run(self, mode, port, seconds):
        """(seconds, how many of what the mode is about)"""
        took, done = self.do(mode, port, seconds)
        return took, int(done.messages if mode.count else done.sessions)

    def hold(self, mode, port, sessions):
        """Sessions that are idle, as a process; they end with its input."""
        held = subprocess.Popen(self._command(mode, port, "-i", sessions), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        if held.stdout.readline() != "ready\n":
            sys.exit("bench: %s, %s" % (mode.title, held.communicate()[1]))
        return held
