# SPDX-License-Identifier: ISC
"""make run TRANSPARENT=1: clients, Gatepost and servers in networks of their own; the clients know nothing but their server's address.

Stays up until Ctrl-C. With --once it ends after the table; its exit status says whether every row went as promised."""
import pathlib
import re
import signal
import sys
import tempfile
from collections import namedtuple

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from lab import fetchers, imap_fetchers, mailers, run, samples, users  # noqa: E402
from lab.certs import Authority  # noqa: E402
from lab.gatepost import certificate, domains  # noqa: E402
from lab.namespaces import Network  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.transparent import IMAP, POP3, SMTP, Server, Transparent  # noqa: E402

USER = "user@example.com"
POLICY = """
backend mailservers {
  smtp original tls opportunistic
  pop3 original tls opportunistic
  imap original tls opportunistic
  source client
}
rule "infected" when av.result == infected then reject 550 5.7.1 "infected: {av.signatures}"
"""
OPTIONS = {"smtp": "starttls", "pop3": "starttls  backend mailservers", "imap": "starttls  backend mailservers"}

Row = namedtuple("Row", "what how client promise seen")


class Lab:
    """A Postfix and a Dovecot in one network, clients in another, Gatepost between."""

    def __init__(self, folder, build):
        folder = pathlib.Path(folder)
        authority = Authority(folder / "tls")
        self.ca = authority.ca
        self.network = Network()
        self.at, self.own = self.network.server_address, self.network.client_address
        self.server = Server(folder / "server", self.network.servers, self.at, authority.certificate("behind.example.com"))
        body = certificate(authority.certificate("mx.example.com", "localhost")) + POLICY + domains("mailservers", *users.DOMAINS)
        changes = samples.with_signatures({"antivirus": {"enabled": "on"}, "log": {"level": '"info"'}, "process": {"proxies": 0}}, folder)
        self.gatepost = Transparent(folder, self.network, body, OPTIONS, changes, build)

    def start(self):
        for name, server in (("postfix and dovecot", self.server), ("gatepost", self.gatepost)):
            print("starting " + name, file=sys.stderr)
            server.start()
        self.gatepost.wait_log("scanners ready program=gatepost-av", 40)

    def stop(self):
        self.gatepost.stop()
        self.server.stop()
        self.network.close()

    def rows(self):
        def swaks(message):
            return mailers.swaks(SMTP, message(to=USER), USER, host=self.at[4], tls="starttls", ca=self.ca)

        def curl(message):
            return mailers.curl(SMTP, message(to=USER), USER, address=self.at[6], tls="starttls", ca=self.ca)

        def read(program, port, tls):
            wait_until(lambda: len(self.server.postfix.messages(USER)) == 2)
            with tempfile.TemporaryDirectory() as folder:
                return "%d messages" % len(program(pathlib.Path(folder), port, tls, self.ca, USER, address=self.at[4]))

        return [
            Row("a clean message", "swaks", lambda: swaks(samples.clean), "250", self.postfix_said(4)),
            Row("the same over IPv6", "curl", lambda: curl(samples.clean), "250", self.postfix_said(6)),
            Row("EICAR, the antivirus test", "swaks", lambda: swaks(samples.eicar), r"550 5\.7\.1", None),
            Row("mail is read", "curl, POP3", lambda: read(fetchers.curl, POP3, "stls"), "2 messages", self.dovecot_said("pop3")),
            Row("mail is read", "curl, IMAP", lambda: read(imap_fetchers.curl, IMAP, "starttls"), "2 messages", self.dovecot_said("imap")),
        ]

    def postfix_said(self, family):
        return lambda: re.search(r"connect from \S+\[%s\]:\d+" % re.escape(self.own[family]), self.server.postfix.log())

    def dovecot_said(self, protocol):
        wanted = r"%s-login: Info: Login: .* rip=%s, rport=\d+" % (protocol, re.escape(self.own[4]))
        return lambda: re.search(wanted, pathlib.Path(self.server.dovecot.log).read_text())


def show(lab):
    """Prints the table, and what the servers' logs say; true when all went as promised."""
    print("\nclients %s  ->  gateway %s  ->  servers %s\n" % (lab.own[4], lab.network.near[4], lab.at[4]))
    run.begin_table("what a client did", "how", "what it was told", "seen")
    good, lines = True, []
    for row in lab.rows():
        with lab.network.clients.entered():
            told = row.client()
        seen = wait_until(row.seen, 10) if row.seen else None
        lines += [seen[0]] if seen else []
        kept = bool(re.match(row.promise, told)) and bool(seen) == bool(row.seen)
        good = good and kept
        print(run.LINE % (row.what, row.how, told[:run.WIDTHS[2]], "yes" if seen else "no") + ("" if kept else "  NOT AS PROMISED"))
    print("\nWhom the servers saw, in their own logs:\n\n" + "".join("    %s\n" % line for line in lines))
    print("The gateway's rules (nft list ruleset):\n\n" + lab.network.gateway.run("nft", "list", "ruleset").stdout)
    return good


def wait_for_the_end(lab, folder):
    clients = " ".join(lab.network.clients.around)
    print("files       %s (configuration, logs)" % folder)
    print("Try:        %s swaks --server %s --from me@client.example --to %s --tls" % (clients, lab.at[4], USER))
    print("            %s curl --insecure --ssl-reqd -u %s:%s imap://%s/INBOX" % (clients, USER, users.PASSWORD, lab.at[4]))
    print("Ctrl-C ends it all.", flush=True)
    signal.pause()


if __name__ == "__main__":
    run.main(Lab, show, wait_for_the_end, __doc__.splitlines()[0])
