/* The order of rows in attn_q and attn_k: see heads.h. */
#include "analysis/heads.h"

#include <string.h>

static bool is(ql_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

static uint64_t whole_number(const ql_value *value)
{
    switch (value->kind) {
    case QL_VALUE_UNSIGNED:
        return value->as.whole;
    case QL_VALUE_SIGNED:
        return value->as.integer > 0 ? (uint64_t)value->as.integer : 0;
    default:
        return 0;
    }
}

ql_heads ql_heads_of(const ql_model *model)
{
    ql_heads heads = { 0 };
    bool has_keys = false;
    for (size_t i = 0; i < ql_model_metadata_count(model); i++) {
        ql_text key;
        ql_value value;
        ql_model_metadata(model, i, &key, &value);
        if (is(key, "general.architecture")) {
            heads.moved = value.kind == QL_VALUE_TEXT && is(value.as.text, "llama");
        } else if (is(key, "llama.attention.head_count")) {
            heads.queries = whole_number(&value);
        } else if (is(key, "llama.attention.head_count_kv")) {
            heads.keys = whole_number(&value);
            has_keys = true;
        }
    }
    heads.keys = has_keys ? heads.keys : heads.queries;
    return heads;
}

uint64_t ql_head_rows(uint64_t rows, uint64_t heads)
{
    return heads > 0 && rows % heads == 0 && rows / heads % 2 == 0 ? rows / heads : 0;
}
