# SPDX-License-Identifier: ISC
"""Real programs that read or sync mail over IMAP: each gives the messages of a mailbox as it has them, their lines ended by LF.

FETCHERS[name](folder, port, tls, ca, user, mailbox): tls is "plain", "starttls" or "imaps", and the certificate is one for localhost.
need() skips a test where the program is not there. What a program of SYNCING did in `folder` it takes up again there: sync_again()."""
import imaplib
import os
import pwd
import re
import shutil
import subprocess

import pytest

from lab import users
from lab.fetchers import HOST, lf, mda, node_modules, run, stored, write
from lab.smtp_client import client_context


def curl(folder, port, tls, ca, user="user@example.com", mailbox="INBOX", address="127.0.0.1"):
    """What a mailbox holds is searched, and then read over one connection."""
    url = "%s://%s:%d/%s" % ("imaps" if tls == "imaps" else "imap", HOST, port, mailbox)
    command = ["curl", "-sS", "--max-time", "30", "--resolve", "%s:%d:%s" % (HOST, port, address), "--cacert", ca, "-u", "%s:%s" % (user, users.PASSWORD)]
    command += ["--ssl-reqd"] if tls == "starttls" else []
    environment = dict(os.environ, no_proxy="*")
    count = len(run(command + [url + "?ALL"], folder, env=environment).split()) - 2
    run(command + [url + "/;MAILINDEX=[1-%d]" % count, "-o", "mail-#1"], folder, env=environment)
    return [lf((folder / ("mail-%d" % number)).read_bytes()) for number in range(1, count + 1)]


def fetchmail(folder, port, tls, ca, user="user@example.com", mailbox="INBOX", address="127.0.0.1"):
    secured = {"plain": "sslproto ''", "starttls": "sslproto 'TLS1.2+'", "imaps": "ssl sslproto 'TLS1.2+'"}[tls]
    rc = write(folder / "fetchmailrc", 'set invisible\nset no bouncemail\npoll lab via "%s" protocol IMAP service %d timeout 20\n'
               '  user "%s" password "%s" folder "%s" %s sslcertck sslcertfile "%s" sslcommonname "%s" fetchall keep no rewrite mda "%s"\n'
               % (address, port, user, users.PASSWORD, mailbox, secured, ca, HOST, mda(folder)))
    run(["fetchmail", "--nosyslog", "-f", rc, "--pidfile", folder / "pid"], folder, env=dict(os.environ, FETCHMAILHOME=str(folder), LC_ALL="C"))
    return stored(folder)


def getmail(folder, port, tls, ca, user="user@example.com", mailbox="INBOX"):
    """It has no STARTTLS."""
    kind = "SimpleIMAPSSLRetriever" if tls == "imaps" else "SimpleIMAPRetriever"
    write(folder / "getmailrc", '[retriever]\ntype = %s\nserver = %s\nport = %d\nusername = %s\npassword = %s\nmailboxes = ("%s",)\n%s\n'
          "[destination]\ntype = MDA_external\npath = %s\nuser = %s\nallow_root_commands = true\nunixfrom = false\n\n"
          "[options]\ndelete = false\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0\n"
          % (kind, HOST, port, user, users.PASSWORD, mailbox, "ca_certs = %s\n" % ca if tls == "imaps" else "", mda(folder), pwd.getpwuid(os.getuid()).pw_name))
    run(["getmail", "--getmaildir", folder, "--rcfile", folder / "getmailrc"], folder)
    return stored(folder)


