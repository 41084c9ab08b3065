/* SPDX-License-Identifier: ISC
 * Where a literal begins is where what scans and what reads must agree. A server knows what it means, and
 * what it means is what must be found: where its line can be meant in two ways, none is chosen. */
#include "proxy/imap/imap_response.h"
#include "proxy/imap/imap_string.h"

static bool is_in_quotes(struct slice line, size_t where)
{
    bool unescaped;
    for (size_t i = 0; i < where;) {
        if (line.ptr[i] != '"' || !imap_word_begins(line, i)) {
            i++;
            continue;
        }
        i = imap_quoted_end(line, i, &unescaped);
        if (i == 0 || i > where)
            return true;
    }
    return false;
}

static bool is_free_text(const struct imap_response *response)
{
    bool code_never_ends = response->code.len == 0 &&
                           slice_starts(response->rest, SLICE("[")); /* it may hold strings */
    if (code_never_ends)
        return false;
    return response->status != IMAP_STATUSES || response->kind == IMAP_RESPONSE_CONTINUE ||
           response->code.len;
}

/* Servers leave out the quotes of mailboxes' names. */
static bool ends_with_name(const struct imap_response *response)
{
    return slice_ieq(response->name, SLICE("LIST")) || slice_ieq(response->name, SLICE("LSUB")) ||
           slice_ieq(response->name, SLICE("XLIST"));
}

enum meaning { TEXT, LITERAL, UNCLEAR };

static enum meaning meant(struct slice line, size_t where, bool first)
{
    struct imap_response response = {.status = IMAP_STATUSES};
    if (first)
        imap_response(line, &response);
    if (is_free_text(&response))
        return TEXT;
    if (where == 0 || is_in_quotes(line, where))
        return UNCLEAR;
    char before = line.ptr[where - 1];
    if (before == ' ' || before == '(')
        return LITERAL;
    return ends_with_name(&response) && !imap_is_one_of(before, SLICE(")]>\"")) ? TEXT : UNCLEAR;
}

int imap_text(struct slice bytes, bool first, struct imap_text *out)
{
    size_t lf = slice_find(bytes, '\n');
    if (lf == bytes.len)
        return 0;
    size_t end = lf > 0 && bytes.ptr[lf - 1] == '\r' ? lf - 1 : lf;
    struct slice line = slice_sub(bytes, 0, end), digits;
    *out = (struct imap_text){.text = slice_sub(bytes, 0, lf + 1)};
    size_t where = imap_announcement(line, &digits);
    enum meaning meaning = where == line.len ? TEXT : meant(line, where, first);
    if (meaning == TEXT)
        return 1;
    out->literal = meaning == LITERAL && slice_to_u64(digits, IMAP_LITERAL_MAX, &out->octets);
    return out->literal ? 1 : -1;
}
