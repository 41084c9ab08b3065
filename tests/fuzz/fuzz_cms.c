/* SPDX-License-Identifier: ISC
 * Cryptographic messages: the content is no longer than the input, and where it lies is in it. */
#include "filters/containers/cms.h"
#include "tests/fuzz/target.h"

FUZZ_WITH_ARENA(raw, 16 * 1024 * 1024)
{
    struct cms cms;
    bool encrypted = cms_is_encrypted(raw);
    if (!cms_is(raw) || !cms_open(arena, raw, &cms))
        return;
    require(encrypted == (cms.kind == CMS_ENCRYPTED));
    require(cms.content.len <= raw.len);
    if (cms.place.len)
        require(cms.place.ptr >= raw.ptr && cms.place.ptr + cms.place.len <= raw.ptr + raw.len);
    require(slice_find(cms.content, 0) <= cms.content.len); /* all of it can be read */
    if (cms.wraps.len)
        require(cms_is(cms_wrap(arena, cms.wraps, cms.content)));
}
