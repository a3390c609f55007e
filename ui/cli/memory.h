/* Memory that the command line cannot do without: when there is none left, one line on stderr and exit 2. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stddef.h>

/* count zeroed elements; free them with free(). */
void *cli_allocate(size_t count, size_t element_size);

/* The block with room for at least `needed` elements; *capacity grows geometrically. */
void *cli_grow(void *block, size_t *capacity, size_t needed, size_t element_size);

char *cli_copy(const char *string);

#endif
