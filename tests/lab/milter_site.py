# SPDX-License-Identifier: ISC
"""A real Postfix that takes the mail itself, and the Gatepost that it asks about it as of a milter."""
import contextlib

from lab import needs, samples
from lab.gatepost import Gatepost, backend, domains, running
from lab.ports import free_port
from lab.postfix import Postfix
from lab.smtp_client import send

ASKS = """
smtpd_milters = {place}
milter_default_action = tempfail
local_header_rewrite_clients =
default_process_limit = 300
milter_connect_timeout = 10s
milter_command_timeout = 20s
milter_content_timeout = 60s
"""


class AskingPostfix(Postfix):
    """Which at `quiet` asks nobody, as docs/postfix.md has it for what is released."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.quiet = free_port()

    def _more_services(self):
        return "127.0.0.1:%d inet n - n - - smtpd -o smtpd_milters= -o mynetworks=127.0.0.0/8\n" % self.quiet


class Site:
    """A Postfix that asks, and the Gatepost that it asks. What Gatepost releases goes to that Postfix by a port where it
    does not ask."""

    def __init__(self, folder, rules, changes=None, options="", where=None, certificate=None, listen=""):
        self.where = where or "127.0.0.1:%d" % free_port()
        place = self.where if where else "inet:" + self.where
        self.postfix = AskingPostfix(folder, certificate, options=ASKS.format(place=place) + options)
        body = 'listen milter "asked" on "%s" { %s }\n' % (self.where, listen)
        body += backend("behind", self.postfix.quiet) + domains("behind", "example.com", "example.org") + rules
        self.gateway = Gatepost(folder, body, changes=changes)

    def send(self, subject, *recipients, sender="sender@client.example", **headers):
        return send(self.postfix.port, samples.clean(subject, **headers), *(recipients or ("user@example.com",)), sender=sender)

    def arrived(self, address, mark):
        return self.postfix.wait_for_message(address, mark.encode())


@contextlib.contextmanager
def site_in(folder, rules, changes=None, **how):
    needs.to_be_root("a Postfix of its own")
    site = Site(folder, rules, changes, **how)
    with running(site.gateway, [site.postfix], ready=("gatepost-milter ready",)):
        site.postfix.start()
        yield site
