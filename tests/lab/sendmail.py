# SPDX-License-Identifier: ISC
"""A real Sendmail that takes mail itself and sends all of it on to `onward`, a port. Which ports it listens on, and what it asks of
which milter there, say `options`: lines of its sendmail.mc."""
import os
import shutil
import subprocess

from lab import beside
from lab.process import Process

MC = """divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `sendmail.example.com')dnl
define(`confRUN_AS_USER', `smmta:smmta')dnl
define(`confTRUSTED_USER', `smmta')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
define(`confPID_FILE', `/run/sendmail.pid')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confTO_IDENT', `0')dnl
define(`confMAX_MESSAGE_SIZE', `0')dnl
undefine(`ALIAS_FILE')dnl
undefine(`STATUS_FILE')dnl
undefine(`HELP_FILE')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`no_default_msa')dnl
RELAY_DOMAIN(`{domains}')dnl
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {onward}')dnl
{options}
{tls}
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
TLS = """
define(`confCACERT_PATH', `/etc/mail/tls')dnl
define(`confCACERT', `/etc/mail/tls/chain.pem')dnl
define(`confSERVER_CERT', `/etc/mail/tls/chain.pem')dnl
define(`confSERVER_KEY', `/etc/mail/tls/key.pem')dnl
"""


class Sendmail(beside.Server):
    """`port` is one of those that it listens on; `certificate` is for STARTTLS."""

    name = "sendmail"

    def __init__(self, run_dir, port, onward, options, domains, certificate=None):
        self.unpacked = beside.unpacked("sendmail")
        self.root = os.path.join(str(run_dir), "sendmail")
        self.port, self.onward, self.options, self.domains = port, onward, options, domains
        self.certificate = certificate
        self.process = Process("sendmail", [shutil.which("chroot"), self.root, "/usr/libexec/sendmail/sendmail", "-bD"], run_dir)

    def prepare(self):
        beside.make_root(self.unpacked, self.root)
        owner = beside.name_users(self.root, "smmta")["smmta"]
        beside.make_folder(self.root, "/run")
        beside.make_folder(self.root, "/var/spool/mqueue", owner, 0o700)
        beside.make_folder(self.root, "/tmp", mode=0o1777)
        self._write("/etc/hosts", "127.0.0.1 localhost\n")
        self._write("/etc/mail/service.switch", "hosts files\naliases files\n")
        if self.certificate:
            self._write("/etc/mail/tls/chain.pem", _content(self.certificate.chain))
            self._write("/etc/mail/tls/key.pem", _content(self.certificate.key), 0o600, owner)
        self._write("/etc/mail/sendmail.cf", self._made_of(MC.format(
            domains=" ".join(self.domains), onward=self.onward, options=self.options, tls=TLS if self.certificate else "")))

    def _made_of(self, mc):
        macros = self.unpacked + "/usr/share/sendmail/cf/"
        made = subprocess.run(["m4", "-D_CF_DIR_=" + macros, macros + "m4/cf.m4", "-"], input=mc, capture_output=True, text=True, check=True)
        assert not made.stderr, made.stderr
        return made.stdout

    def _write(self, path, text, mode=0o644, owner=0):
        beside.make_folder(self.root, os.path.dirname(path))
        with open(self.root + path, "w") as f:
            f.write(text)
        os.chmod(self.root + path, mode)
        os.chown(self.root + path, owner, owner)


def _content(path):
    with open(path) as f:
        return f.read()
