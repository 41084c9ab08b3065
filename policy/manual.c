/* SPDX-License-Identifier: ISC */
#include "policy/manual.h"

#include "policy/policy.h"
#include "policy/settings.h"
#include "policy/types.h"

#include <string.h>

/* A line of running text: nothing in it is taken for a request. */
static void append_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_cstr(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_cstr(out, "\\e");
        else
            buf_char(out, *text);
    }
}

static void append_sentence(struct buf *out, const char *text)
{
    append_text(out, text);
    buf_cstr(out, ".\n");
}

static void open_list(struct buf *out)
{
    buf_cstr(out, ".Bl -tag -width Ds\n");
}

static void close_list(struct buf *out)
{
    buf_cstr(out, ".El\n");
}

static void append_standard(struct buf *out, const struct setting *setting)
{
    char number[64], low[64], high[64];
    if (setting->kind == SETTING_BOOL) {
        buf_printf(out, "Standard: %s.\n", setting->standard ? "on" : "off");
        return;
    }
    if (setting->kind == SETTING_TEXT || setting->kind == SETTING_PATH) {
        buf_cstr(out, "Standard: \\(dq");
        append_text(out, setting->text);
        buf_cstr(out, "\\(dq.\n");
        return;
    }
    setting_format(setting, setting->standard, number);
    setting_format(setting, setting->low, low);
    setting_format(setting, setting->high, high);
    buf_printf(out, "Standard: %s; from %s to %s.\n", number, low, high);
}

static void append_items(struct buf *out, const char *block)
{
    for (size_t i = 0; i < settings_item_count; i++) {
        if (strcmp(settings_items[i].block, block) != 0)
            continue;
        buf_printf(out, ".It Cm %s Ar %s\n", settings_items[i].word, settings_items[i].form);
        append_sentence(out, settings_items[i].doc);
    }
}

static bool has_settings(const char *block)
{
    for (size_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].block, block) == 0)
            return true;
    return false;
}

static void end_block(struct buf *out, const char *block)
{
    append_items(out, block);
    close_list(out);
}

/* Those that hold nothing else. */
static void append_blocks_of_items(struct buf *out)
{
    const char *block = "";
    for (size_t i = 0; i < settings_item_count; i++) {
        if (has_settings(settings_items[i].block) || strcmp(block, settings_items[i].block) == 0)
            continue;
        block = settings_items[i].block;
        buf_printf(out, ".Ss %s\n", block);
        open_list(out);
        end_block(out, block);
    }
}

void manual_settings(struct buf *out)
{
    const char *block = "";
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(block, setting->block) != 0) {
            if (*block)
                end_block(out, block);
            block = setting->block;
            buf_printf(out, ".Ss %s\n", block);
            open_list(out);
        }
        buf_printf(out, ".It Cm %s\n", setting->word);
        append_sentence(out, setting->doc);
        append_standard(out, setting);
    }
    end_block(out, block);
    append_blocks_of_items(out);
}

static void append_type(struct buf *out, const struct type *type)
{
    char name[80];
    if (type->kind == TYPE_ENUM) {
        buf_printf(out, "word of %s", type->words->name);
        return;
    }
    type_describe(type, name, sizeof name);
    append_text(out, name);
}

/* header["Name"], dnsbl.listed("zone"), rate(fact, ..., window) */
static const char *arguments(const struct fact_info *info)
{
    if (!info->keyed)
        return "";
    if (info->producer == PRODUCER_RATE)
        return "(fact, ..., window [, event])";
    return info->type.kind == TYPE_LIST ? "[\\(dqName\\(dq]" : "(\\(dqzone\\(dq)";
}

static void append_phase(struct buf *out, const struct fact_info *info)
{
    if (info->producer == PRODUCER_RATE)
        buf_cstr(out, "; known at its event");
    else
        buf_printf(out, "; known from %s on", phase_word(info->phase));
}

void manual_facts(struct buf *out)
{
    open_list(out);
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        const struct fact_info *info = fact_info((enum fact)i);
        buf_printf(out, ".It Va \"%s%s\"\n", info->name, arguments(info));
        append_sentence(out, info->doc);
        buf_cstr(out, "Type: ");
        append_type(out, &info->type);
        append_phase(out, info);
        buf_printf(out, "; when it cannot be found out, %s.\n",
                   info->on_unknown == ON_UNKNOWN_DEFER ? "the message is deferred"
                                                        : "the rule is passed over");
    }
    close_list(out);
}

void manual_records(struct buf *out)
{
    for (unsigned i = 0; i < RECORD_COUNT; i++) {
        buf_printf(out, "Fields of each %s:\n", record_types[i].name);
        open_list(out);
        for (size_t j = 0; j < record_types[i].count; j++) {
            buf_printf(out, ".It Va %s\n", record_types[i].fields[j].name);
            append_sentence(out, record_field_doc(&record_types[i], j));
            buf_cstr(out, "Type: ");
            append_type(out, &record_types[i].fields[j].type);
            buf_cstr(out, ".\n");
        }
        close_list(out);
    }
    for (unsigned i = 0; i < WORDS_COUNT; i++) {
        buf_printf(out, ".Pp\nWords of %s:\n", enum_types[i].name);
        for (size_t j = 0; j < enum_types[i].count; j++)
            buf_printf(out, ".Cm %s%s\n", enum_types[i].words[j],
                       j + 1 < enum_types[i].count ? " ," : " .");
    }
}

void manual_actions(struct buf *out)
{
    open_list(out);
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *info = action_info((enum action)i);
        buf_printf(out, ".It Cm %s\n", info->word);
        append_sentence(out, info->doc);
        if (info->terminal)
            buf_cstr(out, "A verdict: no further rule is looked at.\n");
    }
    close_list(out);
}
