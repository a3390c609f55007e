/* Large zeroed memory for one job: in huge pages where there are some, since a first touch of small ones costs more than the
   work. */
#ifndef QL_BASE_PAGES_H
#define QL_BASE_PAGES_H

#include <stddef.h>

/* At least `size` > 0 bytes, zero, aligned to 2 MiB. NULL when memory is short. Free with the same size. */
void *ql_pages_new(size_t size);
void ql_pages_free(void *pages, size_t size); /* accepts NULL */

#endif
