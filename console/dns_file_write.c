/* SPDX-License-Identifier: ISC */
#include "console/dns_file.h"

#include "base/utf8.h"

enum { TEXT_MAX = 4 * 65535 };

struct writer {
    json_t *map;
    bool failed;
};

static const char *type_word(enum dns_type type)
{
    switch (type) {
    case DNS_A:
        return "A";
    case DNS_CNAME:
        return "CNAME";
    case DNS_PTR:
        return "PTR";
    case DNS_MX:
        return "MX";
    case DNS_TXT:
        return "TXT";
    case DNS_AAAA:
        return "AAAA";
    }
    return NULL;
}

/* Bytes become characters. */
static json_t *text_json(struct slice bytes)
{
    struct buf text = buf_init(TEXT_MAX);
    json_t *out = NULL;
    for (size_t i = 0; i < bytes.len; i++)
        utf8_append(&text, (unsigned char)bytes.ptr[i]);
    if (!text.failed)
        out = json_stringn(bytes.len ? buf_slice(&text).ptr : "", buf_len(&text));
    buf_release(&text);
    return out;
}

/* "NONE" would mean that there is no text: a list of strings never does. */
static json_t *txt_json(struct slice bytes)
{
    json_t *text = text_json(bytes);
    return slice_eq(bytes, SLICE("NONE")) ? json_pack("[o]", text) : text;
}

static json_t *ip_json(const struct ip *ip)
{
    char text[46];
    ip_text(ip, text);
    return text_json(slice_of(text));
}

static json_t *value_json_of(enum dns_type type, const struct dns_record *record)
{
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        return ip_json(&record->ip);
    case DNS_MX:
        return json_pack("[io]", (int)record->preference, text_json(record->text));
    case DNS_TXT:
        return txt_json(record->text);
    default:
        return text_json(record->text);
    }
}

/* The list of a name, made when it is not there yet. */
static json_t *records_of(struct writer *w, struct slice name)
{
    json_t *key = text_json(name), *records = NULL;
    const char *text = json_string_value(key);
    if (text && (records = json_object_get(w->map, text)) == NULL) {
        records = json_array();
        if (json_object_set_new(w->map, text, records) != 0)
            records = NULL;
    }
    json_decref(key);
    return records;
}

static bool append(json_t *records, const char *type, json_t *value)
{
    return json_array_append_new(records, json_pack("{ssso}", "type", type, "value", value)) == 0;
}

static bool append_record(json_t *records, enum dns_type type, const struct dns_answer *answer,
                          size_t i)
{
    json_t *record = json_pack("{ssso}", "type", type_word(type), "value",
                               value_json_of(type, &answer->records[i]));
    if (answer->authenticated && json_object_set_new(record, "dnssec", json_true()) != 0) {
        json_decref(record);
        return false;
    }
    return json_array_append_new(records, record) == 0;
}

static const char *failure_word(enum dns_status status)
{
    return status == DNS_FAILED ? "SERVFAIL" : status == DNS_UNASKED ? "UNASKED" : "TIMEOUT";
}

static void write_answer(void *context, struct slice name, enum dns_type type,
                         const struct dns_answer *answer)
{
    struct writer *w = context;
    const char *word = type_word(type);
    if (answer->status == DNS_NO_NAME || !word)
        return;
    json_t *records = records_of(w, name);
    bool ok = records != NULL;
    if (dns_failed(answer))
        ok = ok && append(records, failure_word(answer->status), text_json(slice_of(word)));
    for (size_t i = 0; ok && answer->status == DNS_FOUND && i < answer->count; i++)
        ok = append_record(records, type, answer, i);
    w->failed = w->failed || !ok;
}

/* Servers there are that deny a name for one type and know it for another. */
static void write_denial(void *context, struct slice name, enum dns_type type,
                         const struct dns_answer *answer)
{
    struct writer *w = context;
    const char *word = type_word(type);
    if (answer->status != DNS_NO_NAME || !word)
        return;
    json_t *key = text_json(name);
    json_t *records = json_object_get(w->map, json_string_value(key));
    if (records && !append(records, "NXDOMAIN", text_json(slice_of(word))))
        w->failed = true;
    json_decref(key);
}

static int append_text(const char *text, size_t len, void *out)
{
    return buf_append(out, (struct slice){text, len}) ? 0 : -1;
}

bool dns_file_write(const struct dns_answers *table, struct buf *out)
{
    struct writer w = {.map = json_object()};
    if (w.map) {
        dns_answers_each(table, write_answer, &w);
        dns_answers_each(table, write_denial, &w);
    }
    bool ok = w.map && !w.failed &&
              json_dump_callback(w.map, append_text, out, JSON_INDENT(1) | JSON_SORT_KEYS) == 0;
    json_decref(w.map);
    return ok && buf_char(out, '\n');
}
