# SPDX-License-Identifier: ISC
"""Reads the scripts of EAST's fake mail server (RON files) into scripts of our own scriptable server behind."""
import re

from lab.backend import HANG


def _strings(text):
    """{"name": "text"} pairs and name: "text" fields, unescaped."""
    pairs = re.findall(r'"?(\w+)"?\s*:\s*"((?:[^"\\]|\\.)*)"', text)
    return {name: value.encode().decode("unicode_escape").encode() for name, value in pairs}


def load(path):
    """(script, extensions, whether STARTTLS is offered)."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    strings = _strings(text)
    script = {}
    overrides = re.search(r"override_response:\s*\{(.*?)\}", text, re.S)
    for verb, reply in (_strings(overrides[1]) if overrides else {}).items():
        script[verb.upper()] = [reply]
    if "greeting" in strings:
        script["CONNECT"] = [strings["greeting"]]
    if "stls_response" in strings:
        script["STARTTLS"] = [strings["stls_response"]]
    hidden = re.search(r"hide_commands:\s*\[(.*?)\]", text, re.S)
    for verb in re.findall(r'"(\w+)"', hidden[1]) if hidden else []:
        script[verb.upper()] = "500 5.5.2 unknown command"
    plain = re.search(r"\bcapabilities:\s*\[(.*?)\]\s*,\s*\n\s*\n|\bcapabilities:\s*\[(.*?)\],", text, re.S)
    capabilities = (plain[1] or plain[2] or "") if plain else ""
    offers = "StartTLS" in capabilities
    mechanisms = re.findall(r'Other\("([^"]+)"\)', capabilities)
    return script, (["AUTH " + " ".join(mechanisms)] if mechanisms else []), offers


def load_pop3(path):
    """(script, whether STLS is offered) for a Pop3Stub."""
    script, _, _ = load(path)
    script["STLS"] = script.pop("STARTTLS", None)
    script["AUTH"] = script.pop("AUTHLIST", None)
    capabilities = re.search(r"\bcapa:\s*\[(.*?)\]", path.read_text(), re.S)
    words = re.findall(r'"([^"]+)"', capabilities[1]) if capabilities else []
    script.setdefault("CAPA", lambda session, _: [_capabilities(word for word in words if word != "STLS" or not session.tls)])
    return {verb: action for verb, action in script.items() if action}, "STLS" in words


def _capabilities(words):
    return "".join("%s\r\n" % word for word in ("+OK", *words, ".")).encode()


# ---- IMAP


def _some(text, name):
    """name: Some("text"), unescaped; None without it."""
    found = re.search(name + r':\s*Some\("((?:[^"\\]|\\.)*)"\)', text)
    return found and found[1].encode().decode("unicode_escape").encode()


def _code(text):
    """The code of a greeting, of its Rust name."""
    kind, _, inside = text.partition("(")
    if kind != "Capability":
        return kind.upper()
    inside = re.sub(r'Other\((?:Atom\()?"([^"]+)"\)?\)', r"\1", inside)
    words = [word.replace("Auth(", "AUTH=").rstrip(")") for word in re.findall(r"[^\s,\[\]]+", inside)]
    return "CAPABILITY " + " ".join(word for word in words if word).upper()


def _greeting(text):
    found = re.search(r'greeting:\s*(\w+)\(\s*(tag:\s*[^\n]*,\s*)?code:\s*(None|Some\((.*?)\)),\s*text:\s*Text\("([^"]*)"\)', text, re.S)
    status, tag, _, code, words = found.groups() if found else ("OK", None, None, None, "ready")
    tag = re.search(r'"(.+?)"', tag or "")
    code = "[%s] " % _code(code.strip()) if code else ""
    return ("%s %s %s%s\r\n" % (tag[1] if tag else "*", status.upper(), code, words)).encode()


def load_imap(path):
    """(script, whether STARTTLS is offered) for an ImapStub; in the script "<tag>" stands for a command's tag."""
    text = re.sub(r"(?m)^\s*//[^\n]*", "", path.read_text())
    overrides = re.search(r"override_response:\s*\{(.*?)\}", text, re.S)
    said = {verb.upper(): reply for verb, reply in (_strings(overrides[1]) if overrides else {}).items()}
    said["CONNECT"] = said.pop("GREETING", None) or _greeting(text) + (_some(text, "response_after_greeting") or b"")
    said["STARTTLS"] = _some(text, "starttls_response")
    script = {verb: [reply] for verb, reply in said.items() if reply}
    for word, action in (("hide_commands", "BAD unknown"), ("ignore_commands", [HANG])):
        if named := re.search(word + r":\s*\[(.*?)\]", text, re.S):
            script.update({verb.upper(): action for verb in re.findall(r'"(\w+)"', named[1])})
    return script, "StartTls" in re.search(r"\bcaps:\s*\[(.*?)\]", text, re.S)[1]
