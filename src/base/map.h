/*
 * Files mapped into memory, and the signal that comes when one of them is cut: pages that are gone are replaced by zeros,
 * and the map remembers it. Maps are made only once the program has said that its handler for SIGBUS calls ql_fault_absorb
 * (qloupe.h).
 */
#ifndef QL_BASE_MAP_H
#define QL_BASE_MAP_H

#include "qloupe.h"

typedef struct ql_map ql_map;

/* Maps the first `size` > 0 bytes of a file for reading. NULL when the program has not asked for maps, or it cannot be done:
   then the file is to be read. */
ql_map *ql_map_new(int fd, uint64_t size);
void ql_map_free(ql_map **map);

const uint8_t *ql_map_bytes(const ql_map *map);

/* True once a page was gone when it was looked at: what has been read since may be zeros that are not in the file. */
bool ql_map_is_broken(const ql_map *map);

#endif
