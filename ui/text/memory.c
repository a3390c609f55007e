/* Memory that the program cannot do without: see memory.h. */
#include "text/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WRONG = 2 };

static void (*on_end)(void);

void text_memory_on_end(void (*before)(void))
{
    on_end = before;
}

static void *checked(void *block)
{
    if (!block) {
        if (on_end)
            on_end();
        fputs("qloupe: out of memory\n", stderr);
        exit(EXIT_WRONG);
    }
    return block;
}

void *text_allocate(size_t count, size_t element_size)
{
    return checked(calloc(count ? count : 1, element_size));
}

void *text_grow(void *block, size_t *capacity, size_t needed, size_t element_size)
{
    if (needed <= *capacity)
        return block;
    size_t wanted = *capacity + *capacity / 2 + 16;
    if (wanted < needed)
        wanted = needed;
    if (wanted > SIZE_MAX / element_size)
        checked(NULL);
    *capacity = wanted;
    return checked(realloc(block, wanted * element_size));
}

char *text_copy(const char *string)
{
    return checked(strdup(string));
}
