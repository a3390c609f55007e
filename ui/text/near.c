/* What a person may have meant: see near.h. */
#include "text/near.h"

#include <string.h>

enum { LONGEST = 96, MOST_NAMES = 20000, MOST_ANSWERS = 8 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau 1964, without overlapping swaps); both texts at most LONGEST bytes. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][LONGEST + 1]; /* row i is rows[i % 3], one cell per prefix of b */
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = smaller(above[j - 1] + (a[i - 1] != b[j - 1]), smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

/* How far `name` is from `word`, `limit` + 1 when too far. */
static size_t measure(const char *word, size_t word_size, ql_text name, size_t limit)
{
    if (word_size >= 3 && name.size > word_size && memmem(name.data, name.size, word, word_size))
        return 1;
    size_t difference = name.size > word_size ? name.size - word_size : word_size - name.size;
    if (name.size > LONGEST || difference > limit)
        return limit + 1;
    return distance(word, word_size, name.data, name.size);
}

size_t text_near(const char *word, text_name_at name_at, const void *context, size_t count, size_t *out, size_t capacity)
{
    size_t word_size = strlen(word);
    size_t room = smaller(capacity, MOST_ANSWERS);
    if (word_size == 0 || word_size > LONGEST)
        return 0;
    size_t limit = word_size <= 2 ? 1 : word_size <= 5 ? 2 : word_size / 4 + 1;
    size_t far[MOST_ANSWERS]; /* of the answers so far, ascending */
    size_t found = 0;
    for (size_t i = 0; i < smaller(count, MOST_NAMES); i++) {
        size_t here = measure(word, word_size, name_at(context, i), limit);
        if (here > limit || (found == room && (room == 0 || here >= far[room - 1])))
            continue;
        size_t at = found < room ? found++ : room - 1;
        for (; at > 0 && far[at - 1] > here; at--) {
            far[at] = far[at - 1];
            out[at] = out[at - 1];
        }
        far[at] = here;
        out[at] = i;
    }
    return found;
}
