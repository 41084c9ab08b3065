# SPDX-License-Identifier: ISC
"""Messages to send: clean ones, and ones that must not pass. Nothing here sets off a scanner while it lies in the repository."""
import base64
import io
import os
import re
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

# EICAR's harmless test file, whose 68 octets every antivirus program reports; in pieces, so that this file is not it.
EICAR = b"".join([b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$", b"EICAR-STANDARD", b"-ANTIVIRUS-", b"TEST-FILE!", b"$H+H*"])

# The start of a program for DOS and Windows: enough for its type to be recognised, and it does nothing.
PROGRAM = b"MZ" + b"\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8" + b"\x00" * 45 + b"\x80\x00\x00\x00" \
    + b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd!\xb8\x01L\xcd!This program cannot be run in DOS mode.\r\r\n$".ljust(64, b"\x00") \
    + b"PE\x00\x00L\x01\x01\x00" + b"\x00" * 240


def message(subject, body="Hello,\nthis is a message of the lab.\n", sender="sender@client.example", to="user@example.com",
            **headers):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = "Mon, 05 Jan 2026 10:00:00 +0000", "<%s@client.example>" % os.urandom(8).hex()
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def octets(mail):
    return mail.as_bytes(policy=SMTP)


def clean(subject="clean", **headers):
    return octets(message(subject, **headers))


def clean_ones(subjects):
    """A clean message for each, made of one: Python takes a millisecond to make one."""
    one = clean("SUBJECT")
    own = re.search(rb"<(\w+)@client\.example>", one)[1]
    return [one.replace(b"SUBJECT", subject.encode()).replace(own, os.urandom(8).hex().encode()) for subject in subjects]


def with_attachment(name, content, subject="attachment", **headers):
    mail = message(subject, **headers)
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return octets(mail)


def eicar(**headers):
    return with_attachment("readme.txt", EICAR, "malware", **headers)


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def zipped_program(**headers):
    return with_attachment("invoice.zip", zipped("invoice.exe", PROGRAM), "zipped program", **headers)


def of_size(octets_wanted, subject="large", **headers):
    """A clean message of a little more than so many octets, its body random so that nothing compresses."""
    lines = base64.encodebytes(os.urandom((octets_wanted // 78 + 1) * 57)).decode()
    return octets(message(subject, lines, **headers))


def with_signatures(changes, folder):
    """Settings of a gateway: where they switch the antivirus on, it knows EICAR."""
    if "antivirus" not in changes:
        return changes
    return dict(changes, antivirus=dict(changes["antivirus"], database='"%s"' % write_signatures(folder / "signatures")))


def write_signatures(folder, *others):
    """A ClamAV database that knows EICAR and these octets alone, as Debian's packages bring no signatures."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lab.ndb"), "w") as f:
        f.write("Eicar-Lab-Test:0:*:%s\n" % EICAR.hex())
        f.writelines("Lab-Test-%d:0:*:%s\n" % (number, octets.hex()) for number, octets in enumerate(others))
    return str(folder)
