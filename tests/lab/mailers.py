# SPDX-License-Identifier: ISC
"""Real clients: swaks and curl send a message and report what the server told them."""
import os
import re
import subprocess
import tempfile


def _decisive(done, pattern):
    """The first refusal; else the last reply that is not the farewell; else what the client complained of."""
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    replies = [reply for reply in re.findall(pattern, output) if not reply.startswith("221")]
    refusals = [reply for reply in replies if reply[0] in "45"]
    if refusals:
        return refusals[0]
    if done.returncode == 0 and replies:
        return replies[-1]
    complaints = [line for line in output.splitlines() if line.startswith(("curl: ", "*** "))]
    return "failed: " + (complaints or output.splitlines() or ["no word"])[0]


def swaks(port, message, recipient="user@example.com", sender="sender@client.example", tls=None, ca=None, source=None,
          helo="client.example", login=None, host="127.0.0.1"):
    """tls: None, "starttls" or "implicit". source: the address to send from. login: a user and his password."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(message)
        file.flush()
        command = ["swaks", "--server", host, "--port", str(port), "--helo", helo, "--from", sender, "--to", recipient,
                   "--data", "@" + file.name, "--suppress-data", "--timeout", "30"]
        if tls:
            command.append({"starttls": "--tls", "implicit": "--tls-on-connect"}[tls])
            command += ["--tls-verify", "--tls-ca-path", ca] if ca else []
        command += ["--local-interface", source] if source else []
        command += ["--auth", "PLAIN", "--auth-user", login[0], "--auth-password", login[1]] if login else []
        done = subprocess.run(command, capture_output=True, timeout=90)
    return _decisive(done, r"(?m)^<\S+ +(\d{3} .*?)\s*$")


def curl(port, message, recipient="user@example.com", sender="sender@client.example", tls=None, ca=None, address="127.0.0.1"):
    """With TLS the certificate must fit mx.example.com and be signed by `ca`."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(message)
        file.flush()
        host = "mx.example.com:%d" % port
        command = ["curl", "-v", "-sS", "--max-time", "60", "--resolve", "%s:%s" % (host, address),
                   ("smtps://" if tls == "implicit" else "smtp://") + host + "/client.example",
                   "--mail-from", sender, "--mail-rcpt", recipient, "--upload-file", file.name]
        command += ["--ssl-reqd"] if tls == "starttls" else []
        command += ["--cacert", ca] if ca else ["--insecure"]
        done = subprocess.run(command, capture_output=True, timeout=90, env=dict(os.environ, no_proxy="*"))
    return _decisive(done, r"(?m)^< (\d{3} .*?)\s*$")
