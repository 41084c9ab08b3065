/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_row.h"

#include "base/json.h"
#include "console/command.h"
#include "console/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { STRING_MOST = 255 /* of a TXT record: RFC 1035 3.3 */ };

/* ---- read ---- */

/* The octets that were read, -1 with errno. */
static ssize_t read_file(struct slice path, char *room, size_t size)
{
    char name[PATH_MAX];
    int fd = slice_to_path(path, name) ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t n = 1;
    for (; n > 0 && len<size; len += n> 0 ? (size_t)n : 0)
        n = read(fd, room + len, size - len);
    int error = errno;
    close(fd);
    errno = error;
    return n < 0 ? -1 : (ssize_t)len;
}

static const char *read_key(struct dkim_row *row)
{
    static char room[DKIM_KEY_FILE_MAX];
    ssize_t len = read_file(row->path, room, sizeof room);
    if (len < 0)
        return strerror(errno);
    const char *fault = dkim_private_read((struct slice){room, (size_t)len}, &row->key);
    explicit_bzero(room, sizeof room);
    return fault ? fault : dkim_private_flaw(&row->key);
}

void dkim_row_read(struct dkim_row *row, struct arena *arena)
{
    struct buf record = buf_init(4096);
    row->name = key_record_name(arena, row->selector, row->domain);
    row->fault = read_key(row);
    if (!row->fault && !dkim_private_record(&row->key, &record))
        row->fault = "out of memory";
    row->record = arena_copy(arena, buf_slice(&record));
    buf_release(&record);
}

static bool is_known(const struct dkim_rows *rows, struct slice domain, struct slice selector)
{
    for (size_t i = 0; i < rows->count; i++)
        if (slice_eq(rows->rows[i].domain, domain) && slice_eq(rows->rows[i].selector, selector))
            return true;
    return false;
}

static void add_domain(const struct config *config, const struct signing_domain *domain,
                       struct arena *arena, struct dkim_rows *rows)
{
    for (size_t i = domain->first; i < domain->first + domain->count; i++) {
        const struct signing_key *key = &config->signing_keys[i];
        if (is_known(rows, domain->name.text, key->selector))
            continue;
        struct dkim_row *row = &rows->rows[rows->count++];
        *row = (struct dkim_row){
            .domain = domain->name.text, .selector = key->selector, .path = key->path};
        dkim_row_read(row, arena);
    }
}

bool dkim_rows_of(const struct config *config, const char *domain, struct arena *arena,
                  struct dkim_rows *rows)
{
    struct domain_name name = {{NULL, 0}};
    size_t room = config->signing_domain_count * SIGNING_KEYS_MAX;
    const char *flaw = domain ? domain_name_make(arena, slice_of(domain), &name) : NULL;
    *rows = (struct dkim_rows){.rows = arena_array(arena, room + 1, sizeof *rows->rows)};
    if (flaw || !rows->rows)
        return command_error(domain, flaw ? flaw : "out of memory"), false;
    for (size_t i = 0; i < config->signing_domain_count; i++) {
        const struct signing_domain *one = &config->signing_domains[i];
        if (!domain || slice_eq(one->name.text, name.text))
            add_domain(config, one, arena, rows);
    }
    if (rows->count == 0)
        command_error(domain ? domain : "dkim", "the configuration has no key that signs for it");
    return rows->count > 0;
}

void dkim_rows_free(struct dkim_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        dkim_private_free(&rows->rows[i].key);
    rows->count = 0;
}

/* ---- said ---- */

static const char *kind_of(const struct dkim_row *row)
{
    return row->key.algorithm == DKIM_RSA_SHA256 ? "RSA" : "Ed25519";
}

/* In strings that are no longer than a TXT record's may be. */
static void say_zone(struct buf *out, const struct dkim_row *row)
{
    buf_printf(out, "%.*s. IN TXT (", SLICE_ARGS(row->name));
    for (struct slice rest = row->record; rest.len; rest = slice_from(rest, STRING_MOST))
        buf_printf(out, " \"%.*s\"", SLICE_ARGS(slice_sub(rest, 0, STRING_MOST)));
    buf_cstr(out, " )");
}

void dkim_row_say(struct buf *out, const struct dkim_row *row)
{
    buf_printf(out, "%.*s\n  key     ", SLICE_ARGS(row->name));
    terminal_text(out, row->path, 0);
    if (row->fault) {
        buf_printf(out, "\n  unusable: %s\n", row->fault);
        return;
    }
    buf_printf(out, " (%s, %u bits)\n  zone    ", kind_of(row), row->key.bits);
    say_zone(out, row);
    buf_printf(out, "\n  type    TXT\n  name    %.*s\n  value   %.*s\n", SLICE_ARGS(row->name),
               SLICE_ARGS(row->record));
}

static void member(struct buf *out, const char *key, struct slice text)
{
    json_key(out, slice_of(key));
    json_text(out, text);
}

void dkim_row_json(struct buf *out, const struct dkim_row *row)
{
    struct buf zone = buf_init(8192);
    member(out, "domain", row->domain);
    member(out, "selector", row->selector);
    member(out, "name", row->name);
    member(out, "key", row->path);
    if (row->fault) {
        member(out, "fault", slice_of(row->fault));
        return;
    }
    member(out, "algorithm", slice_of(dkim_algorithm_word(row->key.algorithm)));
    json_key(out, SLICE("bits"));
    json_number(out, row->key.bits);
    member(out, "record", row->record);
    say_zone(&zone, row);
    member(out, "zone", buf_slice(&zone));
    buf_release(&zone);
}

void dkim_rows_statement(struct buf *out, const struct dkim_rows *rows)
{
    buf_printf(out, "dkim \"%.*s\" {\n", SLICE_ARGS(rows->rows[0].domain));
    for (size_t i = 0; i < rows->count; i++) {
        buf_printf(out, "    selector \"%.*s\" key \"", SLICE_ARGS(rows->rows[i].selector));
        terminal_text(out, rows->rows[i].path, 0);
        buf_cstr(out, "\"\n");
    }
    buf_cstr(out, "}\n");
}
