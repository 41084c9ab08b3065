# SPDX-License-Identifier: ISC
"""A real Cyrus over mailboxes that fill() makes: POP3 and IMAP, with passwords in sasldb and, where GSSAPI is among its mechanisms, the keys of
Kerberos."""
import os
import subprocess

from lab import beside, users
from lab.imap_client import logged_in
from lab.maildir import make_owned, received, write_owned
from lab.ports import free_port
from lab.process import Process

CONFIG = """
configdirectory: {dir}/lib
partition-default: {dir}/spool
defaultpartition: default
cyrus_user: {owner}
servername: {name}
unixhierarchysep: yes
virtdomains: userid
defaultdomain: nowhere.example
autocreate_quota: 0
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {dir}/sasldb2
sasl_mech_list: {mechanisms}
failedloginpause: 0
proc_path: {dir}/run/proc
mboxname_lockpath: {dir}/run/lock
duplicatesuppression: no
imapidlepoll: 1
xlist-junk: Junk
xlist-trash: Trash
"""

NAME = "cyrus.example.com"  # and the domain of those who log in without one

SERVICES = """
START {{
  recover cmd="{bin}/ctl_cyrusdb -C {dir}/imapd.conf -r"
}}
SERVICES {{
  pop3 cmd="{bin}/pop3d -C {dir}/imapd.conf" listen="127.0.0.1:{port}" prefork=2 maxchild=100
  imap cmd="{bin}/imapd -C {dir}/imapd.conf" listen="127.0.0.1:{imap}" prefork=2 maxchild=100
}}
EVENTS {{
}}
"""


class Cyrus:
    junk = "Junk"  # a folder, as clients name it

    def __init__(self, run_dir, mechanisms="PLAIN LOGIN", env=None):
        unpacked = beside.unpacked("cyrus")
        self.dir = os.path.join(str(run_dir), "cyrus")
        self.bin, self.sbin = unpacked + "/usr/lib/cyrus/bin", unpacked + "/usr/sbin"
        self.pop3_port, self.imap_port = free_port(), free_port()
        self.boxes = {}
        self.mechanisms = mechanisms
        self.env = dict(os.environ, **beside.library_path(unpacked), **(env or {}))
        self.process = Process("cyrus", [self.bin + "/master", "-C", self.dir + "/imapd.conf", "-M", self.dir + "/cyrus.conf",
                                         "-p", self.dir + "/run/master.pid", "-D"], run_dir, self.env)

    def fill(self, address, messages, folder=""):
        """Puts messages (octets) into a mailbox, in this order; before the start."""
        self.boxes.setdefault(address, {})[folder] = messages

    def start(self):
        for folder in ("lib/socket", "spool", "run"):
            make_owned(os.path.join(self.dir, folder))
        words = {"dir": self.dir, "bin": self.bin, "owner": users.OWNER.pw_name, "port": self.pop3_port, "imap": self.imap_port,
                 "mechanisms": self.mechanisms, "name": NAME}
        for name, text in (("imapd.conf", CONFIG), ("cyrus.conf", SERVICES)):
            write_owned(os.path.join(self.dir, name), text.format(**words).encode())
        for address in self.boxes:
            local, _, domain = address.partition("@")
            self._run(self.sbin + "/saslpasswd2", "-p", "-c", "-f", self.dir + "/sasldb2", "-u", domain or NAME, local, said=users.PASSWORD)
        os.chown(self.dir + "/sasldb2", users.OWNER.pw_uid, users.OWNER.pw_gid)
        self.process.start()
        self.process.wait_port(self.pop3_port, self.imap_port)
        for address, folders in self.boxes.items():
            self._fill(address, folders)
        return self

    def stop(self):
        self.process.stop()

    def _fill(self, address, folders):
        """The first login makes the mailbox; then files are put into it, and found."""
        local, at, domain = address.partition("@")
        with logged_in(self.imap_port, address) as session:
            for folder in filter(None, folders):
                session.expect("CREATE " + folder)
            session.expect("LOGOUT")
        for folder, messages in folders.items():
            name = "user/" + local + (folder and "/" + folder) + at + domain
            box = self._run(self.bin + "/mbpath", "-C", self.dir + "/imapd.conf", name).strip()
            for place, octets in enumerate(messages):
                write_owned("%s/%d." % (box, place + 1), octets, received(place))
            self._run(self.bin + "/reconstruct", "-C", self.dir + "/imapd.conf", name)

    def _run(self, *command, said=""):
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30, input=said, env=self.env).stdout
