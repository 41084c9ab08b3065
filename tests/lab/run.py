# SPDX-License-Identifier: ISC
"""make run: real mail from real clients through Gatepost to a real Postfix and Dovecot, and read from there again, told in tables.

Stays up until Ctrl-C, so that you can send mail of your own. With --once it ends after the tables; its exit status says
whether every row went as promised."""
import argparse
import email
import email.policy
import imaplib
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from collections import namedtuple

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from lab import fetchers, mailers, samples, users  # noqa: E402
from lab.certs import Authority  # noqa: E402
from lab import learning  # noqa: E402
from lab.dovecot import Dovecot, knows_logins  # noqa: E402
from lab.gatepost import Gatepost, backend, certificate, domains, shipped_policy  # noqa: E402
from lab.internet import LISTS, Internet  # noqa: E402
from lab.ports import free_port  # noqa: E402
from lab.postfix import Postfix, logs_in  # noqa: E402
from lab.process import adopt_orphans, left_over, reap, wait_until  # noqa: E402
from lab.smtp_client import client_context  # noqa: E402

LIMIT = 5 * 1024 * 1024

Row = namedtuple("Row", "what how client message recipient promise arrives")


class Lab:
    """Postfix and Dovecot behind, Gatepost in front, name servers of its own beside: everything in one folder."""

    def __init__(self, folder, build):
        self.internet = Internet(folder)
        self.authority = Authority(os.path.join(folder, "tls"))
        logins = free_port()
        self.postfix = Postfix(folder, self.authority.certificate("behind.example.com"), options=logs_in(logins, "reject_unauth_destination"))
        self.dovecot = Dovecot(folder, self.postfix.mail, settings=knows_logins(logins))
        self.submission_port = free_port(2587)
        self.gatepost = Gatepost(folder, self._configuration(), {
            "limits": {"message_size": "%dB" % LIMIT},
            "process": {"proxies": 0},
            "log": {"level": '"info"'},
            "history": {"text": "on"},
            **learning.settings(folder),
            "antivirus": {"enabled": "on", "database": '"%s"' % samples.write_signatures(os.path.join(folder, "signatures"))},
        }, implicit_tls=True, port=free_port(2525), tls_port=free_port(4465), build=build, pop3='backend behind  login_domain "example.com"',
            imap='backend behind  login_domain "example.com"')

    def _configuration(self):
        return "".join([
            certificate(self.authority.certificate("mx.example.com", "localhost", kind="ecdsa")),
            backend("behind", "%d tls opportunistic" % self.postfix.port, pop3=["%d tls none" % self.dovecot.pop3_port],
                    imap=["%d tls none" % self.dovecot.imap_port], submission=["%d tls required" % self.postfix.port],
                    options="recipient_check on  probe on"),
            domains("behind", *users.DOMAINS),
            'listen submission on "127.0.0.1:%d" { starttls  backend behind }\n' % self.submission_port,
            self.internet.configuration,
            LISTS,
            "greylist { delay 2s  passes 0 }\n",
            'rule "learnt" when spam.probability >= 0.95 then header add "X-Spam-Flag" "YES"\n',
            shipped_policy(),
        ])

    def start(self):
        for server in (self.internet, self.postfix, self.dovecot, self.gatepost):
            print("starting %s" % type(server).__name__.lower(), file=sys.stderr)
            server.start()

    def stop(self):
        for server in (self.gatepost, self.dovecot, self.postfix, self.internet):
            server.stop()

    def rows(self):
        user, ca = "user@example.com", self.authority.ca
        plain, tls = self.gatepost.port, self.gatepost.tls_port

        def swaks(message, recipient, **how):
            return mailers.swaks(plain, message, recipient, **how)

        def curl(message, recipient, **how):
            return mailers.curl(plain, message, recipient, **how)

        return [
            Row("a clean message", "swaks, no TLS", swaks, samples.clean, user, "250", True),
            Row("a clean message", "swaks, STARTTLS", lambda m, r: swaks(m, r, tls="starttls", ca=ca), samples.clean, user, "250", True),
            Row("a clean message", "curl, TLS at once", lambda m, r: mailers.curl(tls, m, r, tls="implicit", ca=ca), samples.clean,
                user, "250", True),
            Row("1 MiB, clean", "curl, STARTTLS", lambda m, r: curl(m, r, tls="starttls", ca=ca),
                lambda **h: samples.of_size(1 << 20, **h), user, "250", True),
            Row("EICAR, the antivirus test", "swaks", swaks, samples.eicar, user, r"5\d\d 5\.7\.\d", False),
            Row("a program in a zip", "swaks", swaks, samples.zipped_program, user, r"5\d\d 5\.7\.\d", False),
            Row("more than the limit (5 MiB)", "curl", curl, lambda **h: samples.of_size(LIMIT + 1, **h), user, r"552 5\.3\.4", False),
            Row("to nobody we know", "swaks", swaks, samples.clean, "nobody@example.com", r"550 5\.1\.1", False),
            Row("to another site (a relay?)", "swaks", swaks, samples.clean, "someone@elsewhere.example", r"55\d 5\.7\.\d", False),
            *self._rows_about_senders(swaks, user),
        ]

    def _rows_about_senders(self, swaks, user):
        def forged(**h):
            return samples.clean("forged", sender="ceo@bank.example", **h)

        def asked_to_hold(**h):
            return samples.clean("held", sender="a@shop.example", **h)

        def signed(**h):
            return self.internet.sign(samples.clean("signed", sender="a@good.example", **h))

        def stranger(message, recipient):
            return swaks(message, recipient, helo="no.such.example", sender="a@nothing.example")

        def stranger_again(message, recipient):
            time.sleep(2)
            return stranger(message, recipient)

        listed = [Row("from a host that a list lists", "swaks", lambda m, r: swaks(m, r, source=self.internet.address(66)),
                      samples.clean, user, r"550 5\.7\.1 .*listed by", False)] if self.internet.network.prefix else []
        return listed + [
            Row("forged: bank.example, p=reject", "swaks", swaks, forged, user, r"550 5\.7\.26", False),
            Row("forged: shop.example, quarantine", "swaks", swaks, asked_to_hold, user, "250", False),
            Row("signed with DKIM", "swaks", swaks, signed, user, "250", True),
            Row("a stranger that looks bad", "swaks", stranger, samples.clean, user, r"451 4\.7\.1 greylisted", False),
            Row("the same, after 2 s", "swaks", stranger_again, samples.clean, user, "250", True),
        ]

    def read(self, port, user):
        """What curl reads of a mailbox, over POP3."""
        with tempfile.TemporaryDirectory() as folder:
            tls = "plain" if port == self.dovecot.pop3_port else "stls"
            return fetchers.curl_octets(pathlib.Path(folder), port, tls, self.authority.ca, user)

    def read_imap(self, user):
        """What Python's imaplib reads of a mailbox through Gatepost, over IMAP with STARTTLS."""
        with imaplib.IMAP4("127.0.0.1", self.gatepost.imap_port, timeout=20) as imap:
            imap.starttls(ssl_context=client_context())
            imap.login(user, users.PASSWORD)
            imap.select("INBOX", readonly=True)
            numbers = imap.search(None, "ALL")[1][0].split()
            return [imap.fetch(n.decode(), "(BODY.PEEK[])")[1][0][1] for n in numbers]

    def arrived(self, mark, address, expected):
        """The message as it is in the mailbox, asked over IMAP; None when it is not."""
        def found():
            return next((message for message in self.dovecot.fetch(address) if mark in message), None)
        return wait_until(found, 10, 0.2) if expected else found()


