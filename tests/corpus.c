/* The tables of the corpora: see corpus.h. */
#include "corpus.h"

#include "testing.h"

#include <stdlib.h>
#include <string.h>

corpus corpus_read(const char *path)
{
    corpus table = { .text = testing_read(path, NULL) };
    size_t lines = 1;
    for (const char *c = table.text; *c; c++)
        lines += *c == '\n';
    table.rows = calloc(lines, sizeof *table.rows);
    assert_non_null(table.rows);
    char *next = table.text;
    for (char *line; (line = strsep(&next, "\n"));) {
        if (!*line || *line == '#')
            continue;
        corpus_row *row = &table.rows[table.count++];
        for (size_t i = 0; i < CORPUS_FIELDS; i++)
            row->fields[i] = line ? strsep(&line, "\t") : "";
        assert_null(line);
    }
    return table;
}

void corpus_free(corpus *table)
{
    free(table->text);
    free(table->rows);
    *table = (corpus) { 0 };
}

const corpus_row *corpus_next_file(const corpus *table, size_t *at)
{
    while (*at < table->count) {
        const corpus_row *row = &table->rows[(*at)++];
        if (*row->fields[0] && strcmp(row->fields[0], "=") != 0)
            return row;
    }
    return NULL;
}

uint32_t corpus_crc32(const void *bytes, size_t size)
{
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ table[(crc ^ ((const uint8_t *)bytes)[i]) & 0xff];
    return ~crc;
}
