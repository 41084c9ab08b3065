/* SPDX-License-Identifier: ISC */
#include "policy/other_words.h"

#include <string.h>

static const struct {
    const char *kind, *word, *ours;
} rows[] = {
    {"fact", "message.body", "message.text"},
    {"fact", "body", "message.text"},
    {"fact", "message.urls", "links"},
    {"fact", "message.links", "links"},
    {"fact", "urls", "links"},
    {"fact", "now", "time.hour or time.weekday"},
    {"fact", "time", "time.hour or time.weekday"},
    {"fact", "subject", "message.subject"},
    {"fact", "from", "message.from, or sender for the envelope's"},
    {"fact", "to", "message.to, or recipient for the envelope's"},
    {"fact", "size", "message.size"},
    {"fact", "ip", "client.ip"},
    {"fact", "country", "client.country"},
    {"action", "deny", "reject"},
    {"action", "block", "reject"},
    {"action", "refuse", "reject"},
    {"action", "allow", "accept"},
    {"action", "permit", "accept"},
    {"action", "pass", "accept"},
    {"action", "tempfail", "defer"},
    {"action", "delete", "discard"},
    {"action", "tag", "subject prefix or header set"},
    {"action", "subject", "subject prefix"},
    {"action", "header", "header add, header set or header remove"},
    {"action", "body", "banner or disclaimer"},
    {"action", "footer", "disclaimer"},
    {"action", "add", "bcc or copy to"},
    {"action", "skip", "a condition that leaves it out: nothing skips rules"},
    {"sentence", "define", "condition \"NAME\" when CONDITION"},
    {"sentence", "let", "condition \"NAME\" when CONDITION"},
    {"sentence", "server", "backend NAME { smtp \"ADDRESS\" }"},
    {"sentence", "relay", "backend NAME { smtp \"ADDRESS\" }"},
    {"sentence", "if", "rule \"NAME\" when CONDITION then ACTION"},
};

const char *other_word(const char *kind, struct slice word)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].kind, kind) == 0 && slice_eq(word, slice_of(rows[i].word)))
            return rows[i].ours;
    return NULL;
}
