# SPDX-License-Identifier: ISC
"""What gatepost -n says of configurations with mistakes, word for word: where, what, and what was expected."""
import os
import collections
import re

import pytest

from lab.gatepost import check_configuration

# Below each row's text, so that its first line is line 1.
BASE = ('listen smtp on "127.0.0.1:2525"\n'
        'backend behind { smtp "127.0.0.1:2526" }\n'
        'domain "example.com" { backend behind }\n'
        'process { user "nobody" }\n'
        'antivirus { enabled off }\n'
        'history { enabled off }\n'
        'redis { account "bin" }\n')

USERS = 'bob@example.com\nalice@example.com\n'
UTF_16 = "this file is in UTF-16, as PowerShell's > and Out-File write it; expected UTF-8: use Set-Content -Encoding utf8 there, or iconv -f UTF-16 -t UTF-8 here"
LATIN_1 = 'this byte is not UTF-8 (is the file in Latin-1 or Windows-1252?); expected UTF-8: iconv -f WINDOWS-1252 -t UTF-8 makes it so'
CSV = 'looks like CSV; expected an address alone on its line, without quotes (PowerShell: not Export-Csv, but Select-Object -ExpandProperty and Set-Content -Encoding utf8)'
PROXY_ADDRESSES = "has a type before the address, as proxyAddresses has; expected the address alone (PowerShell: those -like 'smtp:*', and their Substring(5))"
NO_NAMES = '(no names: nothing here resolves them)'
WORD_QUOTES = 'expected straight quotes, "..."; these are what word processors make of them'
SPF_WORDS = 'none, neutral, pass, fail, softfail, temperror, permerror'
UNITS = 'unknown unit; expected one of ms, s, min, h, d, B, KB, MB, GB, KiB, MiB, GiB'
EXPLODES = '"(a+)+" can read the same text in too many ways: 16 octets are enough to take more than 50000 steps; let nothing in it repeat what it repeats itself, or write its repeats as possessive ones, such as \\w++ for \\w+'


Zeros = collections.namedtuple("Zeros", "size")  # a file of a size, without its blocks
Configuration = collections.namedtuple("Configuration", "name octets said files")


def _octets(text):
    return text if isinstance(text, bytes) else text.encode()


def Whole(name, text, said, files=None):
    return Configuration(name, _octets(text), said, files or {})


def Row(name, text, said, files=None):
    return Whole(name, text + BASE, said, files)


