/* SPDX-License-Identifier: ISC
 * gatepostctl export: all that is kept about somebody, as the law lets him ask for. */
#include "console/command.h"
#include "console/found.h"
#include "console/gateway.h"
#include "console/held.h"
#include "console/held_page.h"
#include "console/listed.h"
#include "console/opined.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { ARENA_MAX = 8 * 1024 * 1024, OUT_MAX = 16 * 1024 * 1024 };

static const char synopsis[] = "export [--config FILE | --control SOCKET] ADDRESS";

struct export
{
    struct asking asking;
    struct slice address;
    enum held_place place; /* that is asked */
    struct buf out;
};

/* An object in a line, whose one member says what it is. */
static void begin(struct export *export, const char *kind)
{
    buf_clear(&export->out);
    buf_printf(&export->out, "{\"%s\":", kind);
}

static void end(struct export *export)
{
    buf_cstr(&export->out, "}\n");
    struct slice text = buf_slice(&export->out);
    fwrite(text.ptr, 1, text.len, stdout);
}

/* ---- records: of those that tell of him by a hash the gateway alone knows it ---- */

static void take_record(void *ctx, const struct record *record)
{
    struct export *export = ctx;
    begin(export, "record");
    record_json(&export->out, record);
    end(export);
}

static bool export_records(struct export *export)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct control_find find = {.text = export->address, .whole = true};
    bool ok = arena && found_each(&export->asking, &find, SIZE_MAX, arena, take_record, export);
    arena_free(&arena);
    return ok;
}

/* ---- what is held ---- */

static bool is_his(const struct export *export, const struct held_entry *entry)
{
    return slice_ieq(entry->address, export->address) ||
           slice_ieq(entry->sender, export->address) || slice_ieq(entry->author, export->address);
}

static void take_held(void *ctx, const struct held_entry *entry)
{
    struct export *export = ctx;
    if (!is_his(export, entry))
        return;
    begin(export, export->place == HELD_IN_JOURNAL ? "journal" : "held");
    held_json(&export->out, entry);
    buf_char(&export->out, '}');
    end(export);
}

static bool export_held(struct export *export, int sock)
{
    bool ok = true;
    for (export->place = 0; export->place < HELD_PLACES; export->place++) {
        struct held_query query = {.place = export->place, .text = export->address, .all = true};
        ok = held_each(sock, &query, SIZE_MAX, take_held, export) && ok;
    }
    return ok;
}

/* ---- the lists ---- */

static void take_listed(void *ctx, const struct list_entry *entry)
{
    struct export *export = ctx;
    if (!slice_ieq(entry->sender, export->address) && !slice_ieq(entry->scope, export->address))
        return;
    begin(export, "listed");
    listed_json(&export->out, entry);
    end(export);
}

/* ---- what he thinks of messages ---- */

static void take_opinion(void *ctx, const struct opinion *opinion)
{
    struct export *export = ctx;
    begin(export, "opinion");
    opined_json(&export->out, opinion);
    end(export);
}

/* ---- the command ---- */

/* Of a gateway that holds nothing nothing is asked. */
static bool export_rest(struct export *export)
{
    json_t *status = gateway_ask(&export->asking);
    bool holds = json_is_object(json_object_get(status, "quarantine"));
    int sock = status ? ask_connect(&export->asking) : -1;
    bool ok = sock >= 0 && (!holds || export_held(export, sock));
    ok = sock >= 0 && listed_each(sock, take_listed, export) && ok;
    ok = sock >= 0 && opined_each(sock, export->address, take_opinion, export) && ok;
    if (sock >= 0)
        close(sock);
    json_decref(status);
    return ok;
}

int command_export(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct export export = {.asking = {.json = true}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&export.asking, c))
            return command_usage(synopsis);
    if (optind + 1 != argc)
        return command_usage(synopsis);
    export.address = slice_of(argv[optind]);
    export.out = buf_init(OUT_MAX);
    bool ok = export_records(&export);
    ok = export_rest(&export) && ok;
    buf_release(&export.out);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
