# SPDX-License-Identifier: ISC
"""What may stand where users send: Gatepost that signs, and Postfix, which a Dovecot tells who they are, with OpenDKIM or without."""
import os
import time

import cpu
from lab import postfix
from lab.dovecot import Dovecot, knows_logins
from lab.ports import free_port
from lab.process import Process, wait_until
from mailboxes.programs import Gatepost, Program
from sender import OPENDKIM
from stage import await_service

DRAINED = 120  # seconds that a queue may take to become empty
OPTIONS = """
virtual_mailbox_domains =
default_transport = smtp
relayhost = [127.0.0.1]:{sink}
smtpd_tls_auth_only = no
smtpd_tls_security_level = {front_level}
smtpd_tls_wrappermode = {front}
smtpd_tls_loglevel = 0
smtp_tls_security_level = {behind_level}
smtp_tls_wrappermode = {behind}
disable_dns_lookups = yes
default_process_limit = 100
message_size_limit = 60000000
milter_default_action = tempfail
"""


class GatepostSigning(Gatepost):
    title, protocols = "Gatepost, signing", ("submission",)
    rules = 'dkim "gp.example" {{ selector "sel" key "{folder}/sender.key" }}\n'


class _Sending(postfix.Postfix):
    """With a service that sends."""

    def _more_services(self):
        return "smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n"


class Postfix(Program):
    title, packages, protocols = "Postfix", ("postfix", "dovecot-core"), ("submission",)

    def __init__(self, stage, sink, legs):
        super().__init__(stage, sink, legs)
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        self._taken, logins = sink.taken, free_port()
        self._dovecot = Dovecot(self.folder, os.path.join(self.folder, "mail"), settings=knows_logins(logins))
        yes, level = {True: "yes", False: "no"}, {True: "encrypt", False: "none"}
        options = postfix.logs_in(logins) + OPTIONS.format(sink=self.sink, front=yes[self.front], front_level=level[self.front],
                                                           behind=yes[self.behind], behind_level=level[self.behind])
        self._postfix = _Sending(self.folder, stage.certificate, options=options + self._more_options(stage))
        self.port = self._postfix.port
        self.process = self._postfix.process

    def _more_options(self, stage):
        return ""

    def _processes(self):
        return [self._postfix.process, self._dovecot.process]

    def start(self, serves):
        self._dovecot.start()
        self._postfix.start()
        await_service(self.process, serves)
        return self

    def stop(self):
        self._postfix.stop()
        self._dovecot.stop()

    def spent(self):
        return sum(cpu.seconds(process.pid) for process in self._processes())

    def run(self, load, mode, seconds):
        """Until its queue is empty, too."""
        before = self._taken()
        took, count = load.run(mode, self.port, seconds)
        ended = time.monotonic()
        if not wait_until(lambda: self._taken() >= before + count, DRAINED):
            raise RuntimeError("of %d messages %d arrived" % (count, self._taken() - before))
        return took + time.monotonic() - ended, count


class PostfixSigning(Postfix):
    title, packages = "Postfix, OpenDKIM signing", Postfix.packages + ("opendkim",)

    def _more_options(self, stage):
        self._milter_port = free_port()
        path = os.path.join(self.folder, "opendkim.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(OPENDKIM.format(port=self._milter_port, folder=self.folder, key=os.path.join(stage.folder, "sender.key")))
        self._opendkim = Process("opendkim", ["opendkim", "-f", "-x", path], self.folder)
        return "smtpd_milters = inet:127.0.0.1:%d\n" % self._milter_port

    def _processes(self):
        return [*super()._processes(), self._opendkim]

    def start(self, serves):
        self._opendkim.start()
        self._opendkim.wait_port(self._milter_port)
        return super().start(serves)

    def stop(self):
        super().stop()
        self._opendkim.stop()