CONFIGURATIONS = [
    # -- nothing is wrong
    Row('all is well', '', []),
    Row('a byte order mark at the front', '\ufeffaddresses "192.0.2.1"\n', []),
    Row('lines that end in CR LF', 'addresses "192.0.2.1"\r\nlimits { recipients 10 }\r\n', []),
    Row('tabs', 'limits\t{\trecipients\t10\t}\n', []),
    Row('a domain beyond ASCII', 'domain "b\u00fccher.example" { backend behind }\n', []),
    Row('a network with bits of hosts', 'table t { "192.0.2.7/24" }\nrule "x" when client.ip in t then reject 550 5.7.1 "no"\n', []),
    Row('a port that is the standard', 'listen smtp on "127.0.0.2"\n', []),
    Row('an older TLS', 'tls { minimum "1.1" }\n', []),
    Row('recipients',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        [], {'users.txt': 'bob@example.org\nalice@example.org\n'}),
    Row('recipients after a byte order mark',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        [], {'users.txt': '\ufeffbob@example.org\nalice@example.org\n'}),
    Row('recipients in lines of CR LF',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        [], {'users.txt': 'bob@example.org\r\nalice@example.org\r\n'}),
    Row('recipients with blanks and comments',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        [], {'users.txt': '# who\n\n  bob@example.org \t# Bob\n'}),
    # -- words
    Row('a sentence', 'bakcend other { smtp "127.0.0.1:2527" }\n', ["1:1: error: unknown sentence 'bakcend'; did you mean 'backend'?"]),
    Row('an option',
        'backend other { smtp "127.0.0.1:2527"  recipent_check on }\n',
        ["1:40: error: unknown backend option 'recipent_check'; did you mean 'recipient_check'?"]),
    Row('a setting', 'limits { recipiants 10 }\n', ["1:10: error: unknown setting of limits 'recipiants'; did you mean 'recipients'?"]),
    Row('a fact',
        'rule "x" when message.subjekt contains "a" then reject 550 5.7.1 "no"\n',
        ["1:15: error: unknown fact 'message.subjekt'; did you mean 'message.subject'?"]),
    Row('an action',
        'rule "x" when score > 1 then rejekt 550 5.7.1 "no"\n',
        ["1:30: error: unknown action 'rejekt'; did you mean 'reject'?"]),
    Row('a backend', 'domain "example.org" { backend behnid }\n', ["1:32: error: unknown backend 'behnid'; did you mean 'behind'?"]),
    Row('a table',
        'table users { "a@b.example" }\nrule "x" when sender in user then reject 550 5.7.1 "no"\n'
        'rule "y" when recipient in users then reject 550 5.7.1 "no"\n',
        ["2:25: error: unknown table 'user'; did you mean 'users'?"]),
    Row('a table that there is none of',
        'rule "x" when sender in our_users then reject 550 5.7.1 "no"\n',
        ["1:25: error: unknown table 'our_users'"]),
    Row('a word of a list',
        'rule "x" when spf.result == hardfail then reject 550 5.7.1 "no"\n',
        ["1:29: error: unknown word 'hardfail' for spf_result; expected one of %s" % SPF_WORDS]),
    Row('a word of a list, nearly',
        'rule "x" when spf.result == sotffail then reject 550 5.7.1 "no"\n',
        ["1:29: error: unknown word 'sotffail' for spf_result; did you mean 'softfail'?"]),
    Row('a word in quotes',
        'rule "x" when spf.result == "fail" then reject 550 5.7.1 "no"\n',
        ['1:29: error: expected the word fail without quotes']),
    Row('a text that is no such word',
        'rule "x" when spf.result == "hardfail" then reject 550 5.7.1 "no"\n',
        ['1:29: error: expected one of the words %s' % SPF_WORDS]),
    Row('a placeholder',
        'rule "x" when score > 1 then reject 550 5.7.1 "no {sendr}"\n',
        ["1:52: error: unknown fact 'sendr'; did you mean 'sender'?"]),
    Row('a rule in a test',
        'rule "xyz" when sender.domain == "a.example" then reject 550 5.7.1 "no"\n'
        'test "t" { given sender "q@a.example" expect reject by "xzy" }\n',
        ["2:56: error: unknown rule 'xzy'; did you mean 'xyz'?"]),
    Row('a destination of the log', 'log { to "sysog" }\n', ['1:10: error: expected stderr, syslog or journald, found "sysog"']),
    Row('what is taken up by itself',
        'reload { automatic certificate }\n',
        ["1:20: error: unknown choice (on, certificates, off) 'certificate'; did you mean 'certificates'?"]),
    Row("others' words: a sentence",
        'define x = sender.domain in domt\nrule "x" when x then reject 550 5.7.1 "no"\n',
        ['1:1: error: unknown sentence \'define\'; expected condition "NAME" when CONDITION']),
    Row("others' words: a fact",
        'rule "x" when message.body contains "bitcoin" then reject 550 5.7.1 "no"\n',
        ["1:15: error: unknown fact 'message.body'; expected message.text"]),
    Row("others' words: the time",
        'rule "x" when now > "2026-01-01" then reject 550 5.7.1 "no"\n',
        ["1:15: error: unknown fact 'now'; expected time.hour or time.weekday"]),
    Row("others' words: links",
        'rule "x" when any u in message.urls (u contains "bit.ly") then reject 550 5.7.1 "no"\n',
        ["1:24: error: unknown fact 'message.urls'; expected links"]),
    Row("others' words: an action",
        'rule "x" when score > 1 then subject replace "y"\n',
        ["1:30: error: unknown action 'subject'; expected subject prefix"]),
    Row("others' words: another action",
        'rule "x" when score > 1 then add recipient "q@example.com"\n',
        ["1:30: error: unknown action 'add'; expected bcc or copy to"]),
    Row("others' words: if", 'rule "x" if score > 2 then score 1\n', ["1:10: error: expected 'when' or 'then', found 'if'"]),
    # -- signs
    Row('a single =', 'rule "x" when sender = "a@b.example" then reject 550 5.7.1 "no"\n', ['1:22: error: expected == to compare']),
    Row('&&', 'rule "x" when score > 1 && score < 4 then reject 550 5.7.1 "no"\n', ['1:25: error: expected the word and']),
    Row('||', 'rule "x" when score > 4 || score < 1 then reject 550 5.7.1 "no"\n', ['1:25: error: expected the word or']),
    Row('!', 'rule "x" when !(score > 4) then reject 550 5.7.1 "no"\n', ['1:15: error: expected != or the word not']),
    Row('a sum', 'rule "x" when score + 2 > 5 then reject 550 5.7.1 "no"\n', ['1:21: error: conditions compare and do no sums']),
    Row('single quotes', "rule 'x' when score > 2 then score 1\n", ['1:6: error: a text stands in double quotes, "..."']),
    Row('quotes of word processors', 'addresses \u201c192.0.2.1\u201d\n', ['1:11: error: %s' % WORD_QUOTES]),
    Row('quotes of German word processors', 'addresses \u201e192.0.2.1\u201c\n', ['1:11: error: %s' % WORD_QUOTES]),
    Row('a no-break space', 'limits\u00a0{ recipients 10 }\n', ['1:7: error: this blank is a no-break space; expected an ordinary one']),
    Row('a byte order mark within',
        'addresses "192.0.2.1"\n\ufefflimits { recipients 10 }\n',
        ['2:1: error: a byte order mark stands here, which may only be the first of a file (were files joined?)']),
    Row('a semicolon', 'addresses "192.0.2.1";\n', ['1:22: error: no semicolon is needed: a sentence ends where the next begins']),
    Row('braces around actions', 'rule "x" when score > 2 { score 1 }\n', ["1:25: error: expected 'and', 'or' or 'then', found '{'"]),
    Row('a list without commas',
        'rule "x" when sender.domain in ("a.example" "b.example") then reject 550 5.7.1 "no"\n',
        ['1:45: error: expected \',\', found the string "b.example"']),
    Row('a rule without quotes', 'rule x when score > 2 then score 1\n', ["1:6: error: expected the rule's name in quotes, found 'x'"]),
    Row('a text for a pattern',
        'rule "x" when message.subject matches "invoice" then reject 550 5.7.1 "no"\n',
        ['1:39: error: expected a pattern such as /invoice/i']),
    Row('a pattern for a text',
        'rule "x" when message.subject contains /invoice/ then reject 550 5.7.1 "no"\n',
        ['1:40: error: expected a text in quotes, found the pattern /invoice/']),
    Row('a pattern that is wrong',
        'rule "x" when message.subject matches /a(b/i then reject 550 5.7.1 "no"\n',
        ['1:43: error: in this pattern: missing closing parenthesis']),
    Row('a pattern that explodes',
        'rule "x" when message.subject matches /^(a+)+$/ then reject 550 5.7.1 "no"\n',
        ['1:41: error: in this pattern: %s' % EXPLODES]),
    # -- what is open
    Row('a block',
        'backend other { smtp "127.0.0.1:2527"  recipient_check on\ndomain "example.org" { backend other }\n',
        ["1:15: error: this block is not closed; expected '}' before line 2, where 'domain' begins a sentence"]),
    Whole('a block, to the end of the file',
        BASE + 'backend other {\n  smtp "127.0.0.1:2527"\n',
        ["8:15: error: this block is not closed; expected '}' before the end of the file"]),
    Row('a string', 'addresses "192.0.2.1\n', ['1:11: error: this string is not closed on its line']),
    Row('a pattern',
        'rule "x" when message.subject matches /a \n then reject 550 5.7.1 "no"\n',
        ['1:39: error: this pattern is not closed by a slash on its line']),
    # -- values
    Row('a text for a size',
        'rule "x" when message.size > "10MB" then reject 550 5.7.1 "no"\n',
        ['1:30: error: expected a size, such as 25MiB, found the string "10MB"']),
    Row('a text for an address',
        'rule "x" when client.ip == "foo" then reject 550 5.7.1 "no"\n',
        ['1:28: error: expected an IP address in quotes, such as "192.0.2.1", found the string "foo"']),
    Row('a list for one',
        'rule "x" when attachments.extension == "exe" then reject 550 5.7.1 "no"\n',
        ["1:15: error: 'attachments' is a list; expected any x in attachments (x.extension ...)"]),
    Row("a list for one of its members'",
        'rule "x" when dkim.domain == "a.example" then reject 550 5.7.1 "no"\n',
        ["1:15: error: 'dkim' is a list; expected any x in dkim (x.domain ...)"]),
    Row('a duration for a date',
        'rule "x" when sender.first_seen > 7d then reject 550 5.7.1 "no"\n',
        ['1:35: error: expected a date in quotes, such as "2026-01-31", found \'7d\'']),
    Row('an unknown unit', 'limits { message_size 50MBytes }\n', ['1:25: error: %s' % UNITS]),
    Row('a unit that stands alone',
        'rule "x" when message.size > 10 MiB then reject 550 5.7.1 "no"\n',
        ['1:33: error: expected the unit right after its number, without a blank: 10MiB']),
    Row('a size without a unit', 'limits { message_size 50 }\n', ["1:23: error: expected a size, such as 25MiB, found '50'"]),
    Row('a number out of range', 'limits { recipients 0 }\n', ['1:21: error: recipients is out of range; expected 1 to 10000']),
    Row('a port out of range', 'listen smtp on "127.0.0.2:99999"\n', ['1:16: error: expected a port from 1 to 65535 after the address']),
    Row('a name to listen on',
        'listen smtp on "localhost:2527"\n',
        ['1:16: error: expected an address such as "192.0.2.1:25" or "[2001:db8::1]:25" %s' % NO_NAMES]),
    Row('a name of a server',
        'backend other { smtp "exchange.corp.example:25" }\n',
        ['1:22: error: expected an address such as "192.0.2.1:25" or "[2001:db8::1]:25" %s' % NO_NAMES]),
    Row('a name of a name server',
        'resolver { forward "dns.corp.example" }\n',
        ['1:20: error: expected an address such as "192.0.2.1:53" or "[2001:db8::1]:53" %s' % NO_NAMES]),
    Row('TLS without a certificate',
        'listen smtp on "127.0.0.2:2527" { starttls }\n',
        ['1:16: error: TLS needs a certificate; expected a sentence such as: certificate "mail.example.com" { chain "mail.pem" key "mail.key" }']),
    Row('a list that nobody described',
        'rule "x" when dnsbl.listed("zen.spamhaus.org") then reject 550 5.7.1 "no"\n',
        ['1:28: error: no sentence says what this list answers; expected one such as: blocklist "zen.spamhaus.org" { "127.0.0.2" }']),
    Row('a list of domains that nobody described',
        'rule "x" when domains.listed("multi.surbl.org") then reject 550 5.7.1 "no"\n',
        ['1:30: error: no sentence says what this list answers; expected one such as: blocklist domain "multi.surbl.org" { "127.0.0.2" }']),
    Row('a score that is given',
        'rule "x" when score > 1 then reject 550 5.7.1 "no"\ntest "t" { given score 5 expect accept }\n',
        ['2:18: error: score is computed by the rules; it cannot be given']),
    # -- rules
    Row('something behind the verdict',
        'rule "x" when score > 1 then reject 550 5.7.1 "no", log "a"\n',
        ['1:53: error: nothing can follow the verdict; put it last']),
    Row('a code of another kind',
        'rule "x" when score > 1 then reject 450 4.7.1 "no"\n',
        ['1:37: error: reject takes a reply code from 500 to 599; one from 400 to 499 is for defer']),
    Row('one that can never act',
        'rule "all" then accept\nrule "x" when sender.domain == "a.example" then reject 550 5.7.1 "no"\n',
        ['2:6: warning: this rule can never act: rule "all" (line 1) before it always decides']),
    Row('a test that fails',
        'rule "x" when sender.domain == "a.example" then reject 550 5.7.1 "no"\n'
        'test "t" { given sender "q@a.example" expect accept }\n',
        ['2:39: error: test "t" failed: expected accept, got reject by "x"']),
    Row('nothing to be held as',
        'rule "q" when score > 5 then quarantine\n',
        ['2:1: error: expected a word for it, such as "spam", found \'listen\'']),
    # -- twice
    Row('a rule',
        'rule "x" when score > 1 then reject 550 5.7.1 "no"\nrule "x" when score > 2 then reject 550 5.7.1 "no"\n',
        ['2:6: error: a rule of this name stands in line 1 already']),
    Row('a backend', 'backend behind { smtp "127.0.0.1:2527" }\n', ["3:9: error: the backend 'behind' stands in line 1 already"]),
    Row('a domain', 'domain "EXAMPLE.com" { backend behind }\n', ['4:8: error: the domain "example.com" stands in line 1 already, as "EXAMPLE.com"']),
    Row('a setting', 'limits { recipients 10 }\nlimits { recipients 20 }\n', ['2:10: error: recipients stands in line 1 already']),
    Row('a listener',
        'listen smtp on "127.0.0.2:2527"\nlisten smtp on "127.0.0.2:2527"\n',
        ['2:16: error: line 1 listens on this address and port already']),
    Row('automatic', 'reload { automatic off  automatic on }\n', ['1:25: error: automatic stands in line 1 already']),
    # -- files
    Row('an include that is not there', 'include "polcy.conf"\n', ["1:9: error: cannot include 'polcy.conf': No such file or directory"]),
    Row('an include that includes us',
        'include "a.inc"\n',
        ["a.inc:1:9: error: cannot include 'gatepost.conf': it includes itself"], {'a.inc': 'include "gatepost.conf"\n'}),
    Row('a table that is not there',
        'table t from file "nope.txt"\nrule "x" when sender in t then reject 550 5.7.1 "no"\n',
        ["1:19: error: cannot read 'nope.txt': No such file or directory"]),
    Row('a folder for a table',
        'table t from file "folder"\nrule "x" when sender in t then reject 550 5.7.1 "no"\n',
        ["1:19: error: cannot read 'folder': not a regular file"], {'folder/x': ''}),
    Row('a table that is too large',
        'table t from file "large.txt"\nrule "x" when sender in t then reject 550 5.7.1 "no"\n',
        ["1:19: error: cannot read 'large.txt': larger than 256 MiB"], {'large.txt': Zeros(256 * 1024 * 1024 + 1)}),
    Whole('a configuration in UTF-16',
        b'\xff\xfea\x00d\x00d\x00r\x00e\x00s\x00s\x00e\x00s\x00' + BASE.encode(),
        ['1:1: error: %s' % UTF_16]),
    Whole('a configuration in Latin-1', b'# Gr\xfc\xdfe\ntable t { "M\xfcller" }\n' + BASE.encode(), ['1:5: error: %s' % LATIN_1]),
    Whole('an empty configuration',
        '',
        ['1:1: warning: this configuration is empty; expected sentences (listen, backend, domain ...), as in gatepost.conf(5)']),
    # -- tables
    Row('one that is used nowhere', 'table t { "a" }\n', ["1:7: warning: the table 't' is used nowhere"]),
    Row('a network that is none',
        'table t { "192.0.2.0/33" }\nrule "x" when client.ip in t then reject 550 5.7.1 "no"\n',
        ['1:11: error: the entry "192.0.2.0/33" is neither an address nor a network (used in gatepost.conf:2)']),
    Row('a network that is a name',
        'table t { "foo.exe" }\nrule "x" when client.ip in t then reject 550 5.7.1 "no"\n',
        ['1:11: error: the entry "foo.exe" is neither an address nor a network (used in gatepost.conf:2)']),
    Row('a network that is none, in a file',
        'table t from file "nets.txt"\nrule "x" when client.ip in t then reject 550 5.7.1 "no"\n',
        ['nets.txt:201:1: error: the entry "10.1.1.1/33" is neither an address nor a network (used in gatepost.conf:2) (table of gatepost.conf:1)'],
        {'nets.txt': "".join("10.%d.0.0/16\n" % n for n in range(200)) + "10.1.1.1/33\n"}),
    Row('networks for printers',
        'smtp { bare_newlines_from from file "nets.txt" }\n',
        ['nets.txt:2:1: error: the entry "printer.example" is neither an address nor a network (table of gatepost.conf:1)'],
        {'nets.txt': '192.0.2.1\nprinter.example\n'}),
    Row('a URL for a domain',
        'table t { "https://evil.example/x" }\nrule "x" when message.from.domain in t then reject 550 5.7.1 "no"\n',
        ['1:11: error: "https://evil.example/x" is a URL, and no domain is; expected "evil.example"']),
    Row('a URL for a domain, in a file',
        'table t from file "evil.txt"\nrule "x" when message.from.domain in t then reject 550 5.7.1 "no"\n',
        ['evil.txt:2:1: error: "https://evil.example:8443/x" is a URL, and no domain is; expected "evil.example" (table of gatepost.conf:1)',
         'evil.txt:3:1: error: "evil.example/y" is a URL, and no domain is; expected "evil.example" (table of gatepost.conf:1)'],
        {'evil.txt': 'a.example\nhttps://evil.example:8443/x\nevil.example/y\n'}),
    Row('a domain that can be none, in a file',
        'table t from file "evil.txt"\nrule "x" when message.from.domain in t then reject 550 5.7.1 "no"\n',
        ['evil.txt:2:1: error: no domain can be in "\u00fc..example": a label is empty; expected one such as "example.com" (table of gatepost.conf:1)'],
        {'evil.txt': 'a.example\n\u00fc..example\n'}),
    Row('Latin-1 in a file',
        'table t from file "names.txt"\nrule "x" when message.from_name in t then reject 550 5.7.1 "no"\n',
        ['names.txt:2:2: error: %s (table of gatepost.conf:1)' % LATIN_1], {'names.txt': b'Anna\nM\xfcller\n'}),
    Row('NUL in a file',
        'table t from file "names.txt"\nrule "x" when message.from_name in t then reject 550 5.7.1 "no"\n',
        ['names.txt:2:2: error: a NUL byte; expected text in UTF-8 (table of gatepost.conf:1)'], {'names.txt': b'Anna\nM\x00ller\n'}),
    Row('a pair of another kind, in a file',
        'table t from file "pairs.txt"\nrule "x" when message.size > t[recipient.domain] then reject 550 5.7.1 "no"\n',
        ['pairs.txt:2:14: error: expected a size, as in the entries before, found a text (table of gatepost.conf:1)'],
        {'pairs.txt': 'a.example -> 10MiB\nb.example -> many\n'}),
    Row('half a pair, in a file',
        'table t from file "pairs.txt"\nrule "x" when message.size > t[recipient.domain] then reject 550 5.7.1 "no"\n',
        ['pairs.txt:2:1: error: expected KEY -> VALUE, as in the first entry (table of gatepost.conf:1)'],
        {'pairs.txt': 'a.example -> 10MiB\nb.example\n'}),
    Row('a pair twice, in a file',
        'table t from file "pairs.txt"\nrule "x" when message.size > t[recipient.domain] then reject 550 5.7.1 "no"\n',
        ['pairs.txt:2:1: error: "a.example" stands in line 1 already (table of gatepost.conf:1)'],
        {'pairs.txt': 'a.example -> 10MiB\na.example -> 20MiB\n'}),
    Row('a size without its unit, in a file',
        'table t from file "pairs.txt"\nrule "x" when message.size > t[recipient.domain] then reject 550 5.7.1 "no"\n',
        ['pairs.txt:1:17: error: expected the unit right after its number, without a blank: 10MiB (table of gatepost.conf:1)'],
        {'pairs.txt': 'a.example -> 10 MB\n'}),
    Row('people, in a file',
        'impersonation { people from file "people.txt" }\n',
        ['people.txt:2:1: error: the entry "Bob" is no name with an address; expected one such as Anna Example <anna@example.com> (table of gatepost.conf:1)'],
        {'people.txt': 'Anna Example <anna@example.com>\nBob\n'}),
    Row('recipients in UTF-16',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        ['users.txt:1:1: error: %s (table of gatepost.conf:1)' % UTF_16], {'users.txt': USERS.encode('utf-16')}),
    Row('recipients as CSV',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        ['users.txt:1:1: error: the entry ""PrimarySmtpAddress"" %s (table of gatepost.conf:1)' % CSV,
         'users.txt:2:1: error: the entry ""bob@example.org"" %s (table of gatepost.conf:1)' % CSV],
        {'users.txt': '"PrimarySmtpAddress"\n"bob@example.org"\n'}),
    Row('recipients as proxyAddresses',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        ['users.txt:1:1: error: the entry "SMTP:bob@example.org" %s (table of gatepost.conf:1)' % PROXY_ADDRESSES],
        {'users.txt': 'SMTP:bob@example.org\n'}),
    Row('no recipients',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        ['users.txt:1:1: error: this table of recipients is empty: all mail for "example.org" would be refused; expected their addresses (without recipients, the server behind is asked) (table of gatepost.conf:1)'],
        {'users.txt': ''}),
    Row('recipients of another domain',
        'domain "example.org" { backend behind  recipients from file "users.txt" }\n',
        ['1:8: warning: no entry in its table of recipients is in "example.org": all its mail will be refused'],
        {'users.txt': 'bob@example.com\n'}),
    # -- several at once
    Row('in all passes',
        'hostnam "mx.example.com"\ndomain "example.org" { backend behnid }\n'
        'rule "x" when message.subjekt == "a" then rejekt 550 5.7.1 "no"\n',
        ["1:1: error: unknown sentence 'hostnam'; did you mean 'hostname'?",
         "3:43: error: unknown action 'rejekt'; did you mean 'reject'?",
         "2:32: error: unknown backend 'behnid'; did you mean 'behind'?",
         "3:15: error: unknown fact 'message.subjekt'; did you mean 'message.subject'?"]),
    Row('what cannot be read may have defined what is missing',
        'table users { "a@b.example" \u201cc@d.example\u201d\ncondition "ours" when recipient in users\n'
        'bakcend other { smtp "127.0.0.1:2527" }\ndomain "example.org" { backend other }\n'
        'rule "x" when recipient in users and condition "ours" then reject 550 5.7.1 "no"\n',
        ['1:29: error: %s' % WORD_QUOTES,
         "1:13: error: this block is not closed; expected '}' before line 2, where 'condition' begins a sentence",
         "3:1: error: unknown sentence 'bakcend'; did you mean 'backend'?"]),
]

