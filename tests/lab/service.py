# SPDX-License-Identifier: ISC
"""What systemd is to a service, as far as sd_notify(3) tells of it: hears when it is ready, takes in the descriptors that it deposits,
and gives them to the next."""
import array
import os
import socket
import subprocess

# The shell becomes the program, so that its pid is the one that the descriptors are given to.
GIVEN = 'LISTEN_PID=$$ exec "$@"'
ABOVE = 100


class Service:
    def __init__(self):
        self.name = "@gatepost-service-%d" % os.getpid()
        self.kept = []  # (name, descriptor)
        self.misses_removals = False
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:])
        self.socket.settimeout(30)

    def hear(self):
        text, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(4))
        words = dict(line.split("=", 1) for line in text.decode().splitlines())
        for _, _, octets in control:
            self.kept.append((words["FDNAME"], array.array("i", octets)[0]))
        if "FDSTOREREMOVE" in words and not self.misses_removals:
            self._close(words["FDNAME"])
        return words

    def _close(self, name=None):
        for entry in [entry for entry in self.kept if name in (None, entry[0])]:
            os.close(entry[1])
            self.kept.remove(entry)

    def hear_until(self, word):
        while word not in self.hear():
            pass

    def ports(self):
        found = []
        for _, fd in self.kept:
            with socket.socket(fileno=os.dup(fd)) as one:
                found.append(one.getsockname()[1])
        return found

    def start(self, command, log, environment, sockets, extra=()):
        """The process, once it is ready and has deposited so many sockets. What is kept, and these others, are its descriptors from 3 on."""
        fds = [fd for _, fd in self.kept] + [one.fileno() for one in extra]
        above = [os.dup2(fd, ABOVE + n, inheritable=True) for n, fd in enumerate(fds)]
        moved = " ".join("%d<&%d-" % (3 + n, fd) for n, fd in enumerate(above))
        environment = {**environment, "NOTIFY_SOCKET": self.name, "LISTEN_FDS": str(len(fds))}
        with open(log, "ab") as out:
            process = subprocess.Popen(["bash", "-c", ("exec %s; " % moved if fds else "") + GIVEN, "bash", *command], env=environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out, pass_fds=above)
        for fd in above:
            os.close(fd)
        self.hear_until("READY")
        while len(self.kept) < sockets:
            self.hear()
        return process

    def close(self):
        self._close()
        self.socket.close()
