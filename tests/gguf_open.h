/* Opening what gguf.h writes, in memory, and looking at all of it. */
#ifndef QL_TESTS_GGUF_OPEN_H
#define QL_TESTS_GGUF_OPEN_H

#include "gguf.h"

#include "qloupe.h"
#include "tensor/tensor.h"

#define GGUF_NAME "m.gguf"

/* A key, and a tensor of 8 floats at the beginning of the data. */
#define ARCH "key general.architecture 8 text llama "
#define W    "tensor w 0 0 1 8 "

/* One line that begins with the file, says what to do, and holds nothing that a terminal acts on. */
static inline void gguf_assert_clear(const char *message)
{
    assert_memory_equal(message, GGUF_NAME ": ", strlen(GGUF_NAME ": "));
    assert_in_range(strlen(message), 30, sizeof(((ql_error *)0)->message) - 2);
    assert_non_null(strstr(message, "; "));
    for (const char *c = message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e); /* the C locale: ASCII only */
}

/* Values may be read wherever a file was accepted. */
static inline void gguf_assert_inside(const ql_model *model, size_t size)
{
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        const ql_tensor *t = ql_model_tensor(model, i);
        assert_true(t->byte_count <= size && t->offset <= size - t->byte_count && t->rank <= 4);
        if (!ql_dtype_describe(t->dtype)->has_values || t->element_count == 0)
            continue;
        const size_t count = t->element_count < 300 ? (size_t)t->element_count : 300;
        float out[300];
        void *scratch = malloc(ql_tensor_scratch_size(t, count));
        assert_int_equal(ql_tensor_read_f32(t, t->element_count - count, count, out, scratch, NULL), QL_OK);
        free(scratch);
    }
    for (size_t i = 0; i < ql_model_metadata_count(model); i++) {
        ql_text key;
        ql_value value, element;
        ql_model_metadata(model, i, &key, &value);
        uint64_t count = 0;
        size_t place = 0;
        if (value.kind != QL_VALUE_ARRAY)
            continue;
        while (ql_value_next(&value, &place, &element))
            count++;
        assert_true(count == value.as.array.count);
    }
}

/* Opens the first `size` bytes, which end where their memory ends, and looks at all of it. */
static inline ql_status gguf_open_first(const gguf *g, size_t size, ql_error *error)
{
    ql_model *model = NULL;
    uint8_t *exact = malloc(size + !size);
    assert_non_null(exact);
    memcpy(exact, g->bytes, size);
    const ql_status status = ql_model_open_memory(GGUF_NAME, exact, size, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK)
        gguf_assert_inside(model, size);
    else
        assert_null(model);
    ql_model_free(&model);
    free(exact);
    return status;
}

/* The bytes are borrowed. */
static inline ql_model *gguf_assert_opened(const gguf *g)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open_memory(GGUF_NAME, g->bytes, g->size, QL_LAYOUT_AUTO, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    assert_string_equal(ql_model_format(model), "gguf");
    gguf_assert_inside(model, g->size);
    return model;
}

static inline void gguf_assert_refused(const gguf *g, const char *words)
{
    ql_error error = { 0 };
    if (gguf_open_first(g, g->size, &error) != QL_BAD_FILE)
        fail_msg("not refused with '%s'", words);
    gguf_assert_clear(error.message);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

#endif