def neomutt(folder, port, tls, ca, user="user@example.com", mailbox="INBOX"):
    """It wants a terminal, and copies into a mailbox of one file, where each message begins with a line "From " and ends with an empty one."""
    word = {True: "yes", False: "no"}
    rc = write(folder / "muttrc", 'set spoolfile="%s://%s:%d/%s" imap_user="%s" imap_pass="%s" ssl_ca_certificates_file="%s" record="" move=no\n'
               'set ssl_starttls=%s ssl_force_tls=%s certificate_file="" mbox_type=mbox folder="%s" mark_old=no sleep_time=0 confirmappend=no\n'
               'set confirmcreate=no imap_authenticators="plain:login" copy_decode_weed=no weed=no sort=mailbox-order imap_check_subscribed=no\n'
               'push "<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>%s/box<enter><sync-mailbox><quit>"\n'
               % ("imaps" if tls == "imaps" else "imap", HOST, port, mailbox, user, users.PASSWORD, ca, word[tls == "starttls"], word[tls != "plain"],
                  folder, folder))
    run(["script", "-qec", 'neomutt -n -F "%s"' % rc, "/dev/null"], folder, env=dict(os.environ, TERM="xterm", HOME=str(folder)), stdin=subprocess.DEVNULL)
    octets = re.split(rb"^From .*\n", (folder / "box").read_bytes(), flags=re.MULTILINE)[1:]
    # It notes in the header what it knows of a message.
    return [re.sub(rb"(?m)^(Status|Content-Length|Lines): .*\n", b"", one.removesuffix(b"\n")) for one in octets]


def python(_folder, port, tls, ca, user="user@example.com", mailbox="INBOX"):
    box = imaplib.IMAP4_SSL(HOST, port, ssl_context=client_context(ca), timeout=20) if tls == "imaps" else imaplib.IMAP4(HOST, port, timeout=20)
    with box:
        if tls == "starttls":
            box.starttls(client_context(ca))
        box.login(user, users.PASSWORD)
        count = int(box.select(mailbox, readonly=True)[1][0])
        return [lf(box.fetch(str(number), "(BODY.PEEK[])")[1][0][1]) for number in range(1, count + 1)]


NODE = """
const {ImapFlow} = require(process.argv[2] + '/imapflow'), fs = require('fs');
const [port, tls, user, pass, mailbox, into] = process.argv.slice(3);
(async () => {
  const client = new ImapFlow({host: 'localhost', port: Number(port), secure: tls === 'imaps', doSTARTTLS: tls === 'starttls', auth: {user, pass},
                               disableAutoIdle: true, logger: false});
  await client.connect();
  const lock = await client.getMailboxLock(mailbox);
  for await (const message of client.fetch('1:*', {uid: true, source: true, envelope: true, bodyStructure: true, flags: true}))
    fs.writeFileSync(`${into}/${String(message.seq).padStart(5, '0')}`, message.source);
  lock.release();
  await client.logout();
})().catch((error) => { console.error(error); process.exit(1); });
"""
IMAPFLOW = "imapflow@1.0.189"


def node(folder, port, tls, ca, user="user@example.com", mailbox="INBOX"):
    """imapflow, which asks for envelopes and structures as well."""
    (folder / "got").mkdir()
    program = write(folder / "fetch.js", NODE)
    run(["node", program, node_modules(folder, IMAPFLOW), port, tls, user, users.PASSWORD, mailbox, folder / "got"], folder,
        env=dict(os.environ, NODE_EXTRA_CA_CERTS=str(ca)))
    return stored(folder)


# ---- what syncs a mailbox with a Maildir, both ways


def in_maildir(folder, mailbox="INBOX"):
    """Its messages by the UIDs that stand in their names."""
    files = [path for name in ("cur", "new") for path in (folder / "mail" / mailbox / name).iterdir()]
    return [lf(path.read_bytes()) for path in sorted(files, key=lambda path: int(re.search(r",U=(\d+)", path.name)[1]))]


