# SPDX-License-Identifier: ISC
"""Gatepost beside its peers in one run.

Needs root, Debian 12 and the bench of peers (GATEPOST_BENCH, standard ../shared/bench), whose README
explains the columns. Two rows are added to it: `gatepost` (no rules) and `gatepost all` (the shipped
policy: DNS, SPF, DKIM, DMARC, ARC, greylisting, attachments, antivirus). The modes smallown and keepown send
a message with a DKIM signature. The bench's name server gets a domain that its clients may send for.
Of mail that leaves, with a signature for it (RSA, 2048 bits), there are `gatepost signing` and `postfix relay+opendkim signing`;
of Postfix asking Gatepost `postfix relay+gatepost milter` (no rules) and `postfix relay+gatepost milter all`."""
import os
import subprocess
import sys

from sender import MESSAGE, OPENDKIM, Sender
from stage import PEER_BENCH, ROOT, render

WORK = os.environ.get("GATEPOST_BENCH_WORK", "/tmp/gatepost-bench")
USUAL = "haproxy tcp,haproxy tcp splice,postfix relay+rspamd milter"
OUTBOUND = "gatepost signing,postfix relay,postfix relay+opendkim signing"
MILTERS = "postfix relay,postfix relay+gatepost milter,postfix relay+gatepost milter all,postfix relay+opendkim+opendmarc,postfix relay+rspamd milter"

ROWS = """
 ('gatepost',['gpst'],7400,(7500,'smtps'),4000,200,0),
 ('gatepost all',['gpal'],7401,(7501,'smtps'),1500,60,0),
 ('gatepost signing',['gpsi'],7402,None,1500,60,0),
 ('postfix relay+opendkim signing',['pf','ods'],7237,None,500,40,1),
 ('postfix relay+gatepost milter',['pf','gpst'],7238,None,500,40,1),
 ('postfix relay+gatepost milter all',['pf','gpal'],7239,None,500,40,1),
"""
START = """
if 'gpst' in need: start('gpst','{build}/gatepost -F -c {work}/gatepost.conf')
if 'gpal' in need: start('gpal','{build}/gatepost -F -c {work}/gatepost-all.conf')
if 'gpsi' in need: start('gpsi','{build}/gatepost -F -c {work}/gatepost-signing.conf')
if 'ods' in need: start('ods','opendkim -f -x {work}/opendkim-signing.conf')
"""
SIGNING = """
listen smtp "out" on "127.0.0.1:7402" {{ outbound from {{ "127.0.0.1" }}  relay sink }}
dkim "gp.example" {{ selector "sel" key "{work}/sender.key" }}
"""
POSTFIX = "".join("127.0.0.1:%d inet n - n - 60 smtpd -o smtpd_milters=inet:127.0.0.1:%d\n" % row for row in ((7237, 7253), (7238, 7254), (7239, 7255)))
MILTER = 'listen milter on "127.0.0.1:%d"\n'
REVERSE_ZONE = """zone:
  name: 127.in-addr.arpa
  zonefile: 127.zone
"""


def write(name, content):
    with open(os.path.join(WORK, name), "w", encoding="ascii") as out:
        out.write(content)


def make_sender():
    """A domain that the load may send for: its zone, and a message with its signature."""
    sender = Sender(WORK)
    zones = sender.zones()
    write("dns/gp.example.zone", zones["gp.example"])
    write("dns/127.zone", zones["127.in-addr.arpa"])
    with open(os.path.join(WORK, "dns/nsd.conf"), "a", encoding="ascii") as conf:
        conf.write(REVERSE_ZONE)
    with open(os.path.join(WORK, "signed.eml"), "wb") as out:
        out.write(sender.signed(MESSAGE))


def make_signers(build):
    """Ours and OpenDKIM, with the key of the sender."""
    configure("gatepost-signing.conf", build, 7403, SIGNING.format(work=WORK))
    write("opendkim-signing.conf", OPENDKIM.format(port=7253, folder=WORK + "/run", key=WORK + "/sender.key"))
    with open(os.path.join(WORK, "pf/etc/master.cf"), "a", encoding="ascii") as services:
        services.write(POSTFIX)


def configure(name, build, port, rules):
    own = os.path.join(WORK, name + ".keeper")
    for folder in (os.path.join(WORK, "empty"), own):
        os.makedirs(folder, exist_ok=True)
    write(name, render(build, WORK, port, port + 100, 7200, rules, own))


def add_rows(build, clients):
    """The peers' script with our rows and our start lines in it, and so many clients at once with small messages."""
    with open(os.path.join(WORK, "bench_smtp.py"), encoding="utf-8") as script:
        text = script.read()
    text = text.replace("'-l',str(l),str(pp)]", "'-F','signed.eml',str(pp)]")
    text = text.replace("(ns,4096,20)", f"(ns,4096,{clients})")
    text = text.replace("['smtp-source']", "['smtp-source','-M','client.gp.example']")
    first_row = text.index(" ('haproxy tcp'")
    text = text[:first_row].rstrip("\n") + ROWS + text[first_row:]
    started = text.index("if 'ha' in need:")
    text = text[:started] + START.format(build=os.path.abspath(build), work=WORK).lstrip("\n") + text[started:]
    with open(os.path.join(WORK, "bench_gatepost.py"), "w", encoding="utf-8") as out:
        out.write(text)


def _rows(peers):
    """The bench's choice; '' is all of them."""
    if peers in ("", OUTBOUND, MILTERS):
        return peers
    return ",".join(["gatepost", "gatepost all"] + ([peers] if peers != "-" else []))


def main(build, rounds, peers, modes, clients):
    if not os.path.isdir(PEER_BENCH):
        sys.exit(f"bench: {PEER_BENCH} is not there; name the bench of peers in GATEPOST_BENCH")
    subprocess.run([os.path.join(PEER_BENCH, "setup"), WORK], check=True, stdout=subprocess.DEVNULL)
    make_sender()
    configure("gatepost.conf", build, 7400, MILTER % 7254)
    configure("gatepost-all.conf", build, 7401, MILTER % 7255 + f'include "{ROOT}/etc/policy.conf"')
    make_signers(build)
    add_rows(build, clients)
    return subprocess.run(["./lab", sys.executable, "bench_gatepost.py", rounds, "fast", _rows(peers), modes], cwd=WORK).returncode
