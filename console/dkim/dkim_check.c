/* SPDX-License-Identifier: ISC
 * gatepostctl dkim check: whether what is published belongs to the keys that are configured, and
 * verifies what they sign; and what the running gateway signs. */
#include "base/json.h"
#include "console/command.h"
#include "console/dkim/dkim_message.h"
#include "console/dkim/dkim_published.h"
#include "console/dkim/dkim_sample.h"
#include "console/interrupt.h"
#include "console/terminal.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 256 * 1024 * 1024, OUT_MAX = 16 * 1024 * 1024 };

static const char synopsis[] =
    "dkim check [--config FILE] [--resolver ADDRESS] [--json] [DOMAIN | --message FILE]";

struct checking {
    const struct dkim_options *options;
    struct config *config;
    struct arena *arena;
    struct dkim_dns dns;
    struct dkim_rows rows;
    struct dkim_samples samples;
    struct buf out;
    bool wrong, unsure; /* something is; something could not be looked at, or is not in use yet */
};

static const char not_loaded[] =
    "the gateway does not sign with this key: reload it when the key is published";
static const char not_named[] =
    "the gateway signs with this key, which the configuration does not name: reload it";

/* Some of it may be a gateway's word. */
static void say_line(struct checking *c, const char *how, struct slice name, const char *what)
{
    buf_printf(&c->out, "%-5s ", how);
    terminal_text(&c->out, name, 0);
    buf_cstr(&c->out, *what ? ": " : "");
    terminal_text(&c->out, slice_of(what), 0);
    buf_char(&c->out, '\n');
}

/* What a verifier finds of what the gateway signs, as text: "fail: ..." */
static const char *verdict_text(struct checking *c, const struct dkim_verdict *verdict)
{
    return arena_cstr(c->arena,
                      ARENA_JOIN(c->arena, slice_of(verdict->result),
                                 verdict->reason.len ? SLICE(": ") : SLICE(""), verdict->reason));
}

/* ---- a key that the configuration names ---- */

struct row_found {
    struct dkim_finding published;
    const struct dkim_verdict
        *signed_; /* NULL: the gateway does not sign with it, or was not asked */
    struct slice message;
};

static void say_published(struct checking *c, const struct dkim_row *row,
                          const struct dkim_finding *found)
{
    const char *what = found->wrong ? found->wrong : found->note ? found->note : "";
    say_line(c, found->wrong ? "WRONG" : found->note ? "NOTE" : "ok", row->name, what);
    if (found->wrong && !row->fault)
        dkim_row_say(&c->out, row);
}

static void say_signed(struct checking *c, struct slice name, const struct dkim_verdict *verdict)
{
    if (verdict->passes) {
        say_line(c, "ok", name, "what the gateway signs with it verifies");
        return;
    }
    struct slice why =
        ARENA_JOIN(c->arena, SLICE("what the gateway signs with it does not verify: "),
                   slice_of(verdict_text(c, verdict)));
    say_line(c, "WRONG", name, arena_cstr(c->arena, why));
}

static void say_row(struct checking *c, const struct dkim_row *row, const struct row_found *found)
{
    say_published(c, row, &found->published);
    if (found->signed_)
        say_signed(c, row->name, found->signed_);
    else if (c->samples.asked && !c->samples.trouble[0])
        say_line(c, "NOTE", row->name, not_loaded);
}

static void json_signed(struct checking *c, const struct dkim_verdict *verdict,
                        struct slice message)
{
    json_key(&c->out, SLICE("signed"));
    json_text(&c->out, slice_of(!verdict          ? "no"
                                : verdict->passes ? "ok"
                                                  : verdict_text(c, verdict)));
    if (!verdict)
        return;
    json_key(&c->out, SLICE("message"));
    json_text(&c->out, message);
}

static void say_row_json(struct checking *c, const struct dkim_row *row,
                         const struct row_found *found)
{
    const char *wrong = found->published.wrong, *note = found->published.note;
    buf_char(&c->out, '{');
    dkim_row_json(&c->out, row);
    json_key(&c->out, SLICE("published"));
    json_text(&c->out, slice_of(wrong ? wrong : "ok"));
    if (c->samples.asked && (found->signed_ || !c->samples.trouble[0]))
        json_signed(c, found->signed_, found->message);
    if (note) {
        json_key(&c->out, SLICE("note"));
        json_text(&c->out, slice_of(note));
    }
    buf_cstr(&c->out, "}\n");
}

static void check_row(struct checking *c, const struct dkim_row *row)
{
    struct row_found found = {.published = dkim_published(&c->dns, row)};
    if (!row->fault)
        found.signed_ =
            dkim_samples_find(&c->samples, row->domain, row->selector,
                              slice_of(dkim_algorithm_word(row->key.algorithm)), &found.message);
    c->wrong |= found.published.wrong || (found.signed_ && !found.signed_->passes);
    c->unsure |= !found.signed_;
    (c->options->json ? say_row_json : say_row)(c, row, &found);
}

