/* SPDX-License-Identifier: ISC */
#include "console/dns_file.h"

#include "base/utf8.h"

#include <arpa/inet.h>

enum { CNAMES_MAX = 10, TEXT_MAX = 65535 };

static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_PTR, DNS_CNAME};
enum { TYPES = sizeof types / sizeof *types };

struct dns_loader {
    struct arena *arena;
    const json_t *map; /* its names folded, and in bytes */
    const char *name;  /* being read */
    const char *error;
};

static const struct {
    const char *word;
    enum dns_type type;
} type_words[] = {{"A", DNS_A},     {"AAAA", DNS_AAAA}, {"MX", DNS_MX},      {"TXT", DNS_TXT},
                  {"SPF", DNS_TXT}, {"PTR", DNS_PTR},   {"CNAME", DNS_CNAME}};

static bool complain(struct dns_loader *l, const char *what)
{
    struct slice text = arena_printf(l->arena, "%s: %s", l->name, what);
    l->error = text.ptr ? text.ptr : "out of memory";
    return false;
}

static bool is_string(const json_t *value, const char *word)
{
    return json_is_string(value) && slice_eq(slice_of(json_string_value(value)), slice_of(word));
}

static const json_t *kind_of(const json_t *record)
{
    return json_object_get(record, "type");
}

static bool is_of_type(const json_t *record, enum dns_type type)
{
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++)
        if (type_words[i].type == type && is_string(kind_of(record), type_words[i].word))
            return true;
    return false;
}

/* ---- values ---- */

/* Characters become bytes. */
static bool add_bytes(struct dns_loader *l, const json_t *value, struct buf *out)
{
    struct slice text = {json_string_value(value), json_string_length(value)};
    if (!json_is_string(value))
        return complain(l, "expected a string");
    while (text.len) {
        uint32_t code;
        size_t taken = utf8_next(text, &code);
        if (taken == 0 || code > 0xff)
            return complain(l, "a character above U+00FF");
        if (!buf_char(out, (char)(unsigned char)code))
            return complain(l, "too long");
        text = slice_from(text, taken);
    }
    return true;
}

static bool read_text(struct dns_loader *l, const json_t *value, struct slice *out)
{
    struct buf joined = buf_init(TEXT_MAX);
    size_t i;
    json_t *part;
    bool ok = true;
    if (json_is_array(value)) {
        json_array_foreach(value, i, part) {
            ok = ok && add_bytes(l, part, &joined);
        }
    } else {
        ok = add_bytes(l, value, &joined);
    }
    if (ok)
        *out = arena_copy(l->arena, buf_slice(&joined));
    buf_release(&joined);
    return ok && (out->ptr || complain(l, "out of memory"));
}

static bool read_name(struct dns_loader *l, const json_t *value, struct slice *out)
{
    if (!read_text(l, value, out))
        return false;
    char *name = arena_cstr(l->arena, *out);
    if (!name)
        return complain(l, "out of memory");
    for (size_t i = 0; i < out->len; i++)
        name[i] = ascii_lower(name[i]);
    bool rooted = out->len && name[out->len - 1] == '.';
    *out = (struct slice){name, out->len - rooted};
    return true;
}

static bool read_mx(struct dns_loader *l, const json_t *value, struct dns_record *out)
{
    const json_t *preference = json_array_get(value, 0);
    json_int_t number = json_integer_value(preference);
    if (json_array_size(value) != 2 || !json_is_integer(preference) || number < 0 ||
        number > UINT16_MAX)
        return complain(l, "an MX is [preference, name]");
    out->preference = (uint16_t)number;
    return read_name(l, json_array_get(value, 1), &out->text);
}

static bool read_ip(struct dns_loader *l, const json_t *value, uint8_t family, struct ip *out)
{
    struct slice text;
    if (!read_text(l, value, &text))
        return false;
    int af = family == 4 ? AF_INET : AF_INET6;
    out->family = family;
    if (slice_find(text, '\0') < text.len || inet_pton(af, text.ptr, out->bytes) != 1)
        return complain(l, "not an address");
    return true;
}

static bool read_record(struct dns_loader *l, const json_t *record, enum dns_type type,
                        struct dns_record *out)
{
    const json_t *value = json_object_get(record, "value");
    switch (type) {
    case DNS_A:
        return read_ip(l, value, 4, &out->ip);
    case DNS_AAAA:
        return read_ip(l, value, 6, &out->ip);
    case DNS_MX:
        return read_mx(l, value, out);
    case DNS_TXT:
        return read_text(l, value, &out->text);
    default:
        return read_name(l, value, &out->text);
    }
}

/* ---- answers ---- */

static bool has_own_txt(const json_t *records)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        if (is_string(kind_of(record), "TXT"))
            return true;
    }
    return false;
}

static bool answers(const json_t *record, enum dns_type type, bool own_txt)
{
    if (!is_of_type(record, type))
        return false;
    if (type == DNS_TXT && own_txt && is_string(kind_of(record), "SPF"))
        return false;
    return !(is_string(kind_of(record), "TXT") &&
             is_string(json_object_get(record, "value"), "NONE"));
}

static const struct {
    const char *word;
    enum dns_status status;
} status_words[] = {{"TIMEOUT", DNS_TIMED_OUT},
                    {"SERVFAIL", DNS_FAILED},
                    {"UNASKED", DNS_UNASKED},
                    {"NXDOMAIN", DNS_NO_NAME}};

/* DNS_NO_DATA: it is none of them. */
static enum dns_status status_of(const json_t *record)
{
    for (size_t i = 0; i < sizeof status_words / sizeof *status_words; i++)
        if (is_string(kind_of(record), status_words[i].word))
            return status_words[i].status;
    return DNS_NO_DATA;
}

