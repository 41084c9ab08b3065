# SPDX-License-Identifier: ISC
"""A real Exim that sends on what comes to `port`: the recipient's domain says where to, and with which TLS."""
import os
import shutil
import subprocess

from lab import beside
from lab.ports import free_port
from lab.process import Process

MAIN = """
primary_hostname = exim.client.example
log_file_path = /var/log/exim4/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
smtputf8_advertise_hosts = *
chunking_advertise_hosts =
smtp_accept_max = 0
message_size_limit = 0
keep_environment =
acl_smtp_rcpt = accept
begin routers
{routers}
begin transports
{transports}
begin retry
* * F,1h,1s
"""
ROUTER = """
{name}_route:
  driver = manualroute
  domains = {domain}
  route_list = * 127.0.0.1 byname
  self = send
  transport = {name}
"""
TRANSPORT = """
{name}:
  driver = smtp
  port = {port}
  helo_data = exim.client.example
  hosts_try_fastopen =
  tls_verify_certificates =
  tls_require_ciphers = {ciphers}
"""
BARE = "NONE:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509:"
CIPHERS = {  # GnuTLS's
    "usual": "NORMAL",
    "strict": BARE + "+VERS-TLS1.2:+ECDHE-RSA:+AEAD:+AES-128-GCM:+AES-256-GCM",
    "cbc": BARE + "+VERS-TLS1.2:+ECDHE-RSA:+SHA1:+SHA256:+AES-128-CBC:+AES-256-CBC",
    "broken": BARE + "+VERS-TLS1.2:+RSA:+SHA1:+AES-128-CBC",
}


class Exim(beside.Server):
    """`ways`: {domain: (port, which TLS)}."""

    name = "exim"

    def __init__(self, run_dir, ways):
        self.unpacked = beside.unpacked("exim")
        self.root = os.path.join(str(run_dir), "exim")
        self.ways = ways
        self.port = free_port()
        self.program = [shutil.which("chroot"), self.root, "/usr/sbin/exim4"]
        self.process = Process("exim", self.program + ["-bdf", "-odf"], run_dir)

    def prepare(self):
        beside.make_root(self.unpacked, self.root)
        owner = beside.name_users(self.root, "Debian-exim")["Debian-exim"]
        for folder in ("/var/spool/exim4", "/var/log/exim4", "/run/exim4"):
            beside.make_folder(self.root, folder, owner)
        beside.make_folder(self.root, "/tmp", mode=0o1777)
        rows = [dict(name="way%d" % n, domain=domain, port=port, ciphers=CIPHERS[tls]) for n, (domain, (port, tls)) in enumerate(self.ways.items())]
        with open(self.root + "/etc/exim4/exim4.conf", "w") as f:
            f.write(MAIN.format(port=self.port, routers="".join(ROUTER.format(**row) for row in rows),
                                transports="".join(TRANSPORT.format(**row) for row in rows)))

    def log(self):
        with open(self.root + "/var/log/exim4/mainlog", errors="replace") as f:
            return f.read()

    def come_again(self):
        """Now, with all that waits."""
        subprocess.run(self.program + ["-qff"], check=True)
