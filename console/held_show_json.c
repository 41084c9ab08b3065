/* SPDX-License-Identifier: ISC */
#include "base/json.h"
#include "console/held_page.h"
#include "console/held_show.h"

static void text_member(struct buf *out, struct slice name, struct slice text)
{
    json_key(out, name);
    json_text(out, text);
}

static void bool_member(struct buf *out, struct slice name, bool truth)
{
    json_key(out, name);
    buf_cstr(out, truth ? "true" : "false");
}

static void number_member(struct buf *out, struct slice name, double number)
{
    json_key(out, name);
    json_number(out, number);
}

static void begin_list(struct buf *out, struct slice name)
{
    json_key(out, name);
    buf_char(out, '[');
}

static void others_member(struct buf *out, const struct held_show *show)
{
    begin_list(out, SLICE("other_copies"));
    for (size_t i = 0; i < show->other_count; i++) {
        json_item(out);
        json_number(out, (double)show->others[i]);
    }
    buf_char(out, ']');
}

static void fields_member(struct buf *out, const struct outline *outline)
{
    begin_list(out, SLICE("fields"));
    for (size_t i = 0; i < outline->field_count; i++) {
        json_item(out);
        buf_char(out, '{');
        text_member(out, SLICE("name"), outline->fields[i].name);
        text_member(out, SLICE("value"), outline->fields[i].value);
        bool_member(out, SLICE("cut"), outline->fields[i].cut);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    bool_member(out, SLICE("fields_cut"), outline->fields_cut);
}

static void results_member(struct buf *out, struct arena *arena, struct slice fields)
{
    struct slice value;
    begin_list(out, SLICE("authentication_results"));
    for (size_t n = 0; held_show_results(arena, fields, n, &value); n++) {
        json_item(out);
        json_text(out, value);
    }
    buf_char(out, ']');
}

static void part_item(struct buf *out, const struct outline_part *part)
{
    json_item(out);
    buf_char(out, '{');
    number_member(out, SLICE("depth"), part->depth);
    text_member(out, SLICE("type"), part->type);
    text_member(out, SLICE("name"), part->name);
    number_member(out, SLICE("size"), (double)part->size);
    text_member(out, SLICE("encoding"), slice_of(outline_encoding_word(part->encoding)));
    text_member(out, SLICE("charset"), part->charset);
    buf_char(out, '}');
}

static void parts_member(struct buf *out, const struct outline *outline)
{
    begin_list(out, SLICE("parts"));
    for (size_t i = 0; i < outline->part_count; i++)
        part_item(out, &outline->parts[i]);
    buf_char(out, ']');
    bool_member(out, SLICE("parts_cut"), outline->parts_cut);
}

static void fact_member(struct buf *out, struct slice name, const struct scan_answer *answer,
                        enum fact fact)
{
    json_key(out, name);
    value_json(out, &fact_info(fact)->type, &answer->facts.fact[fact]);
}

static void text_members(struct buf *out, const struct outline *outline)
{
    text_member(out, SLICE("text"), outline->text);
    bool_member(out, SLICE("text_cut"), outline->text_cut);
    bool_member(out, SLICE("text_was_html"), outline->text_was_html);
}

void held_show_json(struct buf *out, struct arena *arena, const struct held_show *show)
{
    const struct scan_answer *answer = &show->answer;
    held_json(out, &show->entry);
    others_member(out, show);
    if (show->failure)
        text_member(out, SLICE("failed"), slice_of(show->failure));
    if (answer->outline) {
        fields_member(out, answer->outline);
        results_member(out, arena, show->fields);
        parts_member(out, answer->outline);
        fact_member(out, SLICE("attachments"), answer, FACT_ATTACHMENTS);
        fact_member(out, SLICE("domains"), answer, FACT_MESSAGE_DOMAINS);
        fact_member(out, SLICE("malformations"), answer, FACT_MESSAGE_MALFORMATIONS);
        text_members(out, answer->outline);
    }
    buf_cstr(out, "}\n");
}
