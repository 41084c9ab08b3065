# SPDX-License-Identifier: ISC
"""ClamAV's own daemon, given the same messages: what scanning alone costs."""
import os
import socket
import struct
import time

from lab.process import Process
from lab.samples import write_signatures
from mailboxes.programs import Program
from mailboxes.protocols import LARGE
from mailboxes.tools import numbered
from stage import await_service

CONFIGURATION = """
LocalSocket {folder}/socket
DatabaseDirectory {folder}/clamdb
TemporaryDirectory {folder}
Foreground true
StreamMaxLength 60M
"""
PIECE = 1 << 16


class Clamd(Program):
    title, packages, stands_in_front = "clamd itself, INSTREAM", ("clamav-daemon",), False

    def __init__(self, stage, sink, legs):
        super().__init__(stage, sink, legs)
        with open(sink.files[LARGE], "rb") as file:
            self._message = file.read()
        self._socket, self._number = os.path.join(self.folder, "socket"), 0

    @classmethod
    def does(cls, mode):
        return mode.box == LARGE and not mode.same

    def start(self, serves):
        os.makedirs(self.folder)
        write_signatures(os.path.join(self.folder, "clamdb"))
        command = ["clamd", "--config-file=" + self._configured(CONFIGURATION)]
        self.process = Process("clamd", command, self.folder).start()
        await_service(self.process, lambda: os.path.exists(self._socket))
        return self

    def run(self, load, mode, seconds):
        """As of Load."""
        began, count = time.monotonic(), 0
        while count == 0 or time.monotonic() - began < seconds:
            self._scan()
            count += 1
        return time.monotonic() - began, count

    def _scan(self):
        """It remembers what it has seen, so that each message is another one."""
        self._number += 1
        message = numbered(self._message, self._number)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self._socket)
            peer.sendall(b"zINSTREAM\0")
            for at in range(0, len(message), PIECE):
                piece = message[at:at + PIECE]
                peer.sendall(struct.pack(">I", len(piece)) + piece)
            peer.sendall(struct.pack(">I", 0))
            answer = peer.recv(256)
        if answer != b"stream: OK\0":
            raise RuntimeError("clamd says %r" % answer)
