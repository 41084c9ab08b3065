# SPDX-License-Identifier: ISC
"""Real programs that fetch mail over POP3: each gives the messages of a mailbox as it has them, their lines ended by LF.

FETCHERS[name](folder, port, tls, ca, user, keep): tls is "plain", "stls" or "pop3s", and the certificate is one for localhost; without
`keep` what was fetched is deleted."""
import os
import pwd
import subprocess

from lab import users

HOST = "localhost"


def _run(command, folder, **how):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, timeout=60, **how)
    assert done.returncode == 0, "%s: %d\n%s" % (command[0], done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:])
    return done.stdout


def _write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def _mda(folder):
    """A program that stores what it is given in a file of its own, in the order in which it comes."""
    (folder / "got").mkdir()
    script = 'cd "%s/got" && cat > "$(printf %%05d $(ls | wc -l))"\n' % folder
    return _write(folder / "store", "#!/bin/sh\n" + script, 0o755)


def _stored(folder):
    return [_lf(path.read_bytes()) for path in sorted((folder / "got").iterdir())]


def _lf(octets):
    return octets.replace(b"\r\n", b"\n")


def curl(folder, port, tls, ca, user="user@example.com", keep=True):
    """It keeps everything: what a mailbox holds is listed, and then read over one connection."""
    assert keep
    url = "%s://%s:%d/" % ("pop3s" if tls == "pop3s" else "pop3", HOST, port)
    command = ["curl", "-sS", "--max-time", "30", "--resolve", "%s:%d:127.0.0.1" % (HOST, port), "--cacert", ca, "-u", "%s:%s" % (user, users.PASSWORD)]
    command += ["--ssl-reqd"] if tls == "stls" else []
    environment = dict(os.environ, no_proxy="*")
    count = len(_run(command + [url], folder, env=environment).splitlines())
    _run(command + [url + "[1-%d]" % count, "-o", "mail-#1"], folder, env=environment)
    return [_lf((folder / ("mail-%d" % number)).read_bytes()) for number in range(1, count + 1)]


def fetchmail(folder, port, tls, ca, user="user@example.com", keep=True):
    secured = {"plain": "sslproto ''", "stls": "sslproto 'TLS1.2+'", "pop3s": "ssl sslproto 'TLS1.2+'"}[tls]
    rc = _write(folder / "fetchmailrc", 'set invisible\nset no bouncemail\npoll lab via 127.0.0.1 protocol POP3 service %d timeout 20\n'
                '  user "%s" password "%s" %s sslcertck sslcertfile "%s" sslcommonname "%s" fetchall %s no rewrite mda "%s"\n'
                % (port, user, users.PASSWORD, secured, ca, HOST, "keep" if keep else "no keep", _mda(folder)))
    _run(["fetchmail", "--nosyslog", "-f", rc, "--pidfile", folder / "pid"], folder, env=dict(os.environ, FETCHMAILHOME=str(folder), LC_ALL="C"))
    return _stored(folder)


def mpop(folder, port, tls, ca, user="user@example.com", keep=True):
    """It pipelines its commands when it is told that it may."""
    secured = {"plain": "tls off", "stls": "tls on\ntls_starttls on", "pop3s": "tls on\ntls_starttls off"}[tls]
    secured += "" if tls == "plain" else "\ntls_trust_file %s\ntls_host_override %s" % (ca, HOST)
    rc = _write(folder / "mpoprc", "account lab\nhost 127.0.0.1\nport %d\nauth user\nuser %s\npassword %s\n%s\nkeep %s\nreceived_header off\n"
                "uidls_file %s/uidls\ndelivery mda %s\n" % (port, user, users.PASSWORD, secured, "on" if keep else "off", folder, _mda(folder)))
    _run(["mpop", "-q", "-C", rc, "lab"], folder)
    return _stored(folder)


def getmail(folder, port, tls, ca, user="user@example.com", keep=True):
    kind = "SimplePOP3SSLRetriever" if tls == "pop3s" else "SimplePOP3Retriever"
    owner = pwd.getpwuid(os.getuid()).pw_name
    secured = "" if tls == "plain" else "use_starttls = true\nca_certs = %s\n" % ca if tls == "stls" else "ca_certs = %s\n" % ca
    _write(folder / "getmailrc", "[retriever]\ntype = %s\nserver = %s\nport = %d\nusername = %s\npassword = %s\n%s\n"
           "[destination]\ntype = MDA_external\npath = %s\nuser = %s\nallow_root_commands = true\nunixfrom = false\n\n"
           "[options]\ndelete = %s\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0\n"
           % (kind, HOST, port, user, users.PASSWORD, secured, _mda(folder), owner, "false" if keep else "true"))
    _run(["getmail", "--getmaildir", folder, "--rcfile", folder / "getmailrc"], folder)
    return _stored(folder)


FETCHERS = {"curl": curl, "fetchmail": fetchmail, "mpop": mpop, "getmail": getmail}
