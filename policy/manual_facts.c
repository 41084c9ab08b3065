/* SPDX-License-Identifier: ISC */
#include "policy/manual.h"
#include "policy/manual_text.h"

#include "policy/facts.h"
#include "policy/types.h"

#include <string.h>

enum { PREFIXES = 12 };

static const struct topic {
    const char *title;
    const char *prefixes[PREFIXES + 1];
} topics[] = {
#define TOPIC(title, ...) {title, {__VA_ARGS__}},
#include "policy/manual_topics.def"
#undef TOPIC
};

enum { TOPICS = sizeof topics / sizeof *topics };

static size_t longest_prefix(const struct topic *topic, struct slice name)
{
    size_t longest = 0;
    for (size_t i = 0; topic->prefixes[i]; i++) {
        struct slice prefix = slice_of(topic->prefixes[i]);
        if (prefix.len > longest && slice_starts(name, prefix))
            longest = prefix.len;
    }
    return longest;
}

static const struct topic *topic_of(const struct fact_info *info)
{
    const struct topic *found = &topics[TOPICS - 1];
    size_t longest = 0;
    for (size_t i = 0; i < TOPICS; i++) {
        size_t len = longest_prefix(&topics[i], slice_of(info->name));
        if (len > longest) {
            longest = len;
            found = &topics[i];
        }
    }
    return found;
}

static const char *const type_words[] = {
    [TYPE_BOOL] = "boolean",    [TYPE_NUMBER] = "number", [TYPE_TEXT] = "text",
    [TYPE_ADDRESS] = "address", [TYPE_DOMAIN] = "domain", [TYPE_IP] = "IP address",
    [TYPE_NETWORK] = "network", [TYPE_SIZE] = "size",     [TYPE_DURATION] = "duration",
    [TYPE_TIME] = "time",
};

/* Of a list, what it is made of. */
static const char *type_name(const struct type *type)
{
    const struct type *one = type->kind == TYPE_LIST ? type->element : type;
    if (one->kind == TYPE_ENUM)
        return one->words->name;
    return one->kind == TYPE_RECORD ? one->record->name : type_words[one->kind];
}

/* "text", "dkim_result"; "texts", "likenesses". */
static void append_type(struct buf *out, const struct type *type)
{
    const char *name = type_name(type);
    buf_cstr(out, name);
    if (type->kind == TYPE_LIST)
        buf_cstr(out, name[strlen(name) - 1] == 's' ? "es" : "s");
}

/* header["Name"], dnsbl.listed("zone"), rate(...) */
static const char *arguments(const struct fact_info *info)
{
    if (!info->keyed)
        return "";
    if (info->producer == PRODUCER_RATE)
        return "(...)";
    return info->type.kind == TYPE_LIST ? "[\\(dqName\\(dq]" : "(\\(dqzone\\(dq)";
}

/* "message*": unknown, it defers. */
static void append_phase(struct buf *out, const struct fact_info *info)
{
    buf_cstr(out, info->producer == PRODUCER_RATE ? "event" : phase_word(info->phase));
    if (info->on_unknown == ON_UNKNOWN_DEFER)
        buf_char(out, '*');
}

static void append_fact(struct buf *out, const struct fact_info *info)
{
    buf_printf(out, ".It Va %s%s Ta ", info->name, arguments(info));
    append_type(out, &info->type);
    buf_cstr(out, " Ta ");
    append_phase(out, info);
    buf_cstr(out, " Ta\n");
    manual_line(out, info->doc);
}

static const char *wider(const char *a, const char *b)
{
    return strlen(b) > strlen(a) ? b : a;
}

/* Columns as wide as their widest word. */
static void open_topic(struct buf *out, const struct topic *topic)
{
    const char *name = "fact", *type = "type";
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        const struct fact_info *info = fact_info((enum fact)i);
        if (topic_of(info) != topic)
            continue;
        name = wider(name, info->name);
        type = wider(type, type_name(&info->type));
    }
    buf_printf(out, ".Ss %s\n.Bl -column \"%s\" \"%ss\" \"message*\"\n", topic->title, name, type);
    buf_cstr(out, ".It Em fact Ta Em type Ta Em from Ta Em what it tells\n");
}

void manual_facts(struct buf *out)
{
    for (size_t t = 0; t < TOPICS; t++) {
        open_topic(out, &topics[t]);
        for (unsigned i = 0; i < FACT_COUNT; i++)
            if (topic_of(fact_info((enum fact)i)) == &topics[t])
                append_fact(out, fact_info((enum fact)i));
        buf_cstr(out, ".El\n");
    }
}

static void append_record(struct buf *out, const struct record_type *record)
{
    const char *name = "field", *type = "type";
    for (size_t j = 0; j < record->count; j++) {
        name = wider(name, record->fields[j].name);
        type = wider(type, type_name(&record->fields[j].type));
    }
    buf_printf(out, ".Ss Fields of each %s\n.Bl -column \"%s\" \"%ss\"\n", record->name, name,
               type);
    buf_cstr(out, ".It Em field Ta Em type Ta Em what it tells\n");
    for (size_t j = 0; j < record->count; j++) {
        buf_printf(out, ".It Va %s Ta ", record->fields[j].name);
        append_type(out, &record->fields[j].type);
        buf_cstr(out, " Ta\n");
        manual_line(out, record_field_doc(record, j));
    }
    buf_cstr(out, ".El\n");
}

void manual_records(struct buf *out)
{
    for (unsigned i = 0; i < RECORD_COUNT; i++)
        append_record(out, &record_types[i]);
    buf_cstr(out, ".Ss Words\n.Bl -column \"dmarc_policy\"\n.It Em type Ta Em its words\n");
    for (unsigned i = 0; i < WORDS_COUNT; i++) {
        buf_printf(out, ".It %s Ta\n", enum_types[i].name);
        for (size_t j = 0; j < enum_types[i].count; j++)
            buf_printf(out, ".Cm %s%s\n", enum_types[i].words[j],
                       j + 1 < enum_types[i].count ? " ," : "");
    }
    buf_cstr(out, ".El\n");
}
