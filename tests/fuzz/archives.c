/* Targets that are what an archive holds: the input is put into one whose every other byte is right. */
#include "fuzz.h"

#include "../zip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static bool find_entry(const uint8_t *file, size_t file_size, const char *ending, const uint8_t **begin, size_t *size);

/* ---- The pickle of a PyTorch file -------------------------------------------------------------------------------- */

static void run_pickle(const uint8_t *bytes, size_t size)
{
    static const float values[24] = { 1, -2, 0.5f, 3 };
    zip_writer zip = { 0 };
    zip_add(&zip, &(zip_entry) { .name = "a/data.pkl", .data = bytes, .size = size });
    zip_add(&zip, &(zip_entry) { .name = "a/byteorder", .data = "little", .size = 6 });
    for (size_t i = 0; i < 4; i++) {
        char name[] = "a/data/0";
        name[sizeof name - 2] = (char)('0' + i);
        zip_add(&zip, &(zip_entry) { .name = name, .data = values, .size = i == 0 ? 16 : i == 1 ? 24 : i == 2 ? 96 : 0 });
    }
    zip_finish(&zip, NULL);
    fuzz_open("a.pt", zip.file.data, zip.file.size);
    zip_free(&zip);
}

static bool pickle_of(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size)
{
    return find_entry(file, file_size, "/data.pkl", begin, size);
}

const fuzz_target fuzz_pickle = { .name = "pickle", .run = run_pickle, .files = ".pt .pth .bin", .piece = pickle_of };

/* ---- A deflated array -------------------------------------------------------------------------------------------- */

/* What the stream gives, however it ends, so that sizes and CRC-32 can be right. */
static size_t inflate_most(const uint8_t *bytes, size_t size, uint8_t *out, size_t most)
{
    z_stream z = { .next_in = (Bytef *)bytes, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)most };
    FUZZ_DEMAND(inflateInit2(&z, -MAX_WBITS) == Z_OK);
    inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return most - z.avail_out;
}

/* The first byte says how much of the truth about its size is told. */
static void run_deflate(const uint8_t *bytes, size_t size)
{
    enum { MOST = 1 << 18 };
    static uint8_t content[MOST];
    if (size < 1)
        return;
    size_t content_size = inflate_most(bytes + 1, size - 1, content, MOST);
    zip_entry entry = {
        .name = "a.npy", .data = content, .size = content_size, .deflate = true, .packed = bytes + 1, .packed_size = size - 1
    };
    if (bytes[0] == 1)
        entry.size_as = entry.local_size_as = ZIP_LIE(content_size + 1);
    else if (bytes[0] == 2)
        entry.size_as = entry.local_size_as = ZIP_LIE(content_size - (content_size > 0));
    else if (bytes[0] == 3)
        entry.crc = entry.local_crc = ZIP_LIE(0);
    zip_writer zip = { 0 };
    zip_add(&zip, &entry);
    zip_finish(&zip, NULL);
    fuzz_open("a.npz", zip.file.data, zip.file.size);
    zip_free(&zip);
}

static bool deflated_of(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size)
{
    static uint8_t piece[1 << 16];
    if (file_size < 10 || file[8] != 8 || !find_entry(file, file_size, ".npy", begin, size) || *size >= sizeof piece)
        return false;
    piece[0] = 0;
    memcpy(piece + 1, *begin, *size);
    *begin = piece;
    ++*size;
    return true;
}

const fuzz_target fuzz_deflate = { .name = "deflate", .run = run_deflate, .files = ".npz", .piece = deflated_of };

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

static unsigned u16(const uint8_t *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

/* The data of the first entry whose name has this ending, by the directory of the archive. */
static bool find_entry(const uint8_t *file, size_t file_size, const char *ending, const uint8_t **begin, size_t *size)
{
    const size_t tail = strlen(ending);
    for (size_t at = 0; at + 46 <= file_size; at++) {
        const uint8_t *e = file + at;
        const size_t name = memcmp(e, "PK\1\2", 4) == 0 ? u16(e + 28) : 0;
        if (name < tail || at + 46 + name > file_size || memcmp(e + 46 + name - tail, ending, tail) != 0)
            continue;
        const size_t packed = u16(e + 20) | (size_t)u16(e + 22) << 16, local = u16(e + 42) | (size_t)u16(e + 44) << 16;
        if (local + 30 > file_size)
            continue;
        const size_t data = local + 30 + u16(file + local + 26) + u16(file + local + 28);
        if (data > file_size || packed > file_size - data)
            continue;
        *begin = file + data;
        *size = packed;
        return true;
    }
    return false;
}
