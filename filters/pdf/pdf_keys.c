/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_keys.h"

#include "filters/pdf/pdf_text.h"

struct word {
    struct slice name;
    unsigned value;
};

static unsigned value_of(const struct word *words, size_t count, struct slice raw)
{
    /* Most names begin as none of these. */
    for (size_t i = 0; i < count; i++)
        if (raw.ptr[0] == words[i].name.ptr[0] || raw.ptr[0] == '#')
            if (pdf_name_eq(raw, words[i].name))
                return words[i].value;
    return 0;
}

enum pdf_key pdf_key_of(struct slice raw)
{
    static const struct word keys[] = {
        {SLICE("AA"), PDF_KEY_AA},    {SLICE("Base"), PDF_KEY_BASE},
        {SLICE("DOS"), PDF_KEY_NAME}, {SLICE("Desc"), PDF_KEY_DESC},
        {SLICE("EF"), PDF_KEY_EF},    {SLICE("F"), PDF_KEY_NAME},
        {SLICE("FS"), PDF_KEY_FS},    {SLICE("JS"), PDF_KEY_JS},
        {SLICE("Mac"), PDF_KEY_NAME}, {SLICE("Next"), PDF_KEY_NEXT},
        {SLICE("S"), PDF_KEY_S},      {SLICE("OpenAction"), PDF_KEY_OPEN_ACTION},
        {SLICE("UF"), PDF_KEY_NAME},  {SLICE("Subtype"), PDF_KEY_SUBTYPE},
        {SLICE("URI"), PDF_KEY_URI},  {SLICE("Unix"), PDF_KEY_NAME},
        {SLICE("Win"), PDF_KEY_NAME}, {SLICE("XFA"), PDF_KEY_XFA},
    };
    return raw.len ? (enum pdf_key)value_of(keys, sizeof keys / sizeof *keys, raw) : PDF_KEY_NONE;
}

unsigned pdf_action_of(struct slice raw)
{
    static const struct word actions[] = {
        {SLICE("JavaScript"), PDF_RUNS_SCRIPT},
        {SLICE("Launch"), PDF_LAUNCHES | PDF_REACHES_OUT},
        {SLICE("SubmitForm"), PDF_SENDS | PDF_REACHES_OUT},
        {SLICE("ImportData"), PDF_REACHES_OUT},
        {SLICE("GoToR"), PDF_REACHES_OUT},
        {SLICE("GoToE"), PDF_REACHES_OUT},
        {SLICE("Thread"), PDF_REACHES_OUT},
        {SLICE("Rendition"), PDF_PLAYS},
        {SLICE("Sound"), PDF_PLAYS},
        {SLICE("Movie"), PDF_PLAYS},
        {SLICE("RichMediaExecute"), PDF_PLAYS},
    };
    return raw.len ? value_of(actions, sizeof actions / sizeof *actions, raw) : 0;
}
