/* SPDX-License-Identifier: ISC
 * The tests: what is played, against whom, and what to do where it goes wrong. */
#include "console/selftest/selftest.h"

enum {
    BOTH = SIDE_GATEWAY | SIDE_SERVER,
    SMTP = 1 << PROTOCOL_SMTP,
    ANY = 1 << PROTOCOL_SMTP | 1 << PROTOCOL_POP3 | 1 << PROTOCOL_IMAP,
};

const struct test selftests[] = {
    {"answers", selftest_answers, BOTH, ANY, false, false,
     "is gatepost running (systemctl status gatepost), and does it listen there (listen, gatepost "
     "-n)? "
     "Without STARTTLS: a certificate block, and listen ... { starttls }",
     "is it running, and does it let this host in? Without STARTTLS: give it a certificate"},
    {"open relay", selftest_relay, BOTH, SMTP, false, false,
     "see which domain blocks of the configuration take such mail; this must never be",
     "take the gateway's address out of those that it relays for (Exchange: anonymous relay of the "
     "receive connector; Postfix: mynetworks and smtpd_relay_restrictions), and let nobody but the "
     "gateway reach its port"},
    {"unknown recipients", selftest_unknown, BOTH, SMTP, false, false,
     "domain ... { recipients from file \"recipients.txt\" }, or recipient_check on where the "
     "server "
     "knows: else bounces go to whoever was forged",
     "it takes mail for anybody, so recipient_check cannot help: give the gateway a table of "
     "recipients"},
    {"postmaster", selftest_postmaster, BOTH, SMTP, false, false,
     "mail to <postmaster> must be taken (RFC 5321 4.5.1): give the first domain such a mailbox",
     "mail to postmaster should be taken: add the address to a mailbox that is read"},
    {"VRFY, EXPN", selftest_vrfy, BOTH, SMTP, false, false,
     "the gateway should tell of nobody: please report this",
     "it tells who exists: switch it off (Postfix: disable_vrfy_command = yes), and let nobody but "
     "the gateway reach its port"},
    {"login before TLS", selftest_login, BOTH, ANY, false, true,
     "listen ... { require_tls }: passwords are not to be said in the clear",
     "offer AUTH within TLS alone (Postfix: smtpd_tls_auth_only = yes), or not on this port"},
    {"STARTTLS injection", selftest_injection, BOTH, ANY, false, true,
     "the gateway should forget what comes before TLS: please report this",
     "its program is old (CVE-2011-0411): update it"},
    {"old TLS", selftest_old_tls, BOTH, ANY, false, false,
     "tls { minimum \"1.2\" }, unless old senders are worth it",
     "switch TLS 1.0 and 1.1 off there"},
    {"certificate", selftest_certificate, BOTH, ANY, false, false,
     "renew it, with the whole chain in its file and the names that people use (certificate, "
     "gatepost -n)",
     "give it a certificate that tls ca_file trusts, for the name in its tls verify \"name\", and "
     "have "
     "the gateway verify it"},
    {"clean message", selftest_clean, SIDE_GATEWAY, SMTP, true, false,
     "what comes after this says nothing as long as everything is refused: see why "
     "(gatepostctl trace selftest)",
     NULL},
    {"malware (EICAR)", selftest_malware, SIDE_GATEWAY, SMTP, true, false,
     "antivirus { enabled on }, signatures (gatepostctl status), and a rule on av.result as in the "
     "shipped policy",
     NULL},
    {"banned attachment", selftest_attachment, SIDE_GATEWAY, SMTP, true, false,
     "it was delivered, or held: gatepostctl trace selftest. The shipped policy refuses programs",
     NULL},
    {"SMTP smuggling", selftest_smuggling, BOTH, SMTP, true, false,
     "smtp { bare_newlines off }: bare_newlines_from is for old senders alone, and this host is "
     "none",
     "whoever reaches it without the gateway can forge mail in its name: let nobody but the "
     "gateway "
     "reach its port, and update it (Postfix: smtpd_forbid_bare_newline = yes)"},
};

const size_t selftest_count = sizeof selftests / sizeof *selftests;
