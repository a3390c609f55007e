/*
 * Which tensors of two files are the same. First equal names, by a sorted table of the other file's; then what is left, by
 * what the names are known to name. Time n log n, whatever the names are.
 */
#include "analysis/heads.h"
#include "analysis/names.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct spelled {
    ql_text text;
    size_t index;
} spelled;

typedef struct known {
    ql_name name;
    size_t index;
} known;

enum { NOBODY = 0 }; /* else 1 + the index of a tensor */

typedef struct matching {
    const ql_model *first, *other;
    size_t first_count, other_count, pair_count;
    spelled *spelled; /* [other_count] sorted */
    known *known;     /* [known_count] sorted: of the other file, without those already matched */
    size_t known_count;
    size_t *partner;       /* [first_count] in the other file */
    size_t *other_partner; /* [other_count] */
} matching;

static int compare_spelled(const void *a, const void *b)
{
    const ql_text x = ((const spelled *)a)->text, y = ((const spelled *)b)->text;
    const int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

static int compare_known(const void *a, const void *b)
{
    const known *x = a, *y = b;
    const int order = ql_name_compare(&x->name, &y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void match(matching *m, size_t first, size_t other)
{
    m->partner[first] = other + 1;
    m->other_partner[other] = first + 1;
    m->pair_count++;
}

static void match_spelled(matching *m)
{
    for (size_t i = 0; i < m->other_count; i++) {
        m->spelled[i] = (spelled) { ql_model_tensor(m->other, i)->name, i };
    }
    qsort(m->spelled, m->other_count, sizeof *m->spelled, compare_spelled);
    for (size_t i = 0; i < m->first_count; i++) {
        const spelled wanted = { ql_model_tensor(m->first, i)->name, 0 };
        const spelled *found = bsearch(&wanted, m->spelled, m->other_count, sizeof wanted, compare_spelled);
        if (found && m->other_partner[found->index] == NOBODY) {
            match(m, i, found->index);
        }
    }
}

/* The first of the known ones, from the beginning of the table, that is not less. */
static size_t lower_bound(const matching *m, const ql_name *name)
{
    size_t from = 0, to = m->known_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (ql_name_compare(&m->known[middle].name, name) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static void match_known(matching *m)
{
    for (size_t i = 0; i < m->other_count; i++) {
        ql_name name;
        if (m->other_partner[i] == NOBODY && ql_name_parse(ql_model_tensor(m->other, i)->name, &name)) {
            m->known[m->known_count++] = (known) { name, i };
        }
    }
    qsort(m->known, m->known_count, sizeof *m->known, compare_known);
    for (size_t i = 0; i < m->first_count; i++) {
        ql_name name;
        if (m->partner[i] != NOBODY || !ql_name_parse(ql_model_tensor(m->first, i)->name, &name)) {
            continue;
        }
        size_t at = lower_bound(m, &name); /* several only where a file spells one name in several ways */
        for (; at < m->known_count && ql_name_compare(&m->known[at].name, &name) == 0; at++) {
            if (m->other_partner[m->known[at].index] == NOBODY) {
                match(m, i, m->known[at].index);
                break;
            }
        }
    }
}

/* ---- One pair */

/* Axes of length 1 aside, the same lengths in the same order. */
static bool have_same_shape(const ql_tensor *a, const ql_tensor *b)
{
    unsigned i = 0, j = 0;
    for (;;) {
        while (i < a->rank && a->shape[i] == 1) {
            i++;
        }
        while (j < b->rank && b->shape[j] == 1) {
            j++;
        }
        if (i == a->rank || j == b->rank) {
            return i == a->rank && j == b->rank;
        }
        if (a->shape[i++] != b->shape[j++]) {
            return false;
        }
    }
}

static size_t print_shape(char *out, size_t size, const ql_tensor *tensor)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (unsigned axis = 0; axis < tensor->rank && used + 24 < size; axis++) {
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, axis ? "," : "", tensor->shape[axis]);
    }
    return used + (size_t)snprintf(out + used, size - used, "]");
}

/* Equal names come from one way of naming, and that from one way of storing: then the shapes decide, not what each file's
   other tensors made of its layout. */
static void compare_shapes(ql_pair *pair, bool is_same_naming)
{
    const ql_tensor *a = pair->tensor, *b = pair->other;
    const bool is_same_shape = have_same_shape(a, b);
    pair->is_transposed = a->rank == 2 && b->rank == 2 && a->layout != b->layout && !(is_same_naming && is_same_shape);
    pair->is_comparable = pair->is_transposed ? a->rows == b->rows && a->cols == b->cols : is_same_shape;
    if (!pair->is_comparable) {
        char shapes[2][64];
        print_shape(shapes[0], sizeof shapes[0], a);
        print_shape(shapes[1], sizeof shapes[1], b);
        snprintf(pair->note, sizeof pair->note, "shapes differ: %s (%s) against %s (%s)", shapes[0],
                 ql_layout_name(a->layout), shapes[1], ql_layout_name(b->layout));
    }
}

/* Where llama.cpp has moved rows they are found again, if the file says how many heads there are. */
static void find_heads(ql_pair *pair, const ql_tensor *moved, const ql_name *name, const ql_heads *heads,
                       uint64_t *head_rows)
{
    const uint64_t rows = moved->rank < 2 ? moved->element_count : moved->rows;
    const uint64_t count = ql_name_is_query(name) ? heads->queries : heads->keys;
    *head_rows = moved->layout == QL_LAYOUT_OUT_IN ? ql_head_rows(rows, count) : 0;
    if (*head_rows == 0) {
        snprintf(pair->note, sizeof pair->note,
                 "%s %" PRIu64 " does not make heads of %" PRIu64 " rows: their order is left as stored",
                 ql_name_is_query(name) ? "llama.attention.head_count" : "llama.attention.head_count_kv", count, rows);
    }
}

static void describe(ql_pair *pair, const ql_heads heads[2])
{
    ql_name names[2];
    const bool are_known = ql_name_parse(pair->tensor->name, &names[0]) && ql_name_parse(pair->other->name, &names[1]);
    const spelled texts[2] = { { pair->tensor->name, 0 }, { pair->other->name, 0 } };
    compare_shapes(pair, compare_spelled(&texts[0], &texts[1]) == 0 || (are_known && names[0].naming == names[1].naming));
    if (!pair->is_comparable || !are_known || !(ql_name_is_query(&names[0]) || ql_name_is_key(&names[0]))) {
        return;
    }
    if (heads[0].moved && names[0].naming == QL_NAMED_BY_GGUF && names[1].naming == QL_NAMED_BY_LLAMA) {
        find_heads(pair, pair->tensor, &names[0], &heads[0], &pair->head_rows);
    } else if (heads[1].moved && names[1].naming == QL_NAMED_BY_GGUF && names[0].naming == QL_NAMED_BY_LLAMA) {
        find_heads(pair, pair->other, &names[1], &heads[1], &pair->other_head_rows);
    }
}

/* ---- All of them */

/* Owned as one piece: the arrays stand behind it. */
static ql_status list_all(const matching *m, ql_pairs **out, ql_error *error)
{
    const size_t count = m->first_count + m->other_count;
    const size_t size = sizeof(ql_pairs) + m->pair_count * sizeof(ql_pair) + count * sizeof(ql_tensor *);
    ql_pairs *all = calloc(1, size);
    if (!all) {
        return ql_fail_memory(error, size);
    }
    const ql_heads heads[2] = { ql_heads_of(m->first), ql_heads_of(m->other) };
    ql_pair *pairs = (ql_pair *)(all + 1);
    const ql_tensor **first = (const ql_tensor **)(pairs + m->pair_count), **other = first + m->first_count;
    all->pairs = pairs;
    all->only_in_first = first;
    all->only_in_other = other;
    for (size_t i = 0; i < m->first_count; i++) {
        const ql_tensor *tensor = ql_model_tensor(m->first, i);
        if (m->partner[i] == NOBODY) {
            first[all->only_in_first_count++] = tensor;
            continue;
        }
        ql_pair *pair = &pairs[all->count++];
        pair->tensor = tensor;
        pair->other = ql_model_tensor(m->other, m->partner[i] - 1);
        describe(pair, heads);
    }
    for (size_t i = 0; i < m->other_count; i++) {
        if (m->other_partner[i] == NOBODY) {
            other[all->only_in_other_count++] = ql_model_tensor(m->other, i);
        }
    }
    *out = all;
    return QL_OK;
}

ql_status ql_pairs_make(const ql_model *first, const ql_model *other, ql_pairs **out, ql_error *error)
{
    matching m = {
        .first = first,
        .other = other,
        .first_count = ql_model_tensor_count(first),
        .other_count = ql_model_tensor_count(other),
    };
    m.spelled = calloc(m.other_count + 1, sizeof *m.spelled);
    m.known = calloc(m.other_count + 1, sizeof *m.known);
    m.partner = calloc(m.first_count + 1, sizeof *m.partner);
    m.other_partner = calloc(m.other_count + 1, sizeof *m.other_partner);
    ql_status status;
    if (m.spelled && m.known && m.partner && m.other_partner) {
        match_spelled(&m);
        match_known(&m);
        status = list_all(&m, out, error);
    } else {
        status = ql_fail_memory(error, (m.first_count + m.other_count) * (sizeof *m.spelled + sizeof *m.known));
    }
    free(m.spelled);
    free(m.known);
    free(m.partner);
    free(m.other_partner);
    return status;
}

void ql_pairs_free(ql_pairs **pairs)
{
    free(*pairs);
    *pairs = NULL;
}
