/* SPDX-License-Identifier: ISC
 * Fields: their names and order, who writes, what about, and how programs spell the rest. */
#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "filters/spam/spam_walk.h"

enum field_use {
    USE_NAME = 0, /* that it is there */
    USE_NOTHING,
    USE_FROM,
    USE_SUBJECT,
    USE_WORDS,
    USE_FORM,
    USE_BOTH,
};

static const struct {
    struct slice name;
    enum field_use use;
    bool begins; /* all fields whose names begin so */
} uses[] = {
    /* What receivers add: mail that is learnt has it, and mail that comes in has not. */
    {{"Received", 8}, USE_NOTHING, true},
    {{"Authentication-Results", 22}, USE_NOTHING, true},
    {{"ARC-", 4}, USE_NOTHING, true},
    {{"X-Gatepost-", 11}, USE_NOTHING, true},
    {{"X-Spam", 6}, USE_NOTHING, true},
    {{"X-Virus", 7}, USE_NOTHING, true},
    {{"X-Rspamd", 8}, USE_NOTHING, true},
    {{"X-MS-Exchange-", 14}, USE_NOTHING, true},
    {{"X-Microsoft-Antispam", 20}, USE_NOTHING, true},
    {{"X-Forefront-", 12}, USE_NOTHING, true},
    {{"X-Google-", 9}, USE_NOTHING, true},
    {{"X-GM-", 5}, USE_NOTHING, true},
    {{"X-Mozilla-", 10}, USE_NOTHING, true},
    {{"X-Evolution", 11}, USE_NOTHING, true},
    {{"Return-Path", 11}, USE_NOTHING, false},
    {{"Delivered-To", 12}, USE_NOTHING, false},
    {{"X-Original-To", 13}, USE_NOTHING, false},
    {{"X-Delivered-To", 14}, USE_NOTHING, false},
    {{"Envelope-To", 11}, USE_NOTHING, false},
    {{"X-Envelope-", 11}, USE_NOTHING, true},
    {{"X-Originating-IP", 16}, USE_NOTHING, false},
    {{"Status", 6}, USE_NOTHING, false},
    {{"X-Status", 8}, USE_NOTHING, false},
    {{"X-Keywords", 10}, USE_NOTHING, false},
    {{"X-UID", 5}, USE_NOTHING, true},
    {{"Lines", 5}, USE_NOTHING, false},
    {{"Content-Length", 14}, USE_NOTHING, false},

    {{"From", 4}, USE_FROM, false},
    {{"Subject", 7}, USE_SUBJECT, false},
    {{"Sender", 6}, USE_WORDS, false},
    {{"Reply-To", 8}, USE_WORDS, false},
    {{"List-Id", 7}, USE_WORDS, false},
    {{"Organization", 12}, USE_WORDS, false},
    {{"X-Mailer", 8}, USE_BOTH, false},
    {{"User-Agent", 10}, USE_BOTH, false},
    {{"Date", 4}, USE_FORM, false},
    {{"Message-ID", 10}, USE_BOTH, false},
    {{"Content-Type", 12}, USE_FORM, false},
    {{"To", 2}, USE_FORM, false},
    {{"X-Priority", 10}, USE_WORDS, false},
    {{"Precedence", 10}, USE_WORDS, false},
    {{"List-Unsubscribe", 16}, USE_WORDS, false},
};

static enum field_use use_of(struct slice name)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (uses[i].begins ? slice_istarts(name, uses[i].name) : slice_ieq(name, uses[i].name))
            return uses[i].use;
    return USE_NAME;
}

static void take_words_of(struct spam_walk *walk, struct slice field, struct slice text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.ptr[i] : ' ';
        if (ascii_alpha(c) || ascii_digit(c) || (unsigned char)c >= 0x80)
            continue;
        struct spam_phrase phrase = {.len = 0};
        spam_say(&phrase, field);
        spam_say(&phrase, SLICE(" "));
        spam_say(&phrase, slice_sub(text, from, i));
        if (i > from)
            spam_take_phrase(walk, SPAM_TOKEN_VALUE, &phrase);
        from = i + 1;
    }
}

static void take_form_of(struct spam_walk *walk, struct slice field, struct slice value)
{
    struct spam_phrase phrase = {.len = 0};
    spam_say(&phrase, field);
    spam_say(&phrase, SLICE(" "));
    spam_say_form(&phrase, value);
    spam_take_phrase(walk, SPAM_TOKEN_VALUE_SHAPE, &phrase);
}

/* What a reader sees of it, in lower case; empty when the arena is full. */
static struct slice shown(struct spam_walk *walk, struct slice value)
{
    struct malformations odd = {{0}};
    struct slice text = header_unfold(walk->arena, slice_sub(value, 0, SPAM_VALUE_MAX));
    if (text.ptr && words_present(text))
        text = words_decode(walk->arena, text, &odd);
    walk->full |= !text.ptr;
    return spam_lower(walk, text);
}

static void take_subject(struct spam_walk *walk, struct slice value, struct slice text)
{
    take_form_of(walk, SLICE("Subject"), slice_sub(slice_trim(value), 0, 12));
    spam_take_words(walk, SPAM_TOKEN_SUBJECT, text);
    spam_take_grams(walk, SPAM_TOKEN_SUBJECT_GRAM, text);
}

static void take_from(struct spam_walk *walk, struct slice value, struct slice text)
{
    take_form_of(walk, SLICE("From"), value);
    spam_take_words(walk, SPAM_TOKEN_FROM, text);
    spam_take_grams(walk, SPAM_TOKEN_FROM_GRAM, text);
}

static void take_field(struct spam_walk *walk, const struct header *field, enum field_use use)
{
    struct slice value = slice_sub(field->value, 0, SPAM_VALUE_MAX);
    struct slice text = use >= USE_FROM ? shown(walk, value) : SLICE("");
    if (use == USE_FROM)
        take_from(walk, value, text);
    if (use == USE_SUBJECT)
        take_subject(walk, value, text);
    if (use == USE_WORDS || use == USE_BOTH)
        take_words_of(walk, field->name, text);
    if (use == USE_FORM || use == USE_BOTH)
        take_form_of(walk, field->name, value);
}

static void take_name(struct spam_walk *walk, struct slice before, struct slice name)
{
    struct spam_phrase phrase = {.len = 0};
    spam_take(walk, SPAM_TOKEN_FIELD, name);
    spam_say(&phrase, before);
    spam_say(&phrase, SLICE(" "));
    spam_say(&phrase, name);
    spam_take_phrase(walk, SPAM_TOKEN_FIELD_ORDER, &phrase);
}

void spam_walk_header(struct spam_walk *walk)
{
    struct slice rest = walk->source->message->parts[0].headers, before = SLICE("");
    struct header field;
    for (size_t n = 0; n < SPAM_FIELDS_MAX && headers_next(&rest, &field); n++) {
        field.name = slice_sub(field.name, 0, 40);
        enum field_use use = use_of(field.name);
        if (use == USE_NOTHING || !field.has_colon)
            continue;
        take_name(walk, before, field.name);
        take_field(walk, &field, use);
        before = field.name;
    }
}
