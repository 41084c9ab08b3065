# SPDX-License-Identifier: ISC
"""A real Postfix as the server behind: known mailboxes in Maildirs, everything else refused at RCPT."""
import glob
import grp
import os
import pwd
import re
import subprocess

from lab import users
from lab.ports import free_port
from lab.process import Process, wait_until

MAIN = """
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = {host}
inet_protocols = ipv4
myhostname = behind.example.com
myorigin = example.com
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
default_transport = error:the lab sends nothing out
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{dir}/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = {message_size}
smtputf8_enable = yes
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_recipient_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_error_sleep_time = 0
smtpd_peername_lookup = no
"""

TLS = """
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {chain}
smtpd_tls_loglevel = 1
tls_random_source = dev:/dev/urandom
"""

LOGINS = """
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{port}
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, {others}
"""

MASTER = """
{port} inet n - n - - smtpd
cleanup  unix n - n - 0 cleanup
pickup   unix n - n 60 1 pickup
qmgr     unix n - n 300 1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
verify   unix - - n - 1 verify
flush    unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error    unix - - n - - error
retry    unix - - n - - error
discard  unix - - n - - discard
virtual  unix - n n - - virtual
anvil    unix - - n - 1 anvil
scache   unix - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""

def _each_once(text):
    """Parameters, the last of a name alone. Postfix' programs warn of each that is named twice, and when they start together
    those lines fill the socket of postlogd: it warns as well, waits for itself, and all the others for it."""
    return "".join("%s = %s\n" % row for row in dict(re.split(r"\s*=\s*", line, maxsplit=1)
                                                     for line in text.splitlines() if "=" in line).items())


QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


def logs_in(port, others="reject"):
    """Options by which users log in, to send to anywhere, whom a Dovecot there knows; `others` is what becomes of others."""
    return LOGINS.format(port=port, others=others)


class Postfix:
    """start(), then mail sent to `port` of `host` lands in messages(address). `options` are further lines of main.cf."""

    def __init__(self, run_dir, certificate=None, message_size=20 * 1024 * 1024, options="", addresses=users.ADDRESSES):
        self.dir = os.path.join(str(run_dir), "postfix")
        self.mail = os.path.join(str(run_dir), "mail")
        self.host, self.port = "127.0.0.1", free_port()
        self.certificate = certificate
        self.message_size = message_size
        self.options, self.addresses = options, addresses
        self.process = Process("postfix", ["/usr/lib/postfix/sbin/master", "-d", "-c", self.dir], run_dir)

    def start(self):
        self._make_folders()
        self._write_configuration()
        self.process.start()
        self.process.wait_port(self.port, host=self.host)
        return self

    def stop(self):
        self.process.stop()

    def messages(self, address):
        """The messages in a mailbox, as bytes, oldest first."""
        local, domain = address.split("@")
        paths = glob.glob(os.path.join(self.mail, domain, local, "Maildir", "new", "*"))
        paths += glob.glob(os.path.join(self.mail, domain, local, "Maildir", "cur", "*"))
        return [_content(path) for path in sorted(paths, key=os.path.getmtime)]

    def wait_for_message(self, address, text, seconds=10):
        """The first message in the mailbox that holds `text` (bytes); None when there is none in time."""
        return wait_until(lambda: next((m for m in self.messages(address) if text in m), None), seconds)

    def log(self):
        """Empty until somebody has written there."""
        try:
            with open(os.path.join(self.dir, "maillog"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def _make_folders(self):
        owner = pwd.getpwnam("postfix")
        postdrop = grp.getgrnam("postdrop").gr_gid
        os.makedirs(self.mail, exist_ok=True)
        os.chown(self.mail, users.OWNER.pw_uid, users.OWNER.pw_gid)
        for folder in ("queue", "queue/pid"):
            os.makedirs(os.path.join(self.dir, folder))
        for folder in ("data",) + tuple("queue/" + f for f in QUEUE_FOLDERS):
            _make_owned(os.path.join(self.dir, folder), 0o700, owner.pw_uid, 0)
        _make_owned(os.path.join(self.dir, "queue/maildrop"), 0o730, owner.pw_uid, postdrop)
        _make_owned(os.path.join(self.dir, "queue/public"), 0o710, owner.pw_uid, postdrop)

    def _write_configuration(self):
        main = MAIN.format(dir=self.dir, host=self.host, mail=self.mail, domains=" ".join(users.DOMAINS),
                           uid=users.OWNER.pw_uid, gid=users.OWNER.pw_gid, message_size=self.message_size)
        main += self.options
        if self.certificate:
            main += TLS.format(key=self.certificate.key, chain=self.certificate.chain)
        self._write("main.cf", _each_once(main + self._more()))
        self._write("master.cf", MASTER.format(port=self.port) + self._more_services())
        self._write("mailboxes", "".join(
            "{0} {2}/{1}/Maildir/\n".format(address, *address.split("@")) for address in self.addresses))

    def _more(self):
        return ""

    def _more_services(self):
        return ""

    def _write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)


def _make_owned(path, mode, uid, gid):
    os.makedirs(path)
    os.chmod(path, mode)
    os.chown(path, uid, gid)


def _content(path):
    with open(path, "rb") as f:
        return f.read()


SENDER = """
virtual_mailbox_domains =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = smtp
relay_transport = smtp
relayhost = [127.0.0.1]:{gateway}
smtp_helo_name = {helo}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtp_destination_concurrency_failed_cohort_limit = 0
transport_retry_time = 1s
disable_dns_lookups = yes
"""


WAY = "{name} unix - - n - - smtp -o smtp_tls_security_level=may -o smtp_tls_protocols={versions} -o smtp_tls_ciphers=high -o tls_high_cipherlist={ciphers}\n"
TLS_WAYS = {
    "usual": (">=TLSv1.2", "DEFAULT"),
    "strict": ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"),
    "cbc": ("TLSv1.2", "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384"),
    "broken": ("TLSv1.2", "AES128-SHA"),
}


class Sender(Postfix):
    """A mail server that sends what comes to `port` on to a gateway, and comes again soon when it is told to.
    `ways`, {domain: (port, which TLS)}, are for recipients in those domains."""

    name = "postfix"

    def __init__(self, run_dir, gateway, helo, ways=None):
        super().__init__(os.path.join(str(run_dir), "sender"))
        os.makedirs(os.path.dirname(self.dir), exist_ok=True)
        os.chmod(os.path.dirname(self.dir), 0o755)
        self.gateway, self.helo, self.ways = gateway, helo, ways or {}

    def _more(self):
        self._write("ways", "".join("%s way%d:[127.0.0.1]:%d\n" % (domain, n, port) for n, (domain, (port, _)) in enumerate(self.ways.items())))
        return SENDER.format(gateway=self.gateway, helo=self.helo) + "transport_maps = texthash:%s/ways\n" % self.dir

    def _more_services(self):
        ways = "".join(WAY.format(name="way%d" % n, versions=TLS_WAYS[tls][0], ciphers=TLS_WAYS[tls][1]) for n, (_, tls) in enumerate(self.ways.values()))
        return "smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n" + ways

    def come_again(self):
        """Now, with all that waits."""
        subprocess.run(["postqueue", "-c", self.dir, "-f"], check=True)

    def comes_until(self, condition, seconds=60):
        """Until condition() is true. It is told to come again: what its queue manager finds while one who has tried it still
        has it in hand it would look at in five minutes."""
        return wait_until(lambda: wait_until(condition, 1) or self.come_again(), seconds, 0)
