/* Just enough .npy for the tests: see npy.h. */
#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double half(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    double mantissa = bits & 1023;
    double value = exponent == 31  ? (mantissa != 0 ? NAN : INFINITY)
                   : exponent == 0 ? ldexp(mantissa, -24)
                                   : ldexp(1024 + mantissa, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

#define VALUE(type)                                                                                                         \
    do {                                                                                                                    \
        type v;                                                                                                             \
        memcpy(&v, bytes, sizeof v);                                                                                        \
        return (double)v;                                                                                                   \
    } while (0)

static double value_at(const char *dtype, const uint8_t *bytes)
{
    uint16_t h;
    switch (dtype[0] << 8 | dtype[1]) {
    case 'f' << 8 | '4':
        VALUE(float);
    case 'f' << 8 | '8':
        VALUE(double);
    case 'i' << 8 | '1':
        VALUE(int8_t);
    case 'u' << 8 | '1':
        VALUE(uint8_t);
    case 'i' << 8 | '2':
        VALUE(int16_t);
    case 'u' << 8 | '2':
        VALUE(uint16_t);
    case 'i' << 8 | '4':
        VALUE(int32_t);
    case 'u' << 8 | '4':
        VALUE(uint32_t);
    case 'i' << 8 | '8':
        VALUE(int64_t);
    case 'u' << 8 | '8':
        VALUE(uint64_t);
    case 'f' << 8 | '2':
        memcpy(&h, bytes, sizeof h);
        return half(h);
    default:
        return NAN;
    }
}

/* The text of a header is {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. */
static bool parse(const char *header, npy *out)
{
    const char *descr = strstr(header, "'descr':"), *shape = strstr(header, "'shape':");
    if (!descr || !shape || !strstr(header, "'fortran_order': False"))
        return false;
    if (sscanf(descr, "'descr': '%*1[<|=]%3[a-z0-9]'", out->dtype) != 1)
        return false;
    shape = strchr(shape, '(');
    if (!shape)
        return false;
    out->count = 1;
    for (shape++; *shape && *shape != ')'; shape += *shape == ',' || *shape == ' ') {
        char *end;
        uint64_t size = strtoull(shape, &end, 10);
        if (end != shape) {
            if (out->rank == NPY_RANK)
                return false;
            out->shape[out->rank++] = size;
            out->count *= size;
        } else if (*shape != ',' && *shape != ' ') {
            return false;
        }
        shape = end;
    }
    return true;
}

bool npy_read(const char *path, npy *out)
{
    *out = (npy) { 0 };
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    uint8_t start[10];
    char header[65536] = "";
    bool good = fread(start, 1, 10, file) == 10 && memcmp(start, "\x93NUMPY\1\0", 8) == 0;
    size_t length = good ? (size_t)start[8] | (size_t)start[9] << 8 : 0;
    good = good && fread(header, 1, length, file) == length && parse(header, out);
    size_t width = good ? (size_t)(out->dtype[1] - '0') : 0;
    uint8_t *bytes = good ? malloc(out->count * width + 1) : NULL;
    good = bytes && fread(bytes, 1, out->count * width + 1, file) == out->count * width; /* not a byte more */
    if (good)
        out->values = malloc((out->count + 1) * sizeof *out->values);
    good = good && out->values;
    for (size_t i = 0; good && i < out->count; i++)
        out->values[i] = value_at(out->dtype, bytes + i * width);
    free(bytes);
    fclose(file);
    return good;
}

void npy_free(npy *array)
{
    free(array->values);
    *array = (npy) { 0 };
}

bool npy_write(const char *path, const char *dtype, unsigned rank, const uint64_t *shape, const void *bytes)
{
    char text[512], sizes[256] = "";
    uint64_t count = 1;
    for (unsigned i = 0; i < rank; i++) {
        size_t at = strlen(sizes);
        snprintf(sizes + at, sizeof sizes - at, "%llu, ", (unsigned long long)shape[i]);
        count *= shape[i];
    }
    size_t width = (size_t)(dtype[1] - '0');
    int length = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }",
                          width == 1 ? '|' : '<', dtype, sizes);
    int padded = (10 + length + 1 + 63) / 64 * 64 - 10; /* the values start at a multiple of 64 */
    uint8_t start[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(padded & 255), (uint8_t)(padded >> 8) };
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(start, 1, 10, file) == 10 && fprintf(file, "%-*s\n", padded - 1, text) == padded &&
                (count == 0 || fwrite(bytes, width, count, file) == count);
    return fclose(file) == 0 && good;
}
