# SPDX-License-Identifier: ISC
"""Where builds are measured: a folder, a name server, and gateways that differ in nothing but their build."""
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

from lab.certs import Authority
from lab.dns import Nsd
from lab.ports import free_port
from lab.process import Process, wait_until
from lab.samples import write_signatures
from lab.smtp_client import Closed, Session
from sender import MESSAGE, Sender

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEER_BENCH = os.environ.get("GATEPOST_BENCH", os.path.join(ROOT, "../shared/bench"))
PROGRAMS = ("gatepost", "gatepost-proxy", "gatepost-scan", "gatepost-av", "gatepost-qr")
LATER = "gatepost-qr"  # which a build to compare with may not have


KEEPER = 'keeper { user "daemon"  folder "%s/keeper"  control "%s/control" }\nquarantine { key "%s/quarantine.key" }\ncontacts { key "%s/contacts.key" }'


def render(build, folder, port, tls_port, sink, rules, kept):
    """The configuration of a gateway of this build: `rules` is what stands at its end, `kept` the folder of its keeper."""
    keeper = KEEPER.replace("%s", kept) if has_keeper(build) else ""
    if has_redis_account(build):
        keeper += '\nredis { account "bin" }'
    with open(os.path.join(ROOT, "bench/gatepost.conf.in"), encoding="utf-8") as template:
        text = template.read()
    values = {"@PORT@": port, "@TLSPORT@": tls_port, "@SINK@": sink, "@KEEPER@": keeper,
              "@BENCH@": folder, "@POLICY@": rules}
    for key, value in values.items():
        text = text.replace(key, str(value))
    return text


def checked_build(folder):
    """Its absolute path; the end of the run when programs are missing there."""
    folder = os.path.abspath(folder)
    missing = [name for name in PROGRAMS if name != LATER and not os.access(os.path.join(folder, name), os.X_OK)]
    if missing:
        sys.exit("bench: no %s in %s" % (", ".join(missing), folder))
    return folder


def has_keeper(build):
    return os.access(os.path.join(build, "gatepost-keeper"), os.X_OK)


def has_redis_account(build):
    with open(os.path.join(build, "gatepost"), "rb") as program:
        return b"gatepost-redis" in program.read()


def policy_of(build):
    """The policy that this build ships: of the tree that it lies in, else of ours."""
    own = os.path.join(build, "../../etc/policy.conf")
    return os.path.abspath(own if os.path.exists(own) else os.path.join(ROOT, "etc/policy.conf"))


class Stage:
    """As a context: a folder that is removed with it, the sender, its name server. What is started on it ends with it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="gatepost-bench-")
        os.chmod(self.folder, 0o755)
        self._started = []
        try:
            self.sender = Sender(self.folder)
            self.names = self.keep(Nsd(self.folder, self.sender.zones())).start()
            self.certificate = Authority(os.path.join(self.folder, "ca")).certificate("gp.example", kind="ecdsa")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for what in reversed(self._started):
            what.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, what):
        """Will be stopped; returns it."""
        self._started.append(what)
        return what

    def room(self, name):
        """A folder for one gateway, with the certificate and the signatures."""
        folder = os.path.join(self.folder, name)
        for part in ("tls", "empty"):
            os.makedirs(os.path.join(folder, part))
        shutil.copy(self.certificate.chain, os.path.join(folder, "tls/cert.pem"))
        shutil.copy(self.certificate.key, os.path.join(folder, "tls/key.pem"))
        write_signatures(os.path.join(folder, "clamdb"))
        return folder

    def gateway(self, name, build, sink, policy=None, **how):
        return self.keep(Gateway(self, name, build, sink, policy, **how))


class Gateway:
    """Gatepost from `build` in front of the port `sink`, without rules or with those of the file `policy`; start() and stop().
    `settings` are more blocks, `libexec` is where its other programs stand, `user` whom the parent runs as."""

    def __init__(self, stage, name, build, sink, policy, settings="", libexec=None, user=None):
        self.folder, self.port, self.tls_port = stage.room(name), free_port(), free_port()
        rules = 'resolver { forward "%s" }\n%s' % (stage.names.address, settings)
        if policy:
            rules += 'include "%s"\n' % policy
        file = os.path.join(self.folder, "gatepost.conf")
        with open(file, "w", encoding="utf-8") as out:
            out.write(render(build, self.folder, self.port, self.tls_port, sink, rules, self.folder))
        command = [os.path.join(build, "gatepost"), "-F", "-c", file]
        if user:
            _give(self.folder, user)
            command = ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups", *command]
        self.process = Process(name, command, self.folder, {"GATEPOST_LIBEXEC": libexec or build})

    def start(self, seconds=30):
        self.process.start()
        await_service(self.process, self._delivers, seconds)
        return self

    def _delivers(self):
        """Its scanners are warm: a message goes through."""
        try:
            with Session(self.port, timeout=60) as session:
                return deliver(session, MESSAGE)
        except (OSError, Closed):
            return False

    def stop(self):
        if self.process.stop(120) not in (0, None):
            print("bench: a gateway did not end well\n" + self.process.output()[-2000:], file=sys.stderr)


def await_service(process, serves, seconds=30):
    """Until serves() is true; the end of the run when it never is."""
    if not wait_until(lambda: not process.running() or serves(), seconds) or not process.running():
        sys.exit("bench: %s does not serve\n%s" % (" ".join(process.command), process.output()[-2000:]))


def deliver(session, message):
    """One message; true when it was accepted."""
    if not session.extensions:
        session.ehlo("client.gp.example")
    return session.command("MAIL FROM:<u@gp.example>").code == 250 and \
        session.command("RCPT TO:<r@gp.example>").code == 250 and session.data(message).code == 250


def _give(folder, user):
    for place, _, names in os.walk(folder):
        for path in [place] + [os.path.join(place, name) for name in names]:
            shutil.chown(path, user)


class Tools:
    """The sink and the load tool of the peers' bench, compiled into `folder`. The sink listens on `port`."""

    def __init__(self, folder):
        if not os.path.isdir(PEER_BENCH):
            sys.exit(f"bench: {PEER_BENCH} is not there; name the bench of peers in GATEPOST_BENCH")
        self.port, self._count = free_port(), os.path.join(folder, "count")
        self.smtpload = compiled(os.path.join(PEER_BENCH, "smtpload.c"), folder, "-w", "-lssl", "-lcrypto", "-lpthread")
        sink = compiled(os.path.join(PEER_BENCH, "sink.c"), folder, "-w", "-levent")
        self._process = Process("sink", [sink, self.port, self._count], folder)

    def start(self):
        self._process.start().wait_port(self.port)
        return self

    def stop(self):
        self._process.stop()

    def arrived(self):
        """Messages so far, as of some 50 ms ago."""
        if not os.path.exists(self._count):
            return 0
        with open(self._count, encoding="ascii") as file:
            return int(file.read())


def compiled(source, folder, *how):
    """The program in `folder` that this one C file makes; `how` are libraries and options."""
    program = os.path.join(folder, os.path.splitext(os.path.basename(source))[0])
    subprocess.run(["gcc", "-std=gnu17", "-O2", "-o", program, source, *how], check=True)
    return program
