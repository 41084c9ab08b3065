# SPDX-License-Identifier: ISC
"""One gateway before many servers with mailboxes, POP3's or IMAP's, each reached in another way."""
import contextlib

from lab.backend import server_context
from lab.certs import Authority
from lab.gatepost import Gatepost, backend, running
from lab.imap_stub import ImapStub
from lab.pop3_stub import Pop3Stub
from lab.ports import free_port

NAMES = ("usual", "vip", "own", "other", "none", "opportunistic", "plain", "required", "refuses", "verified", "stranger", "in_tls", "in_tls_verified", "second",
         "closed")
WITHOUT_TLS = {"plain", "refuses", "usual", "vip", "own", "other"}
CLOSED = {"pop3": "-ERR [SYS/PERM] mailbox is closed, code 17", "imap": "NO [CONTACTADMIN] mailbox is closed, code 17"}


def _stubs(folder, authority, protocol, mail):
    """They take any password."""
    context = server_context(authority.certificate("behind.example.com"))
    stranger = server_context(Authority(folder / "stranger").certificate("behind.example.com"))
    stub = {"pop3": Pop3Stub, "imap": ImapStub}[protocol]
    found = {name: stub([mail], password=None, context=None if name in WITHOUT_TLS else stranger if name == "stranger" else context,
                        implicit_tls=name.startswith("in_tls")).start() for name in NAMES}
    found["closed"].script.update(dict.fromkeys(("PASS", "AUTH", "LOGIN", "AUTHENTICATE"), CLOSED[protocol]))
    return found


@contextlib.contextmanager
def crossroads(folder, authority, certified, protocol, mail):
    """The gateway; gateway.behind[name] are the servers. A user NAME@route.example is sent to the server NAME, as the table below says."""
    folder.mkdir()
    stubs, dead = _stubs(folder, authority, protocol, mail), free_port()
    ports = {name: stub.port for name, stub in stubs.items()}
    verified, elsewhere = 'tls verify "behind.example.com"', 'tls verify "elsewhere.example.com"'
    tabled = {
        "none": ["%d tls none" % ports["none"]], "opportunistic": ["%d tls opportunistic" % ports["opportunistic"]],
        "plain": ["%d tls opportunistic" % ports["plain"]], "required": ["%d tls required" % ports["required"]],
        "refuses": ["%d tls required" % ports["refuses"]], "verified": ["%d %s" % (ports["verified"], verified)],
        "misnamed": ["%d %s" % (ports["verified"], elsewhere)], "stranger": ["%d %s" % (ports["stranger"], verified)],
        "closed": [ports["closed"]], "prefers": ["%d priority 10" % dead, "%d priority 20" % ports["second"]], "gone": [dead],
    }
    in_tls = {"in_tls": [ports["in_tls"]], "in_tls_verified": ["%d %s" % (ports["in_tls_verified"], verified)],
              "in_tls_misnamed": ["%d %s" % (ports["in_tls_verified"], elsewhere)]}
    body = certified + 'domain "own.example" { backend own }\n' + backend("own", dead, **{protocol: [ports["own"]]}) \
        + "".join(backend(name, **{protocol: [ports[name]]}) for name in ("usual", "vip", "other")) \
        + "".join(backend(name, **{protocol: servers}) for name, servers in tabled.items()) \
        + "".join(backend(name, **{protocol + "s": servers}) for name, servers in in_tls.items())
    options = 'backend usual\n server_name "mail.other.example" backend other\n users { "boss@own.example" } backend vip\n'
    options += "".join(' users { "%s@route.example" } backend %s\n' % (name, name) for name in (*tabled, *in_tls))
    gateway = Gatepost(folder, body, changes={"tls": {"ca_file": '"%s"' % authority.ca}}, implicit_tls=True, **{protocol: options})
    gateway.behind = stubs
    with running(gateway, stubs.values()):
        yield gateway


def reached(gateway, user, password="any"):
    """Which servers behind got this login."""
    return [name for name, stub in gateway.behind.items() if any(login[:2] == (user, password) for login in stub.logins)]
