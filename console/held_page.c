/* SPDX-License-Identifier: ISC */
#include "console/held_page.h"

#include "base/json.h"
#include "console/page.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- for people ---- */

static void say_text(struct page *page, struct slice text)
{
    terminal_text(page->out, text, 0);
}

/* The keeper knows numbers of users only. */
static void say_asker(struct page *page, struct slice asker)
{
    char text[32];
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(slice_sub(asker, 0, sizeof text - 1)));
    const struct passwd *user =
        strncmp(text, "uid ", 4) == 0 ? getpwuid((uid_t)strtoul(text + 4, NULL, 10)) : NULL;
    say_text(page, user ? slice_of(user->pw_name) : asker);
}

static bool is_kept(const struct held_entry *e)
{
    return e->place == HELD_IN_JOURNAL && e->state == HELD_WAITING;
}

static const char *word_of(const struct held_entry *e)
{
    return is_kept(e) ? "kept" : held_state_word(e->state);
}

static enum style style_of(const struct held_entry *e)
{
    enum held_state state = e->state;
    return is_kept(e)                ? STYLE_PLAIN
           : state == HELD_DELIVERED ? STYLE_GOOD
           : state == HELD_DOUBTED   ? STYLE_BAD
                                     : STYLE_WAIT;
}

static void say_reason(struct page *page, const struct held_entry *e)
{
    buf_cstr(page->out, ", held as \"");
    say_text(page, e->why);
    buf_cstr(page->out, "\" by rule \"");
    say_text(page, e->rule);
    buf_cstr(page->out, "\"");
}

static void say_head(struct page *page, const struct held_entry *e)
{
    terminal_style(&page->terminal, page->out, STYLE_BOLD);
    buf_printf(page->out, "%" PRIu64, e->number);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    buf_cstr(page->out, "  ");
    terminal_time(page->out, e->arrived, TO_THE_MINUTE);
    buf_cstr(page->out, "  ");
    terminal_style(&page->terminal, page->out, style_of(e));
    buf_cstr(page->out, word_of(e));
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    if (e->place == HELD_IN_QUARANTINE)
        say_reason(page, e);
    buf_cstr(page->out, ", ");
    say_text(page, e->reference);
    page_end(page);
}

static void say_from(struct page *page, const struct held_entry *e)
{
    page_label(page, "from");
    say_text(page, e->sender.len ? e->sender : SLICE("<>"));
    if (e->author.len && !slice_eq(e->author, e->sender)) {
        buf_cstr(page->out, ", says it is ");
        say_text(page, e->author);
    }
    buf_cstr(page->out, "; ");
    say_text(page, e->client);
    page_end(page);
}

static void say_what_became(struct page *page, const struct held_entry *e)
{
    if (e->asker.len) {
        page_label(page, e->state == HELD_DELETED ? "deleted" : "released");
        terminal_time(page->out, e->asked, TO_THE_MINUTE);
        buf_cstr(page->out, " by ");
        say_asker(page, e->asker);
        page_end(page);
    }
    if (e->said.len)
        page_row(page, "heard", e->said);
    if (e->wrongly)
        page_row(page, "reported", SLICE("should not have been held"));
    if (e->state == HELD_WAITING) {
        page_label(page, "until");
        terminal_time(page->out, e->until, TO_THE_MINUTE);
        page_end(page);
    }
}

void held_page(struct buf *out, const struct held_entry *e)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    say_head(&page, e);
    say_from(&page, e);
    page_row(&page, "to", e->address);
    if (e->subject.len)
        page_row(&page, "subject", e->subject);
    page_label(&page, "size");
    buf_printf(out, "%" PRIu64 " octets", e->size);
    page_end(&page);
    say_what_became(&page, e);
}

/* ---- for programs ---- */

void held_json(struct buf *out, const struct held_entry *e)
{
    const struct {
        const char *name;
        struct slice text;
    } texts[] = {{"reference", e->reference},
                 {"client", e->client},
                 {"from", e->sender},
                 {"author", e->author},
                 {"to", e->address},
                 {"subject", e->subject},
                 {"message_id", e->message_id},
                 {"why", e->why},
                 {"rule", e->rule},
                 {"by", e->asker},
                 {"said", e->said}};
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {{"number", (int64_t)e->number},
                   {"size", (int64_t)e->size},
                   {"arrived", e->arrived},
                   {"until", e->until},
                   {"asked", e->asked},
                   {"attempt", (int64_t)e->attempt}};
    buf_char(out, '{');
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_key(out, slice_of(numbers[i].name));
        json_number(out, (double)numbers[i].number);
    }
    json_key(out, SLICE("state"));
    json_text(out, slice_of(word_of(e)));
    json_key(out, SLICE("reported_false"));
    buf_cstr(out, e->wrongly ? "true" : "false");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_key(out, slice_of(texts[i].name));
        json_text(out, texts[i].text);
    }
}
