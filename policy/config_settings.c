/* SPDX-License-Identifier: ISC
 * limits { message_size 50MiB  recipients 100 }: the blocks of settings.def. */
#include "policy/settings.h"

#include "policy/parser.h"

#include <stdio.h>
#include <string.h>

const struct setting settings_table[] = {
#define ROW(kind, block, word, standard, low, high, text, doc)                                     \
    {kind, #block, #word, offsetof(struct settings, block##_##word), standard, low,                \
     high, text,   doc},
#define SETTING_NUMBER(block, word, standard, low, high, doc)                                      \
    ROW(SETTING_NUMBER, block, word, standard, low, high, NULL, doc)
#define SETTING_SIZE(block, word, standard, low, high, doc)                                        \
    ROW(SETTING_SIZE, block, word, standard, low, high, NULL, doc)
#define SETTING_DURATION(block, word, standard, low, high, doc)                                    \
    ROW(SETTING_DURATION, block, word, standard, low, high, NULL, doc)
#define SETTING_BOOL(block, word, standard, doc)                                                   \
    ROW(SETTING_BOOL, block, word, standard, 0, 1, NULL, doc)
#define SETTING_TEXT(block, word, standard, doc)                                                   \
    ROW(SETTING_TEXT, block, word, 0, 0, 0, standard, doc)
#define SETTING_PATH(block, word, standard, doc)                                                   \
    ROW(SETTING_PATH, block, word, 0, 0, 0, standard, doc)
#include "policy/settings.def"
#undef SETTING_NUMBER
#undef SETTING_SIZE
#undef SETTING_DURATION
#undef SETTING_BOOL
#undef SETTING_TEXT
#undef SETTING_PATH
#undef ROW
};

const size_t settings_count = sizeof settings_table / sizeof *settings_table;

bool is_settings_block(struct slice word)
{
    for (size_t i = 0; i < settings_count; i++)
        if (slice_eq(word, slice_of(settings_table[i].block)))
            return true;
    for (size_t i = 0; i < settings_item_count; i++)
        if (slice_eq(word, slice_of(settings_items[i].block)))
            return true;
    return false;
}

void offer_settings_blocks(struct nearest *near)
{
    for (size_t i = 0; i < settings_count; i++)
        nearest_offer(near, slice_of(settings_table[i].block));
    for (size_t i = 0; i < settings_item_count; i++)
        nearest_offer(near, slice_of(settings_items[i].block));
}

static void store(struct settings *settings, const struct setting *setting, int64_t number,
                  struct slice text)
{
    char *place = (char *)settings + setting->offset;
    unsigned count = (unsigned)number;
    uint64_t size = (uint64_t)number;
    bool on = number != 0;
    switch (setting->kind) {
    case SETTING_NUMBER:
        memcpy(place, &count, sizeof count);
        break;
    case SETTING_SIZE:
        memcpy(place, &size, sizeof size);
        break;
    case SETTING_DURATION:
        memcpy(place, &number, sizeof number);
        break;
    case SETTING_BOOL:
        memcpy(place, &on, sizeof on);
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
        memcpy(place, &text, sizeof text);
        break;
    }
}

void settings_standard(struct settings *settings)
{
    for (size_t i = 0; i < settings_count; i++)
        store(settings, &settings_table[i], settings_table[i].standard,
              slice_of(settings_table[i].text));
}

