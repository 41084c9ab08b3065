# SPDX-License-Identifier: ISC
"""Memory of SMTP sessions over TLS that wait for their client: after the banner, after EHLO, and after MAIL and RCPT. It is the proxies' own:
what other programs hold does not grow with sessions, but does change meanwhile."""
import os
import socket
import ssl
import time
from statistics import median

import cpu
from lab.backend import Backend
from stage import Stage, checked_build, policy_of

CALM = 1.5  # seconds: what was asked about a client is answered, and said
STEPS = (("after the banner", ()), ("after EHLO", (b"EHLO client.gp.example",)),
         ("after MAIL and RCPT", (b"MAIL FROM:<u@gp.example>", b"RCPT TO:<r@gp.example>")))


class Client:
    """A session; what it is told is read to the end of each reply, and not kept."""

    def __init__(self, port):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60))
        self._read()

    def _read(self):
        said = b""
        while not said.endswith(b"\r\n") or said.splitlines()[-1][3:4] != b" ":
            piece = self._socket.recv(4096)
            if not piece:
                raise SystemExit("bench: a session ended: %r" % said)
            said += piece
        if said[:1] not in b"23":
            raise SystemExit("bench: refused: %r" % said)

    def say(self, line):
        self._socket.sendall(line + b"\r\n")
        self._read()

    def close(self):
        self._socket.close()


def _measure(stage, name, build, backend, policy, sessions):
    """[KB a session at each of STEPS]"""
    gateway = stage.gateway(name, build, backend.port, policy).start()
    try:
        for _ in range(20):  # what is made once
            client = Client(gateway.tls_port)
            for _, lines in STEPS:
                for line in lines:
                    client.say(line)
            client.close()
        time.sleep(CALM)
        before, sizes = cpu.own_memory(gateway.process.pid, "gatepost-proxy"), []
        held = [Client(gateway.tls_port) for _ in range(sessions)]
        for _, lines in STEPS:
            for client in held:
                for line in lines:
                    client.say(line)
            time.sleep(CALM)
            sizes.append((cpu.own_memory(gateway.process.pid, "gatepost-proxy") - before) / sessions)
        for client in held:
            client.close()
        return sizes
    finally:
        gateway.stop()


def main(build, asked):
    builds = [checked_build(folder) for folder in (build, asked.against) if folder]
    rounds = int(asked.rounds)
    found = {}
    with Stage() as stage:
        backend = stage.keep(Backend()).start()
        for number in range(rounds):
            for side, folder in enumerate(builds):
                for rules in asked.rules.split(","):
                    policy = policy_of(folder) if rules == "all" else None
                    name = "idle-%d-%d-%s" % (number, side, rules)
                    found.setdefault((folder, rules), []).append(
                        _measure(stage, name, folder, backend, policy, asked.sessions))
    print("KB a session (the proxies' own), of %d over TLS; median of %d\n" % (asked.sessions, rounds))
    print("%-50s%-8s" % ("", "rules") + "".join("%22s" % title for title, _ in STEPS))
    for (folder, rules), runs in found.items():
        print("%-50s%-8s" % (os.path.relpath(folder)[-49:], rules) + "".join("%22.1f" % median(run[i] for run in runs) for i in range(len(STEPS))))
    return 0
