# SPDX-License-Identifier: ISC
"""A real Kerberos realm: its KDC, the keys of its services, the tickets of its users; and a client's half of GSSAPI (RFC 4752)."""
import os
import subprocess
from contextlib import contextmanager

import gssapi

from lab import users
from lab.ports import free_port
from lab.process import Process

REALM = "EXAMPLE.COM"
NO_LAYER, INTEGRITY, CONFIDENTIALITY = 1, 2, 4

# No DNS knows the lab's names. A service takes what it has a key for, whatever its machine is called: it is behind another's name.
# A replay cache would be left in /var/tmp.
CONFIG = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  ignore_acceptor_hostname = true
  udp_preference_limit = 0
  default_keytab_name = FILE:{keytab}
  default_rcache_name = none:
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
    database_name = {dir}/principal
    key_stash_file = {dir}/stash
    acl_file = {dir}/acl
  }}
[logging]
  default = STDERR
"""


class Kerberos:
    """`env` is for all who take part; `keytab` has the keys of its `services`, such as "pop/mx.example.com", and is for the server's
    account `owner`. Of `strangers` it has none."""

    def __init__(self, run_dir, owner, services, strangers=()):
        self.dir = os.path.join(str(run_dir), "kerberos")
        self.owner, self.services, self.strangers = owner, services, strangers
        self.port = free_port()
        self.config, self.keytab = os.path.join(self.dir, "krb5.conf"), os.path.join(self.dir, "keytab")
        self.env = {"KRB5_CONFIG": self.config, "KRB5_KDC_PROFILE": self.config}
        self.process = Process("krb5kdc", ["krb5kdc", "-n"], run_dir, self.env)

    def start(self):
        os.makedirs(self.dir)
        with open(self.config, "w") as f:
            f.write(CONFIG.format(realm=REALM, dir=self.dir, keytab=self.keytab, port=self.port))
        self._run("kdb5_util", "create", "-s", "-W", "-P", "master")
        for service in (*self.services, *self.strangers):
            self._admin("addprinc -randkey " + service)
        for service in self.services:
            self._admin("ktadd -k %s %s" % (self.keytab, service))
        os.chown(self.keytab, self.owner.pw_uid, self.owner.pw_gid)
        self.process.start()
        self.process.wait_port(self.port)
        return self

    def stop(self):
        self.process.stop()

    def ticket(self, user, password=users.PASSWORD):
        """What a new user has in his environment, once he has got his ticket."""
        self._admin("addprinc -pw %s %s" % (password, user))
        env = dict(self.env, KRB5CCNAME="FILE:%s/tickets-%s" % (self.dir, user))
        self._run("kinit", user, said=password + "\n", env=env)
        return env

    def _admin(self, request):
        self._run("kadmin.local", "-q", request)

    def _run(self, *command, said="", env=None):
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, input=said, env=dict(os.environ, **(env or self.env)))


@contextmanager
def _environment(env):
    """Where Kerberos' library looks, whenever it is called."""
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class Gssapi:
    """say(challenge): the client's next response; wrapped() and unwrapped(): what goes through the layer that it chose."""

    def __init__(self, env, host, layer=NO_LAYER):
        self._env, self._layer = env, layer
        with _environment(env):
            self._context = gssapi.SecurityContext(name=gssapi.Name("pop@" + host, gssapi.NameType.hostbased_service), usage="initiate",
                                                   mech=gssapi.MechType.kerberos, flags=gssapi.RequirementFlag.mutual_authentication
                                                   | gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.confidentiality)

    def say(self, challenge):
        with _environment(self._env):
            if not self._context.complete:
                return self._context.step(challenge or None) or b""
        offered = self._context.unwrap(challenge).message
        assert offered[0] & self._layer, "the server has no such layer: %r" % offered
        return self._context.wrap(bytes([self._layer]) + (b"\0\0\0" if self._layer == NO_LAYER else b"\0\x10\0"), False).message

    def wrapped(self, octets):
        token = self._context.wrap(octets, self._layer == CONFIDENTIALITY).message
        return len(token).to_bytes(4, "big") + token

    def unwrapped(self, octets):
        return self._context.unwrap(octets[4:4 + int.from_bytes(octets[:4], "big")]).message