static void format_number(const struct setting *setting, int64_t number, char *out, size_t size)
{
    static const struct {
        int64_t factor;
        const char *unit;
    } sizes[] = {{1073741824, "GiB"}, {1048576, "MiB"}, {1024, "KiB"}, {1, "B"}},
      durations[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    if (setting->kind == SETTING_NUMBER) {
        snprintf(out, size, "%lld", (long long)number);
        return;
    }
    for (size_t i = 0; setting->kind == SETTING_SIZE && i < 4; i++)
        if (number % sizes[i].factor == 0 && (number != 0 || i == 3)) {
            snprintf(out, size, "%lld%s", (long long)(number / sizes[i].factor), sizes[i].unit);
            return;
        }
    for (size_t i = 0; i < 5; i++)
        if (number % durations[i].factor == 0 && (number != 0 || i == 3)) {
            snprintf(out, size, "%lld%s", (long long)(number / durations[i].factor),
                     durations[i].unit);
            return;
        }
}

void setting_format(const struct setting *setting, int64_t number, char out[static 64])
{
    format_number(setting, number, out, 64);
}

static bool parse_number(struct parser *parser, const struct setting *setting)
{
    static const enum token_kind kinds[] = {TOKEN_NUMBER, TOKEN_SIZE, TOKEN_DURATION};
    static const char *const what[] = {"a number", "a size, such as 25MiB",
                                       "a duration, such as 30s"};
    char low[64], high[64];
    struct token token;
    if (!expect_kind(parser, kinds[setting->kind], what[setting->kind], &token))
        return false;
    if (token.number < (double)setting->low || token.number > (double)setting->high ||
        token.number != (double)(int64_t)token.number) {
        setting_format(setting, setting->low, low);
        setting_format(setting, setting->high, high);
        source_error(parser->sources, token.at, "%s is out of range; expected %s to %s",
                     setting->word, low, high);
        return true;
    }
    store(&parser->config->settings, setting, (int64_t)token.number, SLICE(""));
    return true;
}

static bool parse_on_off(struct parser *parser, const struct setting *setting)
{
    static const char *const words[] = {"off", "on", NULL};
    unsigned word;
    if (!expect_choice(parser, words, "switch (on, off)", &word))
        return false;
    store(&parser->config->settings, setting, word, SLICE(""));
    return true;
}

/* Texts that are words of a list. */
static const struct {
    const char *block, *word;
    const char *const choices[5];
} choices[] = {
    {"tls", "minimum", {"1.0", "1.1", "1.2", "1.3"}},
    {"log", "to", {"stderr", "syslog", "journald"}},
    {"log", "format", {"text", "json"}},
    {"log", "level", {"debug", "info", "warning", "error"}},
    {"history", "facts", {"cheap", "named"}},
    {"history", "personal", {"keep", "shorten", "hash", "drop"}},
};

static bool check_choice(struct parser *parser, const struct setting *setting,
                         const struct token *token)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (strcmp(choices[i].block, setting->block) != 0 ||
            strcmp(choices[i].word, setting->word) != 0)
            continue;
        struct nearest near = nearest_to(token->text);
        for (size_t j = 0; choices[i].choices[j]; j++) {
            if (slice_eq(token->text, slice_of(choices[i].choices[j])))
                return true;
            nearest_offer(&near, slice_of(choices[i].choices[j]));
        }
        source_error(parser->sources, token->at, "expected %s, found \"%.*s\"", setting->doc,
                     SHOWN(token->text));
        return false;
    }
    return true;
}

static bool parse_text(struct parser *parser, const struct setting *setting)
{
    struct token token;
    if (!expect_string(parser, "a text in quotes", &token))
        return false;
    if (!check_choice(parser, setting, &token))
        return true;
    struct slice text = token.text;
    if (setting->kind == SETTING_PATH)
        text = source_join(parser->sources, token.at.file, text);
    store(&parser->config->settings, setting, 0, text);
    return text.ptr != NULL;
}

static bool parse_setting(struct parser *parser, size_t row)
{
    const struct setting *setting = &settings_table[row];
    if (parser->settings_given[row].kind != TOKEN_END) {
        source_error(parser->sources, parser->token.at, "%s stands in line %u already",
                     setting->word, source_line(parser->sources, parser->settings_given[row].at));
        return false;
    }
    parser_next(parser);
    parser->settings_given[row] = parser->token;
    switch (setting->kind) {
    case SETTING_NUMBER:
    case SETTING_SIZE:
    case SETTING_DURATION:
        return parse_number(parser, setting);
    case SETTING_BOOL:
        return parse_on_off(parser, setting);
    default:
        return parse_text(parser, setting);
    }
}

static bool setting_item(struct parser *parser, void *ctx)
{
    struct slice *block = ctx;
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, "a setting");
    struct nearest near = nearest_to(parser->token.text);
    for (size_t i = 0; i < settings_count; i++) {
        if (!slice_eq(*block, slice_of(settings_table[i].block)))
            continue;
        if (at_word(parser, settings_table[i].word))
            return parse_setting(parser, i);
        nearest_offer(&near, slice_of(settings_table[i].word));
    }
    for (size_t i = 0; i < settings_item_count; i++) {
        if (!slice_eq(*block, slice_of(settings_items[i].block)))
            continue;
        if (accept_word(parser, settings_items[i].word))
            return settings_items[i].parse(parser);
        nearest_offer(&near, slice_of(settings_items[i].word));
    }
    char kind[40];
    snprintf(kind, sizeof kind, "setting of %.*s", SHOWN(*block));
    return fail_unknown(parser, &parser->token, kind, &near);
}

bool parse_settings(struct parser *parser, struct slice block)
{
    if (!parser->settings_given)
        parser->settings_given =
            source_alloc(parser->sources, settings_count, sizeof *parser->settings_given);
    return parser->settings_given && parse_block(parser, setting_item, &block);
}
