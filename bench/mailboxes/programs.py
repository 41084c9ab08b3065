# SPDX-License-Identifier: ISC
"""What may stand in front of a server of mailboxes: Gatepost and its peers."""
import itertools
import os

import cpu
from lab.dovecot import Dovecot
from lab.ports import free_port
from lab.process import Process
from mailboxes import configurations
from mailboxes.protocols import Legs
from mailboxes.tools import MESSAGES, numbered
from stage import Gateway, await_service, policy_of

USERS = 20  # of each box


class Program:
    """Serves on `port`; its processes are those below `process`; `packages` are Debian's, {protocol} is filled in."""

    title, packages, tls_behind, stands_in_front, protocols = None, (), True, True, ("pop3", "imap")
    _numbers = itertools.count(1)

    def __init__(self, stage, sink, legs):
        self.port, self.front, self.behind = free_port(), legs != Legs.PLAIN, legs == Legs.BOTH and self.tls_behind
        self.folder = os.path.join(stage.folder, "%s-%d" % (type(self).__name__.lower(), next(self._numbers)))
        self.protocol = sink.protocol.name
        self.sink = sink.tls_port if self.behind else sink.port
        self.chain, self.key = stage.certificate.chain, stage.certificate.key
        self.process = None

    @classmethod
    def does(cls, mode):
        """Whether it can be measured so."""
        return mode is not None

    def start(self, serves):
        """Returns when serves() is true."""
        os.makedirs(self.folder)
        self.process = Process("program", self._command(), self.folder).start()
        await_service(self.process, serves)
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def run(self, load, mode, seconds):
        return load.run(mode, self.port, seconds)

    def spent(self):
        """Seconds of processor so far."""
        return cpu.seconds(self.process.pid)

    def _command(self):
        raise NotImplementedError

    def _told(self, **values):
        """What every program is told, and `values`."""
        return dict(folder=self.folder, port=self.port, sink=self.sink, chain=self.chain, key=self.key, protocol=self.protocol, **values)

    def _configured(self, text, **values):
        """The path of a configuration; its words in braces are what it is told."""
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(text.format(**self._told(**values)))
        return path


class Nginx(Program):
    title, packages, tls_behind = "nginx, mail proxy (server plain)", ("nginx", "libnginx-mod-mail"), False

    def _command(self):
        return ["nginx", "-e", os.path.join(self.folder, "error"), "-c",
                self._configured(configurations.NGINX, side_port=free_port(), ssl="ssl" if self.front else "")]


class Haproxy(Program):
    title, packages = "HAProxy, mode tcp", ("haproxy",)

    def _command(self):
        pair = os.path.join(self.folder, "pair.pem")
        with open(pair, "w", encoding="ascii") as out:
            for path in (self.chain, self.key):
                with open(path, encoding="ascii") as part:
                    out.write(part.read())
        return ["haproxy", "-db", "-f", self._configured(configurations.HAPROXY, bind="ssl crt " + pair if self.front else "",
                                                         server="ssl verify none" if self.behind else "")]


class DovecotProxy(Program):
    title, packages = "Dovecot, as proxy", ("dovecot-{protocol}d",)

    def _command(self):
        ports = {"plain_port": 0 if self.front else self.port, "tls_port": self.port if self.front else 0}
        return ["dovecot", "-F", "-c", self._configured(configurations.DOVECOT, ssl="ssl=any-cert" if self.behind else "", **ports)]


class Perdition(Program):
    title, packages = "perdition", ("perdition",)
    SPOKEN = {"pop3": "POP3", "imap": "IMAP4"}

    def _command(self):
        spoken = self.SPOKEN[self.protocol] + ("S" if self.front else "")
        mode = "ssl_all" if self.behind else "ssl_listen" if self.front else "none"
        return configurations.PERDITION.format(**self._told(spoken=spoken, mode=mode)).split()


class Gatepost(Program):
    title, with_policy, protocols = "Gatepost, no rules", False, ("pop3", "imap", "submission")
    rules = ""

    def __init__(self, stage, sink, legs, build):
        super().__init__(stage, sink, legs)
        behind = '%s%s "127.0.0.1:%d" tls %s' % (self.protocol, "s" if self.behind else "", self.sink, "required" if self.behind else "none")
        settings = configurations.GATEPOST.format(front=self.protocol + ("s" if self.front else ""), port=self.port, behind=behind,
                                                         options="allow_cleartext" if self.protocol == "submission" and not self.front else "")
        settings += self.rules.format(folder=stage.folder)
        self.gateway = Gateway(stage, os.path.basename(self.folder), build, free_port(), policy_of(build) if self.with_policy else None, settings)
        self.process = self.gateway.process

    def start(self, serves):
        self.process.start()
        await_service(self.process, serves)
        return self

    def stop(self):
        self.gateway.stop()


class GatepostAll(Gatepost):
    title, with_policy, protocols = "Gatepost, shipped policy", True, ("pop3", "imap")


class Server(Program):
    """A real Dovecot, with the mailboxes of the sink: what a server alone serves, with nothing in front of it."""

    title, packages, stands_in_front = "direct, Dovecot as the server", ("dovecot-imapd", "dovecot-pop3d"), False

    def __init__(self, stage, sink, legs):
        super().__init__(stage, sink, legs)
        self.dovecot = Dovecot(self.folder + "-server", self.folder, stage.certificate)
        self.port = getattr(self.dovecot, self.protocol + ("s_port" if self.front else "_port"))
        self.process, self._boxes = self.dovecot.process, sink.files

    @classmethod
    def does(cls, mode):
        """It would write each large message a hundred times."""
        return not mode.same

    def start(self, serves):
        os.makedirs(os.path.dirname(self.dovecot.dir))
        for box, path in enumerate(self._boxes):
            with open(path, "rb") as file:
                message = file.read()
            self.dovecot.fill("u%d.0@gp.example" % box, [numbered(message, number) for number in range(MESSAGES)])
            for user in range(1, USERS):
                os.symlink("u%d.0" % box, os.path.join(self.dovecot.mail, "gp.example", "u%d.%d" % (box, user)))
        self.dovecot.start()
        await_service(self.process, serves)
        return self

    def stop(self):
        self.dovecot.stop()
