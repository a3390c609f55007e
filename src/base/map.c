/* Mapped files: see map.h. */
#include "base/map.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 256 }; /* maps at once; further files are read */

/* All maps there are, where a signal handler finds them. A slot is free while begin is 0. */
struct ql_map {
    atomic_uintptr_t begin, end;
    atomic_bool broken;
    atomic_bool taken;
};

static ql_map maps[MOST];
static atomic_bool wanted;

void ql_map_files(bool on)
{
    atomic_store(&wanted, on);
}

ql_map *ql_map_new(int fd, uint64_t size)
{
    if (!atomic_load(&wanted) || size == 0 || size > SIZE_MAX) {
        return NULL;
    }
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        return NULL;
    }
    for (ql_map *map = maps; map < maps + MOST; map++) {
        if (!atomic_exchange(&map->taken, true)) {
            atomic_store(&map->broken, false);
            atomic_store(&map->end, (uintptr_t)bytes + (size_t)size);
            atomic_store(&map->begin, (uintptr_t)bytes);
            return map;
        }
    }
    munmap(bytes, (size_t)size);
    return NULL;
}

void ql_map_free(ql_map **map)
{
    if (*map) {
        const uintptr_t begin = atomic_exchange(&(*map)->begin, 0), end = atomic_exchange(&(*map)->end, 0);
        munmap((void *)begin, end - begin);
        atomic_store(&(*map)->taken, false);
        *map = NULL;
    }
}

const uint8_t *ql_map_bytes(const ql_map *map)
{
    return (const uint8_t *)atomic_load_explicit(&map->begin, memory_order_relaxed);
}

bool ql_map_is_broken(const ql_map *map)
{
    return atomic_load(&map->broken);
}

/* Runs in a signal handler: atomics without locks and system calls only. */
bool ql_fault_absorb(const void *address)
{
    const uintptr_t at = (uintptr_t)address;
    for (ql_map *map = maps; map < maps + MOST; map++) {
        const uintptr_t begin = atomic_load(&map->begin);
        if (begin && at >= begin && at < atomic_load(&map->end)) {
            const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = at / page * page;
            atomic_store(&map->broken, true);
            return mmap((void *)start, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
        }
    }
    return false;
}
