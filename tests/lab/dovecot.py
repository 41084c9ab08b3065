# SPDX-License-Identifier: ISC
"""A real Dovecot over the mailboxes that Postfix fills, or fill(): IMAP and POP3."""
import imaplib
import os

from lab import maildir, users
from lab.ports import free_port
from lab.process import Process

CONFIG = r"""
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = imap pop3
listen = {host}
default_login_user = dovenull
default_internal_user = dovecot
first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:{mail}/%d/%n/Maildir
mail_max_userip_connections = 0
disable_plaintext_auth = no
auth_failure_delay = 0
auth_username_chars =
ssl = {ssl}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = home={mail}/%d/%n
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    special_use = \Junk
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \Trash
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

LOGINS = """
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""

TLS = """
ssl_cert = <{chain}
ssl_key = <{key}
"""


def knows_logins(port):
    """Settings by which it tells a Postfix there who may log in (lab.postfix.logs_in)."""
    return LOGINS.format(port=port)


class Dovecot:
    """`settings` are more lines of its configuration."""

    junk = "Junk"  # a folder, as clients name it

    def __init__(self, run_dir, mail, certificate=None, settings=""):
        self.dir = os.path.join(str(run_dir), "dovecot")
        self.mail = mail
        self.certificate = certificate
        self.settings = settings
        self.host = "127.0.0.1"
        self.imap_port = free_port()
        self.imaps_port = free_port() if certificate else 0
        self.pop3_port = free_port()
        self.pop3s_port = free_port() if certificate else 0
        self.log = os.path.join(self.dir, "dovecot.log")
        self.process = Process("dovecot", ["dovecot", "-F", "-c", os.path.join(self.dir, "dovecot.conf")], run_dir)

    def start(self):
        os.makedirs(self.dir)
        with open(os.path.join(self.dir, "dovecot.conf"), "w") as f:
            f.write(CONFIG.format(dir=self.dir, host=self.host, uid=users.OWNER.pw_uid, gid=users.OWNER.pw_gid, mail=self.mail,
                                  password=users.PASSWORD, imap=self.imap_port, imaps=self.imaps_port,
                                  pop3=self.pop3_port, pop3s=self.pop3s_port,
                                  ssl="yes" if self.certificate else "no"))
            if self.certificate:
                f.write(TLS.format(chain=self.certificate.chain, key=self.certificate.key))
            f.write(self.settings)
        self.process.start()
        self.process.wait_port(self.imap_port, self.pop3_port, host=self.host)
        return self

    def stop(self):
        self.process.stop()

    def fill(self, address, messages, folder=""):
        """Puts messages (octets) into a mailbox, in this order: the INBOX, or a folder such as "Junk"."""
        local, domain = address.split("@")
        maildir.fill(os.path.join(self.mail, domain, local, "Maildir", folder and "." + folder), messages)

    def fetch(self, address):
        """All messages of a mailbox over IMAP, as bytes."""
        with imaplib.IMAP4(self.host, self.imap_port, timeout=10) as imap:
            imap.login(address, users.PASSWORD)
            imap.select("INBOX", readonly=True)
            numbers = imap.search(None, "ALL")[1][0].split()
            return [imap.fetch(n.decode(), "(BODY.PEEK[])")[1][0][1] for n in numbers]