WIDTHS = (33, 18, 58, 9)
LINE = "  ".join("%%-%ds" % width for width in WIDTHS)


def begin_table(*words):
    print(LINE % words)
    print(LINE % tuple("-" * width for width in WIDTHS))


def show(lab):
    """Prints the table; true when every row went as promised."""
    print()
    begin_table("what was sent", "how", "what the sender was told", "arrived")
    good, results = True, ""
    for number, row in enumerate(lab.rows()):
        mark = "lab-row-%d-%s" % (number, os.urandom(4).hex())
        told = row.client(row.message(X_Lab=mark), row.recipient)
        arrived = lab.arrived(mark.encode(), "user@example.com", row.arrives)
        kept = bool(re.match(row.promise, told)) and bool(arrived) == row.arrives
        if arrived and b"\nDKIM-Signature:" in arrived:
            results = email.message_from_bytes(arrived, policy=email.policy.default)["Authentication-Results"]
            results = " ".join(results.split())
        good = good and kept
        print(LINE % (row.what, row.how, told[:WIDTHS[2]], "yes" if arrived else "no") + ("" if kept else "  NOT AS PROMISED"))
    print("\nWhat was found out about the sender of the signed message, as it arrived:\n")
    print(textwrap.fill("Authentication-Results: %s" % results, 118, subsequent_indent="    ") + "\n")
    story = lab.gatepost.control("trace", "--most", "1", "--verdict", "reject", "ceo@bank.example") or ""
    print("What was recorded of the forged one (gatepostctl trace ceo@bank.example):\n\n" + story)
    return release(lab) and show_sending(lab) and show_reading(lab) and show_learning(lab) and good and "reject at message" in story and "dkim=pass" in results and "dmarc=pass" in results


