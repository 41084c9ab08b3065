/* SPDX-License-Identifier: ISC */
#include "console/story.h"

#include <inttypes.h>

static void text(struct page *page, struct slice s)
{
    terminal_text(page->out, s, 0);
}

static void cstr(struct page *page, const char *s)
{
    buf_cstr(page->out, s);
}

/* ---- the first line ---- */

static enum style style_of(struct slice verdict)
{
    if (slice_eq(verdict, SLICE("accept")))
        return STYLE_GOOD;
    if (slice_eq(verdict, SLICE("defer")) || slice_eq(verdict, SLICE("discard")) ||
        slice_eq(verdict, SLICE("quarantine")) || slice_eq(verdict, SLICE("redirect")) ||
        slice_eq(verdict, SLICE("gone")))
        return STYLE_WAIT;
    return STYLE_BAD;
}

static void say_head(struct page *page, const struct record *r)
{
    terminal_time(page->out, r->time / 1000, TO_THE_SECOND);
    cstr(page, "  ");
    terminal_style(&page->terminal, page->out, style_of(r->verdict));
    text(page, r->verdict);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    cstr(page, " at ");
    text(page, r->stage);
    cstr(page, ", ");
    terminal_style(&page->terminal, page->out, STYLE_BOLD);
    text(page, r->id);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    page_end(page);
}

/* ---- who, what, for whom ---- */

static void say_client(struct page *page, const struct record *r)
{
    char address[46];
    if (!r->client.family)
        return;
    ip_text(&r->client, address);
    page_label(page, "client");
    cstr(page, address);
    if (r->helo.len) {
        cstr(page, ", says it is ");
        text(page, r->helo);
    }
    if (r->tls.len) {
        cstr(page, ", over ");
        text(page, r->tls);
    }
    if (r->login.len) {
        cstr(page, ", logged in as ");
        text(page, r->login);
    }
    cstr(page, "; ");
    text(page, r->direction);
    cstr(page, " on ");
    text(page, r->listener);
    page_end(page);
}

static void say_recipient(struct page *page, const struct record_recipient *one, bool first)
{
    page_label(page, first ? "to" : "");
    cstr(page, "<");
    text(page, one->address);
    cstr(page, ">");
    if (one->verdict.len) {
        cstr(page, ": ");
        text(page, one->verdict);
    }
    if (one->reply.len) {
        cstr(page, ", ");
        text(page, one->reply);
    }
    page_end(page);
}

static void say_envelope(struct page *page, const struct record *r)
{
    if (r->from.len || r->recipient_count) {
        page_label(page, "from");
        cstr(page, "<");
        text(page, r->from);
        cstr(page, ">");
        page_end(page);
    }
    for (size_t i = 0; i < r->recipient_count; i++)
        say_recipient(page, &r->recipients[i], i == 0);
    if (r->left_out) {
        page_label(page, "");
        buf_printf(page->out, "and %" PRId64 " more", r->left_out);
        page_end(page);
    }
}

static void say_message(struct page *page, const struct record *r)
{
    if (r->size || r->message_id.len) {
        page_label(page, "message");
        buf_printf(page->out, "%" PRId64 " octets", r->size);
        if (r->message_id.len) {
            cstr(page, ", ");
            text(page, r->message_id);
        }
        page_end(page);
    }
    if (r->author.len && !slice_ieq(r->author, r->from))
        page_row(page, "author", r->author);
    if (r->subject.len)
        page_row(page, "subject", r->subject);
}

/* ---- what was done, and why ---- */

static void say_rules(struct page *page, const char *label, const struct slice *rules, size_t count)
{
    if (count == 0)
        return;
    page_label(page, label);
    for (size_t i = 0; i < count; i++) {
        cstr(page, i ? ", \"" : "\"");
        text(page, rules[i]);
        cstr(page, "\"");
    }
    page_end(page);
}

