# SPDX-License-Identifier: ISC
"""The set-ups of docs/postfix.md and docs/dovecot.md as they stand there, but for addresses and ports, with the real servers."""
import re
import smtplib

from lab import imap_client, needs
from lab.documents import shown
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, certificate, running
from lab.ports import free_port
from lab.postfix import Postfix
from lab.process import wait_until
from lab.smtp_client import client_context

pytestmark = needs.root
MAIL = b"Subject: by the book\r\n\r\nas it stands in the page\r\n"


def gateway(folder, authority, text, ports, **more):
    """What a page shows, in the lab: where it says "10.0.0.6:25" is ports[25]; the lab has its own names, listeners and certificate."""
    text = re.sub(r"^(?:hostname|listen|certificate|include|limits) .*\n", "", text, flags=re.M)
    text = re.sub(r'"10\.0\.0\.6:(\d+)"', lambda found: '"127.0.0.1:%d"' % ports[int(found.group(1))], text)
    ours = certificate(authority.certificate("mx.example.com", "mail.example.com"))
    return Gatepost(folder, ours + text, {"tls": {"ca_file": '"%s"' % authority.ca}}, implicit_tls=True, **more)


def send(port, recipient):
    """The reply to the recipient, or to the message where he is taken."""
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=10) as smtp:
        smtp.starttls(context=client_context())
        smtp.ehlo()
        smtp.mail("a@sender.example")
        code, text = smtp.rcpt(recipient)
        return smtp.data(MAIL) if code == 250 else (code, text)


def test_postfix_takes_mail_and_says_who_does_not_exist(own_dir, authority):
    postfix = Postfix(own_dir, authority.certificate("mail.example.com"), options=shown("docs/postfix.md", "postfix")).start()
    with running(gateway(own_dir, authority, shown("docs/postfix.md", "conf"), {25: postfix.port}), [postfix]) as gatepost:
        assert send(gatepost.port, "user@example.com")[0] == 250
        assert postfix.wait_for_message("user@example.com", b"as it stands in the page")
        code, text = send(gatepost.port, "nobody@example.com")
        assert code == 550 and text.startswith(b"5.1.1 <nobody@example.com>: Recipient address rejected")
        assert send(gatepost.port, "user@elsewhere.example")[0] == 550
        assert "accepts any recipient" not in gatepost.log()
    assert " TLS connection established from " in postfix.log()


def test_dovecot_takes_mail_by_lmtp_and_is_told_the_client_s_address(own_dir, authority):
    lmtp = free_port()
    settings = shown("docs/dovecot.md", "dovecot").replace("10.0.0.6", "127.0.0.1").replace("10.0.0.4", "127.0.0.1").replace("port = 24", "port = %d" % lmtp)
    mail = own_dir / "mail"
    mail.mkdir()
    mail.chmod(0o777)
    dovecot = Dovecot(own_dir, str(mail), authority.certificate("imap.example.com"), settings).start()
    ports = {24: lmtp, 993: dovecot.imaps_port, 995: dovecot.pop3s_port}
    options = 'backend dovecot  login_domain "example.com"'
    with running(gateway(own_dir, authority, shown("docs/dovecot.md", "conf"), ports, imap=options, pop3=options), [dovecot]) as gatepost:
        assert send(gatepost.port, "user@example.com")[0] == 250
        with imap_client.Session(gatepost.imaps_port, tls=client_context(), source="127.7.7.7") as imap:
            imap.login()
            assert b"* 1 EXISTS\r\n" in imap.expect("EXAMINE INBOX")
            assert b"as it stands in the page" in b"".join(imap.expect("FETCH 1 BODY[]"))
        assert gatepost.wait_log("backend accepts any recipient in the session")  # userdb { driver = static }
        assert wait_until(lambda: re.search(r"imap-login: .*Login: user=<user@example.com>.* rip=127\.7\.7\.7", open(dovecot.log).read()))
