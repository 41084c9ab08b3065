# SPDX-License-Identifier: ISC
"""Reads the scripts of EAST's fake mail server (RON files) into scripts of our own scriptable server behind."""
import re


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
