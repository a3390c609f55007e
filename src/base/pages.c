/* Memory: see pages.h. A large piece that is not a multiple of the page has a huge page of its own at its end. */
#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    HUGE_PAGE = 2 << 20,
    SMALL = 256 << 10, /* bytes: below, zeroing a huge page would cost more than it saves */
    LINE = 64,
};

static size_t whole(size_t size)
{
    return (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static void *new_small(size_t size)
{
    const size_t bytes = (size + LINE - 1) / LINE * LINE;
    void *memory = aligned_alloc(LINE, bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *ql_pages_new(size_t size)
{
    if (size < SMALL) {
        return new_small(size);
    }
    const size_t bytes = whole(size), more = bytes + HUGE_PAGE; /* some to align in */
    if (bytes < size || more < bytes) {
        return NULL;
    }
    uint8_t *start = mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    const size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    if (before) {
        munmap(start, before);
    }
    munmap(start + before + bytes, more - before - bytes);
#ifdef MADV_HUGEPAGE
    madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
    return start + before;
}

void ql_pages_free(void *pages, size_t size)
{
    if (size < SMALL) {
        free(pages);
    } else if (pages) {
        munmap(pages, whole(size));
    }
}

bool ql_pages_need(void **pages, size_t *have, size_t size)
{
    if (size > *have) {
        ql_pages_free(*pages, *have);
        *pages = ql_pages_new(size);
        *have = *pages ? size : 0;
    }
    return *pages != NULL;
}
