/* Memory that the command line cannot do without: see memory.h. */
#include "cli/memory.h"

#include "cli/cli.h"
#include "cli/complain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *block)
{
    if (!block) {
        cli_complain("out of memory");
        exit(CLI_BAD);
    }
    return block;
}

void *cli_allocate(size_t count, size_t element_size)
{
    return checked(calloc(count ? count : 1, element_size));
}

void *cli_grow(void *block, size_t *capacity, size_t needed, size_t element_size)
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

char *cli_copy(const char *string)
{
    return checked(strdup(string));
}