PLACED = re.compile(r"(\S+?:\d+(?::(\d+))?: (?:error|warning): .*)")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, configuration):
    for name, content in {"gatepost.conf": configuration.octets, **configuration.files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"" if isinstance(content, Zeros) else _octets(content))
        if isinstance(content, Zeros):
            os.truncate(folder / name, content.size)


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda configuration: configuration.name.replace(" ", "-"))
def test_what_is_wrong_is_said_where_it_stands_and_what_was_expected(folder, configuration):
    write(folder, configuration)
    status, said = check_configuration("gatepost.conf")
    lines = [line.removeprefix("gatepost.conf:") for line in said.splitlines() if PLACED.match(line)]
    assert lines == configuration.said, said
    assert status == (1 if "error: " in said else 0), said


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda configuration: configuration.name.replace(" ", "-"))
def test_below_each_message_its_line_is_shown_and_its_place_is_marked(folder, configuration):
    write(folder, configuration)
    said = check_configuration("gatepost.conf")[1].splitlines()
    for at, found in ((at, PLACED.match(line)) for at, line in enumerate(said)):
        column = int(found[2] or 0) if found else 0
        if column and len(said[at + 1]) < 80:
            assert said[at + 2] == " " * (4 + column - 1) + "^", said


def test_one_listener_more_than_there_may_be_is_told_with_its_place(own_dir):
    file = own_dir / "gatepost.conf"
    many = ['listen smtp on "127.0.0.1:%d"\n' % port for port in range(8000, 8254)] + ['listen smtp on "[::]:9000"\n']
    rest = BASE.partition("\n")[2]
    file.write_text('hostname "mx.example.com"\n' + "".join(many) + rest)
    assert "listeners;" not in check_configuration(file)[1]
    file.write_text('hostname "mx.example.com"\n' + "".join(many) + 'listen smtp on "127.0.0.1:9001"\n' + rest)
    status, report = check_configuration(file)
    assert status and re.findall(r"gatepost\.conf:(\d+):(\d+): .*at most (\d+) listeners", report) == [("257", "16", "256")], report
