/* Memory that the program cannot do without: when there is none left, one line on stderr and exit 2. */
#ifndef TEXT_MEMORY_H
#define TEXT_MEMORY_H

#include <stddef.h>

/* count zeroed elements; free them with free(). */
void *text_allocate(size_t count, size_t element_size);

/* The block with room for at least `needed` elements; *capacity grows geometrically. */
void *text_grow(void *block, size_t *capacity, size_t needed, size_t element_size);

char *text_copy(const char *string);

/* What is done before that line is written, so that it can be read: a progress line hidden, a terminal given back. Any
   thread may be the one that calls it. NULL: nothing. */
void text_memory_on_end(void (*before)(void));

#endif