/* What is said for a type that has no records: DNS_NO_DATA, or a failure. */
static enum dns_status status_without(const json_t *records, enum dns_type type)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        enum dns_status status = status_of(record);
        const json_t *only = json_object_get(record, "value");
        for (size_t k = 0; status != DNS_NO_DATA && k < sizeof type_words / sizeof *type_words; k++)
            if (!only || (type_words[k].type == type && is_string(only, type_words[k].word)))
                return status;
    }
    return DNS_NO_DATA;
}

static const json_t *records_of(struct dns_loader *l, struct slice name)
{
    const char *key = arena_cstr(l->arena, name);
    return key ? json_object_get(l->map, key) : NULL;
}

static bool answer_here(struct dns_loader *l, const json_t *records, enum dns_type type,
                        struct dns_answer *out)
{
    size_t i;
    json_t *record;
    bool own_txt = has_own_txt(records), ok = true;
    *out = (struct dns_answer){.status = DNS_NO_NAME};
    if (!records)
        return true;
    out->records = arena_array(l->arena, json_array_size(records), sizeof *out->records);
    if (!out->records)
        return complain(l, "out of memory");
    out->authenticated = true;
    json_array_foreach(records, i, record) {
        if (!ok || !answers(record, type, own_txt))
            continue;
        ok = read_record(l, record, type, &out->records[out->count++]);
        out->authenticated &= json_is_true(json_object_get(record, "dnssec"));
    }
    out->authenticated &= out->count > 0;
    out->status = out->count ? DNS_FOUND : status_without(records, type);
    return ok;
}

/* Too long a chain of CNAMEs, or a circle, fails as it does with a resolver. */
static bool answer_for(struct dns_loader *l, const json_t *records, enum dns_type type,
                       struct dns_answer *out)
{
    for (unsigned hop = 0; hop <= CNAMES_MAX; hop++) {
        struct dns_answer alias;
        if (!answer_here(l, records, type, out))
            return false;
        if (out->status != DNS_NO_DATA || type == DNS_CNAME)
            return true;
        if (!answer_here(l, records, DNS_CNAME, &alias))
            return false;
        if (alias.status != DNS_FOUND)
            return true;
        records = records_of(l, alias.records[0].text);
    }
    *out = (struct dns_answer){.status = DNS_FAILED};
    return true;
}

static bool is_known(const json_t *record)
{
    for (size_t i = 0; i < TYPES; i++)
        if (is_of_type(record, types[i]))
            return true;
    return status_of(record) != DNS_NO_DATA;
}

static bool check_records(struct dns_loader *l, const json_t *records)
{
    size_t i;
    json_t *record;
    if (!json_is_array(records))
        return complain(l, "expected a list of records");
    json_array_foreach(records, i, record) {
        if (!is_known(record))
            return complain(l, "a record without a known type");
    }
    return true;
}

static bool add_name(struct dns_loader *l, const json_t *records, struct dns_answers *table)
{
    struct dns_answer answer;
    struct slice name = arena_copy(l->arena, slice_of(l->name));
    if (!name.ptr)
        return complain(l, "out of memory");
    for (size_t i = 0; i < TYPES; i++)
        if (!answer_for(l, records, types[i], &answer))
            return false;
        else if (!dns_answers_add(table, name, types[i], &answer))
            return complain(l, "out of memory");
    return true;
}

/* A name may stand there twice, in letters of both cases. */
static bool add_records(json_t *folded, const char *name, json_t *records)
{
    json_t *before = name ? json_object_get(folded, name) : NULL;
    if (!before)
        return name && json_object_set_nocheck(folded, name, records) == 0;
    json_t *both = json_copy(before);
    bool ok = both && json_array_extend(both, records) == 0;
    return json_object_set_new_nocheck(folded, name, both) == 0 && ok;
}

/* Names become bytes, lower case, without a final dot. */
static json_t *fold_names(struct dns_loader *l, const json_t *map)
{
    json_t *folded = json_object();
    const char *key;
    json_t *records;
    json_object_foreach((json_t *)(uintptr_t)map, key, records) {
        struct slice name = {NULL, 0};
        json_t *text = json_stringn(key, slice_of(key).len);
        l->name = key;
        bool ok = folded && check_records(l, records) && read_name(l, text, &name);
        json_decref(text);
        if (!ok || !add_records(folded, arena_cstr(l->arena, name), records)) {
            json_decref(folded);
            return NULL;
        }
    }
    return folded;
}

struct dns_answers *dns_file_load(struct arena *arena, const json_t *map, const char **error)
{
    struct dns_loader l = {.arena = arena, .name = "", .error = "out of memory"};
    struct dns_answers *table = dns_answers_new(arena);
    json_t *folded = json_is_object(map) ? fold_names(&l, map) : NULL, *records;
    bool ok = table && folded;
    if (!json_is_object(map))
        l.error = "expected a map of names to lists of records";
    l.map = folded;
    json_object_foreach(folded, l.name, records) {
        ok = ok && add_name(&l, records, table);
    }
    json_decref(folded);
    *error = ok ? NULL : l.error;
    if (ok)
        dns_answers_close(table);
    return ok ? table : NULL;
}

struct dns_answers *dns_file_parse(struct arena *arena, struct slice json, const char **error)
{
    json_error_t where;
    json_t *map = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &where);
    if (!map) {
        struct slice text = arena_printf(arena, "line %d: %s", where.line, where.text);
        *error = text.ptr ? text.ptr : "out of memory";
        return NULL;
    }
    struct dns_answers *table = dns_file_load(arena, map, error);
    json_decref(map);
    return table;
}
