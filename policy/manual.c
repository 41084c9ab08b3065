/* SPDX-License-Identifier: ISC */
#include "policy/manual.h"
#include "policy/manual_text.h"

#include "policy/policy.h"
#include "policy/settings.h"

#include <string.h>

void manual_text(struct buf *out, const char *text)
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

void manual_line(struct buf *out, const char *text)
{
    manual_text(out, text);
    buf_char(out, '\n');
}

void manual_sentence(struct buf *out, const char *text)
{
    manual_text(out, text);
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
        manual_text(out, setting->text);
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
        manual_sentence(out, settings_items[i].doc);
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
        manual_sentence(out, setting->doc);
        append_standard(out, setting);
    }
    end_block(out, block);
    append_blocks_of_items(out);
}

static void append_actions(struct buf *out, bool verdicts)
{
    open_list(out);
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *info = action_info((enum action)i);
        if (info->terminal != verdicts)
            continue;
        buf_printf(out, ".It Cm %s\n", info->word);
        manual_sentence(out, info->doc);
    }
    close_list(out);
}

void manual_actions(struct buf *out)
{
    buf_cstr(out, ".Pp\nThe verdicts, behind which no further rule is looked at:\n");
    append_actions(out, true);
    buf_cstr(out, ".Pp\nThe others:\n");
    append_actions(out, false);
}
