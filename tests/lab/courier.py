# SPDX-License-Identifier: ISC
"""A real Courier over mailboxes that fill() makes: POP3 and IMAP, with passwords in userdb."""
import contextlib
import glob
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

# As Debian's /etc/courier/imapd has it.
IMAP = {"MAILDIRPATH": "Maildir", "IMAP_KEYWORDS": "1", "IMAP_ACL": "1", "IMAP_IDLE_TIMEOUT": "60", "IMAP_MAILBOX_SANITY_CHECK": "1", "IMAP_USELOCKS": "1",
        "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE",
        "IMAP_TRASHFOLDERNAME": "Trash", "IMAP_EMPTYTRASH": "Trash:7", "IMAP_ENHANCEDIDLE": "0", "IMAP_UMASK": "022"}

# Instead of the library that would wait at each login for a daemon of Gamin's, which cannot run there: none watches files.
NO_FAM = "".join("int %s(void) { return -1; }\n" % name for name in (
    "FAMOpen", "FAMClose", "FAMCancelMonitor", "FAMMonitorDirectory", "FAMMonitorFile", "FAMNextEvent", "FAMPending"))


class Courier:
    """Its paths are compiled in, so it runs in a root of its own."""

    junk = "INBOX.Junk"  # a folder, as clients name it

    def __init__(self, run_dir, password=users.PASSWORD):
        self.password = password
        self.unpacked = beside.unpacked("courier")
        self.root = os.path.join(str(run_dir), "courier")
        self.pop3_port, self.imap_port = free_port(), free_port()
        self.boxes = {}
        chroot = [shutil.which("chroot"), self.root]
        self.passwords = Process("courier-passwords", chroot + [LIBRARY + "/courier-authlib/authdaemond"], run_dir)
        listen = chroot + ["/usr/sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=100", "-maxperip=100", "-nodnslookup", "-noidentlookup"]
        self.pop3 = Process("courier-pop3", listen + [self.pop3_port, LIBRARY + "/courier/courierpop3login", LIBRARY + "/courier/courierpop3d", "Maildir"],
                            run_dir, {"MAILDIRPATH": "Maildir", "POP3AUTH": ""})
        self.imap = Process("courier-imap", listen + [self.imap_port, LIBRARY + "/courier/imaplogin", "/usr/bin/imapd", "Maildir"], run_dir, IMAP)

    def fill(self, address, messages, folder=""):
        """Puts messages (octets) into a mailbox, in this order; before the start. It has them with newlines alone, and shows each as CRLF;
        they are seen already, or RETR would move them from under the eyes of another session."""
        self.boxes.setdefault(address, {})[folder] = messages

    def start(self):
        beside.make_root(self.unpacked, self.root)
        for library in glob.glob(self.root + "/usr/lib/*/libfam.so.0"):
            os.unlink(library)
            subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-o", library, "-"], check=True, input=NO_FAM, text=True)
        os.makedirs(self.root + os.path.dirname(SOCKET), exist_ok=True)
        with open(self.root + "/etc/courier/authdaemonrc", "w") as f:
            f.write(AUTH)
        password = subprocess.run(["openssl", "passwd", "-6", self.password], check=True, capture_output=True, text=True).stdout.strip()
        self._database("userdb", "".join(USER % (address, users.OWNER.pw_uid, users.OWNER.pw_gid, address) for address in self.boxes))
        self._database("userdbshadow", "".join(SHADOW % (address, password) for address in self.boxes))
        for address, folders in self.boxes.items():
            for folder, messages in folders.items():
                box = os.path.join(self.root, "mail", address, "Maildir", folder and "." + folder)
                maildir.fill(box, [octets.replace(b"\r\n", b"\n") for octets in messages], seen=True)
                if folder:
                    maildir.write_owned(os.path.join(box, "maildirfolder"), b"")
        self._start_passwords()
        for process, port in ((self.pop3, self.pop3_port), (self.imap, self.imap_port)):
            process.start().wait_port(port)
        return self

    def stop(self):
        self.pop3.stop()
        self.imap.stop()
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
