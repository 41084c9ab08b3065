/* SPDX-License-Identifier: ISC
 * What libopendkim says of a message's signatures: for test_dkim_peer.py and tests/lab/dkim_keys.py.
 * Reads JSON lines {"message" (U+0080 to U+00FF stand for octets), "dns": {name: record}, "drift"};
 * answers a line each, [{"domain", "selector", "result", "reason"}]. A signature's age is not judged
 * when "drift" is the least t= of all. */
#include <jansson.h>
#include <opendkim/dkim.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE = 64 << 20, NAME = 1024, BITS_MIN = 1024 };

static DKIM_LIB *library;

static const char *record_of(json_t *dns, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach(dns, key, value)
        if (strcasecmp(key, name) == 0)
            return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
    return NULL;
}

static DKIM_CBSTAT give_key(DKIM *handle, DKIM_SIGINFO *sig, u_char *to, size_t room)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s._domainkey.%s", (const char *)dkim_sig_getselector(sig),
             (const char *)dkim_sig_getdomain(sig));
    const char *record = record_of(dkim_get_user_context(handle), name);
    if (!record)
        return DKIM_CBSTAT_NOTFOUND;
    return (size_t)snprintf((char *)to, room, "%s", record) < room ? DKIM_CBSTAT_CONTINUE
                                                                   : DKIM_CBSTAT_ERROR;
}

static bool open_library(void)
{
    unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES, bits = BITS_MIN;
    library = dkim_init(NULL, NULL);
    return library &&
           dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags) ==
               DKIM_STAT_OK &&
           dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits, sizeof bits) ==
               DKIM_STAT_OK &&
           dkim_set_key_lookup(library, give_key) == DKIM_STAT_OK;
}

/* In place. */
static size_t to_octets(char *text)
{
    size_t n = 0;
    for (size_t i = 0; text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c & 0xfc) == 0xc0 && text[i + 1])
            c = (unsigned char)(c << 6 | (text[++i] & 0x3f));
        text[n++] = (char)c;
    }
    text[n] = '\0';
    return n;
}

/* The start of the line behind the field at `from`. */
static size_t field_end(const char *text, size_t length, size_t from)
{
    for (size_t at = from; at < length; at++)
        if (text[at] == '\n' && text[at + 1] != ' ' && text[at + 1] != '\t')
            return at + 1;
    return length;
}

/* Returns where the body begins. */
static size_t feed_header(DKIM *handle, char *text, size_t length)
{
    size_t at = 0;
    while (at < length && strncmp(text + at, "\r\n", 2) != 0) {
        size_t end = field_end(text, length, at);
        (void)dkim_header(handle, (u_char *)text + at, end - at - (end - at > 2 ? 2 : 0));
        at = end;
    }
    return at < length ? at + 2 : length;
}

/* A last line without an end is given one, as canonical forms have it. */
static void feed_body(DKIM *handle, char *body, size_t length)
{
    static u_char line_end[] = "\r\n";
    if (length == 0)
        return;
    (void)dkim_body(handle, (u_char *)body, length);
    if (body[length - 1] != '\n')
        (void)dkim_body(handle, line_end, 2);
}

static const char *result_of(DKIM_SIGINFO *sig)
{
    int error = dkim_sig_geterror(sig);
    unsigned flags = dkim_sig_getflags(sig);
    if ((flags & DKIM_SIGFLAG_PASSED) && error == DKIM_SIGERROR_OK &&
        dkim_sig_getbh(sig) == DKIM_SIGBH_MATCH)
        return "pass";
    return error == DKIM_SIGERROR_OK || error == DKIM_SIGERROR_BADSIG ? "fail" : "permerror";
}

static json_t *answer_of(json_t *job)
{
    DKIM_STAT status;
    DKIM_SIGINFO **sigs = NULL;
    int count = 0;
    json_t *answer = json_array();
    uint64_t drift = (uint64_t)json_integer_value(json_object_get(job, "drift"));
    char *text = strdup(json_string_value(json_object_get(job, "message")));
    size_t length = to_octets(text);
    dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift);
    DKIM *handle = dkim_verify(library, (const unsigned char *)"", NULL, &status);
    dkim_set_user_context(handle, json_object_get(job, "dns"));
    size_t body = feed_header(handle, text, length);
    (void)dkim_eoh(handle);
    feed_body(handle, text + body, length - body);
    if (dkim_getsiglist(handle, &sigs, &count) != DKIM_STAT_OK)
        count = 0;
    (void)dkim_eom(handle, NULL);
    for (int i = 0; i < count; i++)
        json_array_append_new(
            answer, json_pack("{ss* ss* ss ss*}", "domain", dkim_sig_getdomain(sigs[i]), "selector",
                              dkim_sig_getselector(sigs[i]), "result", result_of(sigs[i]), "reason",
                              dkim_sig_geterrorstr(dkim_sig_geterror(sigs[i]))));
    dkim_free(handle);
    free(text);
    return answer;
}

int main(void)
{
    char *line = malloc(LINE);
    bool ok = line && open_library();
    while (ok && fgets(line, LINE, stdin)) {
        json_t *job = json_loads(line, JSON_ALLOW_NUL, NULL);
        json_t *answer = answer_of(job);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        json_decref(job);
    }
    free(line);
    return !ok;
}
