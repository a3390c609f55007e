/* Which kernels of products this machine can run, and how operands are packed for them. */
#include "kernels/product.h"

#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "kernels/kernels.h"
#include "qloupe.h"

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_vnni(void)
{
    return __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__)
static bool has_dotprod(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}
#endif

/* By the instruction set that the other kernels are of; the better ones of the same set come later. */
static const struct {
    const ql_kernels *with;
    const ql_product_kernels *products;
    bool (*runs)(void); /* where `with` does */
    const char *meaning;
} table[] = {
    { &ql_kernels_scalar, &ql_products_scalar, always, "plain C, every machine; the definition" },
#if defined(__x86_64__)
    { &ql_kernels_avx2, &ql_products_avx2, always, "x86-64 with AVX2 and FMA; two codes at once, as 16 bits" },
    { &ql_kernels_avx512, &ql_products_avx512, always, "x86-64 with AVX-512; two codes at once, as 16 bits" },
    { &ql_kernels_avx512, &ql_products_vnni, has_vnni, "x86-64 with AVX-512 and VNNI; four codes at once" },
#elif defined(__aarch64__)
    { &ql_kernels_neon, &ql_products_neon, always, "AArch64 with NEON; codes as 16 bits" },
    { &ql_kernels_neon, &ql_products_dotprod, has_dotprod, "AArch64 with the dot product; four codes at once" },
#endif
};
enum { COUNT = sizeof table / sizeof table[0] };

static bool runs(size_t row)
{
    for (size_t i = 0; ql_kernels_at(i); i++) {
        if (ql_kernels_at(i) == table[row].with) {
            return table[row].runs();
        }
    }
    return false;
}

const ql_product_kernels *ql_products_active(void)
{
    const ql_kernels *active = ql_kernels_active();
    const ql_product_kernels *found = &ql_products_scalar;
    for (size_t i = 0; i < COUNT; i++) {
        found = table[i].with == active && table[i].runs() ? table[i].products : found;
    }
    return found;
}

const ql_product_kernels *ql_products_at(size_t index)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (runs(i) && index-- == 0) {
            return table[i].products;
        }
    }
    return NULL;
}

bool ql_product_isa_at(size_t index, ql_product_isa_info *out)
{
    if (index >= COUNT) {
        return false;
    }
    const ql_product_kernels *products = table[index].products;
    *out = (ql_product_isa_info) {
        .name = products->name,
        .meaning = table[index].meaning,
        .rows = products->rows,
        .outputs = products->outputs,
        .runs_here = runs(index),
        .in_use = products == ql_products_active(),
    };
    return true;
}

/* ---- Packing */

enum {
    BLOCK = 16, /* cells: a line of each row at a time, so that what is written to stays in the first cache */
    LINE = 64,
    LINE_ROWS = LINE / QL_CELL,
};

static void pack_row(const uint8_t *in, size_t cells, uint32_t flips, size_t step, uint8_t *out)
{
    for (size_t cell = 0; cell < cells; cell++) {
        uint32_t four;
        memcpy(&four, in + cell * QL_CELL, QL_CELL);
        four ^= flips;
        memcpy(out + cell * step, &four, QL_CELL);
    }
}

typedef uint32_t four_cells __attribute__((vector_size(4 * QL_CELL)));

static four_cells load_cells(const uint8_t *in, uint32_t flips)
{
    four_cells v;
    memcpy(&v, in, sizeof v);
    return v ^ flips;
}

/* Four cells of four rows, transposed. */
static void pack_square(const uint8_t *in, size_t stride, uint32_t flips, size_t step, uint8_t *out)
{
    const four_cells a = load_cells(in, flips), b = load_cells(in + stride, flips), c = load_cells(in + 2 * stride, flips),
                     d = load_cells(in + 3 * stride, flips);
    const four_cells ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_end = __builtin_shufflevector(a, b, 2, 6, 3, 7),
                     cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_end = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const four_cells all[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5),
        __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
        __builtin_shufflevector(ab_end, cd_end, 0, 1, 4, 5),
        __builtin_shufflevector(ab_end, cd_end, 2, 3, 6, 7),
    };
    for (int cell = 0; cell < 4; cell++) {
        memcpy(out + (size_t)cell * step, &all[cell], sizeof all[cell]);
    }
}

/* Up to BLOCK cells of all rows. */
static void pack_block(const uint8_t *in, size_t stride, size_t cells, unsigned rows, uint32_t flips, size_t step,
                       uint8_t *out)
{
    unsigned row = 0;
    for (; row + 4 <= rows; row += 4) {
        const uint8_t *from = in + row * stride;
        uint8_t *to = out + row * QL_CELL;
        size_t cell = 0;
        for (; cell + 4 <= cells; cell += 4) {
            pack_square(from + cell * QL_CELL, stride, flips, step, to + cell * step);
        }
        for (unsigned i = 0; i < 4 && cell < cells; i++) {
            pack_row(from + i * stride + cell * QL_CELL, cells - cell, flips, step, to + cell * step + i * QL_CELL);
        }
    }
    for (; row < rows; row++) {
        pack_row(in + row * stride, cells, flips, step, out + row * QL_CELL);
    }
}

/* A line of the cache to memory, past the caches where there is a way: it is not read first. Both are aligned. */
static void write_line(const uint8_t *in, uint8_t *out)
{
#if defined(__x86_64__)
    for (int i = 0; i < LINE; i += 16) {
        _mm_stream_si128((__m128i *)(void *)(out + i), _mm_load_si128((const __m128i *)(const void *)(in + i)));
    }
#else
    memcpy(out, in, LINE);
#endif
}

/* What went past the caches is seen by others from here on. */
static void end_lines(void)
{
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

/* Up to BLOCK cells of whole lines of rows; the same as pack_block. */
static void pack_lines(const uint8_t *in, size_t stride, size_t cells, unsigned rows, uint32_t flips, size_t step,
                       uint8_t *out)
{
    _Alignas(LINE) uint8_t lines[BLOCK * LINE];
    for (unsigned row = 0; row < rows; row += LINE_ROWS) {
        pack_block(in + row * stride, stride, cells, LINE_ROWS, flips, LINE, lines);
        for (size_t cell = 0; cell < cells; cell++) {
            write_line(lines + cell * LINE, out + cell * step + row * QL_CELL);
        }
    }
}

void ql_pack_cells(const uint8_t *in, size_t stride, size_t bytes, unsigned have, unsigned rows, uint8_t flip, bool is_far,
                   uint8_t *out)
{
    const uint32_t flips = flip * 0x01010101u;
    const size_t whole = bytes / QL_CELL, rest = bytes % QL_CELL, step = rows * QL_CELL;
    const bool by_lines = is_far && have == rows && rows % LINE_ROWS == 0 && (uintptr_t)out % LINE == 0;
    for (size_t cell = 0; cell < whole; cell += BLOCK) {
        const size_t cells = whole - cell < BLOCK ? whole - cell : BLOCK;
        (by_lines ? pack_lines : pack_block)(in + cell * QL_CELL, stride, cells, have, flips, step, out + cell * step);
    }
    if (by_lines) {
        end_lines();
    }
    for (unsigned row = 0; row < have && rest > 0; row++) {
        uint8_t four[QL_CELL] = { 0 };
        memcpy(four, in + row * stride + whole * QL_CELL, rest);
        pack_row(four, 1, flips, step, out + whole * step + row * QL_CELL);
    }
    for (unsigned row = have; row < rows; row++) {
        for (size_t cell = 0; cell < whole + (rest > 0); cell++) {
            memset(out + cell * step + row * QL_CELL, flip, QL_CELL);
        }
    }
}
