# SPDX-License-Identifier: ISC
"""New SMTP connections, each with a message, that come through a gateway which nobody is told of: clients, gateway and server in networks
of their own (lab.namespaces), a load that knows the server's address alone."""
import contextlib
import os
import subprocess
import sys
import time
from collections import namedtuple
from statistics import median

import cpu
from lab.namespaces import SHIFT, Network
from lab.process import Process
from ratios import interval, interval_rank
from stage import KEEPER, ROOT, Stage, await_service, checked_build

DIRECT, BASE = "direct", "HAProxy, clients' addresses"
MESSAGES, OCTETS, SESSIONS = 3000, 4096, 20  # a round's; of each; at once
SETTLE = 0.3  # seconds: the last sessions end
Measured = namedtuple("Measured", "rate cpu")  # connections a second; milliseconds each, None: nobody's

HAPROXY = """
global
    nbthread 2
    maxconn 9000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen led
    bind 0.0.0.0:{listener} transparent
    server behind {server}:{port}
    {source}
"""
GATEPOST = """
hostname "gp.example"
process {{ user "nobody"  chroot "{folder}/empty" }}
limits {{ sessions_per_client 1000  messages 1000000  commands 10000000 }}
listen smtp "led" on "0.0.0.0:{listener}" {{ transparent }}
backend behind {{ smtp original tls none  recipient_check off  probe off  {source} }}
domain "gp.example" {{ backend behind }}
redis {{ folder "{folder}/redis"  account "bin" }}
antivirus {{ enabled off }}
log {{ level "warning" }}
"""


class Way:
    """How the load comes to the server at `port`; a program that stands between is started in the gateway's network."""

    title = DIRECT

    def __init__(self, stage, network, build, port):
        self.stage, self.build, self.port, self.process = stage, build, port, None
        self.network, self.server = network, network.server_address[4]

    def start(self):
        command = self._command()
        if command:
            self.process = Process(self.title, command, self.folder, {"GATEPOST_LIBEXEC": self.build})
            with self.network.gateway.entered():
                self.process.start()
            await_service(self.process, lambda: self.load(1) == 0)
        return self

    def stop(self):
        if self.process:
            self.process.stop(60)

    def load(self, messages):
        """The exit status; 0 when all were accepted."""
        return self.network.clients.run("smtp-source", "-M", "client.gp.example", "-s", min(SESSIONS, messages), "-m", messages, "-l", OCTETS,
                                        "-f", "u@gp.example", "-t", "r@gp.example", "%s:%d" % (self.server, self.port), check=False, timeout=600).returncode

    def spent(self):
        return cpu.seconds(self.process.pid) if self.process else 0.0

    def _command(self):
        return None

    def _configured(self, text, **values):
        self.folder = self.stage.room("way-%d" % self.port)
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(text.format(folder=self.folder, listener=self.port + SHIFT, port=self.port, server=self.server, **values))
        return path


class Haproxy(Way):
    title, source = "HAProxy, its own address", ""

    def _command(self):
        return ["haproxy", "-db", "-f", self._configured(HAPROXY, source=self.source)]


class HaproxyAsClient(Haproxy):
    title, source = BASE, "source 0.0.0.0 usesrc clientip"


class Gatepost(Way):
    title, source = "Gatepost, its own address", ""

    def _command(self):
        path = self._configured(GATEPOST + KEEPER.replace("%s", "{folder}").replace("{ ", "{{ ").replace(" }", " }}"), source=self.source)
        return [os.path.join(self.build, "gatepost"), "-F", "-c", path]


class GatepostAsClient(Gatepost):
    title, source = "Gatepost, clients' addresses", "source client"


WAYS = (Way, Haproxy, HaproxyAsClient, Gatepost, GatepostAsClient)


def _sink(stage, network, port):
    """A server that takes everything."""
    with network.servers.entered():
        sink = stage.keep(Process("sink-%d" % port, ["smtp-sink", "-u", "nobody", "%s:%d" % (network.server_address[4], port), "1024"], stage.folder))
        sink.start().wait_port(port, host=network.server_address[4])


def _measure(way, messages):
    spent, began = way.spent(), time.monotonic()
    if way.load(messages) != 0:
        sys.exit("bench: %s: not all messages were accepted\n%s" % (way.title, way.process.output()[-1500:] if way.process else ""))
    took = time.monotonic() - began
    time.sleep(SETTLE)
    return Measured(messages / took, 1000 * (way.spent() - spent) / messages if way.process else None)


def _rounds(ways, rounds, messages):
    """{title: [Measured]}; each second round goes the other way round."""
    found = {way.title: [] for way in ways}
    for way in ways:
        _measure(way, max(SESSIONS, messages // 8))
    for number in range(rounds):
        for way in ways[::-1 if number % 2 else 1]:
            found[way.title].append(_measure(way, messages))
    return found


def _report(found, rounds):
    rank, coverage = interval_rank(rounds)
    print("rounds: %d, in turn forwards and backwards; rate: new SMTP connections a second, each with a message of %d octets, %d at once;\n"
          "ratio: to %s, the median over the rounds; interval: from number %d to number %d of the rounds' ratios in order, which\n"
          "holds the true median with %.1f %% (order statistics); CPU: all processes of the program, milliseconds a connection\n"
          % (rounds, OCTETS, SESSIONS, BASE, rank, rounds + 1 - rank, 100 * coverage))
    print("%-32s%10s%8s%17s%10s" % ("", "rate", "ratio", "interval", "CPU ms"))
    for title, row in found.items():
        ratio = interval([ours.rate / theirs.rate for ours, theirs in zip(row, found[BASE])])
        spent = "%10.4f" % median(measured.cpu for measured in row) if row[0].cpu is not None else "%10s" % "-"
        print("%-32s%10.0f%8.3f%17s%s" % (title, median(measured.rate for measured in row), ratio.median, "%.3f .. %.3f" % ratio[1:], spent))


def main(build, rounds, asked):
    build = checked_build(build)
    if rounds < 1:
        sys.exit("bench: rounds 1 or more")
    subprocess.run([os.path.join(ROOT, "tests/lab/deps"), "haproxy", "postfix", "nftables"], check=True)
    with contextlib.closing(Network()) as network, Stage() as stage:
        ways = [way(stage, network, build, 2500 + number) for number, way in enumerate(WAYS)]
        network.lead(*(way.port for way in ways if way.title != DIRECT))
        for way in ways:
            _sink(stage, network, way.port)
            stage.keep(way).start()
        _report(_rounds(ways, rounds, max(SESSIONS, round(MESSAGES * asked.scale))), rounds)
    return 0
