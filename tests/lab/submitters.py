# SPDX-License-Identifier: ISC
"""Those who log in to send, through a gateway in front of a server that knows them."""
import base64
import subprocess

from lab.smtp_client import Session

MESSAGE = b"From: user@example.com\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <a@example.com>\r\nSubject: leaves\r\n\r\nhello\r\n"
ELSEWHERE = "someone@elsewhere.example"


def coded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def plain(user, password, acting_for=""):
    return coded("%s\0%s\0%s" % (acting_for, user, password))


USER, PASSWORD = "user@example.com", "secret"
RIGHT = plain(USER, PASSWORD)


class Site:
    def __init__(self, gateway, port, server):
        self.gateway, self.port, self.server = gateway, port, server

    def session(self, tls=True):
        session = Session(self.port)
        session.ehlo()
        if tls:
            session.starttls()
            session.ehlo()
        return session

    def logged_in(self, response=RIGHT):
        session = self.session()
        session.expect("AUTH PLAIN " + response, 235)
        return session

    def sends(self, *recipients, sender=USER, message=MESSAGE, response=RIGHT):
        with self.logged_in(response) as session:
            session.envelope(*(recipients or (ELSEWHERE,)), sender=sender)
            return session.data(message)


def program(*words, **how):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def letter(mark):
    return "From: user@example.com\nTo: second@example.com\nSubject: %s\n\nhello %s\n" % (mark, mark)
