# SPDX-License-Identifier: ISC
"""Real programs that fetch mail over POP3: each gives the messages of a mailbox as it has them, their lines ended by LF.

FETCHERS[name](folder, port, tls, ca, user, keep): tls is "plain", "stls" or "pop3s", and the certificate is one for localhost; without
`keep` what was fetched is deleted. need() skips a test where the program is not there."""
import os
import poplib
import pwd
import re
import shutil
import subprocess
from unittest import mock

import pytest

from lab import users
from lab.smtp_client import client_context

HOST = "localhost"


def run(command, folder, **how):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, timeout=60, **how)
    assert done.returncode == 0, "%s: %d\n%s" % (command[0], done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:])
    return done.stdout


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def mda(folder):
    """A program that stores what it is given in a file of its own, in the order in which it comes."""
    (folder / "got").mkdir()
    script = 'cd "%s/got" && cat > "$(printf %%05d $(ls | wc -l))"\n' % folder
    return write(folder / "store", "#!/bin/sh\n" + script, 0o755)


def stored(folder):
    return [lf(path.read_bytes()) for path in sorted((folder / "got").iterdir())]


def lf(octets):
    return octets.replace(b"\r\n", b"\n")


def curl(folder, port, tls, ca, user="user@example.com", keep=True, address="127.0.0.1"):
    """It keeps everything."""
    assert keep
    return [lf(octets) for octets in curl_octets(folder, port, tls, ca, user, address)]


def curl_octets(folder, port, tls, ca, user="user@example.com", address="127.0.0.1"):
    """The messages with their lines as they came: what a mailbox holds is listed, and then read over one connection."""
    url = "%s://%s:%d/" % ("pop3s" if tls == "pop3s" else "pop3", HOST, port)
    command = ["curl", "-sS", "--max-time", "30", "--resolve", "%s:%d:%s" % (HOST, port, address), "--cacert", ca, "-u", "%s:%s" % (user, users.PASSWORD)]
    command += ["--ssl-reqd"] if tls == "stls" else []
    environment = dict(os.environ, no_proxy="*")
    count = len(run(command + [url], folder, env=environment).splitlines())
    run(command + [url + "[1-%d]" % count, "-o", "mail-#1"], folder, env=environment)
    return [(folder / ("mail-%d" % number)).read_bytes() for number in range(1, count + 1)]


def fetchmail(folder, port, tls, ca, user="user@example.com", keep=True, ticket=None, address="127.0.0.1"):
    """With a ticket (an environment) it logs in by Kerberos."""
    secured = {"plain": "sslproto ''", "stls": "sslproto 'TLS1.2+'", "pop3s": "ssl sslproto 'TLS1.2+'"}[tls]
    rc = write(folder / "fetchmailrc", 'set invisible\nset no bouncemail\npoll lab via "%s" protocol POP3 service %d %s timeout 20\n'
                '  user "%s" password "%s" %s sslcertck sslcertfile "%s" sslcommonname "%s" fetchall %s no rewrite mda "%s"\n'
                % (HOST if ticket else address, port, "auth gssapi" if ticket else "", user, users.PASSWORD, secured, ca, HOST,
                   "keep" if keep else "no keep", mda(folder)))
    run(["fetchmail", "--nosyslog", "-f", rc, "--pidfile", folder / "pid"], folder,
         env=dict(os.environ, FETCHMAILHOME=str(folder), LC_ALL="C", **(ticket or {})))
    return stored(folder)


def mpop(folder, port, tls, ca, user="user@example.com", keep=True):
    """It pipelines its commands when it is told that it may."""
    secured = {"plain": "tls off", "stls": "tls on\ntls_starttls on", "pop3s": "tls on\ntls_starttls off"}[tls]
    secured += "" if tls == "plain" else "\ntls_trust_file %s\ntls_host_override %s" % (ca, HOST)
    rc = write(folder / "mpoprc", "account lab\nhost 127.0.0.1\nport %d\nauth user\nuser %s\npassword %s\n%s\nkeep %s\nreceived_header off\n"
                "uidls_file %s/uidls\ndelivery mda %s\n" % (port, user, users.PASSWORD, secured, "on" if keep else "off", folder, mda(folder)))
    run(["mpop", "-q", "-C", rc, "lab"], folder)
    return stored(folder)


def getmail(folder, port, tls, ca, user="user@example.com", keep=True):
    kind = "SimplePOP3SSLRetriever" if tls == "pop3s" else "SimplePOP3Retriever"
    owner = pwd.getpwuid(os.getuid()).pw_name
    secured = "" if tls == "plain" else "use_starttls = true\nca_certs = %s\n" % ca if tls == "stls" else "ca_certs = %s\n" % ca
    write(folder / "getmailrc", "[retriever]\ntype = %s\nserver = %s\nport = %d\nusername = %s\npassword = %s\n%s\n"
           "[destination]\ntype = MDA_external\npath = %s\nuser = %s\nallow_root_commands = true\nunixfrom = false\n\n"
           "[options]\ndelete = %s\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0\n"
           % (kind, HOST, port, user, users.PASSWORD, secured, mda(folder), owner, "false" if keep else "true"))
    run(["getmail", "--getmaildir", folder, "--rcfile", folder / "getmailrc"], folder)
    return stored(folder)


