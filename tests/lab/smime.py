# SPDX-License-Identifier: ISC
"""S/MIME as openssl makes it."""
import base64
import subprocess


class Signer:
    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", "key.pem", "-out", "cert.pem")

    def openssl(self, *words, content=b""):
        return subprocess.run(["openssl", *words], input=content, capture_output=True, cwd=self.folder, check=True).stdout

    def sign(self, content, *words, form="DER"):
        return self.openssl("cms", "-sign", "-binary", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", form, *words, content=content)

    def opaque(self, content, *words, form="DER"):
        return self.sign(content, "-nodetach", *words, form=form)

    def encrypt(self, content, cipher):
        return self.openssl("cms", "-encrypt", cipher, "-binary", "-outform", "DER", "cert.pem", content=content)


def opaque(head, signed):
    """A message that is one signed part (RFC 8551 3.5.2)."""
    head += b'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n'
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + _text(signed)


def clear(head, entity, signature):
    """A message whose signature stands beside what is signed (RFC 8551 3.5.3)."""
    head += b'MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=x\r\n\r\n--x\r\n'
    return head + entity + b'\r\n--x\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n' \
        b"Content-Transfer-Encoding: base64\r\n\r\n" + _text(signature) + b"--x--\r\n"


def _text(octets):
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")
