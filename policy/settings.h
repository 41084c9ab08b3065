/* SPDX-License-Identifier: ISC
 * settings.def as a table. */
#ifndef POLICY_SETTINGS_H
#define POLICY_SETTINGS_H

#include "policy/config.h"

enum setting_kind {
    SETTING_NUMBER,
    SETTING_SIZE,
    SETTING_DURATION,
    SETTING_BOOL,
    SETTING_TEXT,
    SETTING_PATH,
};

struct setting {
    enum setting_kind kind;
    const char *block, *word;
    size_t offset; /* in struct settings */
    int64_t standard, low, high;
    const char *text; /* standard of a text or path */
    const char *doc;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

struct parser;

/* An item of a settings block that is more than one value. `parse` is called once its word has been
 * taken; it may stand in a block several times if `parse` says so. */
struct settings_item {
    const char *block, *word;
    bool (*parse)(struct parser *parser);
    const char *form, *doc; /* what follows the word, and what it tells: for the manual */
};

/* config_resolver.c */
bool parse_forward(struct parser *parser);
bool parse_stub(struct parser *parser);

/* config_redis.c */
bool parse_sentinel(struct parser *parser);
void finish_redis(struct parser *parser);

/* config_teachers.c */
bool parse_trap(struct parser *parser);
bool parse_report_spam(struct parser *parser);
bool parse_report_good(struct parser *parser);
bool parse_report_from(struct parser *parser);

/* config_impersonation.c */
bool parse_partners(struct parser *parser);
bool parse_brands(struct parser *parser);
bool parse_people(struct parser *parser);
bool parse_freemail(struct parser *parser);

extern const struct settings_item settings_items[];
extern const size_t settings_item_count;

/* A number of that setting as a person writes it: 50MiB, 5min, 10. */
void setting_format(const struct setting *setting, int64_t number, char out[static 64]);

#endif
