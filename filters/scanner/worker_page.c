/* SPDX-License-Identifier: ISC */
#include "filters/scanner/worker_page.h"

#include "base/clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STRIDE = 4096 };
_Static_assert(sizeof(struct worker_page) <= STRIDE, "a page of its own each");

int worker_pages_new(unsigned workers)
{
    int pages = memfd_create("workers", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (pages < 0)
        return -1;
    if (ftruncate(pages, (off_t)workers * STRIDE) == 0 &&
        fcntl(pages, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return pages;
    close(pages);
    return -1;
}

struct worker_page *worker_page_map(int pages, unsigned number)
{
    void *page =
        mmap(NULL, STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED, pages, (off_t)number * STRIDE);
    if (page == MAP_FAILED)
        return NULL;
    return page;
}

void worker_page_unmap(struct worker_page *page)
{
    munmap(page, STRIDE);
}

void worker_page_begin(struct worker_page *page, const struct scan_address *address)
{
    atomic_store(&page->row, address->row);
    atomic_store(&page->serial, address->serial);
    atomic_store(&page->number, address->number);
    atomic_store(&page->busy_since, clock_ms());
}

void worker_page_end(struct worker_page *page)
{
    atomic_store(&page->number, 0);
    atomic_store(&page->busy_since, 0);
}

void worker_page_tell_death(const struct worker_page *page, struct scan_channels *channels)
{
    const struct scan_address address = {atomic_load(&page->number), atomic_load(&page->row),
                                         atomic_load(&page->serial)};
    scan_channels_tell_death(channels, &address);
}
