# SPDX-License-Identifier: ISC
"""What may stand in front of a POP3 server: Gatepost and its peers."""
import enum
import itertools
import os

from lab import users
from lab.dovecot import Dovecot
from lab.ports import free_port
from lab.process import Process
from stage import Gateway, await_service, policy_of

USERS = 20  # of each box


class Legs(enum.IntEnum):
    """Where TLS is: nowhere, between client and program, also between program and server."""
    PLAIN, FRONT, BOTH = range(3)


GATEPOST = """
listen {front} on "127.0.0.1:{port}" {{ backend mailboxes }}
backend mailboxes {{ {behind} }}
"""
NGINX = """
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
user root; worker_processes 2; worker_rlimit_nofile 20000; daemon off; pid {folder}/pid; error_log {folder}/error warn;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{side_port};
    location / {{ add_header Auth-Status OK; add_header Auth-Server 127.0.0.1; add_header Auth-Port {sink}; return 204; }}
  }}
}}
mail {{
  auth_http 127.0.0.1:{side_port}/; pop3_auth plain; timeout 1h; proxy_buffer 16k;
  ssl_certificate {chain}; ssl_certificate_key {key};
  server {{ listen 127.0.0.1:{port} {ssl} backlog=4096; protocol pop3; }}
}}
"""
HAPROXY = """
global
    nbthread 2
    maxconn 9000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen pop3
    bind 127.0.0.1:{port} {bind}
    server sink 127.0.0.1:{sink} {server}
"""
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
login_trusted_networks = 127.0.0.0/8
mail_max_userip_connections = 0
default_client_limit = 20000
service pop3-login {{
  inet_listener pop3 {{
    port = {plain_port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 2
  process_limit = 2
  client_limit = 9000
  vsz_limit = 0
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y proxy=y host=127.0.0.1 port={sink} proxy_timeout=30 {ssl}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
"""
PERDITION = "perdition --no_daemon -q -F - -f /dev/null --pid_file {folder}/pid -u nobody -g nogroup --connection_limit 0 " \
    "--timeout 3600 -n -b 127.0.0.1 -l {port} -s 127.0.0.1 -p {sink} --protocol {protocol} --ssl_mode {mode} " \
    "--ssl_cert_file {chain} --ssl_key_file {key} --ssl_no_cert_verify --ssl_no_client_cert_verify --ssl_no_cn_verify"


class Program:
    """Serves on `port`; its processes are those below `process`; `packages` are Debian's."""

    title, packages, tls_behind = None, (), True
    _numbers = itertools.count(1)

    def __init__(self, stage, sink, legs):
        self.port, self.front, self.behind = free_port(), legs != Legs.PLAIN, legs == Legs.BOTH and self.tls_behind
        self.folder = os.path.join(stage.folder, "%s-%d" % (type(self).__name__.lower(), next(self._numbers)))
        self.sink = sink.tls_port if self.behind else sink.port
        self.chain, self.key = stage.certificate.chain, stage.certificate.key
        self.process = None

    def start(self, serves):
        """Returns when serves() is true."""
        os.makedirs(self.folder)
        self.process = Process("program", self._command(), self.folder).start()
        await_service(self.process, serves)
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def _command(self):
        raise NotImplementedError

    def _configured(self, text, **values):
        """The path of a configuration; its words in braces are `values` and what every program is told."""
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(text.format(folder=self.folder, port=self.port, sink=self.sink, chain=self.chain, key=self.key, **values))
        return path


class Nginx(Program):
    title, packages, tls_behind = "nginx, mail proxy", ("nginx", "libnginx-mod-mail"), False

    def _command(self):
        return ["nginx", "-e", os.path.join(self.folder, "error"), "-c",
                self._configured(NGINX, side_port=free_port(), ssl="ssl" if self.front else "")]


class Haproxy(Program):
    title, packages = "HAProxy, mode tcp", ("haproxy",)

    def _command(self):
        pair = os.path.join(self.folder, "pair.pem")
        with open(pair, "w", encoding="ascii") as out:
            for path in (self.chain, self.key):
                with open(path, encoding="ascii") as part:
                    out.write(part.read())
        return ["haproxy", "-db", "-f", self._configured(HAPROXY, bind="ssl crt " + pair if self.front else "",
                                                         server="ssl verify none" if self.behind else "")]


class DovecotProxy(Program):
    title, packages = "Dovecot, as proxy", ("dovecot-pop3d",)

    def _command(self):
        ports = {"plain_port": 0 if self.front else self.port, "tls_port": self.port if self.front else 0}
        return ["dovecot", "-F", "-c", self._configured(DOVECOT, ssl="ssl=any-cert" if self.behind else "", **ports)]


class Perdition(Program):
    title, packages = "perdition", ("perdition",)

    def _command(self):
        protocol = "POP3S" if self.front else "POP3"
        mode = "ssl_all" if self.behind else "ssl_listen" if self.front else "none"
        return PERDITION.format(folder=self.folder, port=self.port, sink=self.sink, chain=self.chain, key=self.key,
                                protocol=protocol, mode=mode).split()


class Gatepost(Program):
    title, with_policy = "Gatepost, no rules", False

    def __init__(self, stage, sink, legs, build):
        super().__init__(stage, sink, legs)
        behind = ('pop3s "127.0.0.1:%d" tls required' if self.behind else 'pop3 "127.0.0.1:%d" tls none') % self.sink
        self.gateway = Gateway(stage, os.path.basename(self.folder), build, free_port(), policy_of(build) if self.with_policy else None,
                               settings=GATEPOST.format(front="pop3s" if self.front else "pop3", port=self.port, behind=behind))
        self.process = self.gateway.process

    def start(self, serves):
        self.process.start()
        await_service(self.process, serves)
        return self

    def stop(self):
        self.gateway.stop()


class GatepostAll(Gatepost):
    title, with_policy = "Gatepost, shipped policy", True


class Server:
    """A real Dovecot, with the mailboxes of the sink: what a server alone serves, with nothing in front of it."""

    title, packages = "direct, Dovecot as server", ("dovecot-pop3d",)

    def __init__(self, stage, sink, legs):
        mail = os.path.join(stage.folder, "mail-%d" % legs)
        self.dovecot = Dovecot(mail + "-server", mail, stage.certificate)
        self.port = self.dovecot.pop3_port if legs == Legs.PLAIN else self.dovecot.pop3s_port
        self.process, self._sink = self.dovecot.process, sink

    def start(self, serves):
        os.makedirs(os.path.dirname(self.dovecot.dir))
        for box, path in enumerate(self._sink.files):
            with open(path, "rb") as file:
                self.dovecot.fill("u%d.0@gp.example" % box, [file.read()] * self._sink.COUNT)
            for user in range(1, USERS):
                os.symlink("u%d.0" % box, os.path.join(self.dovecot.mail, "gp.example", "u%d.%d" % (box, user)))
        self.dovecot.start()
        await_service(self.process, serves)
        return self

    def stop(self):
        self.dovecot.stop()