def mbsync(folder, port, tls, ca, user="user@example.com", mailbox="INBOX", address=HOST):
    """At another address than HOST `ca` is the server's own certificate: of that no name is asked."""
    secured = {"plain": "None", "starttls": "STARTTLS", "imaps": "IMAPS"}[tls]
    (folder / "mail").mkdir()
    write(folder / "rc", "FSync no\nSyncState *\nIMAPAccount lab\nHost %s\nPort %d\nUser %s\nPass %s\nSSLType %s\n%sAuthMechs LOGIN PLAIN\nTimeout 20\n\n"
          "IMAPStore far\nAccount lab\n\nMaildirStore near\nPath %s/mail/\nInbox %s/mail/INBOX\nSubFolders Verbatim\n\n"
          "Channel lab\nFar :far:\nNear :near:\nPattern \"%s\"\nCreate Near\nSync All\nExpunge Both\n"
          % (address, port, user, users.PASSWORD, secured, "" if tls == "plain" else "SystemCertificates no\nCertificateFile %s\n" % ca, folder, folder, mailbox))
    _run_mbsync(folder)
    # With this line it finds again what it stored.
    return [re.sub(rb"(?m)^X-TUID: .*\n", b"", octets) for octets in in_maildir(folder, mailbox)]


def _run_mbsync(folder):
    """Whether it had something to do: it notes in names and beside the messages what it did."""
    noted = lambda: {path: path.read_bytes() for path in (folder / "mail").rglob("*") if path.is_file()}
    before = noted()
    run(["mbsync", "-q", "-c", folder / "rc", "lab"], folder, env=dict(os.environ, HOME=str(folder)))
    return noted() != before


def offlineimap(folder, port, tls, ca, user="user@example.com", mailbox="INBOX"):
    (folder / "mail").mkdir()
    secured = "ssl = %s\nstarttls = %s\n" % ("yes" if tls == "imaps" else "no", "yes" if tls == "starttls" else "no")
    secured += "" if tls == "plain" else "sslcacertfile = %s\ntls_level = tls_compat\n" % ca
    write(folder / "rc", "[general]\nmetadata = %s/state\naccounts = lab\nsocktimeout = 20\n\n[Account lab]\nlocalrepository = near\nremoterepository = far\n\n"
          "[Repository near]\ntype = Maildir\nlocalfolders = %s/mail\n\n[Repository far]\ntype = IMAP\nremotehost = %s\nremoteport = %d\nremoteuser = %s\n"
          "remotepass = %s\nauth_mechanisms = PLAIN, LOGIN\nfolderfilter = lambda name: name == '%s'\n%s"
          % (folder, folder, HOST, port, user, users.PASSWORD, mailbox, secured))
    _run_offlineimap(folder)
    return in_maildir(folder, mailbox)


def _run_offlineimap(folder):
    said = run(["offlineimap", "-c", folder / "rc", "-o", "-u", "basic"], folder, env=dict(os.environ, HOME=str(folder))).decode()
    return re.search(r"(?m)^ *(Copy message|Adding|Deleting|Removing)", said) is not None


FETCHERS = {"curl": curl, "fetchmail": fetchmail, "getmail": getmail, "neomutt": neomutt, "python": python, "node": node, "mbsync": mbsync,
            "offlineimap": offlineimap}
SYNCING = {"mbsync": _run_mbsync, "offlineimap": _run_offlineimap}


def sync_again(name, folder):
    """Another run of what synced before; whether it had something to do."""
    return SYNCING[name](folder)


def add_to_maildir(folder, octets, mailbox="INBOX"):
    """A message that the next sync is to bring to the server."""
    (folder / "mail" / mailbox / "cur" / "1700000000.1.lab:2,S").write_bytes(octets)


def need(fetcher, tls, run_dir):
    """Skips the test where the program, or what it cannot do without, is not there."""
    if fetcher == "getmail" and tls == "starttls":
        pytest.skip("getmail has no STARTTLS for IMAP")
    if fetcher == "offlineimap" and tls == "starttls":
        pytest.skip("offlineimap hears nothing behind its STARTTLS, of whatever server")
    if fetcher == "node":
        (run_dir / "node-imap").mkdir(exist_ok=True)
        if not node_modules(run_dir / "node-imap", IMAPFLOW):
            pytest.skip("no imapflow: npm is not there, or its registry cannot be reached")
    elif not shutil.which("python3" if fetcher == "python" else fetcher):
        pytest.skip("no %s" % fetcher)
