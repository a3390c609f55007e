/* Memory between forbidden pages: see fence.h. */
#include "fence.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

fence fence_new(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (size + page - 1) / page * page;
    unsigned char *all = mmap(NULL, inside + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all, page, PROT_NONE) != 0 || mprotect(all + page + inside, page, PROT_NONE) != 0) {
        perror("check_kernels: mmap");
        exit(1);
    }
    return (fence) { all + page, inside };
}
