# SPDX-License-Identifier: ISC
"""A Gatepost that nobody is told of: clients know their servers' addresses alone, and are led through it on their way (lab.namespaces)."""

import re


from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, greets
from lab.namespaces import SHIFT
from lab.postfix import Postfix

SMTP, POP3, IMAP = 25, 110, 143
LISTENER = 'listen {protocol} "{protocol}{family}" on "{any}:{port}" {{ transparent  {options} }}\n'
ANY = {4: "0.0.0.0", 6: "[::]"}

DOVECOT = "login_log_format_elements = user=<%u> %m rip=%r rport=%{rport} lip=%l\n"


class Server:
    """A Postfix and a Dovecot at the standard ports of these addresses, {4: ..., 6: ...}, over mailboxes of their own."""

    def __init__(self, folder, namespace, addresses, certificate=None):
        folder.mkdir(mode=0o755)
        self.namespace, self.addresses = namespace, addresses
        self.postfix = Postfix(folder, certificate, options="inet_interfaces = %s\ninet_protocols = all\nsmtpd_client_port_logging = yes\n"
                               % ", ".join(addresses.values()))
        self.dovecot = Dovecot(folder, self.postfix.mail, certificate, "listen = %s\n" % ", ".join(addresses.values()) + DOVECOT)
        self.postfix.port, self.dovecot.pop3_port, self.dovecot.imap_port = SMTP, POP3, IMAP
        self.postfix.host = self.dovecot.host = addresses[4]

    def start(self):
        with self.namespace.entered():
            self.postfix.start()
            self.dovecot.start()
        return self

    def stop(self):
        self.dovecot.stop()
        self.postfix.stop()

    def smtp_clients(self):
        """[(address, port)] of those who connected to its Postfix, the first one first."""
        found = re.findall(r"smtpd\[\d+\]: connect from \S+\[([\da-f.:]+)\]:(\d+)", self.postfix.log())
        return [(address, int(port)) for address, port in found]

    def logins(self, protocol):
        """[(address, port)] of those who logged in at its Dovecot."""
        with open(self.dovecot.log) as log:
            found = re.findall(r"%s-login: Info: Login: .* rip=([\da-f.:]+), rport=(\d+)" % protocol, log.read())
        return [(address, int(port)) for address, port in found]


class Transparent(Gatepost):
    """`options` of the listeners, {"smtp": "starttls", ...}, as many as there are: the network leads clients of their ports to them."""

    PORTS = {"smtp": SMTP, "pop3": POP3, "imap": IMAP}

    def __init__(self, folder, network, body, options, changes=None, build=None):
        self.network, self.options = network, options
        super().__init__(folder, body, changes, build=build)

    def listeners(self, _starttls):
        return "".join(LISTENER.format(protocol=protocol, family=family, any=ANY[family], port=self.PORTS[protocol] + SHIFT,
                                       options=options + ("  ipv6_only" if family == 6 else ""))
                       for protocol, options in self.options.items() for family in (4, 6))

    def start(self):
        self.network.lead(*(self.PORTS[protocol] for protocol in self.options))
        with self.network.gateway.entered():
            self.process.start()
        self.process.wait_ready(lambda: " serving generation=" in self.log() and self.answers())
        return self

    def answers(self):
        """All the way from a client's place."""
        with self.network.clients.entered():
            return greets(SMTP, b"220 mx.example.com", host=self.network.server_address[4])
