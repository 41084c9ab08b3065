/* SPDX-License-Identifier: ISC
 * gatepostctl stats: what there was how often. */
#include "base/json.h"
#include "console/command.h"
#include "console/found.h"
#include "console/page.h"
#include "console/tally.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OUT_MAX = 16 * 1024 * 1024, ARENA_MAX = 8 * 1024 * 1024, TOP = 10, WORD_MAX = 64 };

static const char synopsis[] = "stats [--since TIME] [--until TIME] [--verdict WORD] [--client "
                               "ADDRESS] [--rule NAME]\n                         [--top N] "
                               "[--json] [--config FILE | --control SOCKET] [ADDRESS | WORDS]";

enum counted { HOURS, VERDICTS, RULES, SENDERS, RECIPIENTS, CLIENTS, LISTS, ATTACHMENTS, TABLES };

static const char *const titles[TABLES] = {
    [HOURS] = "hour",     [VERDICTS] = "verdict",      [RULES] = "rule",
    [SENDERS] = "sender", [RECIPIENTS] = "recipient",  [CLIENTS] = "client",
    [LISTS] = "list",     [ATTACHMENTS] = "attachment"};

struct stats {
    struct asking asking;
    struct control_find find;
    struct tally tables[TABLES];
    uint64_t top, records;
};

/* ---- counting ---- */

static void count_hour(struct tally *hours, int64_t ms)
{
    char word[WORD_MAX];
    struct tm utc;
    time_t seconds = (time_t)(ms / 1000);
    if (gmtime_r(&seconds, &utc) && strftime(word, sizeof word, "%Y-%m-%d %H:00 UTC", &utc))
        tally_add(hours, slice_of(word), 1);
}

/* By the network that greylisting would know it by. */
static void count_client(struct tally *clients, const struct ip *ip)
{
    char address[46], word[WORD_MAX];
    struct ip network = *ip;
    unsigned octets = ip->family == 4 ? 3 : 8;
    if (!ip->family)
        return;
    memset(network.bytes + octets, 0, sizeof network.bytes - octets);
    ip_text(&network, address);
    snprintf(word, sizeof word, "%s/%u", address, octets * 8);
    tally_add(clients, slice_of(word), 1);
}

static struct slice domain_of(struct slice address)
{
    size_t at = slice_rfind(address, '@');
    return at < address.len ? slice_from(address, at + 1) : SLICE("<>");
}

static void count_texts(struct tally *tally, const struct facts *facts, enum fact fact)
{
    const struct value *value = &facts->fact[fact];
    for (size_t i = 0; value->state == VALUE_KNOWN && i < value->list.count; i++)
        if (value->list.items[i].state == VALUE_KNOWN)
            tally_add(tally, value->list.items[i].text, 1);
}

static void count_attachments(struct tally *tally, const struct facts *facts)
{
    const struct value *value = &facts->fact[FACT_ATTACHMENTS];
    for (size_t i = 0; value->state == VALUE_KNOWN && i < value->list.count; i++) {
        const struct value *extension = &value->list.items[i].fields[attachment_extension];
        if (extension->state == VALUE_KNOWN && extension->text.len)
            tally_add(tally, extension->text, 1);
    }
}

static void count(void *ctx, const struct record *r)
{
    struct stats *stats = ctx;
    struct tally *t = stats->tables;
    stats->records++;
    count_hour(&t[HOURS], r->time);
    tally_add(&t[VERDICTS], r->verdict, 1 + (r->count > 0 ? (uint64_t)r->count - 1 : 0));
    for (size_t i = 0; i < r->rule_count; i++)
        tally_add(&t[RULES], r->rules[i], 1);
    if (r->recipient_count)
        tally_add(&t[SENDERS], domain_of(r->from), 1);
    for (size_t i = 0; i < r->recipient_count; i++)
        tally_add(&t[RECIPIENTS], r->recipients[i].address, 1);
    count_client(&t[CLIENTS], &r->client);
    if (!r->facts)
        return;
    count_texts(&t[LISTS], r->facts, FACT_DNSBL_LISTS);
    count_texts(&t[LISTS], r->facts, FACT_DOMAINS_LISTS);
    count_attachments(&t[ATTACHMENTS], r->facts);
}

/* ---- telling ---- */

/* Hours in their order, the newest first; the rest by how often. */
static int by_word(const void *a, const void *b)
{
    return strcmp(((const struct tally_entry *)b)->word, ((const struct tally_entry *)a)->word);
}

static void sort(struct stats *stats)
{
    struct tally *hours = &stats->tables[HOURS];
    for (int i = 0; i < TABLES; i++)
        tally_sort(&stats->tables[i]);
    if (hours->count)
        qsort(hours->entries, hours->count, sizeof *hours->entries, by_word);
}

static size_t shown(const struct stats *stats, int table)
{
    size_t count = stats->tables[table].count;
    return count < stats->top ? count : (size_t)stats->top;
}

static void tell_json(const struct stats *stats, struct buf *out)
{
    buf_printf(out, "{\"records\":%" PRIu64, stats->records);
    for (int table = 0; table < TABLES; table++) {
        json_key(out, slice_of(titles[table]));
        buf_char(out, '{');
        for (size_t i = 0; i < shown(stats, table); i++) {
            json_key(out, slice_of(stats->tables[table].entries[i].word));
            buf_printf(out, "%" PRIu64, stats->tables[table].entries[i].count);
        }
        buf_char(out, '}');
    }
    buf_cstr(out, "}\n");
}

static void tell_people(const struct stats *stats, struct buf *out)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    buf_printf(out, "  %" PRIu64 " records\n", stats->records);
    for (int table = 0; table < TABLES; table++) {
        for (size_t i = 0; i < shown(stats, table); i++) {
            page_label(&page, i ? "" : titles[table]);
            buf_printf(out, "%8" PRIu64 "  ", stats->tables[table].entries[i].count);
            terminal_text(out, slice_of(stats->tables[table].entries[i].word), 0);
            page_end(&page);
        }
    }
}

static void tell(const struct stats *stats)
{
    struct buf out = buf_init(OUT_MAX);
    (stats->asking.json ? tell_json : tell_people)(stats, &out);
    struct slice text = buf_slice(&out);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_release(&out);
}

/* ---- the command ---- */

static bool take_option(struct stats *stats, int letter)
{
    if (letter == 't')
        return slice_to_u64(slice_of(optarg), UINT32_MAX, &stats->top);
    return found_option(&stats->find, letter) || asking_option(&stats->asking, letter);
}

static bool take_options(struct stats *stats, int argc, char *argv[])
{
    static const struct option options[] = {
        FOUND_OPTIONS, ASKING_OPTIONS, {"top", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!take_option(stats, c))
            return false;
    if (optind < argc)
        found_by(&stats->find, argv[optind++]);
    return optind == argc;
}

int command_stats(int argc, char *argv[])
{
    struct stats stats = {.top = TOP};
    if (!take_options(&stats, argc, argv))
        return command_usage(synopsis);
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok = arena && found_each(&stats.asking, &stats.find, SIZE_MAX, arena, count, &stats);
    if (ok) {
        sort(&stats);
        tell(&stats);
    }
    for (int i = 0; i < TABLES; i++)
        tally_free(&stats.tables[i]);
    arena_free(&arena);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
