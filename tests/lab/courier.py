# SPDX-License-Identifier: ISC
"""A real Courier over mailboxes that fill() makes: POP3, with passwords in userdb."""
import contextlib
import os
import shutil
import subprocess

from lab import beside, maildir, users
from lab.ports import free_port
from lab.process import Process

AUTH = """authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
daemons=3
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
"""

LIBRARY = "/usr/lib/courier"
SOCKET = "/run/courier/authdaemon/socket"
# Of one user (uid, gid, home), and of his password.
USER, SHADOW = "%s\tuid=%d|gid=%d|home=/mail/%s\n", "%s\tsystempw=%s\n"


class Courier:
    """Its paths are compiled in, so it runs in a root of its own."""

    def __init__(self, run_dir):
        self.unpacked = beside.unpacked("courier")
        self.root = os.path.join(str(run_dir), "courier")
        self.pop3_port = free_port()
        self.boxes = {}
        chroot = [shutil.which("chroot"), self.root]
        self.passwords = Process("courier-passwords", chroot + [LIBRARY + "/courier-authlib/authdaemond"], run_dir)
        self.pop3 = Process("courier-pop3", chroot + ["/usr/sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=100", "-maxperip=100",
                                                      "-nodnslookup", "-noidentlookup", self.pop3_port, LIBRARY + "/courier/courierpop3login",
                                                      LIBRARY + "/courier/courierpop3d", "Maildir"],
                            run_dir, {"MAILDIRPATH": "Maildir", "POP3AUTH": ""})

    def fill(self, address, messages):
        """Puts messages (octets) into a mailbox, in this order; before the start. It has them with newlines alone, and shows each as CRLF;
        they are seen already, or RETR would move them from under the eyes of another session."""
        self.boxes[address] = messages

    def start(self):
        beside.make_root(self.unpacked, self.root)
        os.makedirs(self.root + os.path.dirname(SOCKET), exist_ok=True)
        with open(self.root + "/etc/courier/authdaemonrc", "w") as f:
            f.write(AUTH)
        password = subprocess.run(["openssl", "passwd", "-6", users.PASSWORD], check=True, capture_output=True, text=True).stdout.strip()
        self._database("userdb", "".join(USER % (address, users.OWNER.pw_uid, users.OWNER.pw_gid, address) for address in self.boxes))
        self._database("userdbshadow", "".join(SHADOW % (address, password) for address in self.boxes))
        for address, messages in self.boxes.items():
            maildir.fill(os.path.join(self.root, "mail", address, "Maildir"), [octets.replace(b"\r\n", b"\n") for octets in messages], seen=True)
        self._start_passwords()
        self.pop3.start()
        self.pop3.wait_port(self.pop3_port)
        return self

    def stop(self):
        self.pop3.stop()
        self.passwords.stop()

    @contextlib.contextmanager
    def without_passwords(self):
        """What knows them is away for so long."""
        self.passwords.stop()
        try:
            yield
        finally:
            self._start_passwords()

    def _start_passwords(self):
        if os.path.exists(self.root + SOCKET):
            os.unlink(self.root + SOCKET)
        self.passwords.start()
        self.passwords.wait_ready(lambda: os.path.exists(self.root + SOCKET))

    def _database(self, name, rows):
        """What makeuserdb makes of its text."""
        subprocess.run([shutil.which("chroot"), self.root, LIBRARY + "/courier-authlib/makedatprog", "-", "/etc/courier/new", "/etc/courier/%s.dat" % name],
                       check=True, input=rows + ".\n", text=True)
        os.chmod("%s/etc/courier/%s.dat" % (self.root, name), 0o600)