def release(lab):
    """What waits in the quarantine is shown, released, and arrives."""
    held = lab.gatepost.held()
    if len(held) != 1:
        print("NOT AS PROMISED: one message should be held, not %d" % len(held))
        return False
    print("What is held (gatepostctl quarantine list):\n\n" + lab.gatepost.control("quarantine", "list"))
    print("gatepostctl quarantine release %d:\n\n%s" % (held[0]["number"], lab.gatepost.control("quarantine", "release", str(held[0]["number"]))))
    arrived = lab.arrived(b"X-Gatepost-Released: " + held[0]["reference"].encode(), "user@example.com", True)
    print("It arrived in the mailbox, and this is its story (gatepostctl trace %s):\n\n%s" % (
        held[0]["reference"], lab.gatepost.control("trace", held[0]["reference"])) if arrived else "NOT AS PROMISED: it did not arrive")
    return bool(arrived)


def show_sending(lab):
    """A user sends, with his password alone, what may be sent."""
    user, to, right = "user@example.com", "third@example.com", ("user@example.com", users.PASSWORD)
    begin_table("what a user sent", "how", "what he was told", "arrived")
    good = True
    for what, mail, login, promise in (("a clean message", samples.clean, right, "250"), ("with a wrong password", samples.clean, (user, "wrong"), "535"),
                                       ("without a login", samples.clean, None, "530"), ("EICAR", samples.eicar, right, r"5\d\d 5\.7\.\d")):
        mark = "lab-sent-%s" % os.urandom(4).hex()
        told = mailers.swaks(lab.submission_port, mail(sender=user, to=to, X_Lab=mark), to, sender=user, tls="starttls", ca=lab.authority.ca, login=login)
        arrived = lab.arrived(mark.encode(), to, promise == "250")
        kept = bool(re.match(promise, told)) and bool(arrived) == (promise == "250")
        good = good and kept
        print(LINE % (what, "swaks, submission", told[:WIDTHS[2]], "yes" if arrived else "no") + ("" if kept else "  NOT AS PROMISED"))
    print()
    return good


def show_reading(lab):
    """Of a mailbox two messages are read; the second came by another way, before its signature was known."""
    user = "second@example.com"
    for number, mail in enumerate((samples.clean("clean", to=user), samples.eicar(to=user)), 1):
        mailers.swaks(lab.postfix.port, mail, user)
        wait_until(lambda: len(lab.dovecot.fetch(user)) == number, 10, 0.2)
    there = lab.read(lab.dovecot.pop3_port, user)
    begin_table("what was read", "how", "what the reader saw", "untouched")
    good = True
    for how, shown in (("POP3 by curl", lab.read(lab.gatepost.pop3_port, user)), ("IMAP by imaplib", lab.read_imap(user))):
        if [len(octets) for octets in shown] != [len(octets) for octets in there] or len(there) != 2:
            print("NOT AS PROMISED: two messages should be read, as long as they are")
            return False
        notice = email.message_from_bytes(shown[1]).get_payload()[-1].get_payload(decode=True).decode("utf-8", "replace")
        for what, before, seen, words, promise in (("a clean message", there[0], shown[0], "the same, octet for octet", True),
                                                   ("EICAR, which was there before", there[1], shown[1], " ".join(notice.split()), False)):
            kept = (before == seen) == promise
            good = good and kept
            print(LINE % (what, how, words[:WIDTHS[2]], "yes" if before == seen else "no") + ("" if kept else "  NOT AS PROMISED"))
    held, story = lab.gatepost.control("quarantine", "list"), lab.gatepost.control("trace", "--verdict", "reject", user) or ""
    print("\nIts original is held (gatepostctl quarantine list):\n\n%s\nand this is its story (gatepostctl trace %s):\n\n%s" % (held, user, story))
    return good and "Gatepost" in notice and samples.EICAR.decode() not in notice and user in held and user in story


