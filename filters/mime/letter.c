/* SPDX-License-Identifier: ISC */
#include "filters/mime/letter.h"

#include "filters/mime/headers.h"

enum { IN_REPLY_TO_MOST = 4, ATS_MOST = 16 };

/* ---- Message-IDs ---- */

/* `angle` has its brackets. */
static bool is_id(struct slice angle)
{
    for (size_t i = 1; i + 1 < angle.len; i++)
        if ((unsigned char)angle.ptr[i] <= ' ' || angle.ptr[i] == '<' || angle.ptr[i] == '>')
            return false;
    return angle.len > 2 && angle.len <= LETTER_ID_MOST;
}

/* The next of them, taken off the front. False: there is none. */
static bool take_first(struct slice *text, struct slice *id)
{
    while (text->len) {
        struct slice from = slice_from(*text, slice_find(*text, '<'));
        size_t end = slice_find(from, '>');
        if (end == from.len)
            return false;
        *id = slice_sub(from, 0, end + 1);
        *id = slice_from(*id, slice_rfind(*id, '<'));
        *text = slice_from(from, end + 1);
        if (is_id(*id))
            return true;
    }
    return false;
}

/* The last of them, taken off the end. */
static bool take_last(struct slice *text, struct slice *id)
{
    while (text->len) {
        size_t end = slice_rfind(*text, '>');
        struct slice before = slice_sub(*text, 0, end);
        size_t from = slice_rfind(before, '<');
        if (end == text->len || from == before.len)
            return false;
        *id = slice_sub(*text, from, end + 1);
        *text = slice_sub(*text, 0, from);
        if (is_id(*id))
            return true;
    }
    return false;
}

struct slice letter_id(struct slice block)
{
    struct header field;
    struct slice id;
    return headers_find(block, SLICE("Message-ID"), 0, &field) && take_first(&field.value, &id)
               ? id
               : SLICE("");
}

size_t letter_answers(struct slice block, struct slice out[static LETTER_ANSWERS_MOST])
{
    struct header field;
    size_t count = 0;
    if (headers_find(block, SLICE("In-Reply-To"), 0, &field))
        while (count < IN_REPLY_TO_MOST && take_first(&field.value, &out[count]))
            count++;
    if (headers_find(block, SLICE("References"), 0, &field))
        while (count < LETTER_ANSWERS_MOST && take_last(&field.value, &out[count]))
            count++;
    return count;
}

struct slice letter_answered(struct slice block)
{
    struct header field;
    struct slice id;
    if (headers_find(block, SLICE("In-Reply-To"), 0, &field) && take_first(&field.value, &id))
        return id;
    if (headers_find(block, SLICE("References"), 0, &field) && take_last(&field.value, &id))
        return id;
    return SLICE("");
}

/* ---- who writes ---- */

/* Autoresponders, lists and rules of mailboxes say so by having it, whatever its value is. */
static bool is_mark(struct slice name)
{
    static const struct slice marks[] = {{"List-Id", 7},
                                         {"List-Unsubscribe", 16},
                                         {"X-Autoreply", 11},
                                         {"X-Auto-Reply", 12},
                                         {"X-Autorespond", 13},
                                         {"X-Autoresponder", 15},
                                         {"X-Auto-Response-Suppress", 24},
                                         {"X-MS-Exchange-Inbox-Rules-Loop", 30},
                                         {"X-Vacation", 10},
                                         {"X-Loop", 6}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (slice_ieq(name, marks[i]))
            return true;
    return false;
}

/* Up to a parameter or a comment. */
static struct slice first_word(struct slice value)
{
    struct slice text = slice_trim(value);
    size_t end = 0;
    while (end < text.len && (unsigned char)text.ptr[end] > ' ' && text.ptr[end] != ';' &&
           text.ptr[end] != '(')
        end++;
    return slice_sub(text, 0, end);
}

static bool goes_to_many(struct slice precedence)
{
    return slice_ieq(precedence, SLICE("bulk")) || slice_ieq(precedence, SLICE("junk")) ||
           slice_ieq(precedence, SLICE("list")) || slice_ieq(precedence, SLICE("auto_reply"));
}

static bool tells_of_a_program(const struct header *field)
{
    struct slice word = first_word(field->value);
    if (slice_ieq(field->name, SLICE("Auto-Submitted")))
        return !slice_ieq(word, SLICE("no"));
    if (slice_ieq(field->name, SLICE("Precedence")))
        return goes_to_many(word);
    if (slice_ieq(field->name, SLICE("Content-Type")))
        return slice_ieq(word, SLICE("multipart/report"));
    return is_mark(field->name);
}

bool letter_is_automatic(struct slice block)
{
    struct header field;
    while (headers_next(&block, &field))
        if (field.has_colon && tells_of_a_program(&field))
            return true;
    return false;
}

static bool in_domain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '.' || c == '_' || (c & 0x80);
}

/* The domain behind the next '@', taken off the front. */
static struct slice take_domain(struct slice *text)
{
    size_t len = 0;
    struct slice rest = slice_from(*text, slice_find(*text, '@') + 1);
    while (len < rest.len && in_domain(rest.ptr[len]))
        len++;
    *text = slice_from(rest, len);
    return slice_sub(rest, 0, len);
}

bool letter_is_from(struct slice block, bool (*ours)(void *ctx, struct slice domain), void *ctx)
{
    struct header field;
    unsigned ats = 0;
    while (headers_next(&block, &field)) {
        struct slice rest = field.value;
        if (!field.has_colon || !slice_ieq(field.name, SLICE("From")))
            continue;
        while (slice_find(rest, '@') < rest.len)
            if (++ats > ATS_MOST || !ours(ctx, take_domain(&rest)))
                return false;
    }
    return ats > 0;
}
