# SPDX-License-Identifier: ISC
"""A real OpenSMTPD that sends on what comes to `port`: the recipient's domain says where to. One TLS is for all of them."""
import os
import shutil
import subprocess

from lab import beside
from lab.ports import free_port
from lab.process import Process

CONF = """
smtp max-message-size "60M"
{limits}
{ciphers}
listen on 127.0.0.1 port {port} hostname opensmtpd.client.example
{actions}
"""
# It would wait between two connections.
LIMITS = "".join("mta limit %s 0\n" % name for name in (
    "conn-delay-host", "conn-delay-source", "conn-delay-connector", "conn-delay-relay", "conn-delay-domain", "reconn-delay-route"))
ACTION = """
action "{name}" relay host "smtp://127.0.0.1:{port}" helo "opensmtpd.client.example"
match from any for domain "{domain}" action "{name}"
"""
OPENSSL = """
openssl_conf = all
[all]
ssl_conf = each
[each]
system_default = way
[way]
MaxProtocol = TLSv1.2
"""
CIPHERS = {
    "usual": "",
    "strict": "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
    "cbc": "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384",
    "broken": "AES128-SHA",
}


class OpenSMTPD(beside.Server):
    """`ways`: {domain: port}."""

    name = "opensmtpd"

    def __init__(self, run_dir, ways, tls="usual"):
        self.unpacked = beside.unpacked("opensmtpd")
        self.root = os.path.join(str(run_dir), "opensmtpd-" + tls)
        self.ways, self.tls = ways, tls
        self.port = free_port()
        self.inside = [shutil.which("chroot"), self.root]
        self.process = Process("opensmtpd-" + tls, self.inside + ["/usr/sbin/smtpd", "-dFv"], run_dir)

    def prepare(self):
        beside.make_root(self.unpacked, self.root)
        beside.name_users(self.root, "opensmtpd", "opensmtpq")
        beside.make_folder(self.root, "/var/lib/opensmtpd/empty")
        beside.make_folder(self.root, "/var/spool/smtpd", mode=0o711)
        beside.make_folder(self.root, "/var/run")
        beside.make_folder(self.root, "/tmp", mode=0o1777)
        self._say("/etc/smtpd.conf", CONF.format(
            port=self.port, limits=LIMITS, ciphers='smtp ciphers "%s"' % CIPHERS[self.tls] if CIPHERS[self.tls] else "",
            actions="".join(ACTION.format(name="way%d" % n, domain=domain, port=port) for n, (domain, port) in enumerate(self.ways.items()))))
        if self.tls != "usual":
            self._say("/usr/lib/ssl/openssl.cnf", OPENSSL)

    def log(self):
        return self.process.output()

    def come_again(self):
        """Now, with all that waits."""
        subprocess.run(self.inside + ["/usr/sbin/smtpctl", "schedule", "all"], check=True, stdout=subprocess.DEVNULL)

    def _say(self, path, text):
        beside.make_folder(self.root, os.path.dirname(path))
        with open(self.root + path, "w") as f:
            f.write(text)