static void say_score(struct page *page, const struct record *r)
{
    if (r->point_count == 0)
        return;
    page_label(page, "score");
    buf_printf(page->out, "%g:", r->score);
    for (size_t i = 0; i < r->point_count; i++) {
        buf_printf(page->out, "%s %+g ", i ? "," : "", r->points[i].points);
        text(page, r->points[i].name);
    }
    page_end(page);
}

/* What the site's model says of it, and by which words. */
static void say_spam(struct page *page, const struct record *r)
{
    const struct value *fact = r->facts ? r->facts->fact : NULL;
    if (!fact || fact[FACT_SPAM_PROBABILITY].state != VALUE_KNOWN)
        return;
    const struct value *reasons = &fact[FACT_SPAM_REASONS];
    page_label(page, "like spam");
    buf_printf(page->out, "%.3g", fact[FACT_SPAM_PROBABILITY].number);
    for (size_t i = 0; reasons->state == VALUE_KNOWN && i < reasons->list.count; i++) {
        cstr(page, i ? "; " : ": ");
        text(page, reasons->list.items[i].text);
    }
    page_end(page);
}

static void say_edits(struct page *page, const struct record *r)
{
    for (size_t i = 0; i < r->edit_count; i++) {
        const struct record_edit *edit = &r->edits[i];
        page_label(page, i ? "" : "changes");
        text(page, edit->kind);
        if (edit->part)
            buf_printf(page->out, " part %u", edit->part);
        cstr(page, " ");
        text(page, edit->name);
        cstr(page, edit->name.len && edit->value.len ? ": " : "");
        text(page, edit->value);
        page_end(page);
    }
}

static void say_end(struct page *page, const struct record *r)
{
    if (r->login.len && !r->client.family)
        page_row(page, "by", r->login);
    if (r->reply.len)
        page_row(page, "told", r->reply);
    if (r->reason.len)
        page_row(page, "reason", r->reason);
    if (r->learnt.len)
        page_row(page, "learnt", r->learnt);
    if (r->unscanned.len)
        page_row(page, "not scanned", r->unscanned);
    if (r->backend.len) {
        page_label(page, "server");
        text(page, r->backend);
        buf_printf(page->out, ", %" PRId64 " ms", r->backend_ms);
        page_end(page);
    }
    if (r->count) {
        page_label(page, "and");
        buf_printf(page->out, "%" PRId64 " more that are not recorded one by one", r->count);
        page_end(page);
    }
}

static void say_cost(struct page *page, const char *what, struct record_cost cost)
{
    if (cost.count)
        buf_printf(page->out, "; %s %" PRId64 ", %" PRId64 " ms", what, cost.count, cost.ms);
}

static void say_times(struct page *page, const struct record *r)
{
    if (!r->ms)
        return;
    page_label(page, "took");
    buf_printf(page->out, "%" PRId64 " ms", r->ms);
    if (r->verdict_ms)
        buf_printf(page->out, ", %" PRId64 " after the final dot", r->verdict_ms);
    if (r->scan_ms)
        buf_printf(page->out, "; scan %" PRId64 " ms", r->scan_ms);
    if (r->antivirus_ms)
        buf_printf(page->out, "; antivirus %" PRId64 " ms", r->antivirus_ms);
    if (r->qr_ms)
        buf_printf(page->out, "; QR codes %" PRId64 " ms", r->qr_ms);
    say_cost(page, "DNS for the client", r->client_dns);
    say_cost(page, "DNS for the sender", r->dns);
    say_cost(page, "scans of the sender", r->sender);
    say_cost(page, "Redis", r->redis);
    page_end(page);
}

void story_tell(struct page *page, const struct record *r)
{
    say_head(page, r);
    say_client(page, r);
    say_envelope(page, r);
    say_message(page, r);
    say_rules(page, "rules", r->rules, r->rule_count);
    say_rules(page, "observed", r->observed, r->observed_count);
    if (r->would.len > 0)
        page_row(page, "would have", r->would);
    say_score(page, r);
    say_spam(page, r);
    say_edits(page, r);
    say_end(page, r);
    say_times(page, r);
}
