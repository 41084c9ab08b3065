/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define CAPABILITIES "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID"

/* Takes the next word of the text. */
static char *word(char **text)
{
    char *begin = *text + strspn(*text, " "), *end = begin + strcspn(begin, " ");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return begin;
}

/* Whoever is named first: in quotes, as the next line if it was a literal, or bare. */
static void log_in(struct session *s, const char *arguments)
{
    const char *name = strpbrk(arguments, "us");
    sink_user(s, name ? name : "");
}

/* NUL, user, NUL, password */
static void log_in_plain(struct session *s, const char *response)
{
    unsigned char text[LINE_MOST];
    int size = EVP_DecodeBlock(text, (const unsigned char *)response, (int)strlen(response));
    if (size <= 0)
        return;
    text[size] = '\0';
    sink_user(s, (const char *)text + 1 + strlen((const char *)text));
}

static void select_mailbox(struct session *s)
{
    sink_say(s,
             "* FLAGS (\\Seen)\r\n* %lu EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1] it is\r\n"
             "* OK [UIDNEXT %lu] it is\r\n",
             sink_messages, sink_messages + 1);
}

static void fetch(struct session *s, char *arguments)
{
    unsigned long number = strtoul(word(&arguments), NULL, 10);
    if (!strstr(arguments, "BODY")) {
        sink_say(s, "* %lu FETCH (UID %lu FLAGS (\\Seen))\r\n", number, number);
        return;
    }
    sink_say(s, "* %lu FETCH (UID %lu BODY[] {%zu}\r\n", number, number, sink_message_size(s));
    sink_message(s);
    sink_say(s, ")\r\n");
}

static bool run(struct session *s, char *command)
{
    const char *tag = word(&command), *verb = word(&command);
    bool over = !strcasecmp(verb, "LOGOUT"), known = true;
    if (!strcasecmp(verb, "UID"))
        verb = word(&command);
    if (!strcasecmp(verb, "FETCH"))
        fetch(s, command);
    else if (!strcasecmp(verb, "LOGIN"))
        log_in(s, command);
    else if (!strcasecmp(verb, "AUTHENTICATE"))
        word(&command), log_in_plain(s, word(&command));
    else if (!strcasecmp(verb, "SELECT") || !strcasecmp(verb, "EXAMINE"))
        select_mailbox(s);
    else if (!strcasecmp(verb, "CAPABILITY"))
        sink_say(s, "* CAPABILITY " CAPABILITIES "\r\n");
    else if (!strcasecmp(verb, "ID"))
        sink_say(s, "* ID NIL\r\n");
    else if (over)
        sink_say(s, "* BYE\r\n");
    else
        known = !strcasecmp(verb, "NOOP");
    sink_say(s, "%s %s\r\n", tag, known ? "OK done" : "BAD not here");
    return !over;
}

/* Nobody sends a literal here that has line ends in it, so it is the next line, up to where the command goes on. */
static bool is_unfinished(struct session *s, char *command)
{
    size_t size = strlen(command);
    bool literal = size && command[size - 1] == '}';
    bool bare = !strcasecmp(command + strcspn(command, " "), " AUTHENTICATE PLAIN");
    if (!literal && !bare)
        return false;
    if (bare || command[size - 2] != '+')
        sink_say(s, "+ go on\r\n");
    if (literal)
        *strrchr(command, '{') = '\0';
    return true;
}

static bool answer(struct session *s, char *line)
{
    size_t before = strlen(s->command);
    snprintf(s->command + before, sizeof s->command - before, "%s%s", before ? " " : "", line);
    if (is_unfinished(s, s->command))
        return true;
    bool goes_on = run(s, s->command);
    s->command[0] = '\0';
    return goes_on;
}

const struct sink_protocol sink_imap = {"imap", "* OK [CAPABILITY " CAPABILITIES "] sink\r\n",
                                        LINE_MOST, false, answer};