def show_learning(lab):
    """What an admin shows it is learnt, and the next of the kind is marked."""
    folder = pathlib.Path(lab.gatepost.dir)
    paths = {kind: folder / (kind + ".mbox") for kind in learning.WORDS}
    for kind, path in paths.items():
        path.write_bytes(learning.mbox(learning.mails(kind, 120)))
    told = lab.gatepost.control("learn", "--ham", str(paths["good"]), "--spam", str(paths["spam"]))
    print("What is spam here is learnt (gatepostctl learn --ham good.mbox --spam spam.mbox):\n\n%s" % told)

    def marked():
        mark = os.urandom(4).hex().encode()
        mailers.swaks(lab.gatepost.port, learning.mail("spam", 999).replace(b"\n\n", b"\nX-Lab: %s\n\n" % mark, 1).replace(b"\n", b"\r\n"), "user@example.com")
        arrived = lab.arrived(mark, "user@example.com", True)
        return arrived and b"\nX-Spam-Flag: YES" in arrived
    good = wait_until(marked, 10, 0.5)
    print("The next of the kind arrived marked, and this is why (gatepostctl trace):\n\n%s" % lab.gatepost.control("trace", "--most", "1")
          if good else "NOT AS PROMISED: the next of the kind is not marked")
    return good


def wait_for_the_end(lab, folder):
    print("Gatepost    SMTP with STARTTLS 127.0.0.1:%d, with TLS at once 127.0.0.1:%d" % (lab.gatepost.port, lab.gatepost.tls_port))
    print("            POP3 with STLS 127.0.0.1:%d, with TLS at once 127.0.0.1:%d" % (lab.gatepost.pop3_port, lab.gatepost.pop3s_port))
    print("            IMAP with STARTTLS 127.0.0.1:%d, with TLS at once 127.0.0.1:%d" % (lab.gatepost.imap_port, lab.gatepost.imaps_port))
    print("            submission with STARTTLS 127.0.0.1:%d" % lab.submission_port)
    print("Postfix     127.0.0.1:%d (the server behind)" % lab.postfix.port)
    print("Dovecot     IMAP 127.0.0.1:%d, POP3 127.0.0.1:%d, user %s, password %s"
          % (lab.dovecot.imap_port, lab.dovecot.pop3_port, users.ADDRESSES[0], users.PASSWORD))
    print("files       %s (configuration, logs, decisions.json, tls/ca.pem)" % folder)
    print("records     %s trace --config %s" % (lab.gatepost.build / "gatepostctl", lab.gatepost.file))
    print("\nTry:        swaks --server 127.0.0.1:%d --helo client.example --from me@client.example --to user@example.com --tls"
          % lab.gatepost.port)
    print("            (without --helo and --from you are a stranger: told 451, and taken when you come again after 2 s)")
    print("            curl --insecure --ssl-reqd -u %s:%s pop3://127.0.0.1:%d/1" % (users.ADDRESSES[0], users.PASSWORD, lab.gatepost.pop3_port))
    print("Ctrl-C ends it all.", flush=True)
    signal.pause()


ENDS = (signal.SIGINT, signal.SIGTERM)


def interrupted(number, frame):
    """Once: make and a terminal may say it both."""
    for end in ENDS:
        signal.signal(end, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(new_lab, shows, waits, description):
    """new_lab(folder, build) is started, shown (true: all went as promised), and stays up as long as waits(lab, folder)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", type=pathlib.Path, default=None, help="folder of the programs (build/release)")
    parser.add_argument("--once", action="store_true", help="end after the table")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("The lab starts a Postfix, a Dovecot and a Gatepost of its own: run it as root.")

    adopt_orphans()
    for end in ENDS:
        signal.signal(end, interrupted)
    folder = tempfile.mkdtemp(prefix="gatepost-lab-")
    os.chmod(folder, 0o755)
    lab, good = None, False
    try:
        lab = new_lab(folder, options.build.resolve() if options.build else None)
        lab.start()
        good = shows(lab)
        if not options.once:
            waits(lab, folder)
    except KeyboardInterrupt:
        print("\nstopping", file=sys.stderr)
    finally:
        if lab:
            lab.stop()
        wait_until(lambda: not left_over(), 5)
        reap()
        shutil.rmtree(folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main(Lab, show, wait_for_the_end, __doc__.splitlines()[0])
