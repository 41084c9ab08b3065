/* SPDX-License-Identifier: ISC */
#include "base/json.h"
#include "common/record_fields.h"

#include <time.h>

enum { TIME_SIZE = 40 };

static void text_member(struct buf *out, const char *name, struct slice text)
{
    json_key(out, slice_of(name));
    json_text(out, text);
}

static void number_member(struct buf *out, const char *name, double number)
{
    json_key(out, slice_of(name));
    json_number(out, number);
}

static void open_object(struct buf *out, const char *name)
{
    json_key(out, slice_of(name));
    buf_char(out, '{');
}

static void open_array(struct buf *out, const char *name)
{
    json_key(out, slice_of(name));
    buf_char(out, '[');
}

static void time_member(struct buf *out, int64_t ms)
{
    char text[TIME_SIZE];
    struct tm utc;
    time_t seconds = (time_t)(ms / 1000);
    if (!gmtime_r(&seconds, &utc)) /* a year that no calendar has */
        return;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    json_key(out, SLICE("time"));
    buf_printf(out, "\"%s.%03dZ\"", text, (int)(ms % 1000));
}

static void client_member(struct buf *out, const struct ip *client)
{
    char address[46];
    if (!client->family)
        return;
    ip_text(client, address);
    text_member(out, "client", slice_of(address));
}

static void say_text(struct buf *out, const char *name, struct slice text, bool always)
{
    if (always || text.len)
        text_member(out, name, text);
}

static void optional_number(struct buf *out, const char *name, int64_t number)
{
    if (number)
        number_member(out, name, (double)number);
}

static void cost(struct buf *out, const char *name, const struct record_cost *cost)
{
    if (cost->count == 0)
        return;
    open_object(out, name);
    number_member(out, "count", (double)cost->count);
    number_member(out, "ms", (double)cost->ms);
    buf_char(out, '}');
}

static void words(struct buf *out, const struct record *r)
{
    for (size_t i = 0; i < record_field_count; i++) {
        const char *name = record_fields[i].name;
        if (record_fields[i].kind == KIND_TEXT)
            say_text(out, name, *(const struct slice *)record_at(r, i), record_fields[i].always);
        else if (record_fields[i].kind == KIND_NUMBER)
            optional_number(out, name, *(const int64_t *)record_at(r, i));
    }
}

static void costs(struct buf *out, const struct record *r)
{
    open_object(out, "cost");
    for (size_t i = 0; i < record_field_count; i++)
        if (record_fields[i].kind == KIND_COST)
            cost(out, record_fields[i].name, record_at(r, i));
    buf_char(out, '}');
}

static void recipients(struct buf *out, const struct record *r)
{
    open_array(out, "rcpt");
    for (size_t i = 0; i < r->recipient_count; i++) {
        json_item(out);
        json_text(out, r->recipients[i].address);
    }
    buf_char(out, ']');
}

/* Of those who did not fare as the message did. */
static void fates(struct buf *out, const struct record *r)
{
    bool any = false;
    for (size_t i = 0; i < r->recipient_count; i++)
        any |= r->recipients[i].verdict.len > 0;
    if (!any)
        return;
    open_array(out, "fates");
    for (size_t i = 0; i < r->recipient_count; i++) {
        const struct record_recipient *one = &r->recipients[i];
        if (one->verdict.len == 0)
            continue;
        json_item(out);
        buf_char(out, '{');
        text_member(out, "rcpt", one->address);
        text_member(out, "verdict", one->verdict);
        say_text(out, "reply", one->reply, false);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void names(struct buf *out, const char *name, const struct slice *items, size_t count)
{
    open_array(out, name);
    for (size_t i = 0; i < count; i++) {
        json_item(out);
        json_text(out, items[i]);
    }
    buf_char(out, ']');
}

static void score(struct buf *out, const struct record *r)
{
    number_member(out, "score", r->score);
    open_object(out, "score_parts");
    for (size_t i = 0; i < r->point_count; i++) {
        json_key(out, r->points[i].name);
        json_number(out, r->points[i].points);
    }
    buf_char(out, '}');
}

static void edits(struct buf *out, const struct record *r)
{
    if (r->edit_count == 0)
        return;
    open_array(out, "edits");
    for (size_t i = 0; i < r->edit_count; i++) {
        const struct record_edit *edit = &r->edits[i];
        json_item(out);
        buf_char(out, '{');
        text_member(out, "kind", edit->kind);
        say_text(out, "name", edit->name, false);
        say_text(out, "value", edit->value, false);
        optional_number(out, "part", edit->part);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void facts(struct buf *out, const struct record *r)
{
    open_object(out, "facts");
    if (r->facts)
        facts_json(out, r->facts);
    for (size_t i = 0; i < r->keyed_count; i++) {
        json_key(out, r->keyed[i].name);
        value_json(out, &fact_info(r->keyed[i].fact)->type, &r->keyed[i].value);
    }
    buf_char(out, '}');
}

bool record_json(struct buf *out, const struct record *r)
{
    buf_char(out, '{');
    time_member(out, r->time);
    client_member(out, &r->client);
    words(out, r);
    recipients(out, r);
    fates(out, r);
    names(out, "rules", r->rules, r->rule_count);
    names(out, "observed", r->observed, r->observed_count);
    score(out, r);
    edits(out, r);
    costs(out, r);
    facts(out, r);
    buf_char(out, '}');
    return !out->failed;
}
