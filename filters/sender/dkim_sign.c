/* SPDX-License-Identifier: ISC */
#include "filters/sender/dkim_sign.h"

#include "filters/sender/hasher.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 6376 5.4.1. Those in `guarded` once more than they are there: what a program shows people, or
 * goes by, must not be added later. Lists and resenders add the others with good reason. */
static const char *const guarded[] = {"From",       "Reply-To",     "Subject",     "Date",
                                      "To",         "Cc",           "Message-ID",  "In-Reply-To",
                                      "References", "Content-Type", "MIME-Version"};
static const char *const plain[] = {"Sender",
                                    "Content-Transfer-Encoding",
                                    "Content-Disposition",
                                    "Content-ID",
                                    "Content-Language",
                                    "List-Id",
                                    "List-Help",
                                    "List-Unsubscribe",
                                    "List-Subscribe",
                                    "List-Post",
                                    "List-Owner",
                                    "List-Archive",
                                    "List-Unsubscribe-Post"};

enum {
    NAMES_MOST = 200, /* of h=: all that verifiers look at */
    NAME_ROOM = 32,
    COLUMNS = 78, /* RFC 5322 2.1.1 */
    TAB_COLUMNS = 8,
    B64_ROOM = 1024, /* a signature of RSA with 4096 bits takes 684 */
    TAG_ROOM = 300,  /* a domain is the longest */
    FIELD_ROOM = 16384,
};

static size_t count_of(const struct field_list *fields, struct slice name)
{
    size_t n = 0;
    for (size_t i = 0; i < fields->count; i++)
        n += fields->fields[i].field.has_colon && slice_ieq(fields->fields[i].field.name, name);
    return n;
}

static bool add_name(struct buf *out, const struct field_list *fields, const char *name,
                     size_t besides, size_t *total)
{
    size_t count = count_of(fields, slice_of(name)) + besides;
    *total += count;
    for (size_t i = 0; *total <= NAMES_MOST && i < count; i++)
        buf_printf(out, "%s%s", buf_len(out) ? ":" : "", name);
    return *total <= NAMES_MOST && !out->failed;
}

bool dkim_sign_names(struct arena *arena, const struct field_list *fields, struct slice *names)
{
    struct buf out = buf_init((size_t)NAMES_MOST * NAME_ROOM);
    size_t total = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof guarded / sizeof *guarded; i++)
        ok = add_name(&out, fields, guarded[i], 1, &total);
    for (size_t i = 0; ok && i < sizeof plain / sizeof *plain; i++)
        ok = add_name(&out, fields, plain[i], 0, &total);
    *names = ok ? arena_copy(arena, buf_slice(&out)) : (struct slice){NULL, 0};
    buf_release(&out);
    return names->ptr != NULL;
}

/* ---- the field ---- */

struct folding {
    struct buf *out;
    size_t column;
};

/* A word that stands on one line; `blank`: it is set off from what is before it. */
static void put_word(struct folding *folding, struct slice word, bool blank)
{
    if (folding->column + blank + word.len > COLUMNS) {
        buf_cstr(folding->out, "\r\n\t");
        folding->column = TAB_COLUMNS;
    } else if (blank) {
        buf_char(folding->out, ' ');
        folding->column++;
    }
    buf_append(folding->out, word);
    folding->column += word.len;
}

static void put_tag(struct folding *folding, const char *tag, struct slice value)
{
    char word[TAG_ROOM];
    int len = snprintf(word, sizeof word, "%s=%.*s;", tag, SLICE_ARGS(value));
    put_word(folding, (struct slice){word, (size_t)len}, true);
}

/* Broken only behind colons. */
static void put_names(struct folding *folding, struct slice names)
{
    struct slice name;
    put_word(folding, SLICE("h="), true);
    while (names.len) {
        bool more = slice_cut(names, ':', &name, &names);
        char word[64];
        int len = snprintf(word, sizeof word, "%.*s%c", SLICE_ARGS(name), more ? ':' : ';');
        put_word(folding, (struct slice){word, (size_t)len}, false);
    }
}

static void put_field(struct folding *folding, const struct dkim_signer *signer, struct slice names,
                      const unsigned char *body, int64_t now)
{
    char time[24], digest[B64_ROOM];
    snprintf(time, sizeof time, "%" PRId64, now);
    EVP_EncodeBlock((unsigned char *)digest, body, DIGEST_OCTETS);
    put_word(folding, SLICE("DKIM-Signature:"), false);
    put_tag(folding, "v", SLICE("1"));
    put_tag(folding, "a", slice_of(dkim_algorithm_word(signer->algorithm)));
    put_tag(folding, "c", SLICE("relaxed/relaxed"));
    put_tag(folding, "d", signer->domain);
    put_tag(folding, "s", signer->selector);
    put_tag(folding, "t", slice_of(time));
    put_names(folding, names);
    put_tag(folding, "bh", slice_of(digest));
    put_word(folding, SLICE("b="), true);
}

/* Of the signature itself all but b= is signed, without its line end (RFC 6376 3.7). */
static bool find_digest(struct arena *arena, struct field_list *fields, struct slice names,
                        struct dkim_draft *draft)
{
    struct hasher hasher;
    struct header own;
    struct slice whole = ARENA_JOIN(arena, draft->field, SLICE("-\r\n"));
    struct slice rest = whole, blank = slice_sub(whole, draft->field.len, draft->field.len + 1);
    if (!whole.ptr || !headers_next(&rest, &own))
        return false;
    bool ok = hasher_open(&hasher) && canonical_selected(&hasher.sink, fields, names, true);
    if (ok)
        canonical_field(&hasher.sink, &own, true, blank);
    return hasher_close(&hasher, draft->digest) && ok;
}

bool dkim_sign_draft(struct arena *arena, const struct dkim_signer *signer,
                     struct field_list *fields, struct slice names,
                     const unsigned char body[static DIGEST_OCTETS], int64_t now,
                     struct dkim_draft *draft)
{
    struct buf out = buf_init(FIELD_ROOM);
    struct folding folding = {.out = &out};
    put_field(&folding, signer, names, body, now);
    draft->field = out.failed ? (struct slice){NULL, 0} : arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return draft->field.ptr && find_digest(arena, fields, names, draft);
}

static size_t column_behind(struct slice field)
{
    size_t line = slice_rfind(field, '\n');
    return line < field.len ? TAB_COLUMNS + field.len - line - 2 : field.len;
}

struct slice dkim_sign_field(struct arena *arena, const struct dkim_draft *draft,
                             struct slice signature)
{
    char base64[B64_ROOM];
    struct buf out = buf_init(FIELD_ROOM);
    struct folding folding = {.out = &out, .column = column_behind(draft->field)};
    if (signature.len > B64_ROOM / 2)
        return (struct slice){NULL, 0};
    EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)signature.ptr,
                    (int)signature.len);
    buf_append(&out, draft->field);
    for (struct slice rest = slice_of(base64); rest.len;) {
        size_t room = COLUMNS > folding.column ? COLUMNS - folding.column : 0;
        size_t take = room ? room : COLUMNS - TAB_COLUMNS;
        put_word(&folding, slice_sub(rest, 0, take), false);
        rest = slice_from(rest, take);
    }
    buf_cstr(&out, "\r\n");
    struct slice field = out.failed ? (struct slice){NULL, 0} : arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return field;
}
