/* Zeroed memory for one job: in huge pages where it is large and there are some, since a first touch of small ones costs more
   than the work; what is small is malloc's. */
#ifndef QL_BASE_PAGES_H
#define QL_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* At least `size` > 0 bytes, zero, aligned to a line of the cache. NULL when memory is short. Free with the same size. */
void *ql_pages_new(size_t size);
void ql_pages_free(void *pages, size_t size); /* accepts NULL */

/* Memory that is kept for the next time: *pages of *have bytes (NULL, 0 at first) become at least `size`, with what was in
   them lost where they are too small. False and NULL, 0 when memory is short. */
bool ql_pages_need(void **pages, size_t *have, size_t size);

#endif