/* ---- a key that the gateway has, and the configuration does not ---- */

static bool is_named(const struct checking *c, const struct dkim_verdict *verdict)
{
    for (size_t i = 0; i < c->rows.count; i++) {
        const struct dkim_row *row = &c->rows.rows[i];
        if (slice_eq(row->domain, verdict->domain) && slice_eq(row->selector, verdict->selector) &&
            (row->fault ||
             slice_eq(slice_of(dkim_algorithm_word(row->key.algorithm)), verdict->algorithm)))
            return true;
    }
    return false;
}

static void say_other_json(struct checking *c, struct slice name,
                           const struct dkim_verdict *verdict, struct slice message)
{
    const struct {
        const char *key;
        struct slice text;
    } members[] = {{"domain", verdict->domain},
                   {"selector", verdict->selector},
                   {"name", name},
                   {"algorithm", verdict->algorithm}};
    buf_char(&c->out, '{');
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_key(&c->out, slice_of(members[i].key));
        json_text(&c->out, members[i].text);
    }
    json_signed(c, verdict, message);
    json_key(&c->out, SLICE("note"));
    json_text(&c->out, slice_of(not_named));
    buf_cstr(&c->out, "}\n");
}

static void check_other(struct checking *c, const struct dkim_verdict *verdict,
                        struct slice message)
{
    struct slice name = key_record_name(c->arena, verdict->selector, verdict->domain);
    c->unsure = true;
    c->wrong |= !verdict->passes;
    if (c->options->json) {
        say_other_json(c, name, verdict, message);
        return;
    }
    say_line(c, "NOTE", name, not_named);
    say_signed(c, name, verdict);
}

static void check_others(struct checking *c)
{
    for (size_t i = 0; i < c->samples.count; i++) {
        const struct dkim_sample *sample = &c->samples.each[i];
        for (size_t k = 0; k < sample->verdicts.count; k++)
            if (!is_named(c, &sample->verdicts.each[k]))
                check_other(c, &sample->verdicts.each[k], sample->message);
    }
}

/* ---- all ---- */

static void write_out(const struct checking *c, FILE *to)
{
    fwrite(buf_slice(&c->out).ptr, 1, buf_len(&c->out), to);
}

/* On stderr with --json, where each line is a key. */
static void say_samples(struct checking *c)
{
    const char *what = c->samples.trouble;
    if (!*what)
        return;
    c->unsure |= !c->samples.asked;
    c->wrong |= c->samples.asked;
    buf_clear(&c->out);
    say_line(c, c->samples.asked ? "WRONG" : "NOTE",
             c->samples.asked ? SLICE("what the gateway signs cannot be had")
                              : SLICE("what the gateway signs was not looked at"),
             what);
    write_out(c, c->options->json ? stderr : stdout);
}

static void check_all(struct checking *c)
{
    struct slice one = c->options->domain ? c->rows.rows[0].domain : (struct slice){NULL, 0};
    dkim_samples_get(&c->samples, c->config, one, &c->dns, c->arena);
    for (size_t i = 0; i < c->rows.count; i++)
        check_row(c, &c->rows.rows[i]);
    check_others(c);
    write_out(c, stdout);
    c->wrong |= c->out.failed;
    say_samples(c);
}

static int run(const struct dkim_options *options, struct config *config, struct arena *arena)
{
    struct checking c = {
        .options = options, .config = config, .arena = arena, .out = buf_init(OUT_MAX)};
    bool ok = dkim_rows_of(config, options->domain, arena, &c.rows) &&
              dkim_dns_begin(&c.dns, options, config, arena);
    if (ok)
        check_all(&c);
    dkim_dns_end(&c.dns);
    dkim_rows_free(&c.rows);
    ok = ok && !c.out.failed;
    buf_release(&c.out);
    return !ok || c.wrong ? STATUS_ERROR : c.unsure ? STATUS_UNSURE : STATUS_FINE;
}

int command_dkim_check(int argc, char *argv[])
{
    struct dkim_options options;
    struct configuration configuration;
    if (!dkim_options_read(argc, argv, "cjrm", &options) || (options.domain && options.message))
        return command_usage(synopsis);
    if (!dkim_options_open(&options, &configuration))
        return STATUS_ERROR;
    struct arena *arena = arena_new(ARENA_MAX);
    int status = STATUS_ERROR;
    interrupt_catch();
    if (arena)
        status = (options.message ? dkim_message : run)(&options, configuration.config, arena);
    arena_free(&arena);
    configuration_close(&configuration);
    interrupt_end();
    return status;
}