def neomutt(folder, port, tls, ca, user="user@example.com", keep=True):
    """It wants a terminal, and stores into a mailbox of one file, where each message begins with a line "From " and ends with an empty one."""
    word = {True: "yes", False: "no"}
    rc = write(folder / "muttrc", 'set pop_host="%s://%s:%d" pop_user="%s" pop_pass="%s" pop_delete=%s ssl_ca_certificates_file="%s"\n'
                'set ssl_starttls=%s ssl_force_tls=%s certificate_file="" mbox_type=mbox folder="%s" spoolfile="%s/box" mark_old=no sleep_time=0\n'
                'push "<fetch-mail><quit>"\n' % ("pops" if tls == "pop3s" else "pop", HOST, port, user, users.PASSWORD, word[not keep], ca,
                                                word[tls == "stls"], word[tls != "plain"], folder, folder))
    write(folder / "box", "")
    run(["script", "-qec", 'neomutt -n -F "%s"' % rc, "/dev/null"], folder, env=dict(os.environ, TERM="xterm", HOME=str(folder)), stdin=subprocess.DEVNULL)
    stored = re.split(rb"^From .*\n", (folder / "box").read_bytes(), flags=re.MULTILINE)
    return [octets.removesuffix(b"\n") for octets in stored[1:]]


def python(_folder, port, tls, ca, user="user@example.com", keep=True):
    """Its poplib, which takes no line of more than 2048 octets as it comes."""
    with mock.patch.object(poplib, "_MAXLINE", 100000):
        box = poplib.POP3_SSL(HOST, port, context=client_context(ca), timeout=20) if tls == "pop3s" else poplib.POP3(HOST, port, timeout=20)
        if tls == "stls":
            box.stls(client_context(ca))
        box.user(user)
        box.pass_(users.PASSWORD)
        numbers = range(1, box.stat()[0] + 1)
        messages = [b"\n".join(box.retr(number)[1]) + b"\n" for number in numbers]
        for number in numbers if not keep else ():
            box.dele(number)
        box.quit()
    return messages


# Its RETR gives a text; what it read from the network are octets, with the dots as they came.
NODE = """
const Pop3 = require(process.argv[2] + '/node-pop3'), fs = require('fs');
const [port, tls, user, password, keep, into] = process.argv.slice(3);
(async () => {
  const box = new Pop3({host: 'localhost', port: Number(port), tls: tls === 'pop3s', user, password, timeout: 20000});
  for (const [number] of await box.UIDL()) {
    const [, stream] = await box.command('RETR', number), chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    fs.writeFileSync(`${into}/${number.padStart(5, '0')}`, Buffer.concat(chunks));
    if (keep === 'no') await box.DELE(number);
  }
  await box.QUIT();
})().catch((error) => { console.error(error); process.exit(1); });
"""
_modules = {}


def node_modules(folder, package="node-pop3@0.11.0"):
    """Where a package is, got from npm's registry; None where that cannot be had."""
    if package not in _modules:
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--fetch-retries", "0", "--fetch-timeout", "20000",
                   "--prefix", str(folder), package]
        _modules[package] = None
        if shutil.which("npm") and subprocess.run(command, capture_output=True, timeout=60, env=dict(os.environ, HOME=str(folder))).returncode == 0:
            _modules[package] = str(folder / "node_modules")
    return _modules[package]


def node(folder, port, tls, ca, user="user@example.com", keep=True):
    """It leaves the dots at line beginnings doubled, and the last newline where the final dot comes by itself."""
    (folder / "got").mkdir()
    program = write(folder / "fetch.js", NODE)
    run(["node", program, node_modules(folder), port, tls, user, users.PASSWORD, "yes" if keep else "no", folder / "got"], folder,
         env=dict(os.environ, NODE_EXTRA_CA_CERTS=str(ca)))
    return [octets.removesuffix(b"\n") for octets in stored(folder)]


FETCHERS = {"curl": curl, "fetchmail": fetchmail, "mpop": mpop, "getmail": getmail, "neomutt": neomutt, "python": python, "node": node}


def need(fetcher, tls, run_dir):
    """Skips the test where the program, or what it cannot do without, is not there."""
    if fetcher == "node":
        if tls == "stls":
            pytest.skip("node-pop3 has no STLS")
        (run_dir / "node").mkdir(exist_ok=True)
        if not node_modules(run_dir / "node"):
            pytest.skip("no node-pop3: npm is not there, or its registry cannot be reached")
    elif not shutil.which("python3" if fetcher == "python" else fetcher):
        pytest.skip("no %s" % fetcher)
